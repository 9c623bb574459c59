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


@pytest.mark.parametrize('seed', range(4))
def test_draws_over_alike_items_equal_sums_over_all(seed):
  rng = np.random.default_rng(seed)
  n_items = int(rng.integers(100, 900))
  confidence = rng.random((3, n_items)).round(int(rng.integers(1, 4)))
  confidence[2] = rng.random(n_items)  # no two alike
  correct = (rng.random((3, n_items)) < confidence).astype(float)
  correct[1] = (correct[1] + rng.random(n_items)).round(1) / 2.5
  confidence[:, rng.random(n_items) < .1] = np.nan
  counts = resampling.bootstrap_counts(n_items, 3, seed=seed)
  binnings = bootstrap.choose_binnings(confidence, correct)
  draws = bootstrap.error_draws(confidence, correct, binnings, counts)
  for m, r in np.ndindex(3, 3):
    items = np.repeat(np.arange(n_items), counts[:, r])
    expected = bootstrap.error_values(
        confidence[m:m + 1, items], correct[m:m + 1, items],
        _kept(binnings, slice(m, m + 1), items))
    for name in bootstrap.ERROR_METRICS:
      if name != 'ece_smooth':  # `error_values` has that of the data
        assert draws[name][m, r] ** 2 == pytest.approx(
            expected[name][0] ** 2, abs=1e-6), name


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


def test_draws_are_those_behind_the_intervals():
  confidence, correct = _data()
  counts = resampling.bootstrap_counts(80, 50, seed=0)
  found = bootstrap.error_estimates(
      confidence, correct, counts, level=0.9)
  expected = bootstrap.error_draws(
      confidence, correct, bootstrap.choose_binnings(confidence, correct),
      counts)
  interval = resampling.percentile_interval(expected['brier'], .9)
  np.testing.assert_array_equal(found.low['brier'], interval.low)
  np.testing.assert_array_equal(found.high['brier'], interval.high)
  # The debiased error estimates the plain one, on squares.
  interval = resampling.debiased_interval(
      expected['ece_debiased'], found.value['ece_debiased'], .9,
      truth_X=found.value['ece_mass_l2'], squared=True)
  np.testing.assert_array_equal(found.low['ece_debiased'], interval.low)
  np.testing.assert_array_equal(found.high['ece_debiased'], interval.high)
  ranks = bootstrap.rank_estimates(
      confidence, correct, counts, level=0.9, with_draws=('prr',))
  interval = resampling.percentile_interval(ranks.draws['prr'], .9)
  np.testing.assert_allclose(ranks.low['prr'], interval.low, atol=1e-6)
  np.testing.assert_allclose(ranks.high['prr'], interval.high, atol=1e-6)
  np.testing.assert_array_equal(ranks.n_M, [80, 80, 74, 80, 80])


def test_parts_of_the_brier_score_are_not_below_zero():
  draws = np.array([[.02, .02, .04]])
  point = np.array([.001])
  for name, low in (('brier_reliability', 0), ('brier_resolution', 0)):
    found = bootstrap.read_interval(name, draws, point, point, .9)
    assert found.low[0] == found.high[0] == low
  # Beside it, the draws' middle stays as it is.
  found = bootstrap.read_interval('brier', draws, point, point, .5)
  np.testing.assert_allclose([found.low[0], found.high[0]], [.02, .03])


def test_three_items_have_errors_and_ranks():
  confidence = np.array([[0.2, 0.8, 0.6, np.nan]])
  correct = np.array([[0., 1., 1., 0.]])
  counts = resampling.bootstrap_counts(4, 20, seed=0)
  found = bootstrap.error_estimates(confidence, correct, counts, level=0.95)
  assert found.value['brier'][0] == pytest.approx((.04 + .04 + .16) / 3)
  assert np.isfinite(found.high['brier'][0])
  ranks = bootstrap.rank_estimates(confidence, correct, counts, level=0.95)
  assert ranks.value['auroc'][0] == 1 and ranks.n_M[0] == 3
