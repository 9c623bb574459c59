"""Draws equal values on resampled items; intervals cover."""

import numpy as np
import pytest

from uncertainty.analysis.calibration import bootstrap, errors, smooth
from uncertainty.analysis.statistics import resampling
from uncertainty.types import UserError


def _data(rows=5, n_items=80):
  rng = np.random.default_rng(8)
  confidence = rng.random((rows, n_items))
  confidence[1] = np.round(confidence[1], 1)
  correct = (rng.random((rows, n_items)) < confidence ** 2).astype(float)
  confidence[2, :6] = np.nan
  correct[3] = np.round(rng.random(n_items), 1)  # grades between
  return confidence, correct


def _kept(binnings, row, items):
  """The binning of resampled items, kept from all items."""
  return bootstrap.Binnings(
      binnings.width_MN[row][:, items], binnings.mass_MN[row][:, items],
      binnings.sweep_MN[row][:, items], smooth.SmoothECE(
          np.zeros(1), binnings.smooth.bandwidth_M[row]))


def test_every_draw_equals_the_metric_on_the_resampled_items():
  confidence, correct = _data()
  counts = resampling.bootstrap_counts(80, 6, seed=0)
  binnings = bootstrap.choose_binnings(confidence, correct)
  draws = bootstrap.error_draws(
      confidence, correct, binnings, counts)
  for r in range(6):
    items = np.repeat(np.arange(80), counts[:, r])
    for m in range(5):
      row = slice(m, m + 1)
      expected = bootstrap.error_values(
          confidence[row][:, items], correct[row][:, items],
          _kept(binnings, row, items))
      expected['ece_smooth'] = smooth.smooth_ece(
          confidence[row][:, items], correct[row][:, items],
          binnings.smooth.bandwidth_M[row]).value_M
      for name in bootstrap.ERROR_METRICS:
        # Roots of differences near zero lose half their digits.
        tolerance = 2e-3 if name in ('ece_debiased', 'ece_smooth') else 2e-5
        assert draws[name][m, r] == pytest.approx(
            expected[name][0], abs=tolerance), name


def test_estimates_put_together_values_and_intervals():
  confidence, correct = _data()
  counts = resampling.bootstrap_counts(80, 200, seed=0)
  found = bootstrap.error_estimates(
      confidence, correct, counts, level=0.9)
  bins = errors.width_bins(confidence, correct)
  np.testing.assert_allclose(
      found.value['ece_width_l2'], errors.ece(
          errors.bin_sums(bins, confidence, correct)))
  np.testing.assert_array_equal(found.n_M, [80, 80, 74, 80, 80])
  for name in bootstrap.ERROR_METRICS:
    assert np.all(found.low[name] <= found.high[name]), name
    assert np.all(np.isfinite(found.high[name])), name


def test_rows_do_not_depend_on_their_company():
  confidence, correct = _data()
  counts = resampling.bootstrap_counts(80, 50, seed=0)
  together = bootstrap.error_estimates(
      confidence, correct, counts, level=0.95)
  alone = bootstrap.error_estimates(
      confidence[2:3], correct[2:3], counts, level=0.95)
  for name in bootstrap.ERROR_METRICS:
    assert together.value[name][2] == pytest.approx(
        alone.value[name][0], abs=1e-12)
    assert together.high[name][2] == pytest.approx(
        alone.high[name][0], abs=1e-6)


def test_fewer_than_three_items_are_nan_with_n():
  confidence = np.array([[0.2, 0.8, np.nan, np.nan], [np.nan] * 4])
  correct = np.ones((2, 4))
  counts = resampling.bootstrap_counts(4, 20, seed=0)
  for found in (
      bootstrap.error_estimates(
          confidence, correct, counts, level=0.95),
      bootstrap.rank_estimates(
          confidence, correct, counts, level=0.95)):
    np.testing.assert_array_equal(found.n_M, [2, 0])
    for name in found.value:
      assert np.isnan(found.value[name]).all()
      assert np.isnan(found.low[name]).all()


def _ece_truth(f, n_bins=15):
  """l1 and l2 error over width bins for uniform confidence c, accuracy f."""
  c = (np.arange(30_000) + 0.5) / 30_000
  gap = (c - f(c)).reshape(n_bins, -1).mean(1)
  return np.abs(gap).mean(), np.sqrt(np.mean(gap ** 2))


@pytest.mark.parametrize('f', [
    lambda c: c, lambda c: c ** 2, lambda c: 0.8 * c])
def test_intervals_of_calibration_errors_cover(f):
  rng = np.random.default_rng(1)
  confidence = rng.random((140, 300))
  correct = (rng.random((140, 300)) < f(confidence)).astype(float)
  counts = resampling.bootstrap_counts(300, 200, seed=0)
  found = bootstrap.error_estimates(
      confidence, correct, counts, level=0.95)
  l1, l2 = _ece_truth(f)
  c = (np.arange(1000) + 0.5) / 1000
  truths = {
      'ece_width_l1': l1, 'ece_width_l2': l2, 'ece_mass_l2': l2,
      'ece_debiased': l2, 'ece_smooth': np.abs(c - f(c)).mean(),
      'brier': np.mean(c ** 2 - 2 * c * f(c) + f(c))}
  for name, truth in truths.items():
    covered = np.mean((found.low[name] <= truth + 1e-9)
                      & (truth <= found.high[name]))
    # Nominal .95, 140 trials: standard error .02. The bias of l1 errors shrinks
    # with the error itself, and draws know it less well.
    assert covered >= (0.86 if name == 'ece_width_l1' else 0.89), name


def test_intervals_of_auroc_cover():
  rng = np.random.default_rng(2)
  confidence = rng.random((140, 150))
  correct = (rng.random((140, 150)) < confidence).astype(float)
  counts = resampling.bootstrap_counts(150, 200, seed=0)
  found = bootstrap.rank_estimates(
      confidence, correct, counts, level=0.95)
  # Uniform and calibrated: 5/6.
  covered = np.mean((found.low['auroc'] <= 5 / 6)
                    & (found.high['auroc'] >= 5 / 6))
  assert 0.89 <= covered <= 0.99


def test_resamples_of_other_items_are_an_error():
  with pytest.raises(UserError, match='resamples cover 5 items'):
    bootstrap.error_estimates(
        np.zeros((1, 4)), np.zeros((1, 4)), np.ones((5, 2)), level=0.9)
