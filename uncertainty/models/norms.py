"""Layer norms, in the precision of what they are given."""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax


class Norm(nn.Module):
  """RMS norm (scale) or layer norm (scale and bias).

  Attributes:
    kind: `rms` (Zhang & Sennrich 2019) or `layer` (Ba et al. 2016).
    eps: added to the mean square or the variance.
    axes: how many last axes are normalised together.
  """

  kind: str
  eps: float
  axes: int = 1

  @nn.compact
  def __call__(self, x: jax.Array) -> jax.Array:
    """Normalises `x` over its last axes; float32, or float64."""
    axes = tuple(range(-self.axes, 0))
    shape = x.shape[-self.axes:]
    lead = (1,) * (x.ndim - self.axes)
    scale = self.param('scale', nn.initializers.ones, shape, jnp.float32)
    if self.kind == 'layer':
      x = x - x.mean(axes, keepdims=True)
    inverse = lax.rsqrt(jnp.square(x).mean(axes, keepdims=True) + self.eps)
    x = x * inverse * scale.astype(x.dtype).reshape(lead + shape)
    if self.kind == 'layer':
      bias = self.param('bias', nn.initializers.zeros, shape, jnp.float32)
      x = x + bias.astype(x.dtype).reshape(lead + shape)
    return x
