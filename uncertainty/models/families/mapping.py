"""How one parameter is made out of the tensors of a checkpoint, as data.

A part is a view (rows, reshape, transpose) of one source tensor, so it costs
no copy on a memory map, and a slice of the destination reads only its bytes.
"""

import dataclasses
import math

import numpy as np


@dataclasses.dataclass(frozen=True)
class Part:
  """A view of one source tensor: `source[rows].reshape(view).transpose(axes)`.

  Attributes:
    source: canonical tensor name; holds `{layer}` if each layer has its own.
    source_shape: the shape that the tensor must have.
    view: shape after the reshape.
    axes: order of the view's axes in the destination.
    rows: first and last (exclusive) row of the source; None takes all.
  """

  source: str
  source_shape: tuple[int, ...]
  view: tuple[int, ...]
  axes: tuple[int, ...]
  rows: tuple[int, int] | None = None

  @property
  def shape(self) -> tuple[int, ...]:
    """The part's shape in the destination."""
    return tuple(self.view[axis] for axis in self.axes)

  def read(self, source: np.ndarray) -> np.ndarray:
    """The part, as a view of the source array.

    Args:
      source: the tensor [source_shape].

    Returns:
      A view [shape], nothing copied.
    """
    if self.rows is not None:
      source = source[self.rows[0]:self.rows[1]]
    return source.reshape(self.view).transpose(self.axes)

  def write(self, source: np.ndarray, part: np.ndarray) -> None:
    """The inverse of `read`: puts a part back into a writable source.

    Args:
      source: a writable tensor [source_shape], filled in place.
      part: what `read` would return of it.
    """
    back = part.transpose(np.argsort(self.axes))
    start, stop = self.rows or (0, self.source_shape[0])
    source[start:stop] = back.reshape((stop - start, *source.shape[1:]))


@dataclasses.dataclass(frozen=True)
class Mapping:
  """Where one parameter comes from.

  Attributes:
    path: where it goes in `params`, such as `layers/attention/qkv`.
    parts: views to concatenate, in order, along `axis`.
    axis: axis of the destination (without the layer axis) to join along.
    add: constant to add, in float32 (1 for Gemma's norms).
    float32: whether it stays float32 in every mode (norm scales, biases).
  """

  path: str
  parts: tuple[Part, ...]
  axis: int = 0
  add: float = 0.0
  float32: bool = False

  @property
  def stacked(self) -> bool:
    """Whether the destination has a leading layer axis."""
    return self.path.startswith('layers/')

  @property
  def shape(self) -> tuple[int, ...]:
    """Shape of the destination without the layer axis."""
    shape = list(self.parts[0].shape)
    shape[self.axis] = sum(part.shape[self.axis] for part in self.parts)
    return tuple(shape)

  def sources(self, layer: int) -> tuple[str, ...]:
    """Names of the tensors that the parts read, one per part.

    Args:
      layer: index of the layer; unused for what is not stacked.

    Returns:
      Canonical names.
    """
    return tuple(part.source.format(layer=layer) for part in self.parts)

  def convert(self, sources: list[np.ndarray]) -> np.ndarray:
    """One layer's destination from its source arrays, one per part.

    Args:
      sources: tensors [source_shape of each part].

    Returns:
      [shape]: the parts' views joined along `axis`, plus `add`.
    """
    views = [part.read(array) for part, array in zip(self.parts, sources)]
    whole = views[0] if len(views) == 1 else np.concatenate(views, self.axis)
    return whole + np.float32(self.add) if self.add else whole


def whole(source: str, *shape: int) -> Part:
  """The tensor as it is.

  Args:
    source: canonical name, `{layer}` in it where stacked.
    *shape: of the tensor and of the part.

  Returns:
    The part.
  """
  return Part(source, shape, shape, tuple(range(len(shape))))


def view(source: str, source_shape: tuple[int, ...],
         shape: tuple[int, ...], axes: tuple[int, ...],
         rows: tuple[int, int] | None = None) -> Part:
  """A checked part: rows must fill the view exactly.

  Args:
    source: canonical name, `{layer}` in it where stacked.
    source_shape: the tensor's.
    shape: the rows' before transposition.
    axes: transposition after the reshape.
    rows: first row and row after the last; None for all.

  Returns:
    The part.

  Raises:
    ValueError: the rows do not fill the shape, a mistake in a family's table.
  """
  start, stop = rows or (0, source_shape[0])
  if (stop - start) * math.prod(source_shape[1:]) != math.prod(shape):
    raise ValueError(f'{source}: {source_shape} rows {rows} is not {shape}')
  return Part(source, source_shape, shape, axes, rows)
