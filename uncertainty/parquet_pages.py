"""What the pages of a Parquet file say that they hold.

A file says in its footer how many values a column has and how large it is; each
page says so of itself, in a header before it, and readers make room for what
the page says. Where the two differ, the page decides.

The footer is read here, too: pyarrow shows the columns in it, but ends the
whole program over some that contradict themselves. Footer and headers are
structs of Thrift's compact protocol (github.com/apache/parquet-format,
parquet.thrift).
"""

import dataclasses
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
  import pyarrow as pa

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


# Where the footer has lists, and of what: readers trust that, whatever the list
# says that it is of. A dict is a struct, a list one of structs.
_COLUMN = {2: I32, 3: BINARY, 8: [{}], 13: [{}], 16: {2: I64, 3: I64},
           17: {2: I32}}
_LISTS = {2: [{}], 4: [{1: [{3: _COLUMN, 8: {2: {1: BINARY}}}], 4: [{}]}],
          5: [{}], 7: [{}]}


@dataclasses.dataclass(frozen=True)
class Column:
  """A column in a group of rows, by the footer's word.

  Attributes:
    n_values: nulls included.
    n_bytes: unpacked.
    start: where its first page begins in the file.
    end: where its last one ends.
  """

  n_values: int
  n_bytes: int
  start: int
  end: int


@dataclasses.dataclass(frozen=True)
class Page:
  """A page by its own word.

  Attributes:
    n_values: of the column, nulls included; 0 in a dictionary.
    n_bytes: unpacked.
  """

  n_values: int
  n_bytes: int


def columns(source: 'BinaryIO | pa.NativeFile') -> list[list[Column]]:
  """What a file's footer says.

  Args:
    source: the file.

  Returns:
    For each group of rows its columns, in the order of the schema's leaves.

  Raises:
    ValueError: it is none, or what it says cannot be.
  """
  size = source.seek(-8, os.SEEK_END) + 8
  length = int.from_bytes(source.read(4), 'little')
  if length > size - 8:
    raise ValueError('the footer is longer than the file')
  source.seek(size - 8 - length)
  try:
    footer, _ = read_struct(source.read(length))
  except IndexError as error:
    raise ValueError('the footer has no end') from error
  _check_lists(footer, _LISTS)
  return [[_column(_get(chunk, 3, STRUCT)) for chunk in _get(
      group, 1, LIST)[1]] for group in _get(footer, 4, LIST)[1]]


def _check_lists(fields: Fields, expected: Mapping[int, Any]) -> None:
  for number, what in expected.items():
    found: tuple[int, Any] = fields.get(number, (0, None))
    kind, value = found
    if isinstance(what, dict):
      if kind == STRUCT:
        _check_lists(value, what)
    elif kind == LIST:
      of = STRUCT if isinstance(what, list) else what
      if value[0] != of and value[1]:
        raise ValueError('a list in the footer is of other values')
      if isinstance(what, list):
        for one in value[1]:
          _check_lists(one, what[0])


def _column(fields: Fields) -> Column:
  start, first = _get(fields, 9, I64), fields.get(11)
  if first and first[0] == I64 and 0 < first[1] < start:  # a dictionary
    start = first[1]
  return Column(_get(fields, 5, I64), _get(fields, 6, I64), start,
                start + _get(fields, 7, I64))


def _get(fields: Fields, number: int, kind: int) -> Any:
  found, value = fields.get(number, (0, 0))
  if found != kind or (kind in (I32, I64) and not 0 <= value < 1 << 63):
    raise ValueError('the file says what cannot be of its columns')
  return value


def pages(source: 'BinaryIO | pa.NativeFile', column: Column,
          ) -> Iterator[Page]:
  """The pages of a column in a group of rows that readers would read.

  Args:
    source: the file.
    column: one of `columns`.

  Yields:
    Pages in their order.

  Raises:
    ValueError: a header is none, or what it says cannot be.
  """
  at, seen = column.start, 0
  while seen < column.n_values and at < column.end + _PADDING:
    try:
      fields, length = _header(source, at)
    except ValueError:
      if at >= column.end:  # padding, and nothing in it
        return
      raise
    page = _page(fields)
    yield page
    seen += page.n_values
    at += length + _get(fields, 3, I32)


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
  number = _HEADERS.get(_get(fields, 1, I32))
  own = _get(fields, number, STRUCT) if number else {1: (I32, 0)}
  return Page(_get(own, 1, I32), _get(fields, 2, I32))


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
