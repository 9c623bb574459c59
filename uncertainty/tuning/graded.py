"""A model's own answers, graded: what the objective `calibration` learns from.

The answers are those of the task `p_true`, whose question is then taught.
"""

from collections.abc import Sequence

from absl import logging

from uncertainty import models
from uncertainty.inference.generate import GenerateSpec, generate
from uncertainty.inference.tasks import free
from uncertainty.results import columns
from uncertainty.specs import StudySpec
from uncertainty.types import Item


def answers(model: models.Model, items: Sequence[Item], spec: StudySpec
            ) -> list[tuple[str, bool]]:
  """Greedy answers, each graded by rules.

  Where all are right, or none is, a judge can learn to say but one thing: the
  log warns of it.

  Args:
    model: before it is tuned.
    items: N questions with a right answer.
    spec: the run's; `free.max_tokens` bounds an answer.

  Returns:
    For each item the answer, '' for none, and whether it is right.

  Raises:
    UserError: what `generate` raises.
  """
  by_id = {item.item_id: item for item in items}
  found: dict[str, tuple[str, bool]] = {}
  for generation in generate(
      model, free.bracket_requests(model, items, spec), GenerateSpec(
          max_tokens=spec.free.max_tokens, batch_size=spec.free.batch_size,
          top_k=0), seed=spec.seed):
    answer = free.answer_bracket(model, generation)[0].answer
    grade = free.grades(by_id[generation.item_id], answer)
    found[generation.item_id] = (answer, grade[columns.FR_CORRECT] == 1)
  n_right = sum(right for _, right in found.values())
  logging.log(
      logging.INFO if 0 < n_right < len(found) else logging.WARNING,
      '%d of %d own answers are right', n_right, len(found))
  return [found[item.item_id] for item in items]
