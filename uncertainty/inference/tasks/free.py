"""The task `free`: greedy answers in braces, measured at every step."""

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from uncertainty import models, prompts
from uncertainty.inference import (
  answer_places,
  capture_policy,
  token_sampling,
)
from uncertainty.inference import generate as generate_lib
from uncertainty.inference.answer_places import Written
from uncertainty.inference.answer_rows import TO_ITSELF
from uncertainty.inference.generate import GenerateSpec, Generation, Request
from uncertainty.inference.score import Ask, score
from uncertainty.inference.tasks import model_grader
from uncertainty.inference.tasks.task import TaskChunk
from uncertainty.inference.tasks.text_tokens import tokenize_texts
from uncertainty.measures import (
    grading,
    recurrent_attention,
    registry,
    sequence,
)
from uncertainty.results import answer_columns
from uncertainty.results import columns as cols
from uncertainty.specs import StudySpec, listed
from uncertainty.types import CaptureSpec, Item, UserError

CHUNK = 64  # items a shard holds: what a killed run loses at most


def run(model: models.Model, items: Sequence[Item], spec: StudySpec, *,
        seed: int, done: frozenset[str] = frozenset(),
        ) -> Iterator[TaskChunk]:
  """Answers every item once, greedily, with activations if asked for.

  Args:
    model: a loaded model.
    items: all items of the run; batches are planned over all of them.
    spec: the run's.
    seed: of the run.
    done: ids of items not to ask again.

  Yields:
    Up to `CHUNK` items at a time, as they finish: `n_tokens` of the prompt,
    what `columns` says and, with `config.free.grader=model`, what
    `model_grader.grades` adds; with activations `captured_tokens`, the text
    over which they are averaged, of each position where there are several.

  Raises:
    UserError: an unknown grader, or what `generate` raises.
  """
  if spec.free.grader not in ('rules', 'model'):
    raise UserError(f'config.free.grader={spec.free.grader!r}: choose rules '
                    'or model')
  capture = capture_policy.capture_spec(spec, 'free')
  requests = bracket_requests(model, items, spec)
  by_id = {item.item_id: item for item in items}
  prompt_of = {r.item_id: r for r in requests}
  answers = generate_lib.generate(
      model, requests, greedy_spec(spec), seed=seed, done=done)
  for group in grouped(answers, CHUNK):
    rows = [
        columns(model, by_id[g.item_id], g,
                keep_steps=spec.free.keep_steps)
        | {cols.N_TOKENS: len(prompt_of[g.item_id].tokens)}
        for g in group]
    if spec.free.grader == 'model':
      asked = [by_id[g.item_id] for g in group]
      given = model_grader.grades(
          model, [i.question for i in asked],
          [(right_answers(i) or ('',))[0] for i in asked],
          [str(row[cols.FR_ANSWER]) for row in rows], spec)
      rows = [row | more for row, more in zip(rows, given)]
    chunk = to_chunk([g.item_id for g in group], rows)
    if capture:
      questions = {i: by_id[i].question for i in chunk.item_ids}
      chunk = _with_activations(
          chunk, model, group, prompt_of, questions, spec, capture)
    yield chunk


def _with_activations(
    chunk: TaskChunk, model: models.Model, group: Sequence[Generation],
    prompt_of: Mapping[str, Request], questions: Mapping[str, str],
    spec: StudySpec, capture: CaptureSpec) -> TaskChunk:
  """Reads prompts and answers again, for activations at the positions."""
  asks, texts, sizes = [], [], []
  positions = listed(capture.positions)
  for generation in group:
    prompt = prompt_of[generation.item_id].tokens
    bracket, strings = answer_bracket(model, generation)
    answer = Written(questions[generation.item_id], strings, bracket)
    places = [answer_places.PLACES[p](answer) for p in positions]
    last = max(p for some in places for p in some) + 1
    asks.append(Ask(
        generation.item_id,
        prompt + tuple(int(t) for t in generation.tokens_T[:last]),
        capture_places=tuple(
            len(prompt) + p for some in places for p in some)))
    strings = [*strings, str(model.tokenizer.decode([prompt[-1]]))]
    texts.append([''.join(strings[p] for p in some) for some in places])
    sizes.append([len(some) for some in places])
  found: dict[str, list[Any]] = {
      site: [None] * len(asks) for site in capture.sites}
  for scores in score(model, asks, spec.score, capture=capture, label='read'):
    for j, i in enumerate(scores.asks_N.tolist()):
      here = capture_policy.captured(scores, j, asks[i])
      for site, values_TLD in here.items():
        found[site][i] = [part.mean(0) for part in np.split(
            values_TLD, np.cumsum(sizes[i])[:-1])]
  if len(positions) == 1:
    texts = [some[0] for some in texts]
    found = {site: [some[0] for some in all_PLD]
             for site, all_PLD in found.items()}
  return dataclasses.replace(
      chunk, columns=chunk.columns | {cols.CAPTURED_TOKENS: texts},
      activations=found)


def greedy_spec(spec: StudySpec) -> GenerateSpec:
  """How the task generates: greedily, measuring every step.

  Args:
    spec: the run's; `free` has the sizes, `score.top_k` what is kept.

  Returns:
    What `generate` takes.
  """
  return GenerateSpec(
      max_tokens=spec.free.max_tokens, batch_size=spec.free.batch_size,
      sampling=token_sampling.GREEDY, top_k=spec.score.top_k,
      keep=(TO_ITSELF,) if spec.free.attention else ())


def bracket_requests(model: models.Model, items: Sequence[Item],
                     spec: StudySpec, n_samples: int = 1) -> list[Request]:
  """One request an item, its prompt ending in an opened brace.

  Args:
    model: whose tokenizer and chat template.
    items: the items.
    spec: the run's; `prompt` and `data.name` choose the wording.
    n_samples: answers wanted of each.

  Returns:
    Requests in the items' order.
  """
  asked = dataclasses.replace(spec.prompt, answer='free')
  built = prompts.build(items, asked, model.tokenizer,
                        dataset=spec.data.name)
  tokens = tokenize_texts(model, [p.text for p in built])
  return [Request(p.item_id, some, n_samples)
          for p, some in zip(built, tokens, strict=True)]


def grouped(generations: Iterator[Generation], size: int
            ) -> Iterator[list[Generation]]:
  """Groups generations as they come.

  Args:
    generations: the generations.
    size: of a group.

  Yields:
    Lists of `size`, the last one perhaps shorter.
  """
  group: list[Generation] = []
  for generation in generations:
    group.append(generation)
    if len(group) == size:
      yield group
      group = []
  if group:
    yield group


def to_chunk(item_ids: list[str], rows: list[dict[str, Any]]) -> TaskChunk:
  """Turns rows of results, at least one, into columns.

  Args:
    item_ids: whose rows.
    rows: column → entry, the same columns in each.

  Returns:
    The chunk, without activations.
  """
  return TaskChunk(
      item_ids, {name: [row[name] for row in rows] for name in rows[0]})


def token_strings(tokenizer: Any, tokens: Sequence[int],
                  eos_token_ids: Sequence[int]) -> list[str]:
  """Each token's own text.

  Args:
    tokenizer: the model's.
    tokens: T token ids.
    eos_token_ids: those that end a sequence.

  Returns:
    T texts; '' for the end of the sequence.
  """
  return ['' if int(t) in eos_token_ids else tokenizer.decode([int(t)])
          for t in tokens]


def answer_bracket(model: models.Model, generation: Generation
                   ) -> tuple[sequence.Bracket, list[str]]:
  """Finds the answer in what was generated after the opened brace.

  Args:
    model: the model that generated it.
    generation: T tokens.

  Returns:
    Where the answer lies among the tokens, and the T tokens' texts.
  """
  eos = model.config.eos_token_ids
  tokens = [int(t) for t in generation.tokens_T]
  strings = token_strings(model.tokenizer, tokens, eos)
  text = str(model.tokenizer.decode([t for t in tokens if t not in eos]))
  return sequence.find_bracket(strings, text, generation.hit_cap), strings


def columns(model: models.Model, item: Item, generation: Generation, *,
            keep_steps: bool = False) -> dict[str, Any]:
  """Results columns of one greedy answer.

  Measures `fr_…`, `bracket_…`, `fr_first_…`, `bracket_first_…`; `fr_answer`,
  `fr_tokens` (texts), `fr_token_ids`, `fr_n_tokens`, `fr_hit_cap`,
  `fr_bracket_found`, `fr_bracket_inferred`, `fr_reason` ('' or why there is
  no plain answer); the grades `fr_correct` (automatic), `fr_correct_exact`,
  `fr_correct_alias`, `fr_correct_edit` and `fr_correct_reason`, NaN for an
  item without a right answer. With `keep_steps`, every step's most probable
  tokens, flat: `fr_step_top_logprobs`, `fr_step_top_tokens` (T·k entries) and
  `fr_step_rest_logprob` (T), from which later measures can be computed.

  Args:
    model: the model that answered.
    item: what it was asked.
    generation: its answer of T tokens, measured at each step.
    keep_steps: add the steps' most probable tokens.

  Returns:
    Column → entry; measures in the units of `measures.registry`.
  """
  bracket, strings = answer_bracket(model, generation)
  row: dict[str, Any] = sequence.columns(
      generation.steps, len(generation.tokens_T), bracket)
  row |= {
      cols.FR_ANSWER: bracket.answer,
      cols.FR_TOKENS: strings,
      cols.FR_TOKEN_IDS: [int(t) for t in generation.tokens_T],
      cols.FR_N_TOKENS: len(generation.tokens_T),
      cols.FR_HIT_CAP: generation.hit_cap,
      cols.FR_BRACKET_FOUND: bracket.found,
      cols.FR_BRACKET_INFERRED: bracket.inferred,
      cols.FR_REASON: bracket.reason,
  }
  row |= grades(item, bracket.answer)
  if TO_ITSELF in generation.kept:
    row |= _rauq(generation, bracket)
  if keep_steps and generation.top_logprobs_TK is not None:
    row |= {
        cols.FR_STEP_TOP_LOGPROBS: _flat(
            generation.top_logprobs_TK, np.float32),
        cols.FR_STEP_TOP_TOKENS: _flat(generation.top_tokens_TK, np.int32),
        cols.FR_STEP_REST_LOGPROB: _flat(generation.rest_logprob_T, np.float32),
    }
  return row


def _rauq(generation: Generation, bracket: sequence.Bracket
          ) -> dict[str, float]:
  """RAUQ of the whole answer, and within its braces; NaN of no tokens."""
  logprobs_T = generation.steps['token_logprob']
  weight_TLN = generation.kept[TO_ITSELF]
  spans = {registry.FR: slice(None),
           registry.BRACKET: slice(bracket.first, bracket.last)}
  return {
      registry.column(prefix, registry.RAUQ): recurrent_attention.rauq(
          logprobs_T[span], weight_TLN[span])
      if logprobs_T[span].size else math.nan
      for prefix, span in spans.items()}


def _flat(values: Any, dtype: Any) -> np.ndarray:
  return np.asarray(values, dtype).reshape(-1)


def right_answers(item: Item) -> tuple[str, ...]:
  """The right answer in words, then its aliases.

  Args:
    item: the item; of a closed question, the right choice's words count.

  Returns:
    The texts; empty if none is known.
  """
  right = item.answer_text
  if not right and item.answer is not None and item.choices:
    right = item.choices[item.answer]
  return (right, *item.aliases) if right else tuple(item.aliases)


def grades(item: Item, answer: str, start: str = answer_columns.FREE,
           ) -> dict[str, Any]:
  """Grades an answer by rules (`measures.grading.grade`).

  Args:
    item: what was asked.
    answer: the answer in words.
    start: of the columns' names.

  Returns:
    Column → entry, as `answer_columns.grade_names`: 1, 0 or NaN, and a reason;
    NaN where the item has no right answer.
  """
  right = right_answers(item)
  names = answer_columns.grade_names(start)
  if not any(grading.normalise(text) for text in right):
    return dict(zip(names, [math.nan] * 4 + ['no right answer'], strict=True))
  grade = grading.grade(answer, right[0], right[1:], item.question)
  return dict(zip(names, (grade.rules, grade.exact, grade.alias, grade.edit,
                          grade.reason), strict=True))
