"""From the tensors of a checkpoint to the decoder's parameters.

Tensors are matched with the family's mapping table before any data is read;
then each parameter is put together one device's shard at a time, so that the
host holds at most one shard beyond what the devices hold. On a CPU the
devices take the host's buffers over without a copy: a checkpoint of 2.30 GiB
(shapes of Llama 3.2 1B, bfloat16, two shards, largest parameter 1.0 GiB)
peaked 0.04 GiB above the parameters on one device, 0.03 GiB over eight
(VmHWM less what the process held before).
"""

import dataclasses
import functools
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax
import ml_dtypes
import numpy as np

from uncertainty.models import families
from uncertainty.models.families.config import DecoderConfig
from uncertainty.types import UserError

DTYPES = {'float64': np.dtype(np.float64),
          'float32': np.dtype(np.float32),
          'bfloat16': np.dtype(ml_dtypes.bfloat16)}

# XLA's CPU client takes a host buffer without a copy if it is aligned so.
_ALIGNMENT = 64

# Bytes of float32 read from a tensor at once. First touches of fresh memory
# cost more than the arithmetic, so the buffer should be small enough for the
# allocator to hand the same one out again.
_CHUNK_BYTES = 1 << 22
_STRIP = 32  # columns of a transposed block written at once


@dataclasses.dataclass(frozen=True)
class StoredTensor:
  """A tensor in a file.

  Attributes:
    file: the file, for messages.
    name: the tensor's name there, for messages.
    shape: its shape in transformers' layout.
    read: (start, stop) → these rows of it, a view of a memory map or
      freshly dequantised.
    release: lets go of the memory that reading took.
  """

  file: str
  name: str
  shape: tuple[int, ...]
  read: Callable[[int, int], np.ndarray]
  release: Callable[[], None] = lambda: None


def match(
    stored: Mapping[str, StoredTensor], family: families.Family,
    config: DecoderConfig, where: str,
) -> dict[str, StoredTensor]:
  """The tensors by canonical name, each checked against the mapping table.

  Args:
    stored: tensors by the name their file gives.
    family: whose table.
    config: the decoder's.
    where: the checkpoint, for messages.

  Returns:
    Canonical name → tensor, for all that the table reads.

  Raises:
    UserError: a tensor is missing, unknown, there twice, or of another shape.
  """
  found: dict[str, StoredTensor] = {}
  for name, tensor in stored.items():
    canonical = families.canonical_name(
        family, name, tied=config.tie_embeddings)
    if canonical is None:
      continue
    if canonical in found:
      raise UserError(
          f'{tensor.file}: tensors {found[canonical].name} and {tensor.name}'
          ' are the same parameter; keep one of them')
    found[canonical] = tensor
  wanted = source_shapes(family.mapping(config), config.n_layers)
  missing = [name for name in wanted if name not in found]
  extra = [name for name in found if name not in wanted]
  if missing or extra:
    raise _mismatch(missing, [found[name] for name in extra], where)
  for name, shape in wanted.items():
    tensor = found[name]
    if tensor.shape != shape:
      raise UserError(
          f'{tensor.file}: tensor {tensor.name} has shape'
          f' {list(tensor.shape)}, the config asks for {list(shape)}; the'
          ' file and the config are of different models')
  return found


def source_shapes(
    table: Iterable[families.Mapping], n_layers: int
) -> dict[str, tuple[int, ...]]:
  """The tensors that a family's table reads.

  Args:
    table: the family's, for one config.
    n_layers: L.

  Returns:
    Canonical name → shape in transformers' layout.
  """
  return {
      name: part.source_shape
      for entry in table
      for layer in range(n_layers if entry.stacked else 1)
      for name, part in zip(entry.sources(layer), entry.parts)
  }


def _mismatch(
    missing: list[str], extra: list[StoredTensor], where: str) -> UserError:
  parts = []
  if missing:
    parts.append(f'lacks {_some(missing)}')
  if extra:
    names = [tensor.name for tensor in extra]
    parts.append(f'holds {_some(names)}, which the model has no place for')
    where = extra[0].file
  return UserError(
      f'{where}: {" and ".join(parts)}; use a complete checkpoint of the'
      ' architecture that its config names')


def _some(names: list[str]) -> str:
  more = f' and {len(names) - 3} more' if len(names) > 3 else ''
  return f'tensor{"s" if len(names) > 1 else ""} {", ".join(names[:3])}{more}'


def fill(
    stored: Mapping[str, StoredTensor], family: families.Family,
    config: DecoderConfig, dtype: str,
    sharding_of: Callable[[str, tuple[int, ...]], jax.sharding.Sharding],
) -> dict[str, Any]:
  """Reads every parameter into place.

  Args:
    stored: from `match`.
    family: whose mapping table.
    config: the decoder's.
    dtype: of the weights; norm scales and biases stay float32.
    sharding_of: (path, shape) of a parameter → where it goes.

  Returns:
    The decoder's `params`.
  """
  params: dict[str, Any] = {}
  for entry in family.mapping(config):
    leaf = _leaf(entry, config, dtype, sharding_of)
    _insert(params, entry.path, _place(entry, leaf, stored))
  return params


def abstract(
    table: Iterable[families.Mapping], config: DecoderConfig, dtype: str,
    sharding_of: Callable[[str, tuple[int, ...]], jax.sharding.Sharding],
) -> dict[str, Any]:
  """What `fill` returns, as `jax.ShapeDtypeStruct` with shardings.

  Args:
    table: the family's, for this config.
    config: the decoder's.
    dtype: a key of `DTYPES`.
    sharding_of: path and shape of a parameter → its sharding.

  Returns:
    The tree of parameters.
  """
  tree: dict[str, Any] = {}
  for entry in table:
    _insert(tree, entry.path, _leaf(entry, config, dtype, sharding_of))
  return tree


def _leaf(
    entry: families.Mapping, config: DecoderConfig, dtype: str,
    sharding_of: Callable[[str, tuple[int, ...]], jax.sharding.Sharding],
) -> jax.ShapeDtypeStruct:
  shape = ((config.n_layers,) if entry.stacked else ()) + entry.shape
  return jax.ShapeDtypeStruct(
      shape, DTYPES['float32' if entry.float32 else dtype],
      sharding=sharding_of(entry.path, shape))


def _insert(params: dict[str, Any], path: str, value: Any) -> None:
  *parents, leaf = path.split('/')
  for name in parents:
    params = params.setdefault(name, {})
  params[leaf] = value


def _place(
    entry: families.Mapping, leaf: jax.ShapeDtypeStruct,
    stored: Mapping[str, StoredTensor],
) -> jax.Array:
  """One parameter as an array, shard after shard."""
  shape, sharding = leaf.shape, leaf.sharding
  by_index: dict[tuple[tuple[int, int], ...], list[Any]] = {}
  for device, index in sharding.addressable_devices_indices_map(shape).items():
    bounds = tuple(
        part.indices(n)[:2] for part, n in zip(index or (), shape))
    by_index.setdefault(bounds, []).append(device)
  shards = []
  for bounds, devices in by_index.items():
    block = read_shard(entry, bounds, leaf.dtype, stored)
    with jax.enable_x64(True):  # or float64 would arrive as float32
      shards += [jax.device_put(block, device) for device in devices]
    jax.block_until_ready(shards[-len(devices):])
    del block
  return jax.make_array_from_single_device_arrays(shape, sharding, shards)


def read_shard(
    entry: families.Mapping, bounds: tuple[tuple[int, int], ...],
    dtype: np.dtype, stored: Mapping[str, StoredTensor],
) -> np.ndarray:
  """The part of a parameter between bounds.

  Args:
    entry: the parameter's.
    bounds: (start, stop) of each axis, the layers' first where stacked.
    dtype: of the result.
    stored: canonical name → tensor.

  Returns:
    The part, in memory that XLA takes over without a copy.
  """
  block = _empty(tuple(stop - start for start, stop in bounds), dtype)
  if not entry.stacked:
    _read_layer(entry, 0, bounds, block, stored)
    return block
  for row, layer in enumerate(range(*bounds[0])):
    _read_layer(entry, layer, bounds[1:], block[row], stored)
  return block


def _read_layer(
    entry: families.Mapping, layer: int,
    bounds: tuple[tuple[int, int], ...], out: np.ndarray,
    stored: Mapping[str, StoredTensor],
) -> None:
  """Fills `out` with one layer of a parameter, between bounds."""
  offset = 0  # of the part along the axis that joins parts
  for name, part in zip(entry.sources(layer), entry.parts):
    size = part.shape[entry.axis]
    start, stop = bounds[entry.axis]
    first, last = max(start, offset), min(stop, offset + size)
    if first < last:
      source, target = list(bounds), [slice(None)] * len(bounds)
      source[entry.axis] = (first - offset, last - offset)
      target[entry.axis] = slice(first - start, last - start)
      _read_part(part, tuple(source), out[tuple(target)], entry.add,
                 stored[name])
    offset += size


def _read_part(
    part: families.Part, bounds: tuple[tuple[int, int], ...],
    out: np.ndarray, add: float, tensor: StoredTensor,
) -> None:
  """Fills `out` with one part between bounds, some source rows at a time."""
  # The first axis of the view that is longer than 1 counts source rows.
  leading = next((i for i, n in enumerate(part.view) if n > 1), 0)
  axis = part.axes.index(leading)
  origin, end = part.rows or (0, part.source_shape[0])
  unit = (end - origin) // part.view[leading]
  row_bytes = 4 * math.prod(part.source_shape[1:])
  step = max(_CHUNK_BYTES // (unit * row_bytes), 1)
  others = [slice(*pair) for pair in bounds]
  others[axis] = slice(None)
  target = [slice(None)] * len(bounds)
  low, high = bounds[axis]
  for start in range(low, high, step):
    stop = min(start + step, high)
    rows = tensor.read(origin + start * unit, origin + stop * unit)
    view = (*part.view[:leading], stop - start, *part.view[leading + 1:])
    piece = dataclasses.replace(part, view=view, rows=None)
    target[axis] = slice(start - low, stop - low)
    _copy(piece.read(rows)[tuple(others)], out[tuple(target)], add,
          in_order=part.axes[-1] == len(part.axes) - 1)
  tensor.release()


def _copy(
    values: np.ndarray, out: np.ndarray, add: float, *, in_order: bool
) -> None:
  """Writes values into `out`, cast."""
  if add:
    values = values.astype(np.float32) + np.float32(add)
  # Narrow strips keep a transposition within the cache (3 times as fast);
  # casting in the source's own order first gains as much again.
  strip = max(out.shape[-1], 1) if in_order else _STRIP
  for start in range(0, out.shape[-1], strip):
    stop = start + strip
    out[..., start:stop] = values[..., start:stop].astype(
        out.dtype, copy=False)


def _empty(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
  """An uninitialised array that the device can take over without a copy."""
  n_bytes = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
  raw = np.empty(n_bytes + _ALIGNMENT, np.uint8)
  start = -raw.ctypes.data % _ALIGNMENT
  return raw[start:start + n_bytes].view(dtype).reshape(shape)


single_device = functools.cache(
    lambda: jax.sharding.SingleDeviceSharding(jax.local_devices()[0]))
