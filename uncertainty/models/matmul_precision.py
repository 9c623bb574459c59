"""Matrix products in the precision that the weights ask for.

float32 operands multiply at the highest precision (never TF32 or one bfloat16
pass); bfloat16 operands accumulate in float32. Results are `wide`.
"""

import jax
import jax.numpy as jnp
from jax import lax


def wide(dtype: jnp.dtype) -> jnp.dtype:
  """The type of everything between products.

  Args:
    dtype: the weights'.

  Returns:
    float64 for float64 weights, else float32.
  """
  return jnp.dtype(jnp.float64 if dtype == jnp.float64 else jnp.float32)


def initial(key: jax.Array, shape: tuple[int, ...], dtype: jnp.dtype
            ) -> jax.Array:
  """Random weights, σ = 0.02; without x64, JAX draws no float64.

  Args:
    key: random key.
    shape: the parameter's.
    dtype: the parameter's.

  Returns:
    Normal with mean 0 and standard deviation 0.02.
  """
  return (0.02 * jax.random.normal(key, shape)).astype(dtype)


def dot(left: jax.Array, right: jax.Array, axes: tuple[tuple[int, ...],
        tuple[int, ...]], batch: tuple[tuple[int, ...],
        tuple[int, ...]] = ((), ())) -> jax.Array:
  """`lax.dot_general` in the right operand's precision.

  Args:
    left: cast to the right operand's type.
    right: weights, keys or values.
    axes: contracted axes of both.
    batch: batch axes of both.

  Returns:
    The product: batch axes, then the left's and the right's other axes;
    float32, or float64 for a float64 right operand.
  """
  exact = right.dtype != jnp.bfloat16
  return lax.dot_general(
      left.astype(right.dtype), right, (axes, batch),
      precision=lax.Precision.HIGHEST if exact else lax.Precision.DEFAULT,
      preferred_element_type=wide(right.dtype))


def bits(x: jax.Array) -> jax.Array:
  """bfloat16 as uint16 on a CPU, where a scan would widen it to float32.

  Args:
    x: any array.

  Returns:
    uint16 for bfloat16 on a CPU; else x.
  """
  if x.dtype == jnp.bfloat16 and jax.default_backend() == 'cpu':
    return lax.bitcast_convert_type(x, jnp.uint16)
  return x


def weights(x: jax.Array) -> jax.Array:
  """The inverse of `bits`; other arrays as they are.

  Args:
    x: what `bits` returned.

  Returns:
    bfloat16 for uint16; else x.
  """
  if x.dtype == jnp.uint16:
    return lax.bitcast_convert_type(x, jnp.bfloat16)
  return x
