"""The device side of generation: pure, jitted steps on a fixed batch.

Every row is computed alike whatever its neighbours are: shapes never change
with the number of rows in use, and rows do not mix.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp

from uncertainty import models
from uncertainty.inference import token_sampling
from uncertainty.measures import activation_spread, next_token, registry
from uncertainty.models import capture
from uncertainty.models.matmul_precision import wide
from uncertainty.types import Batch, KeyValues


@flax.struct.dataclass
class DecodingRows:
  """The rows being generated (M: most tokens of a generation).

  Attributes:
    cache: keys and values of each row's prompt suffix and answer.
    hidden_BD: final hidden state of each row's last token.
    keys_B2: random key of each row.
    steps_B: tokens generated so far.
    active_B: whether the row is still generating.
    tokens_BM: what was generated.
    records: by name, what was measured at each step, [B, M] or [B, M, k], and
      what is kept of each token as it is read, [B, M, …].
  """

  cache: KeyValues
  hidden_BD: jax.Array
  keys_B2: jax.Array
  steps_B: jax.Array
  active_B: jax.Array
  tokens_BM: jax.Array
  records: dict[str, jax.Array]


@flax.struct.dataclass
class PrefilledPrompt:
  """A prompt that was read, after the shared prefix.

  Attributes:
    read: keys and values of the rows it was read with.
    row, start, length: where in them its own are.
    hidden_D: final hidden state of its last token.
  """

  read: KeyValues
  row: jax.Array
  start: jax.Array
  length: jax.Array
  hidden_D: jax.Array


@flax.struct.dataclass
class DecodeSpec:
  """What is fixed while a batch is generated (static, hashable).

  Attributes:
    sampling: how tokens are drawn.
    stop_ids: tokens that end a generation.
    max_tokens: M.
    top_k: next-token log-probabilities kept a step; 0 measures nothing but
      the generated token's log-probability.
    keep: what is kept of the pass that reads each generated token, of `KEPT`.
  """

  sampling: token_sampling.Sampling = flax.struct.field(pytree_node=False)
  stop_ids: tuple[int, ...] = flax.struct.field(pytree_node=False)
  max_tokens: int = flax.struct.field(pytree_node=False)
  top_k: int = flax.struct.field(pytree_node=False)
  keep: tuple[str, ...] = flax.struct.field(pytree_node=False, default=())


@dataclasses.dataclass(frozen=True)
class StepActivations:
  """What is kept of the pass that reads a generated token.

  Attributes:
    site: where in the model.
    shape: of one token's, by the decoder's config.
    of: [L, B, …] of all layers → [B, *shape].
  """

  site: str
  shape: Callable[[models.DecoderConfig], tuple[int, ...]]
  of: Callable[[jax.Array], jax.Array]


MIDDLE_LAYER, TO_ITSELF = 'middle_layer', capture.TO_ITSELF
KEPT: Mapping[str, StepActivations] = {
    MIDDLE_LAYER: StepActivations(
        'residual', lambda config: (config.width,),
        lambda x_LBD: x_LBD[activation_spread.middle_layer(len(x_LBD))]),
    TO_ITSELF: StepActivations(
        capture.TO_ITSELF, lambda config: (config.n_layers, config.n_heads),
        lambda x_LBN: x_LBN.swapaxes(0, 1)),
}
"""Name of a record → what it keeps."""


@functools.partial(jax.jit, static_argnames=('module', 'room'))
def prefill(module, params, batch: Batch, reads_N: jax.Array,
            prefix: KeyValues | None, room: int
            ) -> tuple[jax.Array, KeyValues]:
  """Reads rows of prompts.

  Args:
    module: the decoder.
    params: its parameters.
    batch: rows, each of several prompts that do not see each other.
    reads_N: flat place of each prompt's last token.
    prefix: what all prompts start with.
    room: slots that follow every row, so that a slice this long may start at
      any prompt.

  Returns:
    Hidden states [N, D] of the last tokens; keys and values of the rows.
  """
  out = models.read_hidden(
      module, params, batch, prefix=prefix, with_key_values=True)
  assert out.key_values is not None  # asked for above
  slots = batch.tokens_BT.shape[1] + room
  hidden_XD = out.hidden_BTD.reshape(-1, out.hidden_BTD.shape[-1])
  return hidden_XD[reads_N], models.extend_cache(out.key_values, slots)


@functools.partial(jax.jit, static_argnames=('module', 'spec'))
def measure(module, params, hidden_BD: jax.Array, keys_B2: jax.Array,
            steps_B: jax.Array, spec: DecodeSpec) -> dict[str, jax.Array]:
  """Draws each row's next token and measures its distribution.

  Args:
    module: the decoder.
    params: its parameters.
    hidden_BD: final hidden state of each row's last token.
    keys_B2: `token_sampling.row_key` of each row.
    steps_B: tokens generated so far.
    spec: how to draw, and how many top tokens to keep.

  Returns:
    `tokens` [B] int32, `token_logprob` [B] (ln p before temperature), `finite`
    [B], and for a `top_k` the next-token measures [B] and top tokens [B, k].
  """
  logits_BV = models.unembed(module, params, hidden_BD)
  tokens_B = token_sampling.draw(logits_BV, keys_B2, steps_B, spec.sampling)
  chosen_B = jnp.take_along_axis(logits_BV, tokens_B[:, None], axis=-1)[:, 0]
  if spec.top_k:
    out = dict(next_token.next_token_measures(logits_BV, spec.top_k))
    log_total_B = logits_BV.max(-1) - out[registry.TOP1_LOGPROB]
  else:
    log_total_B = jax.nn.logsumexp(logits_BV, axis=-1)
    out = {'finite': jnp.isfinite(log_total_B)}
  return out | {'tokens': tokens_B, 'token_logprob': chosen_B - log_total_B}


def empty_rows(module, params, spec: DecodeSpec, batch_size: int, slots: int
               ) -> DecodingRows:
  """Rows without anything to generate.

  Args:
    module: the decoder.
    params: its parameters.
    spec: what is recorded.
    batch_size: B.
    slots: tokens after the shared prefix that each row can hold.

  Returns:
    B inactive rows.
  """
  config = module.config
  hidden_BD = jnp.zeros((batch_size, config.width), wide(module.dtype))
  keys_B2 = jnp.zeros((batch_size, 2), jnp.uint32)
  steps_B = jnp.zeros((batch_size,), jnp.int32)
  shapes: Any = jax.eval_shape(
      functools.partial(measure, module, spec=spec), params, hidden_BD,
      keys_B2, steps_B)
  records = {
      name: jnp.zeros((batch_size, spec.max_tokens, *s.shape[1:]), s.dtype)
      for name, s in shapes.items() if name != 'tokens'}
  records |= {
      name: jnp.zeros((batch_size, spec.max_tokens, *KEPT[name].shape(config)),
                      wide(module.dtype)) for name in spec.keep}
  return DecodingRows(
      models.empty_cache(config, batch_size, slots, module.dtype), hidden_BD,
      keys_B2, steps_B, jnp.zeros((batch_size,), bool),
      jnp.zeros((batch_size, spec.max_tokens), jnp.int32), records)


@functools.partial(
    jax.jit, static_argnames='room', donate_argnames='rows')
def insert(rows: DecodingRows, row: jax.Array, prompt: PrefilledPrompt,
           key_2: jax.Array, room: int) -> DecodingRows:
  """Puts a prompt of at most `room` tokens into a row.

  Args:
    rows: the rows; donated.
    row: index of the one to fill (int32 scalar).
    prompt: what was read of it.
    key_2: its random key.
    room: slots to copy, at least the prompt's tokens (static).

  Returns:
    The rows, that one active at step 0.
  """
  L, _, _, K, H = prompt.read.keys_LBSKH.shape
  zero = jnp.zeros_like(row)

  def put(cache_LBSKH, read_LBSKH):
    new = jax.lax.dynamic_slice(
        read_LBSKH, (zero, prompt.row, prompt.start, zero, zero),
        (L, 1, room, K, H))
    return jax.lax.dynamic_update_slice(
        cache_LBSKH, new.astype(cache_LBSKH.dtype),
        (zero, row, zero, zero, zero))

  cache = KeyValues(
      put(rows.cache.keys_LBSKH, prompt.read.keys_LBSKH),
      put(rows.cache.values_LBSKH, prompt.read.values_LBSKH),
      rows.cache.lengths_B.at[row].set(prompt.length))
  return dataclasses.replace(
      rows, cache=cache, hidden_BD=rows.hidden_BD.at[row].set(prompt.hidden_D),
      keys_B2=rows.keys_B2.at[row].set(key_2),
      steps_B=rows.steps_B.at[row].set(0),
      active_B=rows.active_B.at[row].set(True))


@functools.partial(
    jax.jit, static_argnames=('module', 'spec'), donate_argnames='rows')
def run(module, params, rows: DecodingRows, prefix: KeyValues | None,
        enough: jax.Array, spec: DecodeSpec) -> DecodingRows:
  """Generates until `enough` rows have finished, or none is active.

  Args:
    module: the decoder.
    params: its parameters.
    rows: the rows; donated.
    prefix: what all prompts start with.
    enough: rows that must finish before it returns (int32 scalar).
    spec: how to generate.

  Returns:
    The rows further on.
  """
  started = rows.active_B.sum()

  def going_on(rows: DecodingRows) -> jax.Array:
    active = rows.active_B.sum()
    return (active > 0) & (started - active < enough)

  return jax.lax.while_loop(
      going_on, lambda rows: _step(module, params, rows, prefix, spec), rows)


def _step(module, params, rows: DecodingRows, prefix: KeyValues | None,
          spec: DecodeSpec) -> DecodingRows:
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
      (start + rows.cache.lengths_B)[:, None], rows.cache, prefix=prefix,
      sites=tuple(KEPT[name].site for name in spec.keep))
  for name in spec.keep:
    kept = KEPT[name].of(out.activations[KEPT[name].site][:, :, 0])
    records[name] = write(rows.records[name], kept)
  # The last token of a finished row is read but not kept.
  cache = dataclasses.replace(cache, lengths_B=jnp.where(
      active_B, cache.lengths_B, rows.cache.lengths_B))
  return dataclasses.replace(
      rows, cache=cache, hidden_BD=out.hidden_BTD[:, 0], steps_B=steps_B,
      active_B=active_B, tokens_BM=write(rows.tokens_BM, tokens_B),
      records=records)
