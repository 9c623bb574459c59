"""Scores against their definitions."""

import numpy as np

from uncertainty.analysis.calibration import squared_error
from uncertainty.analysis.scores import aligned, calibrate, scores, stack
from uncertainty.analysis.statistics import resampling


def _scored(results, n_draws=20, n_bins=15):
  data, = stack.stack_results(results)
  counts = resampling.bootstrap_counts(len(data.item_ids), n_draws, seed=0)
  calibrated = list(calibrate.calibrate(
      data, counts, level=.9, n_bins=n_bins))
  return scores.scores(
      data, aligned.align(data, counts), calibrated, counts,
      scores.Asked(np.arange(len(data.item_ids)), n_bins, .1))


def test_scores_against_their_definitions(study_results):
  results = study_results(['Aa_1B'])
  found = _scored(results)
  frame = results['coane', 'Aa_1B']
  by = {(s.outcome, s.measure): s for s in found}
  rho = frame['mc_choice_entropy'].corr(frame['human_entropy'], 'spearman')
  np.testing.assert_allclose(
      by['alignment:human_entropy', 'mc_choice_entropy'].value, rho)
  np.testing.assert_allclose(
      by['accuracy', ''].value, frame['correct'].mean())
  right = frame['fr_correct'] == 1
  u = frame['bracket_total_entropy'].to_numpy()
  auroc = np.mean(u[right][:, None] < u[~right])
  np.testing.assert_allclose(by['auroc', 'bracket_total_entropy'].value, auroc)
  for s in found:
    assert s.draws_R.shape == (20,) and np.isfinite(s.draws_R).all()


def test_measures_meet_only_the_signals_of_their_kind(toy_results):
  """What alignment leaves out is no test of a corrected family either."""
  met = {(s.measure.split('_')[0], s.outcome) for s in _scored(toy_results)
         if s.outcome.startswith('alignment:')}
  assert ('fr', 'alignment:human_fr_prop_correct') in met
  assert ('mc', 'alignment:human_fr_prop_correct') not in met
  assert ('fr', 'alignment:human_mc_rt_combined') not in met
  assert ('mc', 'alignment:human_mc_rt_combined') in met


def test_errors_are_of_the_papers_confidence(study_results):
  results = study_results(['Aa_1B'])
  frame = results['coane', 'Aa_1B']
  confidence = 1 - frame['mc_choice_entropy'].to_numpy()
  correct = frame['correct'].to_numpy()
  n = len(frame)
  counts = resampling.bootstrap_counts(n, 20, seed=0)
  for n_bins in (4, 10):
    by = {(s.outcome, s.measure): s
          for s in _scored(results, n_bins=n_bins)}
    expected = squared_error.squared_error(
        confidence, correct, np.arange(n), n_bins)
    found = by['calibration_error', 'mc_choice_entropy']
    np.testing.assert_allclose(found.value, expected.estimate)
    np.testing.assert_allclose(
        found.p_value, squared_error.below_p(expected, .01))
    np.testing.assert_allclose(
        found.draws_R,
        expected.estimate + expected.influence_N @ counts / n, rtol=1e-4)
  square = (confidence - correct) ** 2
  found = by['brier', 'mc_choice_entropy']
  np.testing.assert_allclose(found.value, square.mean(), rtol=1e-6)
  np.testing.assert_allclose(
      found.draws_R, square @ counts / counts.sum(0), rtol=1e-5)


def test_too_few_items_for_their_bins_have_no_error(study_results):
  outcomes = {s.outcome for s in _scored(study_results(['Aa_1B']), n_bins=999)}
  assert 'calibration_error' not in outcomes and 'auroc' in outcomes
