"""Files of comma-separated values whose columns are known beforehand."""

import csv
import pathlib
from collections.abc import Iterable, Iterator, Sequence

from uncertainty.types import UserError


def read(lines: Iterable[str], path: pathlib.Path, needed: Sequence[str],
         ) -> Iterator[tuple[int, dict[str, str]]]:
  """Records by the names of their columns.

  Args:
    lines: of the open file, line ends kept.
    path: the file's, for the error.
    needed: columns that it must have.

  Yields:
    A record's number, from 1, and its cells.

  Raises:
    UserError: a column is missing.
  """
  rows = csv.DictReader(lines)
  missing = set(needed) - set(rows.fieldnames or ())
  if missing:
    raise UserError(f'{path}: there is no column {min(missing)}; get the file'
                    ' again')
  yield from enumerate(rows, 1)
