"""Reading a GGUF file: metadata, tensor directory, dequantised tensors.

The header is parsed here rather than by `gguf.GGUFReader`, which keeps a numpy
view per string and so takes 3 s for 49 152 tokens and 12 s for 262 144; this
takes 0.1 and 0.3 s. Blocks are dequantised by `gguf.quants`.

Format: github.com/ggml-org/ggml, docs/gguf.md, versions 2 and 3.
"""

import dataclasses
import itertools
import math
import mmap
import pathlib
import struct
from collections.abc import Mapping
from typing import Any

import gguf
import numpy as np
from gguf import quants

from uncertainty import files
from uncertainty.types import UserError

_MAGIC = b'GGUF'
_SCALARS = {
    0: '<B', 1: '<b', 2: '<H', 3: '<h', 4: '<I', 5: '<i', 6: '<f', 7: '<?',
    10: '<Q', 11: '<q', 12: '<d',
}
_STRING, _ARRAY = 8, 9
_MAX_DIMS = 4  # of ggml's tensors

# Elements and bytes of a block, by type name. Q4_K_M files of narrow models
# hold Q5_0 rows too, since K blocks need a multiple of 256.
_TYPES = {
    name: gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[name]]
    for name in ('F32', 'F16', 'BF16', 'Q8_0', 'Q4_0', 'Q4_1', 'Q5_0', 'Q5_1',
                 'Q4_K', 'Q5_K', 'Q6_K')
}
_NAMES_OF_TYPES = {t.value: t.name for t in gguf.GGMLQuantizationType}

# Elements dequantised at once: small enough for the temporaries to stay in
# the cache, large enough to hide numpy's cost per call.
_CHUNK = 1 << 17


@dataclasses.dataclass(frozen=True)
class TensorEntry:
  """One line of the file's tensor directory.

  Attributes:
    shape: rows first, the reverse of the order that GGUF writes.
    type_name: ggml's name of the block type, such as 'Q4_K'.
    start: byte of the file at which the data begins.
    n_bytes: length of the data.
  """

  shape: tuple[int, ...]
  type_name: str
  start: int
  n_bytes: int


class GgufFile:
  """An open GGUF file.

  Attributes:
    path: where it lies.
    metadata: its key-value pairs, arrays as lists.
    tensors: name → TensorEntry, in file order.
  """

  def __init__(self, path: str | pathlib.Path):
    """Reads the header.

    Raises:
      UserError: the file is absent, not GGUF, truncated, or holds a tensor
        type that is not supported.
    """
    self.path = pathlib.Path(path)
    try:
      with self.path.open('rb') as file:
        self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:  # ValueError: an empty file
      raise UserError(
          f'{self.path}: cannot be read ({error}); check the path, or'
          ' download the file again') from error
    if self._bytes[:4] != _MAGIC:
      raise UserError(
          f'{self.path}: is not a GGUF file (it starts with'
          f' {self._bytes[:4]!r}); give a .gguf file')
    with files.malformed(self.path, 'download it again'):
      try:
        self.metadata, self.tensors = _read_header(self._bytes)
      except (struct.error, EOFError) as error:
        raise UserError(
            f'{self.path}: is truncated inside its header'
            f' ({len(self._bytes)} bytes); download it again') from error
      except _Refused as error:
        raise UserError(f'{self.path}: {error}') from error

  def read(
      self, name: str, start: int = 0, stop: int | None = None) -> np.ndarray:
    """Returns rows of a tensor dequantised, float32.

    Args:
      name: the tensor's.
      start: first row.
      stop: row after the last one; None for the end.

    Returns:
      float32 [rows, …].
    """
    entry = self.tensors[name]
    if len(entry.shape) == 1:  # its blocks may span any rows: read them all
      data = np.frombuffer(self._bytes, np.uint8, entry.n_bytes, entry.start)
      return dequantise(data, entry.type_name)[start:stop]
    stop = entry.shape[0] if stop is None else stop
    row_bytes = entry.n_bytes // entry.shape[0]
    data = np.frombuffer(
        self._bytes, np.uint8, (stop - start) * row_bytes,
        entry.start + start * row_bytes)
    return dequantise(data, entry.type_name).reshape(-1, *entry.shape[1:])


def dequantise(data: np.ndarray, type_name: str) -> np.ndarray:
  """Dequantises ggml blocks.

  Args:
    data: [n_bytes] uint8, whole blocks.
    type_name: ggml's name of the block type.

  Returns:
    [n_elements] float32.
  """
  if type_name == 'F32':
    return np.array(data.view('<f4'))
  n_elements, n_bytes = _TYPES[type_name]
  kind = gguf.GGMLQuantizationType[type_name]
  step = max(_CHUNK // n_elements, 1) * n_bytes
  values = np.empty(data.size // n_bytes * n_elements, np.float32)
  for start in range(0, data.size, step):
    block = quants.dequantize(data[None, start:start + step], kind)
    first = start // n_bytes * n_elements
    values[first:first + block.size] = block[0]
  return values


class _Refused(Exception):
  """A header that says what is not read; the message lacks the path."""


class _Cursor:
  """Reads values one after another."""

  def __init__(self, data: mmap.mmap):
    self.data = data
    self.at = 0

  def scalar(self, form: str) -> Any:
    value, = struct.unpack_from(form, self.data, self.at)
    self.at += struct.calcsize(form)
    return value

  def string(self) -> str:
    size, = struct.unpack_from('<Q', self.data, self.at)
    end = self.at + 8 + size
    if end > len(self.data):
      raise EOFError('string beyond the end of the file')
    text = self.data[self.at + 8:end].decode('utf-8')
    self.at = end
    return text

  def value(self, kind: int) -> Any:
    if kind == _STRING:
      return self.string()
    if kind == _ARRAY:
      return self.array()
    if kind not in _SCALARS:
      raise _Refused(f'unknown metadata type {kind}; the file is damaged')
    return self.scalar(_SCALARS[kind])

  def array(self) -> list[Any]:
    kind = self.scalar('<I')
    count = self.scalar('<Q')
    if count > len(self.data):  # each element takes at least a byte
      raise EOFError('array beyond the end of the file')
    if kind in _SCALARS:
      form = f'<{count}{_SCALARS[kind][1]}'
      values = struct.unpack_from(form, self.data, self.at)
      self.at += struct.calcsize(form)
      return list(values)
    return [self.value(kind) for _ in range(count)]


def _read_header(
    data: mmap.mmap,
) -> tuple[Mapping[str, Any], Mapping[str, TensorEntry]]:
  """Parses everything before the tensors' data."""
  cursor = _Cursor(data)
  cursor.at = len(_MAGIC)
  version = cursor.scalar('<I')
  if version not in (2, 3):
    raise _Refused(
        f'GGUF version {version} is not read (2 and 3 are); convert the model'
        ' again with a current llama.cpp')
  n_tensors, n_pairs = cursor.scalar('<Q'), cursor.scalar('<Q')
  metadata = {}
  for _ in range(n_pairs):
    key = cursor.string()
    metadata[key] = cursor.value(cursor.scalar('<I'))
  lines = []
  for _ in range(n_tensors):
    name = cursor.string()
    n_dims = cursor.scalar('<I')
    if not 1 <= n_dims <= _MAX_DIMS:
      raise _Refused(f'tensor {name} has {n_dims} axes; the file is damaged')
    dims = struct.unpack_from(f'<{n_dims}Q', data, cursor.at)
    cursor.at += 8 * n_dims
    lines.append((name, dims[::-1], cursor.scalar('<I'), cursor.scalar('<Q')))
  alignment = metadata.get('general.alignment', gguf.GGUF_DEFAULT_ALIGNMENT)
  if not isinstance(alignment, int) or alignment < 1:
    raise _Refused(
        f'general.alignment is {alignment!r}, not a positive number; the file'
        ' is damaged')
  start = -(-cursor.at // alignment) * alignment
  tensors = {}
  for name, shape, kind, offset in lines:
    if name in tensors:
      raise _Refused(f'tensor {name} appears twice; the file is damaged')
    tensors[name] = _entry(name, shape, kind, start + offset, len(data))
  # Else a small file could hold any number of large tensors.
  in_order = sorted(tensors.items(), key=lambda item: item[1].start)
  for (one, a), (other, b) in itertools.pairwise(in_order):
    if b.start < a.start + a.n_bytes:
      raise _Refused(
          f'tensors {one} and {other} share bytes; the file is damaged')
  return metadata, tensors


def _entry(
    name: str, shape: tuple[int, ...], kind: int, start: int, size: int
) -> TensorEntry:
  """Checks one line of the directory."""
  type_name = _NAMES_OF_TYPES.get(kind, f'number {kind}')
  if type_name not in _TYPES:
    raise _Refused(
        f'tensor {name} has type {type_name}, which is not supported; use a'
        f' file quantised to one of {", ".join(_TYPES)}')
  n_elements, n_bytes = _TYPES[type_name]
  if not all(shape) or shape[-1] % n_elements:
    raise _Refused(
        f'tensor {name} of shape {list(shape)} is not made of {type_name}'
        f' blocks of {n_elements}; the file is damaged or mislabelled')
  total = math.prod(shape) // n_elements * n_bytes
  if start + total > size:
    raise _Refused(
        f'is truncated: tensor {name} needs bytes {start} to {start + total},'
        f' the file has {size}; download it again')
  return TensorEntry(shape, type_name, start, total)
