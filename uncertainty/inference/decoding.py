"""The device side of generation: pure, jitted steps on a fixed batch.

Every row is computed alike whatever its neighbours are: shapes never change
with the number of rows in use, and rows do not mix.
"""

import dataclasses
import functools
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp

from uncertainty import models
from uncertainty.inference import sample
from uncertainty.measures import next_token
from uncertainty.types import Batch, KeyValues


@flax.struct.dataclass
class Rows:
  """The rows being generated (M: most tokens of a generation).

  Attributes:
    cache: keys and values of each row's prompt suffix and answer.
    hidden_BD: final hidden state of each row's last token.
    keys_B2: random key of each row.
    steps_B: tokens generated so far.
    active_B: whether the row is still generating.
    tokens_BM: what was generated.
    records: by name, what was measured at each step, [B, M] or [B, M, k].
  """

  cache: KeyValues
  hidden_BD: jax.Array
  keys_B2: jax.Array
  steps_B: jax.Array
  active_B: jax.Array
  tokens_BM: jax.Array
  records: dict[str, jax.Array]


@flax.struct.dataclass
class DecodeSpec:
  """What is fixed while a batch is generated (static, hashable).

  Attributes:
    sampling: how tokens are drawn.
    stop_ids: tokens that end a generation.
    max_tokens: M.
    top_k: next-token log-probabilities kept a step; 0 measures nothing but
      the generated token's log-probability.
  """

  sampling: sample.Sampling = flax.struct.field(pytree_node=False)
  stop_ids: tuple[int, ...] = flax.struct.field(pytree_node=False)
  max_tokens: int = flax.struct.field(pytree_node=False)
  top_k: int = flax.struct.field(pytree_node=False)


@functools.partial(jax.jit, static_argnames='module')
def prefill(module, params, batch: Batch, prefix: KeyValues | None
            ) -> tuple[jax.Array, KeyValues]:
  """Reads prompts: hidden state of each one's last token, keys and values."""
  out = models.encode(
      module, params, batch, prefix=prefix, with_key_values=True)
  last_B = jnp.maximum(
      (batch.segments_BT >= 0).sum(-1, dtype=jnp.int32) - 1, 0)
  hidden_BD = jnp.take_along_axis(
      out.hidden_BTD, last_B[:, None, None], axis=1)[:, 0]
  assert out.key_values is not None  # asked for above
  return hidden_BD, out.key_values


@functools.partial(jax.jit, static_argnames=('module', 'spec'))
def measure(module, params, hidden_BD: jax.Array, keys_B2: jax.Array,
            steps_B: jax.Array, spec: DecodeSpec) -> dict[str, jax.Array]:
  """Draws each row's next token and measures its distribution."""
  logits_BV = models.unembed(module, params, hidden_BD)
  tokens_B = sample.draw(logits_BV, keys_B2, steps_B, spec.sampling)
  chosen_B = jnp.take_along_axis(logits_BV, tokens_B[:, None], axis=-1)[:, 0]
  if spec.top_k:
    out = dict(next_token.next_token_measures(logits_BV, spec.top_k))
    log_total_B = logits_BV.max(-1) - out['top1_logprob']
  else:
    log_total_B = jax.nn.logsumexp(logits_BV, axis=-1)
    out = {'finite': jnp.isfinite(log_total_B)}
  return out | {'tokens': tokens_B, 'token_logprob': chosen_B - log_total_B}


def empty_rows(module, params, spec: DecodeSpec, batch_size: int, slots: int,
               dtype) -> Rows:
  """Rows without anything to generate."""
  config = module.config
  hidden_BD = jnp.zeros((batch_size, config.width), jnp.float32)
  keys_B2 = jnp.zeros((batch_size, 2), jnp.uint32)
  steps_B = jnp.zeros((batch_size,), jnp.int32)
  shapes: Any = jax.eval_shape(
      functools.partial(measure, module, spec=spec), params, hidden_BD,
      keys_B2, steps_B)
  records = {
      name: jnp.zeros((batch_size, spec.max_tokens, *s.shape[1:]), s.dtype)
      for name, s in shapes.items() if name != 'tokens'}
  return Rows(
      models.empty_cache(config, batch_size, slots, dtype), hidden_BD, keys_B2,
      steps_B, jnp.zeros((batch_size,), bool),
      jnp.zeros((batch_size, spec.max_tokens), jnp.int32), records)


@functools.partial(jax.jit, donate_argnames='rows')
def insert(rows: Rows, row: jax.Array, hidden_RD: jax.Array,
           prompts: KeyValues, prompt: jax.Array, key_2: jax.Array) -> Rows:
  """Puts a prefilled prompt into a row; several rows may share a prompt."""
  def put(cache_LBSKH, new_LRTKH):
    new = jax.lax.dynamic_slice_in_dim(new_LRTKH, prompt, 1, axis=1)
    zero = jnp.zeros_like(row)
    return jax.lax.dynamic_update_slice(
        cache_LBSKH, new.astype(cache_LBSKH.dtype),
        (zero, row, zero, zero, zero))

  cache = KeyValues(
      put(rows.cache.keys_LBSKH, prompts.keys_LBSKH),
      put(rows.cache.values_LBSKH, prompts.values_LBSKH),
      rows.cache.lengths_B.at[row].set(prompts.lengths_B[prompt]))
  return dataclasses.replace(
      rows, cache=cache,
      hidden_BD=rows.hidden_BD.at[row].set(hidden_RD[prompt]),
      keys_B2=rows.keys_B2.at[row].set(key_2),
      steps_B=rows.steps_B.at[row].set(0),
      active_B=rows.active_B.at[row].set(True))


@functools.partial(
    jax.jit, static_argnames=('module', 'spec'), donate_argnames='rows')
def run(module, params, rows: Rows, prefix: KeyValues | None,
        enough: jax.Array, spec: DecodeSpec) -> Rows:
  """Generates until `enough` rows have finished, or none is active."""
  started = rows.active_B.sum()

  def going_on(rows: Rows) -> jax.Array:
    active = rows.active_B.sum()
    return (active > 0) & (started - active < enough)

  return jax.lax.while_loop(
      going_on, lambda rows: _step(module, params, rows, prefix, spec), rows)


def _step(module, params, rows: Rows, prefix: KeyValues | None,
          spec: DecodeSpec) -> Rows:
  found = measure(module, params, rows.hidden_BD, rows.keys_B2, rows.steps_B,
                  spec)
  tokens_B = found.pop('tokens')
  row_B = jnp.arange(tokens_B.shape[0])
  # A finished row's index lies beyond the buffers: what it measures is lost.
  at_B = jnp.where(rows.active_B, rows.steps_B, spec.max_tokens)

  def write(buffer, value):
    return buffer.at[row_B, at_B].set(value, mode='drop')

  records = {k: write(rows.records[k], v) for k, v in found.items()}
  steps_B = rows.steps_B + rows.active_B.astype(jnp.int32)
  stopped_B = jnp.isin(tokens_B, jnp.asarray(spec.stop_ids, jnp.int32))
  active_B = rows.active_B & ~stopped_B & (steps_B < spec.max_tokens)
  start = jnp.int32(0) if prefix is None else prefix.lengths_B[0]
  out, cache = models.decode(
      module, params, tokens_B[:, None],
      (start + rows.cache.lengths_B)[:, None], rows.cache, prefix=prefix)
  # The last token of a finished row is read but not kept.
  cache = dataclasses.replace(cache, lengths_B=jnp.where(
      active_B, cache.lengths_B, rows.cache.lengths_B))
  return dataclasses.replace(
      rows, cache=cache, hidden_BD=out.hidden_BTD[:, 0], steps_B=steps_B,
      active_B=active_B, tokens_BM=write(rows.tokens_BM, tokens_B),
      records=records)
