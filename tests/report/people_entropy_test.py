"""People's entropy is named by its estimate wherever it is correlated."""

import pandas as pd
import pytest

from uncertainty.analysis.statistics import entropy
from uncertainty.report import people_entropy
from uncertainty.report.chapters import alignment, claims


def _ceiling(**estimators):
  return pd.DataFrame({
      'dataset': list(estimators), 'signal': 'human_entropy',
      'estimator': list(estimators.values())})


def test_every_estimate_has_a_name():
  assert set(people_entropy.ESTIMATORS) == set(entropy.ESTIMATORS)


def test_data_sets_are_told_apart_where_there_are_several(made):
  tables = made(ceiling=_ceiling(coane='dirichlet', protoqa='plain'))
  [said] = people_entropy.note(tables)
  assert ('Dirichlet posterior mean, which corrects for the number of people '
          'in Coane general knowledge; plain entropy of the shares in ProtoQA'
          in said)
  [said] = people_entropy.note(tables, 'protoqa')
  assert 'plain entropy of the shares.' in said and 'Dirichlet' not in said


def test_without_people_there_is_nothing_to_say(made):
  assert people_entropy.note(made()) == []
  assert people_entropy.note(made(ceiling=_ceiling(a='plain')), 'b') == []


@pytest.mark.parametrize('estimator', ['dirichlet', 'plain'])
def test_chapters_that_correlate_it_say_so(
    made, spec, alignment_cells, estimator):
  dataset = alignment_cells['dataset'].iloc[0]
  claim = pd.DataFrame([{
      'claim': 'aligned', 'data': dataset, 'model': 'A', 'verdict': 'supported',
      'sentence': 'So it is.', 'estimate': .1, 'low': 0., 'high': .2,
      'p_corrected': .01, 'n_items': 9, 'n_raters': 50., 'n_models': 1}])
  tables = made(ceiling=_ceiling(**{dataset: estimator}),
                alignment=alignment_cells, claims=claim)
  for chapter in (alignment, claims):
    page = '\n'.join(map(str, chapter.chapter(tables, spec).blocks))
    assert people_entropy.ESTIMATORS[estimator] in page, chapter.__name__
