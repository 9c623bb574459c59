"""The task `p_true`: the model judges its own greedy answer.

Kadavath et al. 2022 (arXiv 2207.05221), with both orders of the options, so
that a liking for the letter A does not count as trust in the answer.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from uncertainty import models, prompts
from uncertainty.inference import generate as generate_lib
from uncertainty.inference.generate import GenerateSpec
from uncertainty.inference.tasks import free, next_token_mass
from uncertainty.inference.tasks.task import TaskChunk
from uncertainty.measures import registry
from uncertainty.prompts import self_report
from uncertainty.results import answer_columns, columns
from uncertainty.specs import StudySpec
from uncertainty.types import Item


def run(model: models.Model, items: Sequence[Item], spec: StudySpec, *,
        seed: int, done: frozenset[str] = frozenset(),
        ) -> Iterator[TaskChunk]:
  """Answers every item greedily and asks whether the answer is true.

  Args:
    model: a loaded model.
    items: all items of the run; batches are planned over all of them.
    spec: the run's.
    seed: of the run.
    done: ids of items not to ask again.

  Yields:
    Up to `free.CHUNK` items at a time: what `p_true_columns` says,
    `p_true_answer` and its grades `p_true_correct…`.

  Raises:
    UserError: what `generate` raises.
  """
  by_id = {item.item_id: item for item in items}
  requests = free.bracket_requests(model, items, spec)
  answers = generate_lib.generate(
      model, requests, GenerateSpec(
          max_tokens=spec.free.max_tokens, batch_size=spec.free.batch_size,
          top_k=0), seed=seed, done=done)
  for group in free.grouped(answers, free.CHUNK):
    texts = [free.answer_bracket(model, g)[0].answer for g in group]
    asked = [by_id[g.item_id] for g in group]
    rows = judge(model, [i.question for i in asked], texts, spec)
    for row, item, text in zip(rows, asked, texts):
      row |= {columns.P_TRUE_ANSWER: text}
      row |= free.grades(item, text, answer_columns.P_TRUE)
    yield free.to_chunk([i.item_id for i in asked], rows)


def judge(model: models.Model, questions: Sequence[str],
          answers: Sequence[str], spec: StudySpec) -> list[dict[str, Any]]:
  """P(True) of each answer, in both orders of the options.

  Args:
    model: a loaded model.
    questions: N questions.
    answers: an answer to each.
    spec: the run's; `prompt` has the style and whether examples are shown.

  Returns:
    For each answer what `p_true_columns` says.
  """
  style = prompts.style_of(spec.prompt, model.tokenizer)
  letters = prompts.letter_tokens(model.tokenizer, 2)
  masses = {}
  for swapped in (False, True):
    def tokens(question, answer, swapped=swapped):
      dialogue = self_report.self_evaluation(
          prompts.to_ascii(question), answer, swapped=swapped,
          few_shot=spec.prompt.few_shot)
      return next_token_mass.tokenize_dialogue(model, dialogue, style)

    found = next_token_mass.log_masses(
        model, [tokens(q, a) for q, a in zip(questions, answers)], letters,
        template=[tokens('Who?', '1'), tokens('a', 'No')])
    masses[swapped] = found[:, ::-1] if swapped else found
  return [p_true_columns(answers[i], masses[False][i], masses[True][i])
          for i in range(len(answers))]


def p_true_columns(answer: str, plain_2: np.ndarray, swapped_2: np.ndarray
                   ) -> dict[str, Any]:
  """One answer's columns: P(True) = mean over orders of p(T) / (p(T) + p(F)).

  Args:
    answer: the answer judged; an empty one has no P(True).
    plain_2: ln p of (True, False), True being option A.
    swapped_2: the same, True being option B.

  Returns:
    `p_true` (0 to 1), `p_true_mass` (the smaller p(T) + p(F)),
    `p_true_label_shift` (half of the difference between the orders) and
    `p_true_reason`, why `p_true` is NaN: an empty answer, or a mass under
    `next_token_mass.LEAST_MASS`.
  """
  raw = np.exp(np.stack([plain_2, swapped_2]).astype(np.float64))
  mass = float(raw.sum(axis=1).min())
  reason = ''
  if not answer:
    reason = 'empty answer'
  elif mass < next_token_mass.LEAST_MASS:
    reason = 'answers neither True nor False'
  with np.errstate(invalid='ignore'):
    p = raw[:, 0] / raw.sum(axis=1)
  return {
      registry.P_TRUE: math.nan if reason else float(p.mean()),
      columns.P_TRUE_MASS: mass,
      columns.P_TRUE_LABEL_SHIFT: (
          math.nan if reason else float(p[0] - p[1]) / 2),
      columns.P_TRUE_REASON: reason,
  }
