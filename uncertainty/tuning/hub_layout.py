"""The decoder's parameters as a hub's tensors: families' tables read backward.

`families.Mapping` says of each parameter which tensors make it, and its parts
are views, so that the way back needs no table of its own.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from uncertainty.models import checkpoint, families
from uncertainty.models.families.config import DecoderConfig


class HubTensors:
  """All tensors of a checkpoint, each made when it is asked for.

  Attributes:
    shapes: canonical name → shape.
    dtypes: canonical name → type.
  """

  def __init__(self, family: families.Family, config: DecoderConfig,
               params: Mapping[str, Any]):
    """Plans the way back.

    Args:
      family: whose table.
      config: the decoder's.
      params: its parameters, layers stacked.
    """
    table = family.mapping(config)
    self._params = params
    self.shapes = checkpoint.source_shapes(table, config.n_layers)
    self.dtypes: dict[str, np.dtype] = {}
    self._places: dict[str, list[tuple[families.Mapping, int]]] = {}
    for entry in table:
      dtype = np.dtype(leaf(params, entry.path).dtype)
      for layer in range(config.n_layers if entry.stacked else 1):
        for name in dict.fromkeys(entry.sources(layer)):
          self.dtypes[name] = dtype
          self._places.setdefault(name, []).append((entry, layer))

  def n_bytes(self, name: str) -> int:
    """A tensor's size.

    Args:
      name: canonical.

    Returns:
      Bytes.
    """
    return math.prod(self.shapes[name]) * self.dtypes[name].itemsize

  def __getitem__(self, name: str) -> np.ndarray:
    """The tensor of a canonical name, in the host's memory."""
    tensor = np.empty(self.shapes[name], self.dtypes[name])
    for entry, layer in self._places[name]:
      value = leaf(self._params, entry.path)
      value = np.asarray(value[layer] if entry.stacked else value)
      if entry.add:
        value = value.astype(np.float32) - np.float32(entry.add)
      for source, part, piece in _pieces(entry, layer, value):
        if source == name:
          part.write(tensor, piece)
    return tensor


def _pieces(entry: families.Mapping, layer: int, value: np.ndarray
            ) -> Iterator[tuple[str, families.Part, np.ndarray]]:
  """One layer of a parameter, cut into what each part reads."""
  start = 0
  for name, part in zip(entry.sources(layer), entry.parts):
    stop = start + part.shape[entry.axis]
    cut = [slice(None)] * value.ndim
    cut[entry.axis] = slice(start, stop)
    yield name, part, value[tuple(cut)]
    start = stop


def leaf(params: Mapping[str, Any], path: str) -> Any:
  """A parameter by its path.

  Args:
    params: nested mappings.
    path: such as `layers/attention/qkv`.

  Returns:
    The array.
  """
  value: Any = params
  for name in path.split('/'):
    value = value[name]
  return value
