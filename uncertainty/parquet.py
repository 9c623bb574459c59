"""Parquet files that strangers wrote: read in memory bounded by their size."""

import contextlib
import pathlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from uncertainty import files, parquet_pages
from uncertainty.errors import UserError

if TYPE_CHECKING:
  import pandas as pd
  import pyarrow as pa
  import pyarrow.parquet as pq

# A Parquet file may say a value once and repeat it a billion times. Decoded,
# it may take this many times its bytes, and this much in any case; and hold
# so many values for each of its bytes, and so many in any case. Results hold
# less than one.
_DECODED_TIMES, _DECODED_BYTES = 128, 1 << 26
_VALUES_TIMES, _VALUES = 4, 1 << 22
_VALUE_BYTES = 8  # at least, in pandas
_BATCH_ROWS = 1024


def read(
    path: pathlib.Path, remedy: str, columns: Sequence[str] | None = None,
) -> 'pd.DataFrame':
  """A Parquet file's table.

  Args:
    path: of the file.
    remedy: what to do if it cannot be read.
    columns: those wanted; None: all.

  Returns:
    The table, with a fresh index.

  Raises:
    UserError: it is not Parquet, or would take far more memory than disk.
  """
  with files.malformed(path, remedy):
    table = decoded(path, path, files.plain_size(path), remedy, columns)
    return table.to_pandas().reset_index(drop=True)


def shape(path: pathlib.Path, remedy: str) -> tuple[int, int]:
  """How large a Parquet file's table is by the file's own word.

  Args:
    path: of the file.
    remedy: what to do if it cannot be read.

  Returns:
    The numbers of rows and columns.

  Raises:
    UserError: it is not Parquet.
  """
  import pyarrow.parquet as pq

  with files.malformed(path, remedy), pq.ParquetFile(path) as file:
    return file.metadata.num_rows, len(file.schema_arrow)


def decoded(
    source: 'pathlib.Path | pa.BufferReader', where: object, size: int,
    remedy: str, columns: Sequence[str] | None = None,
) -> 'pa.Table':
  """As `read`, an Arrow table, from a file or from its bytes.

  Args:
    source: a path, or the bytes.
    where: what to call it.
    size: in bytes.
    remedy: what to do if it cannot be read.
    columns: those wanted; None: all.

  Returns:
    The table.

  Raises:
    UserError: it is not Parquet, or would take far more memory than `size`.
  """
  import pyarrow as pa
  import pyarrow.parquet as pq

  limit = _DECODED_BYTES + _DECODED_TIMES * size
  much = UserError(
      f'{where}: takes more than {limit >> 20} MiB in memory, over'
      f' {_DECODED_TIMES} times its size; write it with fewer rows')
  with files.malformed(where, remedy), pq.ParquetFile(source) as file:
    wanted = None if columns is None else list(columns)
    schema = file.schema_arrow
    schema = pa.schema(map(_writable, schema if wanted is None else [
        schema.field(name) for name in wanted]))
    leaves = [n for n in range(len(file.schema)) if any(
        f'{file.schema.column(n).path}.'.startswith(f'{name}.')
        for name in schema.names)]
    values, unpacked = _held(file, source, leaves)
    if values > _VALUES + _VALUES_TIMES * size:
      raise UserError(f'{where}: holds {values} values, over {_VALUES_TIMES}'
                      ' for each byte; write it with fewer rows')
    if unpacked > limit:
      raise much
    # Of a text that is said once and repeated there is one copy this way.
    file = pq.ParquetFile(source, read_dictionary=[
        file.schema.column(n).path for n in leaves
        if file.schema.column(n).physical_type == 'BYTE_ARRAY'])
    batches, taken = [], 0
    for batch in _batches(file, wanted):
      taken += sum(map(_unpacked, batch.columns))
      if taken > limit:
        raise much
      batches.append(batch.cast(schema))
    table = pa.Table.from_batches(batches, schema)
    table.validate(full=True)  # texts that are no UTF-8, and the like
    if len(table) != file.metadata.num_rows:
      raise ValueError(f'it says that it has {file.metadata.num_rows} rows and'
                       f' has {len(table)}')
    return table


def _batches(file: 'pq.ParquetFile', wanted: list[str] | None,
             ) -> Iterator['pa.RecordBatch']:
  """A group of rows after the other: nested texts are of one dictionary."""
  for group in range(file.num_row_groups):
    yield from file.iter_batches(_BATCH_ROWS, row_groups=[group],
                                 columns=wanted)


def _writable(field: 'pa.Field') -> 'pa.Field':
  """With a type that dictionaries can be written out to."""
  import pyarrow as pa

  return field.with_type(
      pa.string()) if field.type == pa.string_view() else field


def _held(file: 'pq.ParquetFile', source: 'pathlib.Path | pa.BufferReader',
          leaves: Sequence[int]) -> tuple[int, int]:
  """How many values columns hold, and bytes but for texts that are repeated.

  By the word of their pages, which is what readers go by, and by that of the
  footer where it says more.
  """
  values = unpacked = 0
  with (open(source, 'rb') if isinstance(source, pathlib.Path)
        else contextlib.nullcontext(source)) as content:
    for group in parquet_pages.columns(content):
      for leaf in leaves:
        stated = group[leaf]
        pages = list(parquet_pages.pages(content, stated))
        n = max(stated.n_values, sum(page.n_values for page in pages))
        values += n
        unpacked += max(
            stated.n_bytes, sum(page.n_bytes for page in pages),
            n * file.schema.column(leaf).length)  # of values of one length
  return values, unpacked


def _unpacked(array: 'pa.Array') -> int:
  """Bytes that an array takes once its dictionaries are written out."""
  import pyarrow as pa
  import pyarrow.compute as pc

  kind = array.type
  if pa.types.is_struct(kind):
    return sum(map(_unpacked, array.flatten()))
  if pa.types.is_map(kind):
    return array.nbytes + _unpacked(array.keys) + _unpacked(array.items)
  if pa.types.is_nested(kind):
    return array.nbytes + _unpacked(array.flatten())
  size = array.nbytes
  if pa.types.is_dictionary(kind):
    lengths = pc.call_function(
        'binary_length', [array.dictionary]).take(array.indices)
    size = pc.call_function('sum', [lengths.cast(pa.int64())]).as_py() or 0
  return max(size, _VALUE_BYTES * len(array))
