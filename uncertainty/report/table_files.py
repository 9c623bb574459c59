"""The analysis' tables as CSV, beside the page."""

import json
import pathlib
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv

from uncertainty.report.tables import AnalysisTables
from uncertainty.results import shards


def write(tables: AnalysisTables) -> list[str]:
  """Writes every table that has rows; those that are up to date stay.

  Args:
    tables: the analysis.

  Returns:
    Names of the tables that `DIR/report/tables/NAME.csv` holds.

  Raises:
    UserError: the disk is full, or the folder may not be written to.
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
      to_csv(frame, path)
  return found


def to_csv(frame: pd.DataFrame, path: pathlib.Path) -> None:
  """Writes a table, whole or not at all.

  Args:
    frame: any; lists are written as JSON.
    path: of the file.

  Raises:
    UserError: the disk is full, or the folder may not be written to.
  """
  objects: dict[str, Any] = {
      str(name): [None if missing else _text(value) for value, missing in zip(
          column, column.isna())]
      for name, column in frame.items() if column.dtype == object}
  flat = frame.assign(**objects)
  with shards.replacing(path) as file:
    csv.write_csv(pa.Table.from_pandas(flat, preserve_index=False), file)


def _text(value: Any) -> str:
  if isinstance(value, np.ndarray):
    value = value.tolist()
  return value if isinstance(value, str) else json.dumps(
      value, ensure_ascii=False) if isinstance(value, list) else str(value)
