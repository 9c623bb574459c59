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
