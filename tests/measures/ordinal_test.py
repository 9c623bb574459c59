"""Ordinal measures by hand, at their limits, and against scipy."""

import math

import numpy as np
import pytest
import scipy.stats

from uncertainty.measures import ordinal

SCALE = np.array([1.0, 2.0, 3.0, 4.0])
MEASURES = (ordinal.ordinal_entropy, ordinal.ordinal_variation)


def _random(n, rng, width=7):
  """Ragged rows: two shares and a scale, NaN or 0 beyond their choices."""
  p, q = np.zeros((2, n, width))
  scale = np.full((n, width), np.nan)
  for i in range(n):
    k = rng.integers(2, width + 1)
    p[i, :k], q[i, :k] = rng.dirichlet(np.full(k, .5), size=2)
    scale[i, :k] = rng.permutation(np.cumsum(rng.uniform(.1, 3, k)) - 5)
  return p, q, scale


def test_hand_computed_values():
  # Cuts at F = .5, .5, .75: h = 1, 1, .8113.
  shares = np.array([[.5, 0, .25, .25]])
  h = -.75 * math.log2(.75) - .25 * math.log2(.25)
  assert ordinal.ordinal_entropy(shares, SCALE)[0] == pytest.approx((2 + h) / 3)
  assert ordinal.ordinal_variation(shares, SCALE)[0] == pytest.approx(
      4 * (.25 + .25 + .1875) / 3)
  # Mean 2.25; squares (.5·1.5625 + .25·.5625 + .25·3.0625) = 1.6875.
  assert ordinal.scale_sd(shares, SCALE)[0] == pytest.approx(math.sqrt(1.6875))


def test_wasserstein_by_hand():
  p = np.array([[1.0, 0, 0, 0], [.5, .5, 0, 0], [0, 1, 0, 0]])
  q = np.array([[0.0, 0, 0, 1], [.5, 0, .5, 0], [0, 1, 0, 0]])
  # From end to end; half of it by one step of three; none.
  np.testing.assert_allclose(
      ordinal.wasserstein(p, q, SCALE), [1, .5 / 3, 0], atol=1e-15)
  uneven = np.array([0.0, 1.0, 10.0, 20.0])
  np.testing.assert_allclose(
      ordinal.wasserstein(p[1:2], q[1:2], uneven), [.5 * 9 / 20], atol=1e-15)


@pytest.mark.parametrize('measure', MEASURES)
def test_agreement_is_zero_and_both_ends_are_one(measure):
  np.testing.assert_allclose(
      measure(np.eye(4), SCALE), 0, atol=1e-12)
  ends = np.array([[.5, 0, 0, .5]])
  assert measure(ends, SCALE)[0] == pytest.approx(1, abs=1e-12)
  # Of two neighbours entropy would say as much as of both ends.
  assert measure(np.array([[.5, .5, 0, 0]]), SCALE)[0] == pytest.approx(1 / 3)


@pytest.mark.parametrize('measure', MEASURES)
def test_of_two_choices_it_is_the_nominal_measure(measure):
  p = np.linspace(0, 1, 21)
  found = measure(np.stack([p, 1 - p], 1), SCALE[:2])
  nominal = (scipy.stats.entropy([p, 1 - p], base=2)
             if measure is ordinal.ordinal_entropy else 4 * p * (1 - p))
  np.testing.assert_allclose(found, nominal, atol=1e-12)


@pytest.mark.parametrize('measure', [*MEASURES, ordinal.scale_sd])
def test_order_of_columns_and_padding_do_not_matter(measure):
  rng = np.random.default_rng(0)
  p, _, scale = _random(200, rng)
  order = rng.permutation(p.shape[1])
  np.testing.assert_allclose(
      measure(p[:, order], scale[:, order]), measure(p, scale), atol=1e-12)
  for i in range(20):
    here = ~np.isnan(scale[i])
    np.testing.assert_allclose(
        measure(p[i:i + 1, here], scale[i, here]), measure(p, scale)[i],
        atol=1e-12)
  np.testing.assert_allclose(measure(p, -scale), measure(p, scale), atol=1e-12)


def test_wasserstein_is_scipys_on_random_inputs():
  p, q, scale = _random(500, np.random.default_rng(1))
  found = ordinal.wasserstein(p, q, scale)
  for i in range(500):
    here = ~np.isnan(scale[i])
    x = scale[i, here]
    expected = scipy.stats.wasserstein_distance(
        x, x, p[i, here], q[i, here]) / np.ptp(x)
    assert found[i] == pytest.approx(expected, abs=1e-9)
  assert (found >= 0).all() and (found <= 1 + 1e-12).all()
  np.testing.assert_allclose(
      found, ordinal.wasserstein(q, p, scale), atol=1e-12)


def test_scale_sd_is_numpys_on_random_inputs():
  p, _, scale = _random(300, np.random.default_rng(2))
  for i, value in enumerate(ordinal.scale_sd(p, scale)):
    here = ~np.isnan(scale[i])
    x, w = scale[i, here], p[i, here]
    mean = np.average(x, weights=w)
    assert value == pytest.approx(
        math.sqrt(np.average((x - mean) ** 2, weights=w)), abs=1e-9)


def test_fewer_than_two_choices_are_no_scale():
  shares, scale = np.array([[1.0, 0]]), np.array([[3.0, np.nan]])
  for measure in (*MEASURES, ordinal.scale_sd):
    assert np.isnan(measure(shares, scale)).all()
  assert np.isnan(ordinal.wasserstein(shares, shares, scale)).all()
