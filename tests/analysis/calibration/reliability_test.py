"""Reliability curves by hand, Wilson's interval against SciPy."""

import numpy as np
import scipy.stats

from uncertainty.analysis.calibration import bootstrap, errors, reliability


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


def test_no_trials_have_no_interval():
  found = reliability.wilson(np.array([0, 0]), np.array([0, 1]), .95)
  assert np.isnan(found.low[0]) and np.isnan(found.high[0])
  assert found.low[1] == 0 and 0 < found.high[1] < 1


def test_rounding_takes_no_end_beyond_zero_or_one():
  n = np.arange(1, 300)
  for level in (.8, .9, .95, .99):
    none, every = (reliability.wilson(x, n, level) for x in (0 * n, n))
    assert none.low.min() >= 0 and every.high.max() <= 1


def test_a_table_holds_every_rows_curves_under_every_binning():
  confidence = np.array([[.1, .1, .9, .9], [.2, .4, .6, .8]])
  correct = np.array([[0., 0., 1., 0.], [0., 1., 1., 1.]])
  table = reliability.reliability_table(
      'quiz', [('z', 'r'), ('x', 'p')], 'isotonic', 'correct', confidence,
      correct, bootstrap.choose_binnings(confidence, correct, 2), .9)
  assert list(table) == list(reliability.COLUMNS)
  assert (table['dataset'] == 'quiz').all()
  assert list(dict.fromkeys(zip(
      table['model'], table['measure'], table['binning']))) == [
          (m, c, b) for m, c in (('z', 'r'), ('x', 'p'))
          for b in ('width', 'mass', 'sweep')]
  first = table[(table['model'] == 'z') & (table['binning'] == 'width')]
  np.testing.assert_allclose(first['bin'], [0, 1])
  np.testing.assert_allclose(first['confidence'], [.1, .9])
  np.testing.assert_allclose(first['accuracy'], [0, .5])
  np.testing.assert_array_equal(first['count'], [2, 2])
  interval = reliability.wilson(np.array([0, 1]), np.array([2, 2]), .9)
  np.testing.assert_allclose(first['ci_low'], interval.low)
  np.testing.assert_allclose(first['ci_high'], interval.high)
  # Its accuracy never falls: the sweep gives each item a bin of its own.
  own = table[(table['model'] == 'x') & (table['binning'] == 'sweep')]
  np.testing.assert_allclose(own['accuracy'], [0, 1, 1, 1])


def test_a_shares_interval_counts_copies_once():
  right = (np.arange(40) < 30).astype(float)
  alone = reliability.share_interval(right, None, .95)
  found = reliability.wilson(np.array([30.]), np.array([40.]), .95)
  np.testing.assert_allclose(alone, (found.low[0], found.high[0]))
  np.testing.assert_allclose(reliability.share_interval(
      np.repeat(right, 3), np.repeat(np.arange(40), 3), .95), alone)
