"""The analysis' tables as CSV, beside the page."""

import functools
import json
import pathlib
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv

from uncertainty import spreadsheets
from uncertainty.report.tables import AnalysisTables
from uncertainty.results import shards


def queue(tables: AnalysisTables) -> list[str]:
  """Leaves every table that has rows to `tables.write_files`.

  Files that are up to date stay.

  Args:
    tables: the analysis.

  Returns:
    Names of the tables that `DIR/report/tables/NAME.csv` will hold.
  """
  found = []
  for name, frame in tables.frames.items():
    if frame.empty:
      continue
    found.append(name)
    path = tables.workdir / 'report' / 'tables' / f'{name}.csv'
    origin = tables.workdir / 'analysis' / f'{name}.parquet'
    if not (path.exists() and origin.exists()
            and path.stat().st_mtime_ns > origin.stat().st_mtime_ns):
      tables.unwritten[f'tables/{name}'] = functools.partial(
          to_csv, frame, path)
  return found


def to_csv(frame: pd.DataFrame, path: pathlib.Path) -> None:
  """Writes a table, whole or not at all.

  Args:
    frame: any; lists are written as JSON, and no text as a formula.
    path: of the file.

  Raises:
    UserError: the disk is full, or the folder may not be written to.
  """
  arrays = [
      pa.array(_texts(column), pa.string())
      if pd.api.types.is_string_dtype(column.dtype)  # objects, too
      else pa.array(column, from_pandas=True) for _, column in frame.items()]
  table = pa.Table.from_arrays(
      arrays, [spreadsheets.guarded(str(name)) for name in frame])
  with shards.replacing(path) as file:
    csv.write_csv(table, file)


def _texts(column: pd.Series) -> list[str | None]:
  """Values as they stand in the file, None where one is missing."""
  missing_N = column.isna().to_numpy()
  values = column.to_numpy()[~missing_N].tolist()
  numbers = values and all(
      isinstance(v, np.ndarray) and v.ndim == 1 and v.dtype.kind in 'iuf'
      for v in values)
  found = iter(_number_lists(values) if numbers else map(_text, values))
  return [None if missing else next(found) for missing in missing_N]


def _number_lists(rows: list[np.ndarray]) -> list[str]:
  """As `_text`, each distinct list once and all of them in one call."""
  keys = [(row.dtype, row.tobytes()) for row in rows]
  distinct = dict(zip(keys, rows))
  written = json.dumps([row.tolist() for row in distinct.values()])
  texts = dict(zip(distinct, written[2:-2].split('], ['), strict=True))
  return [f'[{texts[key]}]' for key in keys]


def _text(value: Any) -> str:
  if isinstance(value, np.ndarray):
    value = value.tolist()
  if not isinstance(value, list):
    return spreadsheets.guarded(str(value))
  if all(type(v) is str for v in value):
    return _strings(tuple(value))
  return json.dumps(value, ensure_ascii=False)


# The same choices stand in a row of every model.
@functools.lru_cache(maxsize=1 << 14)
def _strings(values: tuple[str, ...]) -> str:
  return json.dumps(values, ensure_ascii=False)
