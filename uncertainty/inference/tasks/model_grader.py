"""The scored model as grader: is a given answer right? Yes or no."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from uncertainty import models, prompts
from uncertainty.inference.tasks import next_token_mass
from uncertainty.prompts import self_report
from uncertainty.results import columns
from uncertainty.specs import StudySpec


def grades(model: models.Model, questions: Sequence[str], right: Sequence[str],
           answers: Sequence[str], spec: StudySpec) -> list[dict[str, Any]]:
  """Grades answers against the right ones ('' where none is known).

  The prompt is `self_report.equivalence_grade`.

  Args:
    model: the scored model.
    questions: N questions.
    right: the right answer to each.
    answers: the given ones.
    spec: the run's; `prompt.style` counts.

  Returns:
    For each, `fr_correct_model` (1, 0 or NaN) and `fr_correct_model_reason`,
    why it is missing: no right answer, or a judge that answers neither.
  """
  style = prompts.style_of(spec.prompt, model.tokenizer)

  def tokens(question, truth, answer):
    dialogue = self_report.equivalence_grade(
        prompts.to_ascii(question), truth, answer)
    return next_token_mass.tokenize_dialogue(model, dialogue, style)

  masses_N2 = next_token_mass.log_masses(
      model, [tokens(*row) for row in zip(questions, right, answers)],
      next_token_mass.yes_no_tokens(model.tokenizer),
      template=[tokens('Who?', '1', '2'), tokens('a', 'b', 'c')])
  return [grade_columns(*row) for row in zip(right, answers, masses_N2)]


def grade_columns(right: str, answer: str, masses_2: np.ndarray
                  ) -> dict[str, Any]:
  """One answer's columns from what the judge said.

  Args:
    right: the right answer; '' if none is known.
    answer: the given one.
    masses_2: ln p of (yes, no).

  Returns:
    `fr_correct_model` (1, 0 or NaN) and `fr_correct_model_reason`: why it is
    missing, or that the answer is empty.
  """
  grade, reason = float(masses_2[0] > masses_2[1]), ''
  if not right:
    grade, reason = math.nan, 'no right answer'
  elif not answer:
    grade, reason = 0.0, 'empty answer'
  elif (np.exp(np.asarray(masses_2, np.float64)).sum()
        < next_token_mass.LEAST_MASS):
    grade, reason = math.nan, 'answers neither yes nor no'
  return {columns.FR_CORRECT_MODEL: grade,
          columns.FR_CORRECT_MODEL_REASON: reason}
