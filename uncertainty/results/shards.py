"""Finished work on disk: one Parquet file a chunk, whole or absent.

A shard is written under a temporary name and renamed, so that a run killed at
any moment leaves only whole shards; the next run reads which items they hold
and does the rest. Its name ends in a digest of its bytes, so that one that was
damaged later is known for it. Each row says what it is of (`digests`).
"""

import collections
import contextlib
import hashlib
import itertools
import os
import pathlib
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from absl import logging

from uncertainty import files, parquet
from uncertainty.results import columns, digests, typed_tables
from uncertainty.types import UserError

TEMPORARY = '.partial'
_ASIDE = 'aside'
_REMEDY = 'run --stages=score again to redo its items'


def write_table(
    frame: pd.DataFrame | pa.Table, path: pathlib.Path) -> None:
  """Writes a Parquet file atomically.

  Args:
    frame: any table; a frame's index is not kept.
    path: of the file; its folder is made.

  Raises:
    UserError: the disk is full; everything written before is kept.
  """
  with replacing(path) as file:
    file.write(_parquet(frame))


def _parquet(frame: pd.DataFrame | pa.Table) -> memoryview:
  table = (frame if isinstance(frame, pa.Table)
           else pa.Table.from_pandas(frame, preserve_index=False))
  sink = pa.BufferOutputStream()
  pq.write_table(table, sink, compression='zstd')
  return memoryview(sink.getvalue())


def set_aside(path: pathlib.Path) -> pathlib.Path:
  """Moves a file out of the way, into the folder `aside` beside it.

  Args:
    path: of the file.

  Returns:
    Where it lies now; nothing that lay there before is lost.
  """
  place = path.parent / _ASIDE / path.name
  for number in itertools.count(1):
    if not place.exists():
      break
    place = place.with_name(f'{path.stem}-{number}{path.suffix}')
  place.parent.mkdir(parents=True, exist_ok=True)
  path.replace(place)
  return place


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
  temporary = path.with_name(path.name + TEMPORARY)
  with files.writing(path):
    try:
      temporary.unlink(missing_ok=True)
      # What lies there by now, be it a link, is not written to.
      with open(temporary, 'xb') as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
      temporary.replace(path)
    except OSError:
      temporary.unlink(missing_ok=True)
      raise


class ShardStore:
  """The shards of one task: DIR/shards/DATASET/MODEL/TASK/NNNNN-DIGEST.parquet.

  Reading changes nothing on disk; `sort_out` does, for the one process that
  writes.
  """

  def __init__(self, folder: pathlib.Path):
    self.folder = folder

  def paths(self) -> list[pathlib.Path]:
    """The shards, in the order in which they were written.

    Returns:
      Paths in the order in which they were written.
    """
    return sorted(p for p in self.folder.glob('[0-9]*.parquet')
                  if p.stem.partition('-')[0].isdecimal())

  def append(self, frame: pd.DataFrame | pa.Table) -> None:
    """Writes one chunk as the next shard.

    Args:
      frame: one row an item, with a column `item_id`.

    Raises:
      UserError: the disk is full; every shard before is kept.
    """
    number = 1 + max((_number(p) for p in self.paths()), default=-1)
    content = _parquet(frame)
    path = self.folder / f'{number:05d}-{_digest(content)}.parquet'
    with replacing(path) as file:
      file.write(content)

  def sort_out(
      self, expected: digests.Provenance,
      kept: frozenset[str] | None = None,
  ) -> None:
    """Sets aside what this run would not write itself, and says how much.

    Damaged shards are moved, and rows of other items, prompts or settings
    taken out, into the folder `aside`; leftovers of a killed write are
    removed.

    Args:
      expected: what this run's rows are of.
      kept: items whose activations are on disk; None: none are needed.

    Raises:
      UserError: rows of another model under this name.
    """
    for leftover in self.folder.glob(f'*{TEMPORARY}'):
      leftover.unlink()
    why: collections.Counter[str] = collections.Counter()
    seen: set[str] = set()
    for path in self.paths():
      try:
        table = read(path)
      except UserError as error:
        logging.warning('%s; set aside as %s, its items are asked again',
                        error, set_aside(path))
        continue
      _check_model(table, expected.model, path)
      doubts = expected.doubts(table)
      for row, item in enumerate(table[columns.ITEM_ID].to_pylist()):
        if item in seen:
          doubts[row] = 'they stand there twice'
        elif kept is not None and item in expected.items and item not in kept:
          doubts[row] = 'their activations are missing or damaged'
        if not doubts[row]:
          seen.add(item)
      if any(doubts):
        self._part(path, table, np.array([bool(d) for d in doubts]))
        why.update(d for d in doubts if d)
    for reason, n in why.items():
      logging.warning('%s: %d rows are set aside: %s', self.folder, n, reason)

  def _part(self, path: pathlib.Path, table: pa.Table,
            doubted_N: np.ndarray) -> None:
    """Leaves the rows that are not doubted, in a shard of their own."""
    if not doubted_N.all():
      # First the new shard: killed in between, its rows stand there twice,
      # which the next `sort_out` sees.
      self.append(table.filter(pa.array(~doubted_N)))
    set_aside(path)

  def done(self) -> frozenset[str]:
    """Which items need no more work.

    Returns:
      Ids of the items that whole shards hold.
    """
    return frozenset(i for path in self.paths()
                     for i in read(path)[columns.ITEM_ID].to_pylist())

  def read(self) -> pd.DataFrame:
    """All chunks as one table, every item once.

    Returns:
      Rows in the order in which they were written.

    Raises:
      UserError: an item stands in two shards, or a shard cannot be read.
    """
    frames = [frame_of(path) for path in self.paths()]
    if not frames:
      return pd.DataFrame({columns.ITEM_ID: pd.Series(dtype=str)})
    frame = pd.concat(frames, ignore_index=True)
    twice = frame[columns.ITEM_ID][frame[columns.ITEM_ID].duplicated()]
    if len(twice):
      raise UserError(
          f'{self.folder} holds item {twice.iloc[0]!r} twice; run '
          '--stages=score again, which sets the later one aside')
    return frame


def _number(path: pathlib.Path) -> int:
  return int(path.stem.partition('-')[0])


def _digest(content: bytes | memoryview) -> str:
  return hashlib.sha256(content).hexdigest()[:16]


def read(path: pathlib.Path, *, sealed: bool = True) -> pa.Table:
  """A shard, if its bytes are those that were written.

  Args:
    path: one of `ShardStore.paths`.
    sealed: False to read other bytes, too, as far as they are a table.

  Returns:
    One row an item.

  Raises:
    UserError: they are not.
  """
  with files.malformed(f'the shard {path}', _REMEDY):
    files.plain_size(path)  # which no pipe has
    content = path.read_bytes()
    stated = path.stem.partition('-')[2]
    if sealed and stated and stated != _digest(content):
      raise ValueError('its bytes are not those that were written')
    table = parquet.decoded(
        pa.BufferReader(content), path, len(content), _REMEDY)
    typed_tables.check(table, f'the shard {path}', _REMEDY, columns.find)
    if columns.ITEM_ID not in table.column_names:
      raise ValueError(f'it lacks the column {columns.ITEM_ID}')
    for name in (columns.ITEM_ID, columns.MODEL_FINGERPRINT):
      if name in table.column_names and table[name].null_count:
        raise ValueError(f'its column {name} lacks a value')
    # What pandas is told about the rows' index is no part of them.
    return table.replace_schema_metadata()


def frame_of(path: pathlib.Path, *, sealed: bool = True) -> pd.DataFrame:
  """As `read`, for pandas.

  Args:
    path: one of `ShardStore.paths`.
    sealed: as `read` takes it.

  Returns:
    One row an item.

  Raises:
    UserError: as `read`, or for types that pandas does not know.
  """
  table = read(path, sealed=sealed)
  with files.malformed(f'the shard {path}', _REMEDY):
    return table.to_pandas()


def _check_model(
    table: pa.Table, fingerprint: str, path: pathlib.Path) -> None:
  if columns.MODEL_FINGERPRINT not in table.column_names:
    return
  others = set(table[columns.MODEL_FINGERPRINT].to_pylist()) - {fingerprint}
  if others:
    raise UserError(
        f'{path.parent} holds answers of a model with the fingerprint '
        f'{min(others)[:12]}, and the files under this name now have '
        f'{fingerprint[:12]}: weights, config, tokenizer or chat template were '
        'changed; put the old files back, or choose another --workdir')
