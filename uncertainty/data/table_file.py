"""A user's file of items as a table, in time and memory bounded by its size.

CSV and TSV with a line of headings, JSONL with an object a line, or Parquet.
"""

import csv
import functools
import json
import pathlib

import pandas as pd

from uncertainty import files, parquet
from uncertainty.specs import DataSpec
from uncertainty.types import UserError

_MOST_COLUMNS = 5000  # each is held against every known heading
# Rows may leave cells out, or say them together in a few bytes. So many rows
# and cells are read in any case, and so many more for each byte of the file:
# the shortest question in a row of its own takes eight.
_ROWS, _ROWS_EACH = 1 << 16, 1 / 8
_CELLS, _CELLS_EACH = 1 << 20, 2


def _read_csv(path: pathlib.Path, separator: str = ',') -> pd.DataFrame:
  with open(path, newline='', encoding='utf-8') as file:
    rows = filter(None, csv.reader(file, delimiter=separator))
    header, first = next(rows, []), next(rows, [])
  if len(first) > len(header):  # pandas would take the others as an index
    raise UserError(f'{path}: row 1 has {len(first)} cells for {len(header)}'
                    ' headings; put texts that hold what parts cells between'
                    ' quotation marks')
  table = path.read_bytes()
  # Texts may go over several lines: this many rows are there at most.
  _check_size(path, table.count(b'\n') + table.count(b'\r'), len(header))
  return pd.read_csv(path, dtype=object, sep=separator, keep_default_na=False)


def _read_parquet(path: pathlib.Path) -> pd.DataFrame:
  _check_size(path, *parquet.shape(path, 'write it again'))
  return parquet.read(path, 'write it again')


def _read_jsonl(path: pathlib.Path) -> pd.DataFrame:
  # Not `splitlines`: JSON's texts may hold Unicode's other ends of lines.
  lines = path.read_text(encoding='utf-8').split('\n')
  records, names = [], {}
  for number, line in enumerate(lines, 1):
    if not line.strip():
      continue
    with files.malformed(f'{path}, line {number}', 'correct it'):
      record = json.loads(line)
      if not isinstance(record, dict):
        raise ValueError('it is not a JSON object')
      ''.join(record).encode()  # JSON has half characters
    records.append(record)
    names.update(dict.fromkeys(record))
    _check_size(path, len(records), len(names))
  return pd.DataFrame(records, dtype=object)


def _check_size(path: pathlib.Path, rows: int, columns: int) -> None:
  """Refuses what would take far more memory and time than bytes."""
  size = path.stat().st_size
  if columns > _MOST_COLUMNS:
    raise UserError(f'{path}: {columns} columns; {_MOST_COLUMNS} at'
                    ' most are read: leave out what no item is made of')
  if rows > _ROWS + _ROWS_EACH * size:
    raise UserError(f'{path}: {rows} rows in {size} bytes, more than are'
                    ' read; keep the items that differ')
  if rows * columns > _CELLS + _CELLS_EACH * size:
    raise UserError(f'{path}: {rows} rows of {columns} columns in {size}'
                    ' bytes, more than are read; leave out what no item is'
                    ' made of')


_READERS = {
    '.csv': _read_csv,
    '.tsv': functools.partial(_read_csv, separator='\t'),
    '.parquet': _read_parquet,
    '.jsonl': _read_jsonl,
}


def find(spec: DataSpec) -> pathlib.Path:
  """Where the file lies.

  Args:
    spec: `path` names a .csv, .tsv, .jsonl or .parquet file.

  Returns:
    Its path.

  Raises:
    UserError: no path, no such file, or one of another kind.
  """
  if not spec.path:
    raise UserError('data.name=table needs a file:'
                    ' --config.data.path=FILE.csv (or .parquet, .jsonl, .tsv)')
  try:
    path = pathlib.Path(spec.path).expanduser()
    is_folder, is_file = path.is_dir(), path.is_file()
  except (OSError, RuntimeError) as error:  # too long, or no such home
    raise UserError(f'data.path={spec.path:.60}: no file can lie there'
                    f' ({type(error).__name__}); give another') from error
  if is_folder:
    raise UserError(
        f'data.path={spec.path} is a folder; give the file in it')
  if not is_file:
    raise UserError(f'data.path={spec.path}: there is no such file')
  if path.suffix.lower() not in _READERS:
    raise UserError(f'data.path={spec.path}: cannot read {path.suffix or "it"};'
                    f' give one of {", ".join(_READERS)}')
  return path


def read(path: pathlib.Path) -> pd.DataFrame:
  """The table in a file.

  Args:
    path: from `find`.

  Returns:
    The table; cells of CSV and TSV are texts.

  Raises:
    UserError: it would take far more memory or time than bytes, has two
      columns of one name, or a row that shows it to be malformed.
    Exception: whatever the readers raise on what is malformed otherwise.
  """
  table = _READERS[path.suffix.lower()](path)
  _check_size(path, *table.shape)
  if not table.columns.is_unique:
    twice = table.columns[table.columns.duplicated()][0]
    raise UserError(f'{path}: two columns are named {twice!s:.60}; rename one')
  return table
