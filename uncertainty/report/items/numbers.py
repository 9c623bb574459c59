"""What the Explore view can draw items by: columns of numbers."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from uncertainty.measures import registry
from uncertainty.report import names
from uncertainty.report.items import rows
from uncertainty.results import columns as cols
from uncertainty.results import derived

Column = dict[str, Any]


def of_people(frame: pd.DataFrame, people: pd.Series) -> list[Column]:
  """People's signals.

  Args:
    frame: any model's results, a row an item.
    people: their entropy by item, as analysis took it.

  Returns:
    A column a signal that some item has: its `name` in the tables, `said` in
    words, and `v`, a value an item, None where it is missing.
  """
  found = {cols.HUMAN_ENTROPY: people}
  found |= {name: frame[name] for name in rows.signals(frame)}
  return _columns(found, rows.measured)


def of_model(frame: pd.DataFrame, analysed: pd.DataFrame) -> list[Column]:
  """One model's measures.

  Args:
    frame: its results, a row an item.
    analysed: the analysis' table `items`, in the same order.

  Returns:
    Columns as of `of_people`: the doubt that the page ranks items by first.
  """
  found = {name: analysed[name] for name in (
      derived.MODEL_UNCERTAINTY, derived.DISAGREEMENT) if name in analysed}
  found |= {name: frame[name] for name in names.measures(
      name for name in map(str, frame) if registry.is_measure(name))}
  return _columns(found, lambda name: _said(name, analysed))


def _columns(
    found: Mapping[str, pd.Series],
    said: Callable[[str], str]) -> list[Column]:
  """Those of numbers that differ from item to item."""
  out = []
  for name, column in found.items():
    if pd.api.types.is_numeric_dtype(column) and column.nunique() > 1:
      out.append({
          'name': name, 'said': said(name),
          'v': [rows.short(v) if np.isfinite(v) else None
                for v in column.to_numpy(float, na_value=np.nan).tolist()]})
  return out


def _said(name: str, analysed: pd.DataFrame) -> str:
  if name == derived.DISAGREEMENT:
    return 'disagreement with people'
  if name == derived.MODEL_UNCERTAINTY:
    taken = analysed[derived.UNCERTAINTY_MEASURE].dropna().unique()
    return "the model's doubt: " + ', '.join(
        str(names.value(cols.MEASURE, one)) for one in taken)
  return str(names.value(cols.MEASURE, name))
