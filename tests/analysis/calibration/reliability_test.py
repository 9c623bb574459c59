"""Reliability curves by hand, Wilson's interval against SciPy."""

import numpy as np
import scipy.stats

from uncertainty.analysis.calibration import errors, reliability


def test_wilson_equals_scipy():
  right, n = np.array([0, 3, 7, 10]), np.array([4, 9, 7, 40])
  found = reliability.wilson(right, n, 0.9)
  for i in range(4):
    expected = scipy.stats.binomtest(int(right[i]), int(n[i])).proportion_ci(
        0.9, method='wilson')
    np.testing.assert_allclose(
        [found.low[i], found.high[i]], [expected.low, expected.high],
        atol=1e-12)


def test_curves_hold_means_of_filled_bins():
  confidence = np.array([[0.1, 0.15, 0.9, np.nan], [0.5, 0.5, 0.5, 0.5]])
  correct = np.array([[0.0, 1.0, 1.0, 1.0], [1.0, 0.0, 0.0, 0.0]])
  found = reliability.curves(
      errors.width_bins(confidence, correct, 5), confidence, correct,
      0.95)
  np.testing.assert_array_equal(found.row_X, [0, 0, 1])
  np.testing.assert_array_equal(found.bin_X, [0, 4, 2])
  np.testing.assert_allclose(found.confidence_X, [0.125, 0.9, 0.5])
  np.testing.assert_allclose(found.accuracy_X, [0.5, 1, 0.25])
  np.testing.assert_array_equal(found.count_X, [2, 1, 4])
  assert np.all((found.low_X <= found.accuracy_X)
                & (found.accuracy_X <= found.high_X))
