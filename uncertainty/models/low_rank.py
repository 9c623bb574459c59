"""Low-rank products beside a layer's own: what adapters add to a pass.

Where `Decoder` is applied with a collection `adapters`, its tree that of the
params with {'a', 'b'} in place of a weight, a product x · W becomes
x · W + (x · a) · b (Hu et al. 2021, arXiv 2106.09685). W is left alone, and no
matrix of its size is made. Without the collection nothing changes.
"""

import flax.linen as nn
import jax

from uncertainty.models.matmul_precision import dot

COLLECTION = 'adapters'


def add(module: nn.Module, name: str, y: jax.Array, x: jax.Array,
        n_inputs: int) -> jax.Array:
  """Adds (x · a) · b to a product, if the module has an adapter for it.

  Args:
    module: whose weight is multiplied, within its call.
    name: of the weight.
    y: x · W, [B, T, outputs…].
    x: what was multiplied, [B, T, inputs…].
    n_inputs: how many axes `inputs…` are.

  Returns:
    [B, T, outputs…], in y's precision.
  """
  if not module.has_variable(COLLECTION, name):
    return y
  pair = module.get_variable(COLLECTION, name)
  a, b = (pair[k].astype(x.dtype) for k in ('a', 'b'))
  low_BTR = dot(x, a, (tuple(range(2, 2 + n_inputs)), tuple(range(n_inputs))))
  return y + dot(low_BTR, b, ((2,), (0,)))
