"""Scores against their definitions."""

import numpy as np

from uncertainty.analysis.calibration import errors
from uncertainty.analysis.scores import aligned, calibrate, scores, stack
from uncertainty.analysis.statistics import resampling


def _scored(results, n_draws=20, n_bins=15):
  data, = stack.stack_results(results)
  counts = resampling.bootstrap_counts(len(data.item_ids), n_draws, seed=0)
  calibrated = list(calibrate.calibrate(
      data, counts, level=.9, n_bins=n_bins))
  return scores.scores(
      data, aligned.align(data, counts), calibrated, counts)


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


def test_ece_is_over_the_bins_that_were_asked_for(toy_results):
  frame = toy_results['toy', 'alpha']
  confidence = 1 - frame['mc_choice_entropy'].to_numpy()[None]
  correct = frame['correct'].to_numpy()[None]
  for n_bins in (4, 15):
    by = {(s.model, s.outcome, s.measure): s.value
          for s in _scored(toy_results, n_bins=n_bins)}
    expected = errors.ece(errors.bin_sums(
        errors.width_bins(confidence, correct, n_bins), confidence, correct))
    np.testing.assert_allclose(
        by['alpha', 'ece', 'mc_choice_entropy'], expected[0])
