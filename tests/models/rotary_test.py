"""Rotary embeddings by hand, and what they leave alone."""

import jax.numpy as jnp
import numpy as np

from uncertainty.models import rotary
from uncertainty.models.families.config import Rotary

POSITIONS = jnp.asarray([[0, 1, 2, 3]], jnp.int32)
LENGTHS = jnp.asarray([4], jnp.int32)


def test_a_quarter_turn_by_hand():
  angles = rotary.angles(Rotary((np.pi / 2,)), POSITIONS, LENGTHS)
  x = jnp.broadcast_to(jnp.asarray([1., 0., 7.], jnp.float32), (1, 4, 1, 3))
  turned = np.asarray(rotary.rotate(x, angles))[0, :, 0]
  np.testing.assert_allclose(
      turned, [[1, 0, 7], [0, 1, 7], [-1, 0, 7], [0, -1, 7]], atol=1e-6)


def test_products_depend_on_the_distance_only():
  table = Rotary((1.0, 0.1))
  near = rotary.angles(table, POSITIONS, LENGTHS)
  far = rotary.angles(table, POSITIONS + jnp.int32(50), LENGTHS)
  x = jnp.asarray(np.random.default_rng(0).normal(size=(1, 4, 1, 4)),
                  jnp.float32)
  gram = [np.einsum('bthd,bshd->ts', *[np.asarray(rotary.rotate(x, a))] * 2)
          for a in (near, far)]
  np.testing.assert_allclose(gram[0], gram[1], atol=1e-4)


def test_long_rows_take_the_other_table():
  table = Rotary((1.0,), 1.0, (0.25,), switch_length=4)
  positions = jnp.tile(POSITIONS, (2, 1))
  cos, _ = rotary.angles(table, positions, jnp.asarray([4, 5], jnp.int32))
  np.testing.assert_allclose(
      np.asarray(cos)[:, :, 0],
      np.cos(np.outer([1.0, 0.25], np.arange(4))), atol=1e-6)


def test_the_identity_comes_last_and_turns_nothing():
  cos, sin = rotary.stack((Rotary((1.0, 0.1)),), POSITIONS, LENGTHS,
                          identity=True)
  assert cos.shape == sin.shape == (2, 1, 4, 2)
  x = jnp.ones((1, 4, 1, 4), jnp.float32)
  np.testing.assert_array_equal(rotary.rotate(x, (cos[1], sin[1])), x)
