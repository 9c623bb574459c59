"""Products follow the precision of their right operand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from uncertainty.models import matmul_precision


@pytest.mark.parametrize(('dtype', 'wide'), [
    ('bfloat16', 'float32'), ('float32', 'float32'), ('float64', 'float64')])
def test_what_lies_between_products_is_wide(dtype, wide):
  assert matmul_precision.wide(jnp.dtype(dtype)) == jnp.dtype(wide)


def test_bfloat16_operands_accumulate_in_float32():
  n = 4096
  left = jnp.ones((1, n), jnp.float32)
  right = jnp.ones((n, 1), jnp.bfloat16)
  out = matmul_precision.dot(left, right, ((1,), (0,)))
  assert out.dtype == jnp.float32
  # A bfloat16 sum of ones would stop at 256.
  assert float(out[0, 0]) == n


def test_float32_operands_keep_all_their_bits():
  rng = np.random.default_rng(0)
  left, right = (rng.normal(size=s).astype(np.float32)
                 for s in ((3, 64), (64, 5)))
  out = matmul_precision.dot(jnp.asarray(left), jnp.asarray(right),
                             ((1,), (0,)))
  np.testing.assert_allclose(
      out, left.astype(np.float64) @ right.astype(np.float64), rtol=1e-4,
      atol=1e-5)


def test_bits_are_undone_by_weights():
  x = jnp.asarray([1.5, -2.0, 3e-3], jnp.bfloat16)
  back = matmul_precision.weights(matmul_precision.bits(x))
  assert back.dtype == jnp.bfloat16
  np.testing.assert_array_equal(back.astype(jnp.float32),
                                x.astype(jnp.float32))
  plain = jnp.ones(3, jnp.float32)
  assert matmul_precision.bits(plain) is plain


def test_initial_weights_are_small_and_of_the_type():
  x = matmul_precision.initial(jax.random.key(0), (1000,), jnp.bfloat16)
  assert x.dtype == jnp.bfloat16
  assert float(x.astype(jnp.float32).std()) == pytest.approx(0.02, rel=0.1)
