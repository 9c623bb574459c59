"""One decoder for every family: a scan over stacked layers.

What differs by layer (attention window, rotary table) is scanned as data, so
compile time does not grow with depth. Parameters:

  token_embedding [V, D]          position_embedding [positions, D]
  layers/… [L, …]                 final_norm/{scale, bias} [D]
  unembedding [V, D]              unembedding_bias [V]

with, per layer, attention/{qkv [D, K, G+2, H], output [K, G, H, D],
query_norm, key_norm, biases}, mlp/{up [D, 1 or 2, F], down [F, D], biases}
and the norms; where the model is steered, steering/{added, removed} [D]. qkv
holds, for each key/value head, its G query heads, its key, its value. Weights
keep the dtype they are given in and set that of the products; everything
between products is float32, or float64 if they are.
"""

import math
from typing import Any

import flax.linen as nn
import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from uncertainty.models import capture as capture_lib
from uncertainty.models import low_rank, rotary
from uncertainty.models import steering as steering_lib
from uncertainty.models.attention import Attention, Stretch
from uncertainty.models.families.config import DecoderConfig
from uncertainty.models.matmul_precision import (
  bits,
  dot,
  initial,
  weights,
  wide,
)
from uncertainty.models.norms import Norm
from uncertainty.types import Batch


def _gelu(x: jax.Array) -> jax.Array:
  """GELU (Hendrycks & Gimpel 2016), in the argument's own precision.

  `jax.nn.gelu` has float32 constants for float64 where x64 is off.
  """
  return 0.5 * x * lax.erfc(-x * math.sqrt(0.5))


def _gelu_tanh(x: jax.Array) -> jax.Array:
  """Its approximation by tanh; see `_gelu`."""
  inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
  return x * (0.5 * (1.0 + jnp.tanh(inner)))


_ACTIVATIONS = {'silu': jax.nn.silu, 'gelu': _gelu, 'gelu_tanh': _gelu_tanh}


@flax.struct.dataclass
class Past:
  """Keys and values of earlier tokens, for all layers.

  Attributes:
    keys_LBSKH, values_LBSKH: B may be 1 for all rows together.
    lengths_B: valid slots.
    positions_BS: position of each slot.
  """

  keys_LBSKH: jax.Array
  values_LBSKH: jax.Array
  lengths_B: jax.Array
  positions_BS: jax.Array


@flax.struct.dataclass
class PerLayer:
  """What the scan hands to each layer."""

  rotary_index: jax.Array
  window_index: jax.Array
  past: list[Stretch]


@flax.struct.dataclass
class Shared:
  """What all layers see: angles [tables, B, T, pairs], masks per window."""

  angles: rotary.Angles | None
  masks: list[jax.Array]
  capture_at_BP: jax.Array | None


@flax.struct.dataclass
class Trace:
  """What a pass leaves behind, stacked over layers by the scan."""

  keys: jax.Array | None
  values: jax.Array | None
  activations: dict[str, jax.Array]


class MLP(nn.Module):
  """act(gate) * up, or act(up), then down."""

  config: DecoderConfig
  dtype: jnp.dtype = jnp.float32

  @nn.compact
  def __call__(self, x_BTD: jax.Array) -> jax.Array:
    """The sublayer's output.

    Args:
      x_BTD: normalised residual stream.

    Returns:
      [B, T, D], to be added to the residual stream.
    """
    c = self.config
    D, F, ways = c.width, c.mlp_width, 2 if c.gated else 1
    zeros = nn.initializers.zeros
    up = weights(self.param('up', initial, (D, ways, F), self.dtype))
    x = low_rank.add(self, 'up', dot(x_BTD, up, ((2,), (0,))), x_BTD, 1)
    if c.mlp_bias:
      bias = self.param('up_bias', zeros, (ways, F), jnp.float32)
      x = x + bias.astype(x.dtype)[None, None]
    act = _ACTIVATIONS[c.activation]
    x = act(x[..., 0, :]) * x[..., 1, :] if c.gated else act(x[..., 0, :])
    down = weights(self.param('down', initial, (F, D), self.dtype))
    y_BTD = low_rank.add(self, 'down', dot(x, down, ((2,), (0,))), x, 1)
    if c.mlp_bias:
      bias = self.param('down_bias', zeros, (D,), jnp.float32)
      y_BTD = y_BTD + bias.astype(y_BTD.dtype)[None, None]
    return y_BTD


class Block(nn.Module):
  """One layer: attention and MLP around the residual stream."""

  config: DecoderConfig
  dtype: jnp.dtype = jnp.float32
  sites: tuple[str, ...] = ()
  with_key_values: bool = False
  flash: bool = False

  @nn.compact
  def __call__(self, x_BTD: jax.Array, layer: PerLayer, shared: Shared
               ) -> tuple[jax.Array, Trace]:
    """One step of the scan over layers.

    Args:
      x_BTD: the residual stream.
      layer: what differs by layer.
      shared: what all layers see.

    Returns:
      The residual stream after the layer, and what is captured of it.
    """
    c = self.config
    pre, post = c.norm_placement != 'post', c.norm_placement != 'pre'

    def norm(name, x, wanted):
      return Norm(c.norm, c.norm_eps, name=name)(x) if wanted else x

    angles = jax.tree.map(lambda x: _pick(x, layer.rotary_index),
                          shared.angles)
    masks = [_pick(mask, layer.window_index) for mask in shared.masks]
    attention = Attention(c, self.dtype, capture_lib.TO_ITSELF in self.sites,
                          self.flash, name='attention')
    attended, own = attention(norm('attention_norm', x_BTD, pre), angles,
                              jax.tree.map(weights, layer.past), masks)
    attended = norm('attention_post_norm', attended, post)
    middle = x_BTD if c.parallel else x_BTD + attended
    mlp = MLP(c, self.dtype, name='mlp')
    added = norm('mlp_post_norm', mlp(norm('mlp_norm', middle, pre)), post)
    x_BTD = x_BTD + attended + added if c.parallel else middle + added
    x_BTD = steering_lib.steer(self, x_BTD)

    found = {'attention_out': attended, 'mlp_out': added, 'residual': x_BTD,
             capture_lib.TO_ITSELF: own.to_itself_BTN}
    trace = Trace(
        bits(own.keys_BSKH) if self.with_key_values else None,
        bits(own.values_BSKH) if self.with_key_values else None,
        {site: capture_lib.gather(x, shared.capture_at_BP)
         for site, x in found.items() if site in self.sites})
    return x_BTD, trace


def _pick(tables: jax.Array, index: jax.Array) -> jax.Array:
  """One of several tables; no indexing where there is but one."""
  return tables[0] if tables.shape[0] == 1 else tables[index]


class Decoder(nn.Module):
  """A decoder-only transformer.

  Attributes:
    config: the architecture.
    dtype: of the weights that `init` makes; `apply` follows its params.
    unroll: layers per step of the scan.
    remat: keep only products with weights for the gradient, and compute the
      rest of a layer again (attention, whose logits are T² a head).
    flash: read prompts by cuDNN's attention, which keeps no logits.
  """

  config: DecoderConfig
  dtype: jnp.dtype = jnp.float32
  unroll: int = 1
  remat: bool = False
  flash: bool = False

  def __call__(self, tokens_BT: jax.Array,
               positions_BT: jax.Array | None = None,
               segments_BT: jax.Array | None = None) -> jax.Array:
    """Logits [B, T, V] float32 of unpadded rows, or of a padded batch."""
    B, T = tokens_BT.shape
    if positions_BT is None:
      positions_BT = jnp.broadcast_to(jnp.arange(T, dtype=jnp.int32)[None],
                                      (B, T))
    if segments_BT is None:
      segments_BT = jnp.zeros((B, T), jnp.int32)
    hidden_BTD, _ = self.hidden(Batch(tokens_BT, positions_BT, segments_BT))
    return self.unembed(hidden_BTD)

  @nn.compact
  def hidden(self, batch: Batch, past: tuple[Past, ...] = (), *,
             sites: tuple[str, ...] = (),
             capture_at_BP: jax.Array | None = None,
             with_key_values: bool = False) -> tuple[jax.Array, Trace]:
    """The final norm's output, and what was asked to be captured.

    Args:
      batch: token rows.
      past: stretches of earlier keys and values, in order: a prefix, a cache.
      sites: activations to capture (static).
      capture_at_BP: places in the rows to capture at; None for all.
      with_key_values: return the rows' own keys and values (static).

    Returns:
      [B, T, D] float32 (float64 for float64 weights), and the trace.
    """
    c = self.config
    x_BTD = self._embed(batch)
    activations = {}
    if 'embedding' in sites:
      activations['embedding'] = capture_lib.gather(x_BTD, capture_at_BP)
    block = nn.remat(
        Block, prevent_cse=False,
        policy=jax.checkpoint_policies.dots_with_no_batch_dims_saveable,
    ) if self.remat else Block
    layers: Any = nn.scan(
        block, variable_axes={'params': 0, 'intermediates': 0,
                              low_rank.COLLECTION: 0},
        split_rngs={'params': True},
        in_axes=(0, nn.broadcast),  # pyright: ignore[reportArgumentType]
        length=c.n_layers, unroll=self.unroll,
    )(c, self.dtype, sites, with_key_values, self.flash, name='layers')
    x_BTD, trace = layers(x_BTD, per_layer(c, batch, past),
                          shared_by_layers(c, batch, past, capture_at_BP))
    x_BTD = Norm(c.norm, c.norm_eps, name='final_norm')(x_BTD)
    if 'final_norm' in sites:
      activations['final_norm'] = capture_lib.gather(x_BTD, capture_at_BP)
    activations.update(trace.activations)
    if self.is_initializing():
      self.unembed(x_BTD[:, :1])
    keys, values = jax.tree.map(weights, (trace.keys, trace.values))
    return x_BTD, Trace(keys, values, activations)

  def _embed(self, batch: Batch) -> jax.Array:
    c = self.config
    x_BTD = self._embedding()[batch.tokens_BT]
    x_BTD = x_BTD.astype(wide(x_BTD.dtype))
    if c.embedding_scale != 1.0:
      x_BTD = x_BTD * c.embedding_scale
    if c.learned_positions:
      table = self.param('position_embedding', initial,
                         (c.context_length, c.width), self.dtype)
      x_BTD = x_BTD + table[batch.positions_BT].astype(x_BTD.dtype)
    return x_BTD

  def _embedding(self) -> jax.Array:
    return self._table('token_embedding')

  def _table(self, name: str) -> jax.Array:
    if self.has_variable('params', name):
      return self.get_variable('params', name)
    return self.param(name, initial,
                      (self.config.vocab_size, self.config.width), self.dtype)

  @nn.compact
  def unembed(self, hidden_XD: jax.Array) -> jax.Array:
    """Logits of final hidden states: cap · tanh((h Wᵀ + b) / cap), or h Wᵀ + b.

    Args:
      hidden_XD: after the final norm, any leading shape X.

    Returns:
      [..., V] float32.
    """
    c = self.config
    head = self._table('token_embedding' if c.tie_embeddings
                       else 'unembedding')
    logits_XV = dot(hidden_XD, head, ((hidden_XD.ndim - 1,), (1,)))
    logits_XV = logits_XV.astype(jnp.float32)
    if c.head_bias:
      bias = self.param('unembedding_bias', nn.initializers.zeros,
                        (c.vocab_size,), jnp.float32)
      logits_XV = logits_XV + bias.astype(jnp.float32).reshape(
          (1,) * (logits_XV.ndim - 1) + (-1,))
    if c.logit_cap:
      logits_XV = c.logit_cap * jnp.tanh(logits_XV / c.logit_cap)
    return logits_XV


def per_layer(config: DecoderConfig, batch: Batch, past: tuple[Past, ...]
              ) -> PerLayer:
  """What differs by layer, with a leading L axis.

  Args:
    config: the decoder's.
    batch: the rows, for their shape.
    past: stretches of earlier keys and values.

  Returns:
    Indices of each layer's rotary table and mask, and its past.
  """
  rotary_index = [i if i >= 0 else len(config.rotaries)
                  for i in config.rotary_index]
  windows = _windows(config, batch, past)
  window_index = [windows.index(_clip(w, batch, past))
                  for w in config.windows]
  return PerLayer(jnp.asarray(np.asarray(rotary_index, np.int32)),
                  jnp.asarray(np.asarray(window_index, np.int32)),
                  [Stretch(bits(p.keys_LBSKH), bits(p.values_LBSKH))
                   for p in past])


def _clip(window: int, batch: Batch, past: tuple[Past, ...]) -> int:
  """0 for a window that no token of this shape can look beyond."""
  reach = batch.tokens_BT.shape[1] + sum(p.keys_LBSKH.shape[2] for p in past)
  return window if window < reach else 0


def _windows(config: DecoderConfig, batch: Batch, past: tuple[Past, ...]
             ) -> list[int]:
  return sorted({_clip(w, batch, past) for w in config.windows})


def shared_by_layers(config: DecoderConfig, batch: Batch,
                     past: tuple[Past, ...],
                     capture_at_BP: jax.Array | None) -> Shared:
  """Rotary angles and attention masks, computed once for all layers.

  Args:
    config: the decoder's.
    batch: the rows.
    past: stretches of earlier keys and values.
    capture_at_BP: passed on.

  Returns:
    Angles of every rotary table, and masks [B, T, S] per window and stretch. A
    token sees earlier positions of its window, within its own segment or the
    stem.
  """
  positions_BT, segments_BT = batch.positions_BT, batch.segments_BT
  angles = None
  if config.rotaries:
    lengths_B = jnp.where(segments_BT >= 0, positions_BT, 0).max(1) + 1
    angles = rotary.stack(config.rotaries, positions_BT, lengths_B,
                          identity=-1 in config.rotary_index)
  T = positions_BT.shape[1]
  order = jnp.arange(T)
  key_segments = segments_BT[:, None, :]
  own = ((order[None, :] <= order[:, None])[None]
         & ((key_segments == 0) | (key_segments == segments_BT[:, :, None]))
         & (key_segments >= 0))
  visible, key_positions = [], []
  for p in past:
    slots = jnp.arange(p.keys_LBSKH.shape[2])
    visible.append((slots[None, :] < p.lengths_B[:, None])[:, None, :])
    key_positions.append(p.positions_BS)
  visible.append(own)
  key_positions.append(positions_BT)
  windows = _windows(config, batch, past)
  masks = []
  for seen, at_BS in zip(visible, key_positions):
    distance = positions_BT[:, :, None] - at_BS[:, None, :]
    masks.append(jnp.stack(
        [seen & (distance < window) if window else seen
         if len(windows) == 1 else seen & jnp.ones_like(distance, bool)
         for window in windows]))
  return Shared(angles, masks, capture_at_BP)
