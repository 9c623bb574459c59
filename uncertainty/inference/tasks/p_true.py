"""The task `p_true`: the model judges its own greedy answer.

Kadavath et al. 2022 (arXiv 2207.05221), with both orders of the options, so
that a liking for the letter A does not count as trust in the answer.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from uncertainty import prompts
from uncertainty.inference import generate as generate_lib
from uncertainty.inference.generate import GenerateSpec
from uncertainty.inference.tasks import asking, free
from uncertainty.inference.tasks.task import TaskChunk
from uncertainty.prompts import self_report
from uncertainty.specs import StudySpec
from uncertainty.types import Item


def run(model: Any, items: Sequence[Item], spec: StudySpec, *, seed: int,
        done: frozenset[str] = frozenset()) -> Iterator[TaskChunk]:
  """Answers every item greedily and asks whether the answer is true.

  Columns: `p_true` (probability of True, renormalised over both options,
  mean over both orders), `p_true_mass` (smaller raw mass of both options),
  `p_true_label_shift` (half of what swapping the letters changes),
  `p_true_answer`, its grades `p_true_correct…`, and `p_true_reason`, why
  `p_true` is missing.
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
      row |= {'p_true_answer': text}
      row |= free.grades(item, text, 'p_true_')
    yield free.to_chunk([i.item_id for i in asked], rows)


def judge(model: Any, questions: Sequence[str], answers: Sequence[str],
          spec: StudySpec) -> list[dict[str, Any]]:
  """P(True) of each answer, in both orders of the options."""
  style = prompts.style_of(spec.prompt, model.tokenizer)
  letters = prompts.letter_tokens(model.tokenizer, 2)
  masses = {}
  for swapped in (False, True):
    def tokens(question, answer, swapped=swapped):
      return asking.tokenize_dialogue(model, self_report.self_evaluation(
          prompts.to_ascii(question), answer, swapped=swapped,
          few_shot=spec.prompt.few_shot), style)

    found = asking.next_token_masses(
        model, [tokens(q, a) for q, a in zip(questions, answers)], letters,
        template=[tokens('Who?', '1'), tokens('a', 'No')])
    masses[swapped] = found[:, ::-1] if swapped else found
  return [_row(answers[i], masses[False][i], masses[True][i])
          for i in range(len(answers))]


def _row(answer: str, plain: np.ndarray, swapped: np.ndarray
         ) -> dict[str, Any]:
  """One item's columns from ln p of (True, False) in either order."""
  raw = np.exp(np.stack([plain, swapped]).astype(np.float64))
  mass = float(raw.sum(axis=1).min())
  reason = ''
  if not answer:
    reason = 'empty answer'
  elif mass < asking.LEAST_MASS:
    reason = 'answers neither True nor False'
  with np.errstate(invalid='ignore'):
    p = raw[:, 0] / raw.sum(axis=1)
  return {
      'p_true': math.nan if reason else float(p.mean()),
      'p_true_mass': mass,
      'p_true_label_shift': math.nan if reason else float(p[0] - p[1]) / 2,
      'p_true_reason': reason,
  }
