"""Grouped-query attention over several stretches of keys at once.

A token sees up to three stretches: a prefix that all rows share (stored once),
a cache, and its own row. Each is multiplied where it lies, and one softmax
runs over them all; nothing is repeated per row or per query head.
"""

import dataclasses
import functools
from typing import Any, Literal

import flax.linen as nn
import flax.struct
import jax
import jax.numpy as jnp

from uncertainty.models import low_rank, rotary
from uncertainty.models.families.config import DecoderConfig
from uncertainty.models.matmul_precision import dot, initial, weights, wide
from uncertainty.models.norms import Norm

# Finite, so that a row without visible keys (padding) stays finite.
_HIDDEN = -1e30


@flax.struct.dataclass
class Stretch:
  """Keys and values of one layer; rows is B, or 1 if all rows share them."""

  keys_BSKH: jax.Array
  values_BSKH: jax.Array


@flax.struct.dataclass
class OwnStretch(Stretch):
  """A row's own keys and values.

  Attributes:
    to_itself_BTN: each query head's attention weight on the token itself, if
      asked for.
  """

  to_itself_BTN: jax.Array | None = None


def attend(query_BTKGH: jax.Array, stretches: list[Stretch],
           masks: list[jax.Array], cap: float, to_itself: bool = False,
           ) -> tuple[jax.Array, jax.Array | None]:
  """Softmax attention over the stretches together.

  Args:
    query_BTKGH: scaled queries; G query heads share each of K key heads.
    stretches: keys and values, the row's own last.
    masks: per stretch, [B or 1, T or 1, S]: which keys a token sees.
    cap: tanh soft cap of the logits; 0 for none.
    to_itself: whether each token's weight on itself is wanted.

  Returns:
    [B, T, K, G, H], `wide`; that weight [B, T, K, G], or None.
  """
  B, T, K, G, H = query_BTKGH.shape
  query = query_BTKGH.transpose(2, 0, 1, 3, 4)
  logits = []
  for stretch, mask in zip(stretches, masks):
    keys = stretch.keys_BSKH
    if keys.shape[0] == 1:
      flat = query.reshape(K, B * T * G, H)
      x = dot(flat, keys[0], ((2,), (2,)), ((0,), (1,)))
    else:
      flat = query.reshape(K, B, T * G, H)
      x = dot(flat, keys, ((3,), (3,)), ((0, 1), (2, 0)))
    x = x.reshape(K, B, T, G, keys.shape[1])
    if cap:
      x = cap * jnp.tanh(x / cap)
    logits.append(jnp.where(mask[None, :, :, None, :], x, _HIDDEN))
  top = logits[0].max(-1, keepdims=True)
  for x in logits[1:]:
    top = jnp.maximum(top, x.max(-1, keepdims=True))
  masses, outputs, shares = [], [], top
  for x, stretch in zip(logits, stretches):
    shares = jnp.exp(x - top)
    values = stretch.values_BSKH
    S = values.shape[1]
    masses.append(shares.sum(-1, keepdims=True))
    if values.shape[0] == 1:
      y = dot(shares.reshape(K, B * T * G, S), values[0],
              ((2,), (0,)), ((0,), (1,)))
    else:
      y = dot(shares.reshape(K, B, T * G, S), values,
              ((3,), (1,)), ((0, 1), (2, 0)))
    outputs.append(y.reshape(K, B, T, G, H))
  total = functools.reduce(jnp.add, masses)
  output = functools.reduce(jnp.add, outputs) / total
  if not to_itself:
    return output.transpose(1, 2, 0, 3, 4), None
  # The last stretch is the row's own: its slots are its tokens.
  own_KBGT = jnp.diagonal(shares, axis1=2, axis2=4)
  weight_KBTG = own_KBGT.transpose(0, 1, 3, 2) / total[..., 0]
  return output.transpose(1, 2, 0, 3, 4), weight_KBTG.transpose(1, 2, 0, 3)


def attend_fused(query_BTKGH: jax.Array, stretches: list[Stretch],
                 masks: list[jax.Array],
                 implementation: Literal['cudnn', 'xla'] = 'cudnn',
                 ) -> jax.Array:
  """The same in one kernel that keeps no logits, for bfloat16 on a GPU.

  What rows share is repeated for each of them, which is little beside logits.

  Args:
    query_BTKGH: scaled queries; G query heads share each of K key heads.
    stretches: keys and values, the row's own last.
    masks: per stretch, [B or 1, T or 1, S]: which keys a token sees.
    implementation: of `jax.nn.dot_product_attention`.

  Returns:
    [B, T, K, G, H], `wide`.
  """
  B, T, K, G, H = query_BTKGH.shape

  def joined(parts: list[jax.Array]) -> jax.Array:
    return jnp.concatenate(
        [jnp.broadcast_to(x, (B, *x.shape[1:])) for x in parts], 1)

  keys = joined([s.keys_BSKH for s in stretches])
  values = joined([s.values_BSKH for s in stretches])
  mask = jnp.concatenate(
      [jnp.broadcast_to(m, (B, T, m.shape[2])) for m in masks], 2)
  output = jax.nn.dot_product_attention(
      query_BTKGH.reshape(B, T, K * G, H).astype(keys.dtype), keys, values,
      mask=mask[:, None], scale=1.0, implementation=implementation)
  return output.reshape(B, T, K, G, H).astype(wide(keys.dtype))


def is_fused(config: DecoderConfig, dtype: jnp.dtype, device: Any) -> bool:
  """Whether `attend_fused` measured faster than `attend`.

  On an H100 it took a quarter of the time (`launch/bench.py gpu`); older GPUs
  were not measured.

  Args:
    config: the decoder's.
    dtype: of keys and values.
    device: a JAX device.

  Returns:
    True for bfloat16 without a soft cap on NVIDIA's Hopper and later.
  """
  return (dtype == jnp.bfloat16 and not config.attention_cap
          and config.head_dim % 8 == 0 and config.head_dim <= 128
          and device.device_kind.startswith('NVIDIA')
          and float(device.compute_capability) >= 9.0)


class Attention(nn.Module):
  """Projections, rotary embedding, attention, output projection."""

  config: DecoderConfig
  dtype: jnp.dtype = jnp.float32
  to_itself: bool = False
  flash: bool = False

  @nn.compact
  def __call__(self, x_BTD: jax.Array, angles: rotary.Angles | None,
               past: list[Stretch], masks: list[jax.Array]
               ) -> tuple[jax.Array, OwnStretch]:
    """The sublayer's output, and this row's own keys and values."""
    c = self.config
    K, G, H, D = c.n_kv_heads, c.n_groups, c.head_dim, c.width
    qkv = weights(self.param('qkv', initial, (D, K, G + 2, H), self.dtype))
    # No reshape of weights: it would undo their sharding over heads.
    mixed = low_rank.add(self, 'qkv', dot(x_BTD, qkv, ((2,), (0,))), x_BTD, 1)
    if c.qkv_bias:
      bias = self.param('qkv_bias', nn.initializers.zeros, (K, G + 2, H),
                        jnp.float32)
      mixed = mixed + bias.astype(mixed.dtype)[None, None]
    query, key, value = (mixed[..., :G, :], mixed[..., G:G + 1, :],
                         mixed[..., G + 1, :])
    if c.qk_norm != 'none':
      axes = 1 if c.qk_norm == 'head' else 3
      query = Norm('rms', c.norm_eps, axes, name='query_norm')(query)
      key = Norm('rms', c.norm_eps, axes, name='key_norm')(key)
    if angles is not None:
      query, key = rotary.rotate(query, angles), rotary.rotate(key, angles)
    own = OwnStretch(
        key[..., 0, :].astype(qkv.dtype), value.astype(qkv.dtype))
    query = query * c.attention_scale
    if self.flash and query.shape[1] > 1 and not self.to_itself:
      mixed, weight_BTKG = attend_fused(query, [*past, own], masks), None
    else:
      mixed, weight_BTKG = attend(
          query, [*past, own], masks, c.attention_cap, self.to_itself)
    output = weights(self.param('output', initial, (K, G, H, D), self.dtype))
    y_BTD = low_rank.add(self, 'output', dot(
        mixed, output, ((2, 3, 4), (0, 1, 2))), mixed, 3)
    if c.output_bias:
      bias = self.param('output_bias', nn.initializers.zeros, (D,),
                        jnp.float32)
      y_BTD = y_BTD + bias.astype(y_BTD.dtype)[None, None]
    if weight_BTKG is not None:
      own = dataclasses.replace(
          own, to_itself_BTN=weight_BTKG.reshape(*y_BTD.shape[:2], K * G))
    return y_BTD, own
