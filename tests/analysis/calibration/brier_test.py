"""The Brier score and its parts by hand, and against scikit-learn."""

import numpy as np
import pytest
import sklearn.metrics

from uncertainty.analysis.calibration import brier, errors


def test_no_items_give_nan():
  nothing = np.full((2, 4), np.nan)
  sums = errors.bin_sums(
      errors.mass_bins(nothing, nothing), nothing, nothing, 3)
  assert np.isnan(errors.ece(sums, 'l1')).all()
  assert np.isnan(errors.debiased_ece(sums)).all()
  assert np.isnan(brier.brier(sums)['brier']).all()


def test_brier_equals_scikit_learn_and_its_parts_add_up(binned_data):
  confidence, correct = binned_data()
  for binning in (errors.width_bins, errors.mass_bins):
    parts = brier.brier(errors.bin_sums(
        binning(confidence, correct), confidence, correct))
    np.testing.assert_allclose(parts['brier'], [
        sklearn.metrics.brier_score_loss(y, c)
        for c, y in zip(confidence, correct, strict=True)], atol=1e-12)
    np.testing.assert_allclose(
        parts['brier_reliability'] - parts['brier_resolution']
        + parts['brier_uncertainty'] + parts['brier_within_variance']
        - parts['brier_within_covariance'], parts['brier'], atol=1e-12)
    rate = correct.mean(1)
    np.testing.assert_allclose(
        parts['brier_uncertainty'], rate * (1 - rate), atol=1e-12)


def test_within_bin_terms_vanish_when_a_bin_holds_one_confidence(binned_data):
  confidence, correct = binned_data()
  bins = errors.width_bins(confidence[:1], correct[:1], 20)
  parts = brier.brier(
      errors.bin_sums(bins, confidence[:1], correct[:1]))
  np.testing.assert_allclose(parts['brier_within_variance'], 0, atol=1e-12)
  np.testing.assert_allclose(parts['brier_within_covariance'], 0, atol=1e-12)


def test_unbiased_parts_of_the_brier_score_by_hand():
  # Two bins: .25 with accuracies 0, 1 (ā = 1/2, s = 1/4) and .75 with 1, 1, 0
  # (ā = 2/3, s = 1/9); all: ā = 3/5, s = 6/100.
  confidence = np.array([[0.25, 0.25, 0.75, 0.75, 0.75]])
  correct = np.array([[0.0, 1.0, 1.0, 1.0, 0.0]])
  sums = errors.bin_sums(
      errors.width_bins(confidence, correct, 2), confidence, correct)
  plain, found = brier.brier(sums), brier.brier_unbiased(sums)
  within = 2 / 5 / 4 + 3 / 5 / 9
  assert found['brier_reliability'][0] == pytest.approx(
      2 / 5 * (1 / 4) ** 2 + 3 / 5 * (1 / 12) ** 2 - within)
  assert found['brier_resolution'][0] == pytest.approx(
      2 / 5 * (1 / 10) ** 2 + 3 / 5 * (1 / 15) ** 2 - within + 0.06)
  assert found['brier_uncertainty'][0] == pytest.approx(0.24 + 0.06)
  total = [p['brier_reliability'] - p['brier_resolution']
           + p['brier_uncertainty'] for p in (plain, found)]
  assert total[0] == pytest.approx(total[1])


def test_unbiased_parts_of_the_brier_score_are_right_on_average():
  rng = np.random.default_rng(0)
  confidence = rng.choice([0.2, 0.5, 0.8], (4000, 40))
  correct = (rng.random(confidence.shape) < confidence).astype(float)
  sums = errors.bin_sums(
      errors.width_bins(confidence, correct, 3), confidence, correct)
  found = brier.brier_unbiased(sums)
  # In truth: no unreliability; accuracies vary by .06 around 1/2.
  for name, truth in (('brier_reliability', 0), ('brier_resolution', 0.06),
                      ('brier_uncertainty', 0.25)):
    spread = found[name].std() / np.sqrt(4000)
    assert found[name].mean() == pytest.approx(truth, abs=4 * spread)
  assert brier.brier(sums)['brier_reliability'].mean() > 0.01
