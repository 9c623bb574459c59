"""Matrix products in the precision that the weights ask for.

float32 operands multiply at the highest precision (never TF32 or one bfloat16
pass); bfloat16 operands accumulate in float32. Results are float32.
"""

import jax
import jax.numpy as jnp
from jax import lax


def dot(left: jax.Array, right: jax.Array, axes: tuple[tuple[int, ...],
        tuple[int, ...]], batch: tuple[tuple[int, ...],
        tuple[int, ...]] = ((), ())) -> jax.Array:
  """`lax.dot_general` in the right operand's precision, into float32.

  Args:
    left: cast to the right operand's type.
    right: weights, keys or values: float32 or bfloat16.
    axes: contracted axes of both.
    batch: batch axes of both.
  """
  exact = right.dtype == jnp.float32
  return lax.dot_general(
      left.astype(right.dtype), right, (axes, batch),
      precision=lax.Precision.HIGHEST if exact else lax.Precision.DEFAULT,
      preferred_element_type=jnp.float32)


def bits(x: jax.Array) -> jax.Array:
  """bfloat16 as uint16 on a CPU, where a scan would widen it to float32."""
  if x.dtype == jnp.bfloat16 and jax.default_backend() == 'cpu':
    return lax.bitcast_convert_type(x, jnp.uint16)
  return x


def weights(x: jax.Array) -> jax.Array:
  """The inverse of `bits`; other arrays as they are."""
  if x.dtype == jnp.uint16:
    return lax.bitcast_convert_type(x, jnp.bfloat16)
  return x
