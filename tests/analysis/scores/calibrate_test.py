"""Every confidence map against the grade that a measure is about."""

import numpy as np
import pandas as pd
import pytest

from uncertainty.analysis.calibration import calibration_tests
from uncertainty.analysis.scores import calibrate, stack

# Four levels of confidence on ten items each, right a tenth less often.
_CONFIDENCE = np.repeat([.4, .6, .8, 1.], 10)
_CORRECT = np.concatenate([np.arange(10) < k for k in (3, 5, 7, 9)]).astype(
    float)
_ORDER = np.random.default_rng(0).permutation(40)


@pytest.fixture
def data():
  frame = pd.DataFrame({
      'item_id': [f'i{i}' for i in range(40)],
      'mc_choice_logprob': np.log(_CONFIDENCE),
      'mc_varentropy': 1 - _CONFIDENCE, 'fr_perplexity': 1 / _CONFIDENCE,
      'correct': _CORRECT, 'fr_correct': 1 - _CORRECT}).iloc[_ORDER]
  found, = stack.stack_results({('d', 'M'): frame})
  return found


def _calibrated(data, **kwargs):
  found = calibrate.calibrate(
      data, np.ones((40, 2), np.int32), level=.95, **kwargs)
  return {(one.grade, one.confidence_map): one for one in found}


def test_each_grade_has_the_ranking_and_every_map(data):
  found = _calibrated(data)
  assert list(found) == [
      (grade, name) for grade in ('correct', 'fr_correct')
      for name in (calibrate.RANKING, *calibrate.MAPS)]
  assert all(one.own_M.all() for one in found.values())
  assert all((one.curved is None) == (name == calibrate.RANKING)
             for (_, name), one in found.items())


def test_the_papers_map_is_of_measures_that_it_has_a_formula_for(data):
  found = _calibrated(data)
  columns = [data.rows[m].column for m in found['correct', 'paper'].rows]
  assert columns == ['mc_choice_logprob']
  assert len(found['correct', 'isotonic'].rows) == 2


def test_errors_and_ranks_by_hand(data):
  found = _calibrated(data)
  paper = found['correct', 'paper'].estimates
  for ends in (paper.value, paper.low, paper.high):
    assert ends['ece_width_l2'][0] == pytest.approx(.1, abs=1e-6)
  # Pairs of right (3 5 7 9) and wrong (7 5 3 1) items, halves where alike.
  right, wrong = np.array([3, 5, 7, 9]), np.array([7, 5, 3, 1])
  less_sure = np.cumsum(wrong) - wrong
  auroc = (right * (less_sure + wrong / 2)).sum() / (24 * 16)
  ranks = found['correct', calibrate.RANKING].estimates
  np.testing.assert_allclose(ranks.value['auroc'], auroc)


def test_only_reproduction_holds_free_answers_against_the_choice(data):
  found = _calibrated(data, reproduction=True)['correct', 'paper']
  columns = [data.rows[m].column for m in found.rows]
  assert dict(zip(columns, found.own_M, strict=True)) == {
      'mc_choice_logprob': True, 'fr_perplexity': False}
  assert 'ece_sweep_split_l2' in found.estimates.value
  assert 'ece_sweep_split_l2' not in _calibrated(
      data)['correct', 'paper'].estimates.value


def test_learned_maps_depend_on_the_seed_alone(data):
  one, same, other = (
      _calibrated(data, seed=seed)['correct', 'platt'].curved.confidence_MN
      for seed in (1, 1, 2))
  np.testing.assert_array_equal(one, same)
  assert (one != other).any()


def test_tests_of_calibration_have_a_p_in_place_of_an_interval(data):
  found = _calibrated(data)
  paper = found['correct', 'paper'].estimates
  lone = calibration_tests.spiegelhalter(
      _CONFIDENCE[_ORDER], _CORRECT[_ORDER])
  assert paper.value['spiegelhalter_z'][0] == pytest.approx(lone.statistic)
  assert paper.p_value['spiegelhalter_z'][0] == pytest.approx(lone.p_value)
  kernel = calibration_tests.kernel_error(
      _CONFIDENCE[_ORDER], _CORRECT[_ORDER])
  assert paper.value['kernel_error'][0] == pytest.approx(kernel.statistic)
  assert paper.p_value['kernel_error'][0] == pytest.approx(
      kernel.p_value, abs=0.03)
  assert np.isnan(paper.low['kernel_error']).all()
  assert 'kernel_error' not in found['correct', 'platt'].estimates.value
  ranks = found['correct', calibrate.RANKING].estimates
  # Items tie by tens: of the surest 32, 30 and a fifth of the least sure ten.
  np.testing.assert_allclose(
      ranks.value['selective_risk_0.8'], (1 + 3 + 5 + .2 * 7) / 32)
  np.testing.assert_allclose(ranks.value['surest_fifth'], .9 - .3)
