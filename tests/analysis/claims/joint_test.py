"""Cells that are aligned, and calibrated, and the claim over them."""

import dataclasses

import numpy as np
import pytest

from uncertainty.analysis.calibration import squared_error
from uncertainty.analysis.claims import joint, table
from uncertainty.analysis.claims.study import ClaimStudy
from uncertainty.analysis.scores import people, stack
from uncertainty.analysis.scores.stack import stack_results
from uncertainty.worlds import cells, generator


def _study(frames, spec):
  [stack] = stack_results(people.estimated(frames, spec))
  return ClaimStudy(
      stack, .95, 50, 15, spec.analysis.calibrated_below, 0)


@pytest.fixture(scope='module')
def extremes():
  """Families that are aligned and calibrated in everything, or in nothing."""
  none = cells.Spread(0.0, 0.0, 0.0, 0.0, 0.0)
  return {
      name: generator.simulate(generator.World(
          n_items=1500, families=(1,) * 5, cells=cells.Cells(
              dataclasses.replace(none, mean=a),
              dataclasses.replace(none, mean=g))), seed=1,
          all_measures=False)
      for name, a, g in (('both', .5, 0.0), ('neither', 0.0, .22))}


def test_flags_are_of_each_cells_own_interval(extremes, spec):
  both = joint.flags(_study(extremes['both'].frames, spec))
  assert set(both.kind_X) == set(cells.MEASURES)
  assert both.aligned_X.all() and both.calibrated_X.mean() > .9
  assert both.n_items == 1500
  neither = joint.flags(_study(extremes['neither'].frames, spec))
  assert neither.aligned_X.mean() < .1 and not neither.calibrated_X.any()


def test_the_threshold_is_that_of_the_config(extremes, spec):
  study = dataclasses.replace(
      _study(extremes['neither'].frames, spec), calibrated_below=.3)
  assert joint.flags(study).calibrated_X.all()


def test_an_estimate_below_the_threshold_is_not_enough(extremes, spec):
  """Calibrated is a cell whose interval ends below it."""
  study = _study(extremes['neither'].frames, spec)
  confidence_MN = stack.paper_confidence(study.stack)
  correct = dict(zip(study.models, study.correct_MN, strict=True))
  errors = [squared_error.squared_error(
      confidence_MN[i], correct[study.stack.rows[i].model],
      study.cluster_N, study.n_bins) for i in joint.flags(study).row_X]
  estimate = np.array([error.estimate for error in errors])
  high = np.array([
      squared_error.interval(error, study.level)[1] for error in errors])
  for threshold in np.mean(estimate), np.mean(high):
    flags = joint.flags(dataclasses.replace(
        study, calibrated_below=np.sqrt(threshold))).calibrated_X
    between = (estimate < threshold) & (threshold <= high)
    assert between.sum() >= len(errors) // 3
    assert not flags[between].any()
    np.testing.assert_array_equal(flags, high < threshold)


def test_nothing_that_varies_makes_no_claim(extremes, spec):
  [row] = table.claims(
      extremes['both'].frames, spec, only={'joint_presence'}).to_dict('records')
  assert row['verdict'] == 'too little data' and row['n_families'] == 5
  assert 'No claim' in row['sentence']


def test_few_families_make_no_claim(small_table):
  [row] = small_table[small_table['claim'] == 'joint_presence'].to_dict(
      'records')
  assert row['verdict'] == 'too little data' and row['n_families'] == 3
  assert np.isnan(row['estimate'])


def test_data_without_answers_has_no_cells(extremes, spec):
  frames = {key: frame.assign(correct=np.nan)
            for key, frame in extremes['both'].frames.items()}
  assert joint.joint_presence(_study(frames, spec)) == []
