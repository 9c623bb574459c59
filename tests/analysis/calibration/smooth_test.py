"""Smooth ECE against direct integration and relplot."""

import numpy as np
import pytest
import scipy.stats

from uncertainty.analysis.calibration import smooth
from uncertainty.types import UserError


def _data(rows=4, n_items=90):
  rng = np.random.default_rng(6)
  confidence = rng.beta(2, 2, (rows, n_items))
  confidence[0] = np.round(confidence[0], 1)
  correct = (rng.random((rows, n_items)) < confidence ** 2).astype(float)
  return confidence, correct


def _direct(confidence, correct, bandwidth):
  """The integral itself, the Gaussian reflected at both ends."""
  t = np.linspace(0, 1, 1501)
  kernel = sum(
      scipy.stats.norm.pdf(t[:, None], sign * confidence + 2 * j, bandwidth)
      for j in range(-2, 3) for sign in (1, -1))
  return np.trapezoid(
      np.abs(kernel @ (confidence - correct)) / len(confidence), t)


@pytest.mark.parametrize('bandwidth', [0.03, 0.1, 0.7])
def test_fixed_bandwidth_equals_direct_integration(bandwidth):
  confidence, correct = _data()
  found = smooth.smooth_ece(
      confidence, correct, np.full(4, bandwidth)).value_M
  expected = [_direct(c, y, bandwidth)
              for c, y in zip(confidence, correct, strict=True)]
  np.testing.assert_allclose(found, expected, atol=2e-5)


def test_bandwidth_is_the_error_itself():
  confidence, correct = _data()
  found = smooth.smooth_ece(confidence, correct)
  np.testing.assert_allclose(found.value_M, found.bandwidth_M, atol=3e-4)
  np.testing.assert_allclose(
      found.value_M, smooth.smooth_ece(
          confidence, correct, found.bandwidth_M).value_M)


@pytest.mark.parity
@pytest.mark.filterwarnings('ignore')
def test_equals_relplot():
  import relplot
  confidence, correct = _data()
  found = smooth.smooth_ece(confidence, correct).value_M
  # relplot sums 200 points with whole weights at both ends.
  np.testing.assert_allclose(found, [
      relplot.smECE(c, y)
      for c, y in zip(confidence, correct, strict=True)], rtol=0.02)


def test_one_sided_gaps_are_their_mean():
  # Residuals of one sign: smoothing cannot cancel anything.
  confidence = np.linspace(0.3, 0.7, 50)[None]
  correct = np.zeros((1, 50))
  assert smooth.smooth_ece(
      confidence, correct).value_M[0] == pytest.approx(0.5, abs=1e-6)


def test_draws_equal_the_resampled_items():
  confidence, correct = _data()
  counts = np.random.default_rng(0).poisson(1, (90, 5))
  for bandwidth in (0.02, 0.15):
    draws = smooth.smooth_draws(
        confidence[0], confidence[0] - correct[0], counts.astype(np.float32),
        bandwidth)
    for r in range(5):
      items = np.repeat(np.arange(90), counts[:, r])
      expected = smooth.smooth_ece(
          confidence[:1, items], correct[:1, items],
          np.array([bandwidth])).value_M
      assert draws[r] == pytest.approx(expected[0], abs=5e-4)


def test_item_order_and_missing_items_do_not_matter():
  confidence, correct = _data()
  found = smooth.smooth_ece(confidence, correct).value_M
  order = np.random.default_rng(0).permutation(90)
  more = np.concatenate([confidence[:, order], np.full((4, 3), np.nan)], 1)
  grades = np.concatenate([correct[:, order], np.ones((4, 3))], 1)
  np.testing.assert_allclose(
      smooth.smooth_ece(more, grades).value_M, found, atol=1e-9)


def test_rows_meet_at_neither_end():
  # Certain and wrong beside exactly right.
  found = smooth.smooth_ece(
      np.array([[1.0, 1.0], [0.5, 0.5], [0.0, 0.0]]),
      np.array([[0.0, 0.0], [0.5, 0.5], [1.0, 1.0]])).value_M
  np.testing.assert_allclose(found, [1, 0, 1], atol=1e-3)
  # Over the grid, both ends halved, residuals of one sign keep their mass.
  narrow = smooth.smooth_ece(
      np.array([[1.0], [0.0]]), np.array([[0.0], [1.0]]), np.full(2, .01))
  np.testing.assert_allclose(narrow.value_M, 1, atol=1e-9)


def test_perfect_and_empty_rows():
  confidence = np.array([[0.0, 1.0, 1.0], [np.nan] * 3])
  correct = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0]])
  found = smooth.smooth_ece(confidence, correct)
  assert found.value_M[0] == pytest.approx(0, abs=1e-12)
  assert np.isnan(found.value_M[1]) and np.isnan(found.bandwidth_M[1])


def test_confidence_outside_zero_to_one_is_an_error():
  with pytest.raises(UserError, match=r'\[0, 1\]'):
    smooth.smooth_ece(np.array([[1.5]]), np.array([[1.0]]))
