"""What the pages of a Parquet file say that they hold.

A file says in its footer how many values a column has and how large it is; each
page says so of itself, in a header before it, and readers make room for what
the page says. Where the two differ, the page decides.

Headers are structs of Thrift's compact protocol
(github.com/apache/parquet-format, parquet.thrift and Encodings.md).
"""

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
  import pyarrow as pa
  import pyarrow.parquet as pq

# Thrift's types, as structs name them.
TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = (
    range(1, 13))
_DEEPEST = 16  # structs within structs

# Fields of a struct: number → (type, value). The value of a list is (type of
# its elements, values), of a map (types of keys and values, pairs).
Fields = dict[int, tuple[int, Any]]

_HEADERS = {0: 5, 3: 8}  # kind of a page of data → the field of its header
_HEADER_BYTES = 1 << 12, 1 << 24  # most have fewer; readers allow no more
_PADDING = 100  # bytes that readers add to columns of an early writer


@dataclasses.dataclass(frozen=True)
class Page:
  """A page by its own word.

  Attributes:
    n_values: of the column, nulls included; 0 in a dictionary.
    n_bytes: unpacked.
  """

  n_values: int
  n_bytes: int


def pages(source: 'BinaryIO | pa.NativeFile',
          chunk: 'pq.ColumnChunkMetaData') -> Iterator[Page]:
  """The pages of a column in a group of rows that readers would read.

  Args:
    source: the file.
    chunk: what its footer says of the column.

  Yields:
    Pages in their order.

  Raises:
    ValueError: a header is none, or what it says cannot be.
  """
  at, seen = chunk.data_page_offset, 0
  if chunk.has_dictionary_page and 0 < chunk.dictionary_page_offset < at:
    at = chunk.dictionary_page_offset
  end = at + chunk.total_compressed_size
  while seen < chunk.num_values and at < end + _PADDING:
    try:
      fields, length = _header(source, at)
    except ValueError:
      if at >= end:  # padding, and nothing in it
        return
      raise
    page = _page(fields)
    yield page
    seen += page.n_values
    at += length + _count(fields, 3)


def _header(source: 'BinaryIO | pa.NativeFile', at: int) -> tuple[Fields, int]:
  """The header at a place, and its length."""
  for most in _HEADER_BYTES:
    source.seek(at)
    content = source.read(most)
    try:
      return read_struct(content)
    except IndexError:  # it is longer
      if len(content) < most:
        break
  raise ValueError('the header of a page has no end')


def _page(fields: Fields) -> Page:
  number = _HEADERS.get(_count(fields, 1), 0)
  kind, own = fields.get(number, (STRUCT, {}))
  if kind != STRUCT:
    raise ValueError('the header of a page says what cannot be')
  return Page(_count(own, 1), _count(fields, 2))


def _count(fields: Fields, number: int) -> int:
  kind, value = fields.get(number, (I32, 0))
  if kind != I32 or not 0 <= value < 1 << 31:
    raise ValueError('the header of a page says what cannot be')
  return value


def read_struct(content: bytes) -> tuple[Fields, int]:
  """A struct of Thrift's compact protocol.

  Args:
    content: begins with it.

  Returns:
    Its fields, and how many bytes it takes.

  Raises:
    IndexError: it goes on behind the content.
    ValueError: it is none.
  """
  reader = _Reader(content)
  return reader.struct(0), reader.at


class _Reader:
  """Values in turn."""

  def __init__(self, content: bytes):
    self._content, self.at = content, 0

  def _byte(self) -> int:
    self.at += 1
    return self._content[self.at - 1]

  def _bytes(self, n: int) -> bytes:
    if self.at + n > len(self._content):
      raise IndexError
    self.at += n
    return self._content[self.at - n:self.at]

  def _varint(self) -> int:
    value = shift = 0
    while True:
      byte = self._byte()
      value |= (byte & 127) << shift
      shift += 7
      if byte < 128:
        return value
      if shift > 63:
        raise ValueError('a number has no end')

  def _integer(self) -> int:
    value = self._varint()
    return value >> 1 ^ -(value & 1)

  def struct(self, depth: int) -> Fields:
    if depth > _DEEPEST:
      raise ValueError('structs lie too deep')
    fields: Fields = {}
    number = 0
    while head := self._byte():
      number = number + (head >> 4) if head >> 4 else self._integer()
      kind = head & 15
      value = (kind == TRUE if kind in (TRUE, FALSE)
               else self._value(kind, depth))
      fields[number] = kind, value
    return fields

  def _value(self, kind: int, depth: int) -> Any:
    if kind in (TRUE, FALSE, BYTE):  # of a list, a byte too
      return self._byte()
    if kind in (I16, I32, I64):
      return self._integer()
    if kind == DOUBLE:
      return self._bytes(8)
    if kind == BINARY:
      return self._bytes(self._varint())
    if kind in (LIST, SET):
      head = self._byte()
      n, of = head >> 4, head & 15
      n = self._varint() if n == 15 else n
      return of, [self._value(of, depth + 1) for _ in self._within(n)]
    if kind == MAP:
      n = self._varint()
      kinds = self._byte() if n else 0
      return kinds, [(self._value(kinds >> 4, depth + 1),
                      self._value(kinds & 15, depth + 1))
                     for _ in self._within(n)]
    if kind == STRUCT:
      return self.struct(depth + 1)
    raise ValueError(f'type {kind} is none')

  def _within(self, n: int) -> range:
    """As many as there may be: each value takes a byte or more."""
    if n > len(self._content) - self.at:
      raise IndexError
    return range(n)
