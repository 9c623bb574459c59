"""What the device makes a plan of batches weigh, and how much it holds."""

import dataclasses
from typing import Any

import jax

from uncertainty.models import DecoderConfig

_LEAST_TOKENS, _MOST_TOKENS = 1024, 16384  # in a batch, unless told otherwise
_KEYS = 768  # that a token sees, for an estimate of memory


@dataclasses.dataclass(frozen=True)
class Costs:
  """What a plan weighs, in tokens that are read.

  Attributes:
    shape: padded tokens that a further compiled shape must save.
    batch: what a batch costs beside its tokens.
    key: what a key costs a token.
  """

  shape: int = 2048
  batch: int = 64
  key: float = 0.0006


_COSTS = {'cpu': Costs()}
# Measured on an H100: a shape takes seconds to compile, and attention a
# seventh of what weights do at 400 keys.
_ACCELERATOR = Costs(shape=16384, batch=1024, key=0.0003)


def costs() -> Costs:
  """What the device makes things cost.

  Returns:
    As measured on a CPU, or on a GPU.
  """
  return _COSTS.get(jax.default_backend(), _ACCELERATOR)


def device_tokens(config: DecoderConfig, params: Any) -> int:
  """Tokens in a batch that fill the device: a CPU works from its caches.

  Args:
    config: the decoder's.
    params: its weights, where they lie.

  Returns:
    1024 on a CPU, 16384 elsewhere, or as many as there is room for beside the
    weights: always the same for a model and a device.
  """
  if jax.default_backend() == 'cpu':
    return _LEAST_TOKENS
  stats = jax.local_devices()[0].memory_stats() or {}
  limit = stats.get('bytes_limit')
  if not limit:
    return _MOST_TOKENS
  held = sum(x.addressable_shards[0].data.nbytes
             for x in jax.tree.leaves(params))
  # Float32 between products: the residual stream and what is added to it, the
  # MLP, queries and outputs, and logits of attention; two batches in flight.
  a_token = 2 * 4 * (6 * config.width + 3 * config.mlp_width
                     + config.n_heads * (2 * config.head_dim + _KEYS))
  room = int(0.9 * limit - held) // a_token
  return min(max(room, _LEAST_TOKENS), _MOST_TOKENS)
