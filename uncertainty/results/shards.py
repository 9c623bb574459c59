"""Finished work on disk: one Parquet file a chunk, whole or absent.

A shard is written under a temporary name and renamed, so that a run killed at
any moment leaves only whole shards; the next run reads which items they hold
and does the rest.
"""

import contextlib
import errno
import os
import pathlib
from collections.abc import Iterator
from typing import BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from uncertainty.types import UserError

_TEMPORARY = '.partial'


def write_table(frame: pd.DataFrame, path: pathlib.Path) -> None:
  """Writes a Parquet file atomically.

  Args:
    frame: any table; its index is not kept.
    path: of the file; its folder is made.

  Raises:
    UserError: the disk is full; everything written before is kept.
  """
  table = pa.Table.from_pandas(frame, preserve_index=False)
  with replacing(path) as file:
    pq.write_table(table, file, compression='zstd')


@contextlib.contextmanager
def replacing(path: pathlib.Path) -> Iterator[BinaryIO]:
  """A file to write, which takes its name once it is whole.

  Args:
    path: the name that it takes; its folder is made.

  Yields:
    The file, open for bytes.

  Raises:
    UserError: the disk is full; what stood at `path` before is kept.
  """
  path.parent.mkdir(parents=True, exist_ok=True)
  temporary = path.with_name(path.name + _TEMPORARY)
  try:
    with open(temporary, 'wb') as file:
      yield file
      file.flush()
      os.fsync(file.fileno())
    temporary.replace(path)
  except OSError as error:
    temporary.unlink(missing_ok=True)
    raise storage_error(error, path) from error


def storage_error(error: OSError, path: pathlib.Path) -> Exception:
  """The error a person can act on, where the operating system's is terse.

  Args:
    error: of a write.
    path: what could not be written.

  Returns:
    A UserError for a full disk or a forbidden path, else the error itself.
  """
  if error.errno in (errno.ENOSPC, errno.EDQUOT):
    return UserError(
        f'the disk is full: could not write {path}; free some space and run '
        'the same command again: finished shards are kept')
  if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
    return UserError(
        f'cannot write {path}: {error.strerror}; choose a --workdir that you '
        'may write to')
  return error


class ShardStore:
  """The shards of one task: DIR/shards/DATASET/MODEL/TASK/NNNNN.parquet."""

  def __init__(self, folder: pathlib.Path):
    self.folder = folder
    for leftover in folder.glob(f'*{_TEMPORARY}'):
      leftover.unlink()
    self._next = 1 + max((int(p.stem) for p in self._paths()), default=-1)

  def _paths(self) -> list[pathlib.Path]:
    return sorted(self.folder.glob('[0-9]*.parquet'))

  def append(self, frame: pd.DataFrame) -> None:
    """Writes one chunk as the next shard.

    Args:
      frame: one row an item, with a column `item_id`.

    Raises:
      UserError: the disk is full; every shard before is kept.
    """
    write_table(frame, self.folder / f'{self._next:05d}.parquet')
    self._next += 1

  def done(self) -> frozenset[str]:
    """Ids of the items that whole shards hold."""
    ids = (pq.read_table(p, columns=['item_id'])['item_id'].to_pylist()
           for p in self._paths())
    return frozenset(i for shard in ids for i in shard)

  def read(self) -> pd.DataFrame:
    """All chunks as one table, every item once.

    Returns:
      Rows in the order in which they were written.

    Raises:
      UserError: an item stands in two shards, or a shard cannot be read.
    """
    frames = []
    for path in self._paths():
      try:
        frames.append(pq.read_table(path).to_pandas())
      except (OSError, pa.ArrowInvalid) as error:
        raise UserError(
            f'cannot read the shard {path} ({error}); delete it and run the '
            'same command again to redo its items') from error
    if not frames:
      return pd.DataFrame({'item_id': pd.Series(dtype=str)})
    frame = pd.concat(frames, ignore_index=True)
    twice = frame['item_id'][frame['item_id'].duplicated()]
    if len(twice):
      raise UserError(
          f'{self.folder} holds item {twice.iloc[0]!r} twice; delete the later '
          'shard and run again')
    return frame
