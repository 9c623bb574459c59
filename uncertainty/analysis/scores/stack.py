"""Results of all models on one data set, stacked into arrays over items.

Everything in the analysis is arrays [rows, items]: a row is one measure of
one model. Items are those of any model, in the order first seen; what a model
lacks is NaN.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np
import pandas as pd

from uncertainty.analysis.calibration import confidence_maps
from uncertainty.analysis.statistics import ranking
from uncertainty.measures import registry
from uncertainty.results import columns as cols
from uncertainty.types import UserError

_NOT_SIGNALS = (cols.HUMAN_SHARES, cols.HUMAN_COUNT, cols.HUMAN_VALENCE,
                cols.HUMAN_RATING)


@dataclasses.dataclass(frozen=True)
class Row:
  """One measure of one model."""

  model: str
  column: str
  prefix: str
  measure: registry.Measure


@dataclasses.dataclass(frozen=True)
class Stack:
  """One data set.

  Attributes:
    dataset: its name.
    item_ids: of all models, in the order first seen.
    frames: model → its results, one row per item of `item_ids`, indexed by
      it; NaN or None where the model lacks the item.
    rows: what the rows of `values_MN` are.
    values_MN: measures as stored.
    signal_names: human columns that are numbers.
    signals_SN: their values.
  """

  dataset: str
  item_ids: tuple[str, ...]
  frames: Mapping[str, pd.DataFrame]
  rows: tuple[Row, ...]
  values_MN: np.ndarray
  signal_names: tuple[str, ...]
  signals_SN: np.ndarray

  @property
  def models(self) -> tuple[str, ...]:
    """Names of the models, in the order of the results."""
    return tuple(self.frames)

  def uncertainty(self) -> np.ndarray:
    """Measures turned so that high is uncertain.

    A measure may be infinite (the log margin of a tie): such items keep their
    rank, one beyond all others.

    Returns:
      [M, N]; NaN where missing.
    """
    sign_M = np.array([r.measure.orientation for r in self.rows], np.float64)
    return ranking.finite(self.values_MN * sign_M[:, None])


def stack_results(
    results: Mapping[tuple[str, str], pd.DataFrame]) -> list[Stack]:
  """Stacks the results of each data set.

  Args:
    results: (dataset, model) → one row per item, with `item_id`.

  Returns:
    One stack per data set, in the order of the results.

  Raises:
    UserError: a table without item_id, or with an item twice.
  """
  datasets: dict[str, dict[str, pd.DataFrame]] = {}
  for (dataset, model), frame in results.items():
    where = f'results of {model} on {dataset}'
    if cols.ITEM_ID not in frame:
      raise UserError(f'{where} have no column item_id; score them again')
    twice = np.flatnonzero(frame.duplicated(cols.ITEM_ID))
    if len(twice):
      item = list(frame[cols.ITEM_ID])[twice[0]]
      raise UserError(
          f'{where} hold item {item!r} twice; give every item its own item_id')
    datasets.setdefault(dataset, {})[model] = frame.set_index(cols.ITEM_ID)
  return [_stack(name, frames) for name, frames in datasets.items()]


def _stack(dataset: str, frames: Mapping[str, pd.DataFrame]) -> Stack:
  item_ids = list(dict.fromkeys(
      item for frame in frames.values() for item in frame.index))
  aligned = {m: frame.reindex(item_ids) for m, frame in frames.items()}
  rows, values = [], []
  for model, frame in aligned.items():
    for column in map(str, frame):
      if registry.is_measure(column):
        rows.append(Row(model, column, *registry.parse(column)))
        values.append(numbers(frame, column))
  signals = _signals(aligned)
  n_items = len(item_ids)
  return Stack(
      dataset, tuple(item_ids), aligned, tuple(rows),
      np.array(values, np.float64).reshape(len(rows), n_items),
      tuple(signals),
      np.array(list(signals.values()), np.float64).reshape(-1, n_items))


def numbers(frame: pd.DataFrame, column: str) -> np.ndarray:
  """A results column as numbers.

  Args:
    frame: a results table.
    column: its name; it need not be there.

  Returns:
    [N] float64; NaN where missing, and all NaN without the column.
  """
  if column not in frame:
    return np.full(len(frame), np.nan)
  values = pd.Series(pd.to_numeric(frame[column]))
  return values.to_numpy(np.float64, na_value=np.nan)


def _signals(frames: Mapping[str, pd.DataFrame]) -> dict[str, np.ndarray]:
  """Human signals; an item's value is the first model's that has one."""
  found: dict[str, np.ndarray] = {}
  for frame in frames.values():
    for column in map(str, frame):
      if not column.startswith(cols.OF_PEOPLE) or column in _NOT_SIGNALS:
        continue
      if not pd.api.types.is_numeric_dtype(frame[column]):
        continue
      values = numbers(frame, column)
      known = found.setdefault(column, values)
      found[column] = np.where(np.isnan(known), values, known)
  return {c: v for c, v in found.items() if not np.isnan(v).all()}


def signals_for(row: Row, names: tuple[str, ...]) -> list[int]:
  """Which signals a measure is compared with.

  A measure of the chosen answer meets people's choosing, one of the written
  answer their recall; entropy, signals of neither kind, and measures that may
  be of either, meet all.

  Args:
    row: the measure.
    names: human signals.

  Returns:
    Indices into `names`.
  """
  foreign = row.measure.subject(row.prefix).foreign
  return [i for i, name in enumerate(names) if not name.startswith(foreign)]


def correctness_column(row: Row) -> str:
  """Which grade a measure's confidence is about: the answer it came from.

  Args:
    row: the measure.

  Returns:
    Name of a results column.
  """
  return row.measure.subject(row.prefix).grade


def correctness(stack: Stack, *, reproduction: bool = False) -> dict[
    str, tuple[np.ndarray, np.ndarray]]:
  """Grades to hold each row's confidence against.

  Choices on a data set without right answers are held against `agrees`, the
  people's commonest choice.

  Args:
    stack: one data set.
    reproduction: hold free-response measures against the grade of the
      multiple choice too, as the paper's figures do (method.md, section 5).

  Returns:
    column name → (rows it suits, their grades [rows, N]). Rows whose grades
    are all missing are in none.
  """
  grades: dict[tuple[str, str], np.ndarray] = {}

  def grade(model: str, column: str) -> np.ndarray:
    key = model, column
    if key not in grades:
      grades[key] = numbers(stack.frames[model], column)
    return grades[key]

  chosen: dict[str, list[tuple[int, np.ndarray]]] = {}
  for index, row in enumerate(stack.rows):
    column = correctness_column(row)
    columns = [column]
    if column == cols.CORRECT and np.isnan(grade(row.model, column)).all():
      columns = [cols.AGREES]
    if row.prefix in registry.GENERATED and reproduction:
      columns.append(cols.CORRECT)
    for name in columns:
      values = grade(row.model, name)
      if not np.isnan(values).all():
        chosen.setdefault(name, []).append((index, values))
  return {
      name: (np.array([i for i, _ in pairs]), np.stack([v for _, v in pairs]))
      for name, pairs in chosen.items()}


def paper_confidence(stack: Stack) -> np.ndarray:
  """The paper's fixed confidences of all measures.

  The largest nucleus is taken over all items and thresholds of one model and
  prefix.

  Args:
    stack: the data set.

  Returns:
    [M, N] in [0, 1]; NaN for measures that it has no formula for.
  """
  largest: dict[tuple[str, str], float] = {}
  for row, values in zip(stack.rows, stack.values_MN, strict=True):
    if row.measure.name.startswith(registry.NUCLEUS_SIZE):
      key = row.model, row.prefix
      largest[key] = max(
          largest.get(key, 1.0), float(np.nanmax(values, initial=1.0)))
  found = np.full(stack.values_MN.shape, np.nan)
  for index, row in enumerate(stack.rows):
    measure = row.measure
    kind = confidence_maps.paper_kind(
        measure.name, measure.orientation, measure.range)
    if kind:
      found[index] = confidence_maps.paper_confidence(
          stack.values_MN[index], confidence_maps.PaperMap(
              kind, largest.get((row.model, row.prefix), np.nan)))
  return found
