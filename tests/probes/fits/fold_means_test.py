"""Means over folds: by hand, and where they are undefined."""

import numpy as np
from scipy import stats

from uncertainty.probes.fits import fold_means


def test_mean_test_by_hand():
  values = np.array([[0.4, 0.6, 0.8], [0.5, 0.5, 0.5]])
  found = fold_means.mean_test(values, null=.5, shared=False)
  alone = stats.ttest_1samp(values[0], .5)
  interval = alone.confidence_interval(.95)
  np.testing.assert_allclose(
      [found.low[0], found.high[0], found.p_value[0]],
      [interval.low, interval.high, alone.pvalue])
  assert np.isnan(found.p_value[1])  # no spread, no test
  wider = fold_means.mean_test(values[0], null=.5)
  np.testing.assert_allclose(
      wider.high - wider.low,
      (interval.high - interval.low) * np.sqrt((1 / 3 + 1 / 2) * 3))


def test_overlapping_training_sets_widen_the_interval_by_hand():
  found = fold_means.mean_test(np.array([0.0, 1.0, 2.0]))
  reach = stats.t.ppf(0.975, 2) * np.sqrt(1 / 3 + 1 / 2)
  np.testing.assert_allclose([found.low, found.high], [1 - reach, 1 + reach])


def test_two_folds_are_enough_and_one_is_not():
  found = fold_means.mean_test(np.array([[1.0, 3.0]]), level=.5)
  # t(1) has its upper quartile at 1; s² (1/2 + 1) = 3.
  np.testing.assert_allclose(
      [found.low[0], found.high[0]], [2 - 3 ** .5, 2 + 3 ** .5])
  np.testing.assert_allclose(
      found.p_value[0], 1 - 2 / np.pi * np.arctan(2 / 3 ** .5))
  lone = fold_means.mean_test(np.array([[1.0]]))
  assert np.isnan([lone.low, lone.high, lone.p_value]).all()
