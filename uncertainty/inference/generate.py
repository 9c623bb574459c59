"""Generation with continuous refill: the host side.

Requests wait in a queue; prompts are read a few at a time behind their shared
prefix; a row that finishes is refilled at once, so no row waits for the
longest of its batch. Shapes are set by all requests, those already done
included, so that a resumed run computes the very same thing.
"""

import collections
import dataclasses
import math
from collections.abc import Callable, Collection, Iterator, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from absl import logging

from uncertainty import models
from uncertainty.inference import (
    answer_rows,
    batching,
    device_costs,
    pipeline,
    token_sampling,
)
from uncertainty.inference import prefix as prefix_lib
from uncertainty.measures import sequence
from uncertainty.results import columns
from uncertainty.types import UserError

_BUCKET = 16  # cache lengths are rounded up to a multiple of this
_ROW_TOKENS = 256  # short prompts are read in rows of up to this many tokens
_NO_MEASURE = (
    columns.TOP_LOGPROBS, columns.TOP_TOKENS, columns.REST_LOGPROB, 'finite')


@dataclasses.dataclass(frozen=True)
class Request:
  """A prompt to answer.

  Attributes:
    item_id: whose prompt; seeds the sampling.
    tokens: the whole prompt.
    n_samples: how many answers to generate.
  """

  item_id: str
  tokens: tuple[int, ...]
  n_samples: int = 1


@dataclasses.dataclass(frozen=True)
class GenerateSpec:
  """How to generate.

  Attributes:
    max_tokens: cap on the generated tokens, the last included.
    batch_size: rows generated at once.
    sampling: how tokens are drawn.
    top_k: next-token log-probabilities kept a step; 0 for no measures.
    stop: what ends it beside the end-of-sequence tokens: `brace` (a token
      that is exactly `}` or ` }`), `paragraph` (one that holds an empty
      line), or `none`.
    keep: what is kept of the model at each generated token, of
      `answer_rows.KEPT`.
  """

  max_tokens: int = 48
  batch_size: int = 32
  sampling: token_sampling.Sampling = token_sampling.GREEDY
  top_k: int = 100
  stop: str = 'brace'
  keep: tuple[str, ...] = ()

  def __post_init__(self):
    """Checks the sizes; UserError if one is below 1."""
    if self.max_tokens < 1 or self.batch_size < 1:
      raise UserError(
          f'max_tokens={self.max_tokens} and batch_size={self.batch_size} '
          'must be at least 1; correct config.free')


@dataclasses.dataclass
class Generation:
  """One generated answer of T tokens.

  Attributes:
    item_id: the request's.
    sample: the sample's number, from 0.
    tokens_T: the tokens, up to and including the one that ended it.
    steps: measure → its value at each step [T]; `token_logprob` is the ln p
      of the generated token.
    top_logprobs_TK: ln p of the K most probable next tokens at each step.
    top_tokens_TK: those tokens.
    rest_logprob_T: ln of the probability of all other tokens.
    hit_cap: whether it was cut off at `max_tokens`.
    kept: name in `GenerateSpec.keep` → [T, …], as each token was read.
  """

  item_id: str
  sample: int
  tokens_T: np.ndarray
  steps: dict[str, np.ndarray]
  top_logprobs_TK: np.ndarray | None
  top_tokens_TK: np.ndarray | None
  rest_logprob_T: np.ndarray | None
  hit_cap: bool
  kept: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)


def stop_ids(model: models.Model, stop: str = 'brace') -> tuple[int, ...]:
  """The config's end-of-sequence tokens and those that `stop` names.

  Args:
    model: a loaded model.
    stop: as in `GenerateSpec`.

  Returns:
    Token ids, ascending.

  Raises:
    UserError: there are none, so that no answer would end.
  """
  ids = set(model.config.eos_token_ids)
  marks, is_end = _STOPS[stop]
  for piece, token in model.tokenizer.get_vocab().items():
    # Decoding a whole vocabulary would take seconds: candidates only.
    if any(mark in piece for mark in marks) and is_end(
        str(model.tokenizer.decode([token]))):
      ids.add(token)
  if not ids:
    raise UserError(
        f'model {model.name} names no end-of-sequence token, so no answer '
        'would ever end; add eos_token_id to its config')
  return tuple(sorted(ids))


# By kind of stop: what a piece of the vocabulary must hold ('Ċ' stands for a
# newline in byte-level vocabularies), and which decoded texts end an answer.
_STOPS: dict[str, tuple[tuple[str, ...], Callable[[str], bool]]] = {
    'brace': (('}', '<0x7D>'), lambda text: text in sequence.STOP_TOKENS),
    'paragraph': (('ĊĊ', '\n\n'), lambda text: '\n\n' in text),
    'none': ((), lambda text: False),
}


def generate(
    model: models.Model, requests: Sequence[Request], spec: GenerateSpec, *,
    seed: int, done: Collection[str] = (),
) -> Iterator[Generation]:
  """Answers requests, in the order in which they finish.

  Greedy answers depend on neither order nor neighbours. Out of memory, the
  batch is halved and the rest goes on.

  Args:
    model: a loaded model.
    requests: all of them; they fix prefix and shapes.
    spec: how to generate.
    seed: of the sampling.
    done: item ids not to answer again.

  Yields:
    `Generation`s, `n_samples` for each request that is not done.

  Raises:
    UserError: an empty prompt, one beyond the model's context, logits that
      are not finite, or one answer that does not fit the memory.
  """
  check_requests(model, requests, spec.max_tokens)
  waiting = collections.deque(
      (r, s) for r in requests if r.item_id not in done
      for s in range(r.n_samples))
  batch_size = spec.batch_size
  while waiting:
    finished: set[tuple[str, int]] = set()
    try:
      engine = _Engine(model, requests, spec, seed, batch_size)
      for generation in engine.answer(waiting):
        finished.add((generation.item_id, generation.sample))
        yield generation
      return
    except (jax.errors.JaxRuntimeError, MemoryError) as error:
      if not pipeline.out_of_memory(error):
        raise
      if batch_size == 1:
        raise UserError(
            'one answer does not fit the memory of the device; lower '
            '--config.free.max_tokens, shorten the prompts, or spread the '
            'model over more devices with --config.model.model_axis'
        ) from error
      batch_size //= 2
      logging.warning('out of memory: %d answers are written at once from now '
                      'on', batch_size)
      waiting = collections.deque(
          (r, s) for r, s in waiting if (r.item_id, s) not in finished)


def check_requests(
    model: models.Model | models.Opened, requests: Sequence[Request],
    max_tokens: int) -> None:
  """Refuses prompts that leave the model no room for its answers.

  Args:
    model: its weights may be yet to load.
    requests: prompts.
    max_tokens: of an answer.

  Raises:
    UserError: one is empty, with its answer beyond the model's context, or of
      tokens that the model has no embedding of.
  """
  ids = [r.item_id for r in requests]
  if len(set(ids)) < len(ids):
    raise ValueError('generation requests must have distinct item ids')
  for request in requests:
    total = len(request.tokens) + max_tokens
    if not request.tokens:
      raise UserError(f'item {request.item_id} has an empty prompt')
    if total > model.config.context_length:
      raise UserError(
          f'item {request.item_id}: {len(request.tokens)} prompt tokens and '
          f'config.free.max_tokens={max_tokens} pass the '
          f'{model.config.context_length} that {model.name} can read; shorten '
          'one of them')
    batching.check_tokens(
        request.item_id, (request.tokens,), model.config.vocab_size)


def _shared_prefix(requests: Sequence[Request]) -> int:
  """Number of first tokens that all prompts share, short of any whole one."""
  if len(requests) < 2:
    return 0
  return prefix_lib.common_length([r.tokens for r in requests])


def _round_up(length: int) -> int:
  return _BUCKET * math.ceil(length / _BUCKET)


class _Engine:
  """One batch of rows and the queue that fills it."""

  def __init__(self, model: models.Model, requests: Sequence[Request],
               spec: GenerateSpec, seed: int, batch_size: int):
    self._model, self._seed = model, seed
    self._spec = answer_rows.DecodeSpec(
        spec.sampling, stop_ids(model, spec.stop), spec.max_tokens,
        spec.top_k, spec.keep)
    self._start = _shared_prefix(requests)
    self._prefix = prefix_lib.read(model, requests[0].tokens[:self._start])
    # By name: what a prompt is read with must not depend on the order given.
    self._requests = sorted(requests, key=lambda r: r.item_id)
    self._entries = [batching.Entry(r.tokens[self._start:], ())
                     for r in self._requests]
    # Where fewer rows had to do, fewer prompts are read at once, too.
    tokens = device_costs.device_tokens(
        model.config, model.params) * batch_size // spec.batch_size
    self._plan = batching.plan(self._entries, batch_tokens=tokens,
                               row_tokens=_ROW_TOKENS)
    self._room = _round_up(max(e.length for e in self._entries))
    slots = self._room + _round_up(spec.max_tokens)
    self._rows = answer_rows.empty_rows(
        model.module, model.params, self._spec, batch_size, slots)
    self._owners: list[tuple[Request, int] | None] = [None] * batch_size

  def answer(self, waiting: collections.deque) -> Iterator[Generation]:
    """Answers what waits (left as it is) in order of prompt length."""
    jobs = self._batches(list(waiting))
    ready: collections.deque = collections.deque()
    while True:
      self._refill(jobs, ready)
      if not any(self._owners):
        return
      busy = sum(owner is not None for owner in self._owners)
      # While others wait, stop soon to refill; else run to the end.
      enough = max(1, len(self._owners) // 8) if jobs or ready else busy
      self._rows = answer_rows.run(
          self._model.module, self._model.run_params, self._rows, self._prefix,
          jnp.int32(enough), self._spec)
      yield from self._collect()

  def _batches(self, waiting: list) -> collections.deque:
    """Rows of prompts that hold a waiting one, longest first."""
    samples: dict[str, list[int]] = {}
    for request, number in waiting:
      samples.setdefault(request.item_id, []).append(number)
    return collections.deque(
        (rows, samples) for rows in self._plan
        if any(self._requests[i].item_id in samples
               for row in rows.rows for i in row))

  def _refill(self, jobs: collections.deque, ready: collections.deque):
    for row, owner in enumerate(self._owners):
      if owner is not None:
        continue
      if not ready and jobs:
        ready.extend(self._prefill(*jobs.popleft()))
      if not ready:
        return
      request, number, prompt = ready.popleft()
      self._rows = answer_rows.insert(
          self._rows, jnp.int32(row), prompt,
          token_sampling.row_key(self._seed, request.item_id, number),
          self._room)
      self._owners[row] = (request, number)

  def _prefill(self, rows: batching.PackedRows, samples: dict[str, list[int]]
               ) -> list[tuple[Request, int, answer_rows.PrefilledPrompt]]:
    reads = max(sum(map(len, r.rows)) for r in self._plan
                if r.length == rows.length)
    layout = batching.lay_out(rows, self._entries, self._start, reads=reads,
                              inner=0, n_captures=0)
    hidden_ND, read = answer_rows.prefill(
        self._model.module, self._model.run_params,
        jax.tree.map(jnp.asarray, layout.batch), layout.reads_N, self._prefix,
        self._room)
    out = []
    for n, i in enumerate(layout.entries_N.tolist()):
      if i < 0 or self._requests[i].item_id not in samples:
        continue
      length = len(self._entries[i].stem)
      row, last = divmod(int(layout.reads_N[n]), rows.length)
      prompt = answer_rows.PrefilledPrompt(
          read, jnp.int32(row), jnp.int32(last + 1 - length),
          jnp.int32(length), hidden_ND[n])
      out += [(self._requests[i], number, prompt)
              for number in samples[self._requests[i].item_id]]
    return out

  def _collect(self) -> list[Generation]:
    """Takes finished rows off the device."""
    rows = self._rows
    active, steps = np.asarray(rows.active_B), np.asarray(rows.steps_B)
    finished = [b for b, owner in enumerate(self._owners)
                if owner is not None and not active[b]]
    if not finished:
      return []
    tokens = np.asarray(rows.tokens_BM)
    records = {k: np.asarray(v) for k, v in rows.records.items()}
    out = []
    for b in finished:
      request, number = self._owners[b]  # pyright: ignore
      self._owners[b] = None
      # Copies: the buffers are donated to the next call.
      found = {k: v[b, :steps[b]].copy() for k, v in records.items()}
      out.append(self._generation(
          request, number, tokens[b, :steps[b]].copy(), found))
    return out

  def _generation(self, request: Request, number: int, tokens: np.ndarray,
                  found: dict[str, np.ndarray]) -> Generation:
    if not found['finite'].all():
      raise UserError(
          f'{self._model.name} gives logits that are not finite on item '
          f'{request.item_id}, token {int(np.argmin(found["finite"]))} of its '
          'answer; check the weights, or use config.model.dtype=float32')
    kept = {name: found.pop(name) for name in self._spec.keep}
    return Generation(
        request.item_id, number, tokens,
        {k: v for k, v in found.items() if k not in _NO_MEASURE},
        found.get(columns.TOP_LOGPROBS), found.get(columns.TOP_TOKENS),
        found.get(columns.REST_LOGPROB),
        hit_cap=int(tokens[-1]) not in self._spec.stop_ids, kept=kept)
