"""Fold scores against scikit-learn and scipy, padding and constants."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats
from sklearn import metrics

from uncertainty.probes.fits import precision, scores


def _scores(predicted, target, valid):
  with precision.float64():
    return jax.device_get(scores.fold_scores(
        jnp.asarray(predicted), jnp.asarray(target), jnp.asarray(valid)))


def test_equals_scikit_learn_and_scipy_whatever_the_padding_holds():
  generator = np.random.default_rng(0)
  predicted = generator.normal(size=(2, 9, 3))
  target = predicted + generator.normal(size=(2, 9, 3))
  valid = np.ones((2, 9), bool)
  valid[1, 7:] = False
  predicted[1, 7:], target[1, 7:] = 1e6, -5.0
  found = _scores(predicted, target, valid)
  for fold, count in ((0, 9), (1, 7)):
    for t in range(3):
      a, b = target[fold, :count, t], predicted[fold, :count, t]
      np.testing.assert_allclose(
          found.r2[fold, t], metrics.r2_score(a, b), rtol=1e-12)
      np.testing.assert_allclose(
          found.pearson[fold, t], stats.pearsonr(a, b)[0], rtol=1e-12)
      np.testing.assert_allclose(
          found.mse[fold, t], metrics.mean_squared_error(a, b), rtol=1e-12)


def test_constants_follow_scikit_learn():
  target = np.full((1, 4, 2), 0.3)
  predicted = np.full((1, 4, 2), 0.3)
  predicted[0, :, 1] = [0.1, 0.2, 0.3, 0.4]
  found = _scores(predicted, target, np.ones((1, 4), bool))
  np.testing.assert_array_equal(found.r2, [[1.0, 0.0]])
  assert np.isnan(found.pearson).all()


def test_hand_computed():
  found = _scores(np.array([[[1.0], [2.0], [2.0]]]),
                  np.array([[[1.0], [2.0], [3.0]]]), np.ones((1, 3), bool))
  np.testing.assert_allclose(found.r2, [[0.5]])
  np.testing.assert_allclose(found.mse, [[1 / 3]])
  np.testing.assert_allclose(found.pearson, [[np.sqrt(3) / 2]])


def test_what_is_constant_does_not_depend_on_the_unit():
  generator = np.random.default_rng(1)
  target = generator.normal(size=(1, 7, 1))
  predicted = target + generator.normal(size=(1, 7, 1))
  plain = _scores(predicted, target, np.ones((1, 7), bool))
  for unit in (1e-9, 1e9):
    found = _scores(unit * predicted, unit * target, np.ones((1, 7), bool))
    np.testing.assert_allclose(found.r2, plain.r2, rtol=1e-9)
    np.testing.assert_allclose(found.pearson, plain.pearson, rtol=1e-9)
  # Means of these are off by a rounding, which is no spread.
  values = np.array([1e6 / 3, 1e9 / 7, .1, 1e-9 / 3, 0.0])
  flat = np.broadcast_to(values, (1, 7, 5))
  found = _scores(flat, flat, np.ones((1, 7), bool))
  np.testing.assert_array_equal(found.r2, np.ones((1, 5)))
  assert np.isnan(found.pearson).all()
  varied = _scores(flat, np.repeat(target, 5, 2), np.ones((1, 7), bool))
  assert np.isnan(varied.pearson).all()
  off = _scores(np.nextafter(flat[..., :4], 1e9), flat[..., :4],
                np.ones((1, 7), bool))
  np.testing.assert_array_equal(off.r2, np.ones((1, 4)))
  # Near is not met.
  near = _scores(flat[..., 2:3] + 1e-8, flat[..., 2:3], np.ones((1, 7), bool))
  np.testing.assert_array_equal(near.r2, [[0]])


def test_what_varies_little_beside_its_size_is_no_constant():
  target = np.array([1.0, 2.0, 4.0, 3.0]).reshape(1, 4, 1)
  for predicted, near in ((1 + 1e-8 * target, target),
                          (target, 1 + 1e-8 * target)):
    found = _scores(predicted, near, np.ones((1, 4), bool))
    np.testing.assert_allclose(found.pearson, [[1]], atol=1e-6)


def test_rounding_takes_no_correlation_beyond_one():
  target = np.random.default_rng(0).normal(size=(1, 7, 500))
  for sign in (1, -1):
    found = _scores(sign * target / 3, target, np.ones((1, 7), bool))
    assert (np.abs(found.pearson) <= 1).all()
    np.testing.assert_allclose(found.pearson, sign)
