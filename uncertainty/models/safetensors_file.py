"""Safetensors checkpoints: one file, or shards with an index.

Files are memory-mapped, so a slice of a tensor reads only its own bytes. The
header (8 bytes of length, then JSON) is parsed here since the `safetensors`
library hands out copies of whole tensors and keeps their place to itself.

Format: github.com/huggingface/safetensors.
"""

import functools
import itertools
import json
import math
import mmap
import pathlib
from typing import Any

import ml_dtypes
import numpy as np

from uncertainty import files as files_lib
from uncertainty.models.checkpoint import StoredTensor
from uncertainty.types import UserError

INDEX = 'model.safetensors.index.json'
SINGLE = 'model.safetensors'

_DTYPES = {'F64': np.dtype('<f8'), 'F32': np.dtype('<f4'),
           'F16': np.dtype('<f2'), 'BF16': np.dtype(ml_dtypes.bfloat16)}
_PICKLED = ('.bin', '.pt', '.pth', '.ckpt')
_AGAIN = 'download it again'
_MOST_AXES, _LONGEST_AXIS = 16, 1 << 60  # products stay cheap, and numbers


def tensors(directory: pathlib.Path) -> dict[str, StoredTensor]:
  """Every tensor of a directory's checkpoint, by its name in the file.

  Args:
    directory: a checkpoint's.

  Returns:
    Name → tensor, read when asked.

  Raises:
    UserError: no safetensors file, or one that is missing, truncated,
      damaged, or at odds with the index.
  """
  if (directory / INDEX).is_file():
    return _sharded(directory)
  if (directory / SINGLE).is_file():
    return read_file(directory / SINGLE)
  pickled = sorted(
      p.name for p in directory.iterdir() if p.suffix in _PICKLED)
  if pickled:
    raise UserError(
        f'{directory}: holds pickled weights ({pickled[0]}), which can run'
        ' code when read; convert them: load with transformers and'
        ' save_pretrained, which writes safetensors')
  raise UserError(
      f'{directory}: has neither {SINGLE} nor {INDEX}; other forms of weights'
      ' are not read: load them with transformers and save_pretrained')


def files(directory: pathlib.Path) -> list[pathlib.Path]:
  """The checkpoint's files, index first.

  Args:
    directory: a checkpoint's.

  Returns:
    Paths; the shards in order of name.
  """
  if (directory / INDEX).is_file():
    shards = sorted(set(_weight_map(directory).values()))
    return [directory / INDEX, *(directory / name for name in shards)]
  return [directory / SINGLE]


def read_file(path: pathlib.Path) -> dict[str, StoredTensor]:
  """Every tensor of one file, by name.

  Args:
    path: a .safetensors file.

  Returns:
    Name → tensor, views of a memory map.

  Raises:
    UserError: as `tensors`.
  """
  try:
    with path.open('rb') as file:
      data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
  except (OSError, ValueError) as error:  # ValueError: an empty file
    raise UserError(
        f'{path}: cannot be read ({error}); download it again') from error
  header, start = _header(path, data)
  spans = {name: _span(path, name, entry, start, len(data))
           for name, entry in header.items()}
  # Else a small file could hold any number of large tensors.
  in_order = sorted(spans.items(), key=lambda item: item[1][2:])
  for (one, a), (other, b) in itertools.pairwise(in_order):
    if b[2] < a[3]:
      raise UserError(
          f'{path}: tensors {one} and {other} share bytes; the file is damaged')
  return {
      name: StoredTensor(
          str(path), name, shape,
          functools.partial(_view, data, dtype, shape, first),
          functools.partial(_release, data, first, last))
      for name, (dtype, shape, first, last) in spans.items()}


def _header(
    path: pathlib.Path, data: mmap.mmap) -> tuple[dict[str, Any], int]:
  """The directory of tensors, and the byte at which their data begins."""
  size = int.from_bytes(data[:8], 'little')
  start = 8 + size
  if len(data) < 8 or data[8:9] != b'{':
    raise UserError(
        f'{path}: is not a safetensors file (it starts with {data[:16]!r});'
        ' download it again')
  if start > len(data):
    raise UserError(
        f'{path}: is truncated inside its header ({len(data)} of at least'
        f' {start} bytes); download it again')
  with files_lib.malformed(f'{path}, its header', _AGAIN):
    header = json.loads(data[8:start])
    header.pop('__metadata__', None)
  return header, start


def _span(
    path: pathlib.Path, name: str, entry: Any, start: int, size: int,
) -> tuple[np.dtype, tuple[int, ...], int, int]:
  """Type, shape, first byte and byte after the last, held to the file."""
  with files_lib.malformed(
      f'{path}, the header entry of tensor {name}', _AGAIN):
    code, shape = entry['dtype'], tuple(entry['shape'])
    first, last = (start + n for n in entry['data_offsets'])
    if len(shape) > _MOST_AXES or any(
        type(n) is not int or not 0 <= n < _LONGEST_AXIS
        for n in (*shape, first, last)):
      raise ValueError(f'shape, of up to {_MOST_AXES} axes, and offsets must'
                       f' be whole numbers below {_LONGEST_AXIS}')
    known = code in _DTYPES
  if not known:
    raise UserError(
        f'{path}: tensor {name} has type {code}; read are'
        f' {", ".join(_DTYPES)}: use a checkpoint that is not quantised')
  dtype = _DTYPES[code]
  if last > size:
    raise UserError(
        f'{path}: is truncated: tensor {name} needs bytes {first} to {last},'
        f' the file has {size}; download it again')
  if first < start or last - first != math.prod(shape) * dtype.itemsize:
    raise UserError(
        f'{path}: tensor {name} of shape {list(shape)!s:.60} in {code} does not'
        f' take {last - first} bytes; the file is damaged')
  return dtype, shape, first, last


def _view(
    data: mmap.mmap, dtype: np.dtype, shape: tuple[int, ...], first: int,
    start: int, stop: int,
) -> np.ndarray:
  row = math.prod(shape[1:])
  rows = np.frombuffer(
      data, dtype, (stop - start) * row, first + start * row * dtype.itemsize)
  return rows.reshape(-1, *shape[1:])


def _release(data: mmap.mmap, first: int, last: int) -> None:
  """Drops the pages between two bytes from this process's memory."""
  first -= first % mmap.PAGESIZE
  if hasattr(data, 'madvise'):  # absent on Windows
    data.madvise(mmap.MADV_DONTNEED, first, last - first)


def _weight_map(directory: pathlib.Path) -> dict[str, str]:
  path = directory / INDEX
  names = files_lib.read_json(path, _AGAIN).get('weight_map')
  if not isinstance(names, dict):
    raise UserError(f'{path}: is not a safetensors index; {_AGAIN}')
  for name in names.values():
    if not isinstance(name, str) or pathlib.PurePath(name).name != name:
      raise UserError(
          f'{path}: names the file {name!r}, which does not lie beside it;'
          f' {_AGAIN}')
  return names


def _sharded(directory: pathlib.Path) -> dict[str, StoredTensor]:
  """Reads the shards that the index names, and holds it to its word."""
  expected = _weight_map(directory)
  found: dict[str, StoredTensor] = {}
  for shard in sorted(set(expected.values())):
    if not (directory / shard).is_file():
      raise UserError(
          f'{directory / shard}: is missing, but {INDEX} names it; download'
          ' the model again')
    for name, tensor in read_file(directory / shard).items():
      if expected.get(name) != shard:
        raise UserError(
            f'{directory / shard}: holds tensor {name}, which {INDEX} places'
            f' in {expected.get(name, "no file")}; download the model again')
      found[name] = tensor
  for name, shard in expected.items():
    if name not in found:
      raise UserError(
          f'{directory / shard}: lacks tensor {name}, which {INDEX} places'
          ' there; download the model again')
  return found
