"""Tables of a workdir, which may be a stranger's, in the types they state."""

import pathlib
from collections.abc import Callable, Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from uncertainty import files, parquet
from uncertainty.results.column import Column
from uncertainty.types import UserError

_NUMBERS = ('float', 'int', 'bool')  # a column of one may be written as another
# By a column's type and unit: what its numbers are, those missing left out.
_LIMITS = {
    ('list of int', 'token id'): (0, 2**31 - 1),
    ('list of float', 'share'): (0, 10**9),
    # So many are drawn from.
    ('float', 'people'): (0, 10**9 - 1)}


def read(
    path: pathlib.Path, remedy: str, find: Callable[[str], Column | None],
    names: Sequence[str] | None = None,
) -> pd.DataFrame:
  """A Parquet file's table, if its columns have the types they should have.

  Args:
    path: of the file.
    remedy: what to do if it cannot be read.
    find: a column's name → what describes it; None: it may be anything.
    names: of the columns wanted; None: all.

  Returns:
    The table, with a fresh index.

  Raises:
    UserError: it is not Parquet, would take far more memory than disk, or is
      what `check` refuses.
  """
  with files.malformed(path, remedy):
    table = parquet.decoded(
        path, path, files.plain_size(path), remedy, names)
    check(table, path, remedy, find)
    return table.to_pandas().reset_index(drop=True)


def check(table: pa.Table, where: object, remedy: str,
          find: Callable[[str], Column | None]) -> None:
  """Refuses a table that no code of this package can have written.

  Args:
    table: as a file holds it.
    where: what to call it.
    remedy: what to do about it.
    find: as `read` takes it.

  Raises:
    UserError: a column stands there twice, or has texts where numbers belong
      and the like, or numbers that cannot be.
  """
  if len(set(table.column_names)) < len(table.column_names):
    raise UserError(f'{where} has a column twice; {remedy}')
  for name, kind in zip(table.column_names, table.schema.types, strict=True):
    if (described := find(name)) is None:
      continue
    if not _fits(kind, described.type):
      raise UserError(f'{where}, column {name!r} holds {kind}, and should hold '
                      f'{described.type}; {remedy}')
    if (limits := _LIMITS.get((described.type, described.unit))) is None:
      continue
    for value in _ends(table[name]):
      if not limits[0] <= value <= limits[1]:
        raise UserError(f'{where}, column {name!r} holds {value}, which is no '
                        f'{described.unit}; {remedy}')


def _ends(values: pa.ChunkedArray) -> list[float]:
  """The smallest number and the largest, in lists too; [] without any."""
  while pa.types.is_nested(values.type):
    values = pc.call_function('list_flatten', [values])
  if pa.types.is_null(values.type):
    return []
  ends = pc.call_function('min_max', [values])
  return [end for x in ('min', 'max')
          if (end := ends[x].as_py()) is not None and end == end]


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
