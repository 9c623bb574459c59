"""The task `statement`: reads a question alone and keeps activations."""

import dataclasses
from collections.abc import Iterator, Sequence

from uncertainty import models, prompts
from uncertainty.inference import capture_policy
from uncertainty.inference.score import Ask, score
from uncertainty.inference.tasks.task import TaskChunk
from uncertainty.inference.tasks.text_tokens import tokenize_texts
from uncertainty.results import columns as cols
from uncertainty.specs import StudySpec
from uncertainty.types import Item


def statement(model: models.Model, items: Sequence[Item], spec: StudySpec, *,
              seed: int, done: frozenset[str] = frozenset(),
              ) -> Iterator[TaskChunk]:
  """The bare text, no question about it: what truth probes read.

  Columns: `prompt`, `n_tokens`, and with activations `captured_tokens`, where
  in each text they were taken.

  Args:
    model: a loaded model.
    items: statements, all of the run.
    spec: the run's.
    seed: of the run.
    done: ids of items not to read again.

  Yields:
    Items of a batch as they finish.

  Raises:
    UserError: what `score` raises.
  """
  del seed  # nothing is drawn
  capture = capture_policy.capture_spec(spec, 'statement')
  built = prompts.build(
      items, dataclasses.replace(spec.prompt, answer='statement'),
      model.tokenizer, dataset=spec.data.name)
  stems = tokenize_texts(model, [p.text for p in built])
  wanted = {i for i, item in enumerate(items) if item.item_id not in done}
  asks = [Ask(item.item_id, stem,
              capture_places=capture_policy.capture_places(capture, len(stem)))
          for item, stem in zip(items, stems)]
  if not wanted:
    return
  for scores in score(model, asks, spec.score, capture=capture, wanted=wanted,
                      label='statement'):
    rows = [(j, i) for j, i in enumerate(scores.asks_N.tolist())
            if i in wanted]
    if not rows:
      continue
    fresh = [i for _, i in rows]
    columns = {cols.PROMPT: [built[i].text for i in fresh],
               cols.N_TOKENS: [len(stems[i]) for i in fresh]}
    if capture:
      columns[cols.CAPTURED_TOKENS] = [
          capture_policy.captured_texts(model.tokenizer, asks[i])
          for i in fresh]
    captured = [capture_policy.captured(scores, j, asks[i]) for j, i in rows]
    yield TaskChunk(
        [items[i].item_id for i in fresh], columns,
        {site: [found[site] for found in captured]
         for site in scores.activations})
