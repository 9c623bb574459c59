"""The decoder as pure functions: read_hidden, unembed, decode."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from uncertainty.models import capture as capture_lib
from uncertainty.models.decoder import Decoder, Past
from uncertainty.models.families.config import DecoderConfig
from uncertainty.models.matmul_precision import bits, weights
from uncertainty.types import (
  Batch,
  CaptureSpec,
  ForwardOutput,
  KeyValues,
  UserError,
)


def read_hidden(module: Decoder, params, batch: Batch, *,
                prefix: KeyValues | None = None,
                capture: CaptureSpec | None = None,
                capture_at_BP: jax.Array | None = None,
                with_key_values: bool = False) -> ForwardOutput:
  """Reads a batch of token rows.

  Args:
    module: the decoder.
    params: its parameters.
    batch: right-padded rows; positions start after the prefix.
    prefix: keys and values of tokens before every row; B = 1 if all rows
      share them (they are stored and read once), else B rows.
    capture: activations to capture (static).
    capture_at_BP: indices into the rows' tokens at which to capture them.
    with_key_values: whether to return the rows' own keys and values (static).

  Returns:
    Final hidden states [B, T, D] float32 and what was asked for.

  Raises:
    UserError: a capture site that does not exist or yields nothing.
  """
  sites = capture_lib.check(capture, capture_at_BP)
  past = () if prefix is None else (_past(prefix),)
  _check_longrope(module.config, batch.tokens_BT.shape[1], past)
  hidden_BTD, trace = _apply(
      module, params, 'hidden', batch, past, sites=sites,
      capture_at_BP=capture_at_BP, with_key_values=with_key_values)
  key_values = None
  if with_key_values:
    lengths_B = (batch.segments_BT >= 0).sum(1, dtype=jnp.int32)
    key_values = KeyValues(trace.keys, trace.values, lengths_B)
  return ForwardOutput(hidden_BTD, key_values,
                       capture_lib.demand(trace.activations, sites))


def unembed(module: Decoder, params, hidden_XD: jax.Array) -> jax.Array:
  """Logits [..., V] float32 of final hidden states, soft cap included.

  Args:
    module: the decoder.
    params: its parameters.
    hidden_XD: final hidden states, any leading shape X.

  Returns:
    [..., V] float32, before any temperature.
  """
  return _apply(module, params, 'unembed', hidden_XD)


def _apply(module: Decoder, params, method: str, *arguments, **options
           ) -> Any:
  return module.apply({'params': raw_bits(params)}, *arguments,
                      method=method, **options)


def decode(module: Decoder, params, tokens_BQ: jax.Array,
           positions_BQ: jax.Array, cache: KeyValues, *,
           prefix: KeyValues | None = None, sites: tuple[str, ...] = (),
           ) -> tuple[ForwardOutput, KeyValues]:
  """Reads the next Q tokens of every row, and adds them to the cache.

  The caller sees to it that `cache.lengths_B + Q` stays within the slots:
  tokens past the last slot are read but not kept.

  Args:
    module: the decoder.
    params: its parameters.
    tokens_BQ: new tokens.
    positions_BQ: their positions, prefix included.
    cache: earlier tokens of each row; slot s holds position prefix + s.
    prefix: as for `read_hidden`.
    sites: activations to capture at every new token (static).

  Returns:
    Hidden states and activations of the new tokens, and the cache with
    lengths_B + Q.
  """
  past = () if prefix is None else (_past(prefix),)
  start_B = jnp.zeros((1,), jnp.int32) if prefix is None else prefix.lengths_B
  past = (*past, _past(cache, start_B))
  _check_longrope(module.config, tokens_BQ.shape[1], past)
  batch = Batch(tokens_BQ, positions_BQ, jnp.zeros_like(tokens_BQ))
  hidden_BQD, trace = _apply(module, params, 'hidden', batch, past,
                             sites=sites, with_key_values=True)
  B, Q = tokens_BQ.shape
  slots_BQ = cache.lengths_B[:, None] + jnp.arange(Q, dtype=jnp.int32)[None]
  rows_BQ = jnp.broadcast_to(jnp.arange(B)[:, None], (B, Q))
  keys = _write(cache.keys_LBSKH, trace.keys, rows_BQ, slots_BQ)
  values = _write(cache.values_LBSKH, trace.values, rows_BQ, slots_BQ)
  activations = capture_lib.demand(trace.activations, sites)
  return (ForwardOutput(hidden_BQD, activations=activations),
          KeyValues(keys, values, cache.lengths_B + jnp.int32(Q)))


def _write(cache_LBSKH: jax.Array, new_LBQKH: jax.Array, rows_BQ: jax.Array,
           slots_BQ: jax.Array) -> jax.Array:
  new_LBQKH = bits(new_LBQKH.astype(weights(cache_LBSKH).dtype))
  written = bits(cache_LBSKH).at[:, rows_BQ, slots_BQ].set(new_LBQKH)
  return written if cache_LBSKH.dtype == written.dtype else weights(written)


def empty_cache(config: DecoderConfig, batch_size: int, slots: int,
                dtype) -> KeyValues:
  """A cache without tokens.

  Args:
    config: the decoder's.
    batch_size: B rows.
    slots: S, tokens that each can hold.
    dtype: of keys and values.

  Returns:
    Zeros, with lengths 0.
  """
  shape = (config.n_layers, batch_size, slots, config.n_kv_heads,
           config.head_dim)
  return KeyValues(jnp.zeros(shape, dtype), jnp.zeros(shape, dtype),
                   jnp.zeros((batch_size,), jnp.int32))


def extend_cache(key_values: KeyValues, slots: int) -> KeyValues:
  """The same keys and values with room for more tokens.

  Args:
    key_values: keys and values.
    slots: S of the result, at least what there is.

  Returns:
    The same tokens in S slots.
  """
  more = slots - key_values.keys_LBSKH.shape[2]
  pad = ((0, 0), (0, 0), (0, more), (0, 0), (0, 0))
  return KeyValues(jnp.pad(key_values.keys_LBSKH, pad),
                   jnp.pad(key_values.values_LBSKH, pad),
                   key_values.lengths_B)


def raw_bits(stored):
  """The same parameters, or keys and values, for repeated calls on a CPU.

  There, XLA widens bfloat16 arrays that a scan slices to float32, once per
  call. Layer weights, keys and values therefore travel as their bits in
  uint16, which costs one copy of them per call, or none if they come that
  way: call this once, outside `jit` (there it is a view, not a copy), and
  pass the result to `read_hidden`, `unembed` and `decode` (which returns a
  cache of the type it was given). Elsewhere, and for float32, this returns
  its argument as it is.

  Args:
    stored: params, or keys and values.

  Returns:
    The same tree; bfloat16 leaves as uint16 on a CPU.
  """
  if isinstance(stored, KeyValues):
    return jax.tree.map(_bits, stored)
  return {**stored, 'layers': jax.tree.map(_bits, stored['layers'])}


def _bits(x: jax.Array) -> jax.Array:
  """`bits`, without a copy of an array that lies on CPU devices."""
  if (isinstance(x, Tracer) or x.dtype != jnp.bfloat16
      or jax.default_backend() != 'cpu'):
    return bits(x)
  shards = [jax.device_put(np.asarray(shard.data).view(np.uint16),
                           shard.device) for shard in x.addressable_shards]
  return jax.make_array_from_single_device_arrays(x.shape, x.sharding, shards)


def _past(key_values: KeyValues, start_B: jax.Array | None = None) -> Past:
  slots = jnp.arange(key_values.keys_LBSKH.shape[2], dtype=jnp.int32)[None]
  positions_BS = slots if start_B is None else slots + start_B[:, None]
  return Past(key_values.keys_LBSKH, key_values.values_LBSKH,
              key_values.lengths_B, positions_BS)


def _check_longrope(config: DecoderConfig, length: int,
                    past: tuple[Past, ...]) -> None:
  """Longrope turns all of a long row's keys otherwise: no reuse there."""
  total = length + sum(p.keys_LBSKH.shape[2] for p in past)
  for table in config.rotaries:
    if past and table.long_frequencies and total > table.switch_length:
      raise UserError(
          f'{total} tokens with a shared prefix or a cache pass the '
          f'{table.switch_length} up to which this longrope model keeps one '
          'rotary table; shorten the prompts, or score without a prefix')
