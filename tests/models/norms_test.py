"""Norms by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from uncertainty.models.norms import Norm

X = jnp.asarray([[3.0, 4.0], [1.0, -1.0]], jnp.float32)


def _apply(norm, x, **params):
  return np.asarray(norm.apply({'params': {
      k: jnp.asarray(v, jnp.float32) for k, v in params.items()}}, x))


def test_rms_divides_by_the_root_of_the_mean_square():
  found = _apply(Norm('rms', 0.0), X, scale=[1.0, 2.0])
  root = np.sqrt(12.5)
  np.testing.assert_allclose(
      found, [[3 / root, 8 / root], [1, -2]], rtol=1e-6)


def test_layer_norm_centres_first_and_adds_a_bias():
  found = _apply(Norm('layer', 0.0), X, scale=[1.0, 1.0], bias=[0.5, 0.0])
  np.testing.assert_allclose(found, [[-0.5, 1.0], [1.5, -1.0]], atol=1e-6)


def test_several_axes_are_one():
  x = jnp.asarray(np.random.default_rng(0).normal(size=(2, 3, 4)),
                  jnp.float32)
  both = _apply(Norm('rms', 1e-6, 2), x, scale=np.ones((3, 4)))
  flat = _apply(Norm('rms', 1e-6), x.reshape(2, 12), scale=np.ones(12))
  np.testing.assert_allclose(both.reshape(2, 12), flat, rtol=1e-6)


@pytest.mark.parametrize('kind', ['rms', 'layer'])
def test_a_row_of_zeros_stays_finite(kind):
  norm = Norm(kind, 1e-6)
  zeros = jnp.zeros((1, 4), jnp.float32)
  params = norm.init(jax.random.key(0), zeros)
  np.testing.assert_array_equal(norm.apply(params, zeros), zeros)
