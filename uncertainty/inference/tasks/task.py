"""What a way of asking is: the type of `inference.TASKS` and its output."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from uncertainty import models
from uncertainty.specs import StudySpec
from uncertainty.types import Item


@dataclasses.dataclass
class TaskChunk:
  """Finished items: one shard of results.

  Attributes:
    item_ids: the items', in the order of the columns.
    columns: results column → one entry per item.
    activations: site → n arrays, float32: [L, D], or [T, L, D] where all
      tokens or several positions are kept; empty unless captured.
  """

  item_ids: list[str]
  columns: dict[str, Any]
  activations: Mapping[str, Sequence[np.ndarray]] = dataclasses.field(
      default_factory=dict)


class Tokenizing(Protocol):
  """What prompts need of a model: `models.Model`, or one not yet loaded."""

  @property
  def tokenizer(self) -> Any:
    """Splits text into tokens; has the chat template."""
    ...


class Task(Protocol):
  """Asks a model every item in one way, a few items at a time.

  What a chunk holds for an item does not depend on which other items are in
  the call (beyond the rounding of the matrix products). Batches are planned
  over all items, and those whose items are all in `done` are skipped: a
  resumed run computes the very batches that the killed one had left.
  """

  def __call__(self, model: models.Model, items: Sequence[Item],
               spec: StudySpec, *, seed: int,
               done: frozenset[str] = frozenset()) -> Iterator[TaskChunk]:
    """Asks the items that are not done.

    Args:
      model: a loaded model.
      items: all items of the run.
      spec: the run's.
      seed: of the run.
      done: ids of items not to ask again.

    Yields:
      Finished items, a few at a time.

    Raises:
      UserError: settings or items that this way of asking cannot take.
    """
    ...
