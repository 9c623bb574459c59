"""The task `response`: measures of every token of answers that are given.

The question is the user's turn of a chat, or the beginning of a completion, as
it stands; the answer follows. Prompt and answer are read in one pass.
"""

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from uncertainty import models, prompts
from uncertainty.inference import batching, device_costs
from uncertainty.inference.generate import Generation
from uncertainty.inference.tasks import free
from uncertainty.inference.tasks.letters import Asked
from uncertainty.inference.tasks.task import TaskChunk, Tokenizing
from uncertainty.inference.tasks.text import continuations
from uncertainty.measures.next_token import next_token_measures
from uncertainty.results import columns as cols
from uncertainty.specs import StudySpec
from uncertainty.types import Batch, Item, UserError

_EDGE = 64  # rows are padded to multiples of it, so that few shapes compile
_SLAB = 16  # places whose logits exist at a time


def run(model: models.Model, items: Sequence[Item], spec: StudySpec, *,
        seed: int, done: frozenset[str] = frozenset()) -> Iterator[TaskChunk]:
  """Reads each item's question and its answer, and measures every token of it.

  Args:
    model: a loaded model.
    items: with a `response` in `extra`, all of the run.
    spec: the run's.
    seed: not used: nothing is drawn.
    done: ids of items not to read again.

  Yields:
    Items of a batch: `prompt`, `n_tokens` of it, and the columns of a written
    answer (`free.columns`), the end of whose sequence is not measured.

  Raises:
    UserError: an item without a response, or one that is too long.
  """
  del seed
  asked = given(model, items, spec)
  stems, answers = tokens(model, asked)
  by_length: dict[int, list[int]] = {}
  for i, (stem, answer) in enumerate(zip(stems, answers)):
    by_length.setdefault(
        -(-(len(stem) + len(answer)) // _EDGE) * _EDGE, []).append(i)
  most = spec.score.batch_tokens or device_costs.device_tokens(
      model.config, model.params)
  for length, members in sorted(by_length.items(), reverse=True):
    n = max(1, min(most // length, len(members)))
    for first in range(0, len(members), n):
      batch = members[first:first + n]
      fresh = [i for i in batch if items[i].item_id not in done]
      if fresh:
        rows = [(stems[i], answers[i]) for i in batch]
        measured = dict(zip(batch, _measured(
            model, rows, length, n, spec.score.top_k)))
        yield free.to_chunk([items[i].item_id for i in fresh], [
            _row(model, items[i], asked[i], stems[i], answers[i], measured[i],
                 spec) for i in fresh])


def tokens(model: models.Model | models.Opened, asked: Sequence[Asked],
           ) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
  """Prompts and responses as tokens.

  Args:
    model: its weights may be yet to load.
    asked: what `given` returns.

  Returns:
    Token ids of each prompt, and of each response.

  Raises:
    UserError: one that the model cannot read.
  """
  stems, words = continuations(model, asked)
  answers = [some[0] for some in words]
  for a, stem, answer in zip(asked, stems, answers, strict=True):
    name = a.prompt.item_id
    if len(stem) + len(answer) > model.config.context_length or not stem:
      raise UserError(
          f'item {name}: question and response have '
          f'{len(stem) + len(answer)} tokens, and {model.name} reads 1 to '
          f'{model.config.context_length}, one at least before the response')
    batching.check_tokens(name, (stem, answer), model.config.vocab_size)
  return stems, answers


def given(model: Tokenizing, items: Sequence[Item],
          spec: StudySpec) -> list[Asked]:
  """What is read of each item: its prompt, and its response behind it.

  Args:
    model: for its tokenizer and chat template.
    items: all of the run.
    spec: the run's.

  Returns:
    Prompts with the response as the one continuation.

  Raises:
    UserError: an item without a response.
  """
  for item in items:
    if not str(item.extra.get('response') or '').strip():
      raise UserError(
          f'item {item.item_id} has no response; config.prompt.answer=response '
          'reads answers that stand in the column `response` of a table')
  built = prompts.build(
      items, dataclasses.replace(spec.prompt, answer='response'),
      model.tokenizer, dataset=spec.data.name)
  return [Asked(i, (), item, prompt)
          for i, (item, prompt) in enumerate(zip(items, built))]


def _row(model: models.Model, item: Item, asked: Asked, stem: Sequence[int],
         answer: Sequence[int], measured: dict[str, np.ndarray],
         spec: StudySpec) -> dict[str, Any]:
  top = {name: measured.pop(name) for name in (
      cols.TOP_LOGPROBS, cols.TOP_TOKENS, cols.REST_LOGPROB)}
  if not measured.pop('finite').all():
    raise UserError(
        f'item {item.item_id}: the model gives logits that are not finite; '
        'run with --config.model.dtype=float32')
  generation = Generation(
      item.item_id, 0, np.asarray(answer), measured, top[cols.TOP_LOGPROBS],
      top[cols.TOP_TOKENS], top[cols.REST_LOGPROB], hit_cap=False)
  return {cols.PROMPT: asked.prompt.text, cols.N_TOKENS: len(stem)} | (
      free.columns(model, item, generation, keep_steps=spec.free.keep_steps))


def _measured(
    model: models.Model, rows: Sequence[tuple[Sequence[int], Sequence[int]]],
    length: int, n_rows: int, top_k: int) -> Iterator[dict[str, np.ndarray]]:
  """Measures at each token of each answer, in the rows' order."""
  tokens_BT = np.zeros((n_rows, length), np.int32)
  segments_BT = np.full((n_rows, length), -1, np.int32)
  places: list[int] = []
  targets: list[int] = []
  for b, (stem, answer) in enumerate(rows):
    whole = (*stem, *answer)
    tokens_BT[b, :len(whole)] = whole
    segments_BT[b, :len(whole)] = 0
    # The distribution of a token stands at the one before it.
    places += range(b * length + len(stem) - 1, b * length + len(whole) - 1)
    targets += answer
  missing = -len(places) % (_SLAB * _EDGE)
  out = jax.device_get(_forward(
      model.module, model.run_params,
      Batch(jnp.asarray(tokens_BT),
            jnp.broadcast_to(jnp.arange(length, dtype=jnp.int32),
                             (n_rows, length)), jnp.asarray(segments_BT)),
      jnp.asarray(places + [0] * missing, jnp.int32),
      jnp.asarray(targets + [0] * missing, jnp.int32), top_k=top_k))
  first = 0
  for _, answer in rows:
    yield {name: values[first:first + len(answer)]
           for name, values in out.items()}
    first += len(answer)


@functools.partial(jax.jit, static_argnames=('module', 'top_k'))
def _forward(module: models.Decoder, params: Any, batch: Batch,
             places_N: jax.Array, targets_N: jax.Array, *, top_k: int,
             ) -> dict[str, jax.Array]:
  hidden_BTD = models.read_hidden(module, params, batch).hidden_BTD
  hidden_XD = hidden_BTD.reshape(-1, hidden_BTD.shape[-1])

  def slab(part: tuple[jax.Array, jax.Array]) -> dict[str, jax.Array]:
    at, targets = part
    logits_NV = models.unembed(module, params, hidden_XD[at])
    found = jnp.take_along_axis(logits_NV, targets[:, None], 1)[:, 0]
    return next_token_measures(logits_NV, top_k) | {
        'token_logprob': found - jax.nn.logsumexp(logits_NV, axis=1)}

  out = jax.lax.map(slab, (places_N.reshape(-1, _SLAB),
                           targets_N.reshape(-1, _SLAB)))
  return {name: x.reshape(-1, *x.shape[2:]) for name, x in out.items()}
