"""Measures with a known alignment and a known calibration."""

import numpy as np
import pytest

from uncertainty.analysis.scores import stack as stacking
from uncertainty.worlds import cells, generator

_WORLD = generator.World(
    n_items=40_000, families=(1,), boldness=generator.Effects(0.3),
    cells=cells.Cells())


@pytest.fixture(scope='module')
def study():
  return generator.simulate(_WORLD, seed=2, all_measures=False)


def test_confidence_lies_the_gap_below_the_share_of_right_answers(study):
  [stack] = stacking.stack_results(study.frames)
  confidence = stacking.paper_confidence(stack)
  names = [n for group in cells.MEASURES.values() for n in group]
  rows = [i for i, r in enumerate(stack.rows) if r.column in names]
  assert len(rows) == 2 * len(names)
  for i in rows:
    row = stack.rows[i]
    m = study.models.names.index(row.model)
    gap = study.cells.gap[m, names.index(row.column)]
    correct = stack.frames[row.model]['correct'].to_numpy()
    order = np.argsort(confidence[i])
    for part in np.array_split(order, 4):  # in every range of confidence
      found = (correct[part] - confidence[i, part]).mean()
      assert found == pytest.approx(gap, abs=.02)


def test_alignment_orders_measures_by_their_rank_correlation(study):
  name = study.models.names[0]
  frame = study.frames['world', name]
  names = [n for group in cells.MEASURES.values() for n in group]
  [stack] = stacking.stack_results({('world', name): frame})
  place = {r.column: i for i, r in enumerate(stack.rows)}
  rho = [np.corrcoef(
      np.argsort(np.argsort(stack.uncertainty()[place[n]])),
      frame['human_entropy'])[0, 1] for n in names]
  assert np.corrcoef(rho, study.cells.alignment[0])[0, 1] > .98


@pytest.mark.parametrize('together', [0.0, 0.9])
def test_effects_correlate_as_said(together):
  drawn = cells.draw_cells(cells.Cells(
      alignment=cells.Spread(0.0, 0.1, 0.1, 0.1, 0.0),
      gap=cells.Spread(0.1, 0.01, 0.01, 0.01, 0.0), together=together),
      20_000, np.random.default_rng(0))
  assert np.corrcoef(drawn.alignment, drawn.gap)[0, 1] == pytest.approx(
      -together, abs=.03)
