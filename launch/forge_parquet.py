"""Parquet files whose pages contradict what the footer says of them."""

import pathlib
import struct
from collections.abc import Callable

import pyarrow.parquet as pq

from uncertainty import parquet_pages as thrift

_MAGIC = b'PAR1'


def write_struct(fields: thrift.Fields) -> bytes:
  """A struct of Thrift's compact protocol, as `parquet_pages.read_struct`.

  Args:
    fields: number → (type, value).

  Returns:
    Its bytes.
  """
  out, last = b'', 0
  for number, (kind, value) in sorted(fields.items()):
    kind = (thrift.TRUE if value else thrift.FALSE) if kind in (
        thrift.TRUE, thrift.FALSE) else kind
    out += (bytes([number - last << 4 | kind]) if 0 < number - last < 16
            else bytes([kind]) + _integer(number))
    out += b'' if kind in (thrift.TRUE, thrift.FALSE) else _value(kind, value)
    last = number
  return out + b'\0'


def varint(value: int) -> bytes:
  """A number in seven bits a byte, the lowest first.

  Args:
    value: of 64 bits at most.

  Returns:
    Its bytes.
  """
  value &= (1 << 64) - 1
  out = b''
  while value > 127:
    out, value = out + bytes([value & 127 | 128]), value >> 7
  return out + bytes([value])


def _integer(value: int) -> bytes:
  return varint(value << 1 ^ value >> 63)


def _value(kind: int, value) -> bytes:
  if kind in (thrift.TRUE, thrift.FALSE, thrift.BYTE):
    return bytes([value & 255])
  if kind in (thrift.I16, thrift.I32, thrift.I64):
    return _integer(value)
  if kind == thrift.DOUBLE:
    return value
  if kind == thrift.BINARY:
    return varint(len(value)) + value
  if kind in (thrift.LIST, thrift.SET):
    of, values = value
    n = len(values)
    head = bytes([n << 4 | of]) if n < 15 else bytes([240 | of]) + varint(n)
    return head + b''.join(_value(of, one) for one in values)
  return write_struct(value)


def change(path: pathlib.Path,
           footer: Callable[[thrift.Fields], None] = lambda fields: None,
           page: Callable[[thrift.Fields, bytes], bytes] = (
               lambda fields, content: content)) -> None:
  """Writes a file again, with other headers.

  Args:
    path: of an honest file, of one group of rows.
    footer: changes the footer, whose offsets and packed sizes are those of
      what is written unless it changes them.
    page: changes a page's header, and returns its content.
  """
  content = path.read_bytes()
  length, = struct.unpack('<I', content[-8:-4])
  about, _ = thrift.read_struct(content[-8 - length:-8])
  group = pq.read_metadata(path).row_group(0)
  columns = about[4][1][1][0][1][1][1]
  written = _MAGIC
  for n, column in enumerate(columns):
    chunk, start = group.column(n), len(written)
    at = chunk.data_page_offset
    if chunk.has_dictionary_page:
      at = chunk.dictionary_page_offset
    end = at + chunk.total_compressed_size
    fields = column[3][1]
    while at < end:
      header, size = thrift.read_struct(content[at:])
      packed = header[3][1]
      body = content[at + size:at + size + packed]
      kind = header[1][1]
      if kind == 0:
        fields[9] = thrift.I64, len(written)
      body = page(header, body)
      written += write_struct(header) + body
      at += size + packed
    if 11 in fields:
      fields[11] = thrift.I64, start
    fields[7] = thrift.I64, len(written) - start
    for number in (4, 5, 6, 7):  # where indices lie, which are left out
      column.pop(number, None)
  footer(about)
  packed = write_struct(about)
  path.write_bytes(
      written + packed + struct.pack('<I', len(packed)) + _MAGIC)
