"""Each person's answer in a results table: lists beside the item's shares.

The lists of an item run over the same people in the same order. A column is
written only where some item of the data set has something to say in it, so
that tables of data sets without single people's answers stay as they were.
"""

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from uncertainty import files
from uncertainty.results import columns
from uncertainty.types import Item, Rating

# Column → what of a rating it holds, and what stands for nothing.
_FIELDS: Mapping[str, tuple[Callable[[Rating], Any], Any]] = {
    columns.HUMAN_RATER_CHOICES: (
        lambda r: -1 if r.choice is None else r.choice, -1),
    columns.HUMAN_RATER_VALUES: (
        lambda r: np.nan if r.value is None else float(r.value), np.nan),
    columns.HUMAN_RATER_TEXTS: (lambda r: r.text, ''),
    columns.HUMAN_RATER_IDS: (lambda r: r.rater, ''),
    columns.HUMAN_RATER_TIMES: (
        lambda r: np.nan if r.time_ms is None else float(r.time_ms), np.nan),
    columns.HUMAN_RATER_GROUPS: (
        lambda r: json.dumps(dict(r.groups), sort_keys=True)
        if r.groups else '', ''),
}


def rater_columns(items: Sequence[Item]) -> dict[str, Any]:
  """Scale and ratings of items as columns.

  Args:
    items: in the order of the table.

  Returns:
    Column → a list an item; empty lists for items without. Columns that would
    say nothing of any item are left out.
  """
  found: dict[str, list[list[Any]]] = {}
  if any(item.scale for item in items):
    found[columns.CHOICE_SCALE] = [list(item.scale) for item in items]
  for name, (read, nothing) in _FIELDS.items():
    values = [[read(rating) for rating in item.ratings] for item in items]
    if any(not _is(value, nothing) for some in values for value in some):
      found[name] = values
  return found


def _is(value: Any, nothing: Any) -> bool:
  return value == nothing or (value != value and nothing != nothing)


@dataclasses.dataclass(frozen=True)
class Ratings:
  """All answers of a data set, one entry a person and item.

  Attributes:
    items_N: row of the item in the table.
    choices_N: index of the choice; −1 for none.
    raters_N: who, as a number from 0; −1 where not published.
    groups: kind of group → [N] the person's own; '' where unknown.
  """

  items_N: np.ndarray
  choices_N: np.ndarray
  raters_N: np.ndarray
  groups: Mapping[str, np.ndarray]


def read(frame: pd.DataFrame) -> Ratings | None:
  """Single people's choices out of a results table.

  Args:
    frame: a results table.

  Returns:
    The answers; None where the table has no single people's choices.

  Raises:
    UserError: lists of other lengths, or groups that are no JSON objects.
  """
  if columns.HUMAN_RATER_CHOICES not in frame:
    return None
  with files.malformed("results, the columns 'human_rater_…'",
                       'run --stages=score again'):
    return _read(frame)


def _read(frame: pd.DataFrame) -> Ratings:
  choices = _lists(frame, columns.HUMAN_RATER_CHOICES)
  sizes = [len(some) for some in choices]
  n = sum(sizes)
  names = _flat(frame, columns.HUMAN_RATER_IDS, n)
  known = sorted(set(names) - {''})
  number = {name: i for i, name in enumerate(known)} | {'': -1}
  texts = _flat(frame, columns.HUMAN_RATER_GROUPS, n)
  parsed = {text: json.loads(text) if text else {} for text in set(texts)}
  kinds = sorted({kind for groups in parsed.values() for kind in groups})
  return Ratings(
      np.repeat(np.arange(len(frame)), sizes),
      np.array([c for some in choices for c in some], int),
      np.array([number[name] for name in names], int),
      {kind: np.array([parsed[text].get(kind, '') for text in texts])
       for kind in kinds})


def _lists(frame: pd.DataFrame, column: str) -> list[Sequence[Any]]:
  return [value if np.ndim(value) else () for value in frame[column]]


def _flat(frame: pd.DataFrame, column: str, n: int) -> list[str]:
  """A list column end to end; n times '' where the table lacks it."""
  if column not in frame:
    return [''] * n
  found = [str(value) for some in _lists(frame, column) for value in some]
  if len(found) != n:
    raise ValueError(f'{column} has {len(found)} entries, not {n}')
  return found
