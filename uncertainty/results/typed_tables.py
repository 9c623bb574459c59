"""Tables of a workdir, which may be a stranger's, in the types they state."""

import pathlib
from collections.abc import Callable

import pandas as pd
import pyarrow as pa

from uncertainty import files
from uncertainty.results.column import Column
from uncertainty.types import UserError

_NUMBERS = ('float', 'int', 'bool')  # a column of one may be written as another


def read(
    path: pathlib.Path, remedy: str, find: Callable[[str], Column | None],
) -> pd.DataFrame:
  """A Parquet file's table, if its columns have the types they should have.

  Args:
    path: of the file.
    remedy: what to do if it cannot be read.
    find: a column's name → what describes it; None: it may be anything.

  Returns:
    The table, with a fresh index.

  Raises:
    UserError: it is not Parquet, would take far more memory than disk, has a
      column twice, or has texts where numbers belong and the like.
  """
  with files.malformed(path, remedy):
    table = files.decoded(path, path, path.stat().st_size, remedy)
    if len(set(table.column_names)) < len(table.column_names):
      raise UserError(f'{path} has a column twice; {remedy}')
    for name, kind in zip(table.column_names, table.schema.types, strict=True):
      described = find(name)
      if described and not _fits(kind, described.type):
        raise UserError(f'{path}, column {name!r} holds {kind}, and should '
                        f'hold {described.type}; {remedy}')
    return table.to_pandas().reset_index(drop=True)


def _fits(kind: pa.DataType, described: str) -> bool:
  """Whether an Arrow type holds what `Column.type` says."""
  if pa.types.is_null(kind):
    return True  # a column of missing values
  if ' or ' in described:
    return any(_fits(kind, one) for one in described.split(' or '))
  if pa.types.is_dictionary(kind):
    return _fits(kind.value_type, described)
  if described.startswith('list of '):
    lists = (pa.types.is_list, pa.types.is_large_list,
             pa.types.is_fixed_size_list)
    return any(is_it(kind) for is_it in lists) and _fits(
        kind.value_type, described.removeprefix('list of '))
  if described in _NUMBERS:
    return any(is_it(kind) for is_it in (
        pa.types.is_floating, pa.types.is_integer, pa.types.is_boolean))
  return pa.types.is_string(kind) or pa.types.is_large_string(kind)
