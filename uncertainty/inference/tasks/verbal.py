"""The task `verbal`: answers with the confidence in them, in words."""

import math
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from uncertainty import models, prompts
from uncertainty.inference import generate as generate_lib
from uncertainty.inference.generate import GenerateSpec, Request
from uncertainty.inference.tasks import free
from uncertainty.inference.tasks.task import TaskChunk, Tokenizing
from uncertainty.inference.tasks.text_tokens import tokenize_texts
from uncertainty.measures import grading
from uncertainty.measures import verbal as verbal_lib
from uncertainty.prompts import self_report
from uncertainty.results import answer_columns, columns
from uncertainty.specs import StudySpec, listed
from uncertainty.types import Item, UserError


def variants(spec: StudySpec) -> list[tuple[str, str]]:
  """The wordings that `config.free.verbal` names.

  Args:
    spec: the run's.

  Returns:
    (form, order) of each, as `self_report.verbal` takes them.

  Raises:
    UserError: an unknown or repeated one.
  """
  known = {f'{f}_{o}': (f, o) for f in self_report.FORMS
           for o in self_report.ORDERS}
  names = listed(spec.free.verbal)
  if not names or len(set(names)) < len(names) or not set(names) <= set(known):
    raise UserError(
        f'config.free.verbal={spec.free.verbal!r}: name one or more different '
        f'of {", ".join(known)}')
  return [known[n] for n in names]


def run(model: models.Model, items: Sequence[Item], spec: StudySpec, *,
        seed: int, done: frozenset[str] = frozenset(),
        ) -> Iterator[TaskChunk]:
  """Asks every item in each wording for an answer and confidence in it.

  After Tian et al. 2023 (arXiv 2305.14975).

  Args:
    model: a loaded model.
    items: all items of the run; batches are planned over all of them.
    spec: the run's.
    seed: of the run.
    done: ids of items not to ask again.

  Yields:
    Up to `free.CHUNK` items at a time. Columns for the first wording:
    `verbal_confidence` (0 to 1), `verbal_form` (how it was stated),
    `verbal_reason` (why it is missing), `verbal_answer`, its grades
    `verbal_correct…` (with choices, whether it names the right one),
    `verbal_prediction` (the choice named, or NaN), `verbal_text` (the whole
    reply). Further wordings add theirs as `verbal_FORM_ORDER_…`.

  Raises:
    UserError: an unknown or repeated wording, or what `generate` raises.
  """
  wordings = variants(spec)
  streams = [_ask(model, items, spec, wording, seed, done)
             for wording in wordings]
  further = ['', *(f'{form}_{order}' for form, order in wordings[1:])]
  # All streams plan alike but finish in their own order: join by item.
  waiting: dict[str, dict[str, Any]] = {}
  counts: dict[str, int] = {}
  ready: list[str] = []
  for stream, wording in zip(streams, further):
    for item_id, row in stream:
      named = {answer_columns.in_wording(name, wording): value
               for name, value in row.items()}
      waiting.setdefault(item_id, {}).update(named)
      counts[item_id] = counts.get(item_id, 0) + 1
      if counts[item_id] == len(streams):
        ready.append(item_id)
      if len(ready) == free.CHUNK:
        yield free.to_chunk(ready, [waiting.pop(i) for i in ready])
        ready = []
  if ready:
    yield free.to_chunk(ready, [waiting.pop(i) for i in ready])


def wording_texts(model: Tokenizing, items: Sequence[Item], spec: StudySpec,
                  wording: tuple[str, str]) -> list[str]:
  """What the model reads of each item in one wording.

  Args:
    model: whose tokenizer and chat template.
    items: the items.
    spec: the run's; `prompt` has the style and whether examples are shown.
    wording: (form, order), one of `variants`.

  Returns:
    Texts in the items' order.

  Raises:
    UserError: as `prompts.fitting`.
  """
  form, order = wording
  style = prompts.style_of(spec.prompt, model.tokenizer)
  return prompts.fitting((prompts.write(self_report.verbal(
      item.question, item.choices, form=form, order=order,
      few_shot=spec.prompt.few_shot, style=style), model.tokenizer, style)
      for item in map(prompts.cleaned, items)), sys.getsizeof)


def _ask(model: models.Model, items: Sequence[Item], spec: StudySpec,
         wording: tuple[str, str], seed: int, done: frozenset[str],
         ) -> Iterator[tuple[str, dict[str, Any]]]:
  by_id = {item.item_id: item for item in items}
  texts = wording_texts(model, items, spec, wording)
  requests = [
      Request(item.item_id, tokens) for item, tokens in zip(
          items, tokenize_texts(model, texts), strict=True)]
  generations = generate_lib.generate(
      model, requests, GenerateSpec(
          max_tokens=spec.free.max_tokens, batch_size=spec.free.batch_size,
          top_k=0, stop='paragraph'), seed=seed, done=done)
  for generation in generations:
    eos = model.config.eos_token_ids
    text = str(model.tokenizer.decode(
        [int(t) for t in generation.tokens_T if int(t) not in eos]))
    yield generation.item_id, read_reply(
        by_id[generation.item_id], self_report.OPENING[wording[1]] + text)


def read_reply(item: Item, text: str) -> dict[str, Any]:
  """What a whole reply says, its opening included.

  Args:
    item: what was asked.
    text: the reply; what follows an empty line is left out.

  Returns:
    Column of the first wording → entry: confidence, its form, why it is
    missing, the answer, the choice that it names, the reply, the grades.
  """
  reply = text.split('\n\n', 1)[0]
  answer, stated = verbal_lib.split_answer(reply)
  confidence = verbal_lib.parse_confidence(stated)
  row: dict[str, Any] = {
      columns.VERBAL_CONFIDENCE: confidence.value,
      answer_columns.VERBAL_FORM: confidence.form,
      answer_columns.VERBAL_REASON: confidence.reason,
      answer_columns.VERBAL_ANSWER: answer,
      answer_columns.VERBAL_PREDICTION: named_choice(item, answer),
      answer_columns.VERBAL_TEXT: text}
  row |= free.grades(item, answer, answer_columns.VERBAL)
  if item.choices and item.answer is not None:
    chosen = row[answer_columns.VERBAL_PREDICTION]
    row[columns.VERBAL_CORRECT] = 0.0 if math.isnan(chosen) else float(
        chosen == item.answer)
  return row


def named_choice(item: Item, answer: str) -> float:
  """The one choice whose words the answer repeats.

  Args:
    item: the item with its choices.
    answer: the answer in words.

  Returns:
    The choice's index; NaN if no choice, or more than one, has these words.
  """
  said = grading.normalise(answer)
  named = [i for i, choice in enumerate(item.choices)
           if said and grading.normalise(prompts.to_ascii(choice)) == said]
  return float(named[0]) if len(named) == 1 else math.nan
