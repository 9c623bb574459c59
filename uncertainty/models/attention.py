"""Grouped-query attention over several stretches of keys at once.

A token sees up to three stretches: a prefix that all rows share (stored once),
a cache, and its own row. Each is multiplied where it lies, and one softmax
runs over them all; nothing is repeated per row or per query head.
"""

import dataclasses
import functools

import flax.linen as nn
import flax.struct
import jax
import jax.numpy as jnp

from uncertainty.models import low_rank, rotary
from uncertainty.models.families.config import DecoderConfig
from uncertainty.models.matmul_precision import dot, initial, weights
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


class Attention(nn.Module):
  """Projections, rotary embedding, attention, output projection."""

  config: DecoderConfig
  dtype: jnp.dtype = jnp.float32
  to_itself: bool = False

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
    mixed, weight_BTKG = attend(
        query * c.attention_scale, [*past, own], masks, c.attention_cap,
        self.to_itself)
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
