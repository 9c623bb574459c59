"""Lessons as arrays: what paths share is read once, short ones share rows.

All paths of a part of a batch begin with a stem, what they have in common
(worked examples, mostly); a row holds the stem and, one after another, what is
left of some paths. `types.Batch` says who sees whom. Losses and gradients are
those of separate rows, up to rounding.
"""

import dataclasses
from collections.abc import Sequence

import flax.struct
import jax
import numpy as np

from uncertainty.tuning.lessons import Lesson, Path
from uncertainty.types import Batch

Array = jax.Array | np.ndarray  # on the devices, or on its way there

SLAB = 32  # places whose logits are held at once
_LEAST_LENGTH = 64  # rows are this long or longer


@flax.struct.dataclass
class Packed:
  """Lessons to learn from together; a leading axis stacks parts of a step.

  P places are looked at, G readings at each, of V next tokens; there are N
  lessons of C cells. What fills up has cell N · C, item N, weight 0.

  Attributes:
    batch: token rows.
    places_P: flat places in the rows, row · length + place.
    items_P: lesson of each place.
    tied_P: weight of each place in the tie to the base; all sum to 1.
    coefficients_P: factor of the place's readings in their cells' scores.
    targets_PGV: next tokens; −1 fills up.
    cells_PG: lesson · C + cell of each reading.
    shares_NC: targets.
    valid_NC: which cells a lesson has.
    weights_N: of each lesson's loss; 1 / Σ weights of the step for each of a
      weight of 1.
  """

  batch: Batch
  places_P: Array
  items_P: Array
  tied_P: Array
  coefficients_P: Array
  targets_PGV: Array
  cells_PG: Array
  shares_NC: Array
  valid_NC: Array
  weights_N: Array


@dataclasses.dataclass(frozen=True)
class Packing:
  """How lessons are laid out.

  Attributes:
    row_tokens: short paths share rows of up to so many tokens after the stem;
      0: each has its own.
    shared: whether paths may share a row or a stem at all (longrope turns a
      row's keys by its length).
    row_multiple: rows come in multiples of it: devices that share a batch.
  """

  row_tokens: int = 256
  shared: bool = True
  row_multiple: int = 1


@dataclasses.dataclass(frozen=True)
class _Layout:
  """One part of a step, before it is arrays."""

  lessons: tuple[Lesson, ...]
  stem: tuple[int, ...]
  rows: tuple[tuple[tuple[int, Path], ...], ...]  # lesson, path

  @property
  def length(self) -> int:
    """Tokens of the longest row."""
    return max(len(self.stem) + sum(
        len(path.tokens) - len(self.stem) for _, path in row)
        for row in self.rows)

  @property
  def n_places(self) -> int:
    return sum(len(path.places) for row in self.rows for _, path in row)


def pack(lessons: Sequence[Lesson], packing: Packing, *, n_parts: int = 1
         ) -> Packed:
  """The lessons of one step as arrays.

  Sizes are rounded up, so that few different programs are compiled.

  Args:
    lessons: of the step, at least one.
    packing: how they are laid out.
    n_parts: parts that they are read in, one after another.

  Returns:
    Arrays with a leading axis of parts.
  """
  parts = [_layout(tuple(lessons[k::n_parts]), packing)
           for k in range(n_parts)]
  parts = [part for part in parts if part.lessons]
  total = sum(lesson.weight for lesson in lessons)
  n_tied = sum(any(place.tied for path in lesson.paths
                   for place in path.places) for lesson in lessons)
  places = [place for part in parts for row in part.rows
            for _, path in row for place in path.places]
  sizes = _Sizes(
      rows=_up(max(len(part.rows) for part in parts), packing.row_multiple),
      length=_up(max(part.length for part in parts), _LEAST_LENGTH),
      places=_up(max(part.n_places for part in parts),
                 min(SLAB, max(part.n_places for part in parts))),
      readings=max((len(p.targets) for p in places), default=1) or 1,
      tokens=max((len(t) for p in places for t in p.targets), default=1),
      lessons=max(len(part.lessons) for part in parts),
      cells=max(len(lesson.shares) for lesson in lessons))
  arrays = [_arrays(part, sizes, total, n_tied) for part in parts]
  return jax.tree.map(lambda *x: np.stack(x), *arrays)


def n_tokens(packed: Packed) -> int:
  """Tokens that the lessons' own paths have, however often they are read.

  Args:
    packed: lessons as arrays.

  Returns:
    Tokens in the rows, padding left out.
  """
  return int((np.asarray(packed.batch.segments_BT) >= 0).sum())


@dataclasses.dataclass(frozen=True)
class _Sizes:
  rows: int
  length: int
  places: int
  readings: int
  tokens: int
  lessons: int
  cells: int


def _up(n: int, unit: int) -> int:
  """The next multiple of a unit, in steps of about a quarter of n."""
  while 8 * unit <= n:
    unit *= 2
  return -(-n // unit) * unit


def _layout(lessons: tuple[Lesson, ...], packing: Packing) -> _Layout:
  paths = [(n, path) for n, lesson in enumerate(lessons)
           for path in lesson.paths]
  if not packing.shared or not packing.row_tokens:
    return _Layout(lessons, (), tuple((p,) for p in paths))
  stem = _common([path.tokens for _, path in paths])
  lengths = [len(path.tokens) - len(stem) for _, path in paths]
  capacity = max([packing.row_tokens, *lengths])
  rows: list[list[tuple[int, Path]]] = []
  room: list[int] = []
  # The longest first, each into the first row that has room.
  for k in sorted(range(len(paths)), key=lambda k: (-lengths[k], k)):
    at = next((r for r, n in enumerate(room) if n >= lengths[k]), len(rows))
    if at == len(rows):
      rows.append([])
      room.append(capacity)
    rows[at].append(paths[k])
    room[at] -= lengths[k]
  return _Layout(lessons, stem, tuple(map(tuple, rows)))


def _common(paths: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
  if not paths:
    return ()
  first, last = min(paths), max(paths)
  n = next((i for i, (a, b) in enumerate(zip(first, last)) if a != b),
           min(len(first), len(last)))
  return first[:n]


def _arrays(layout: _Layout, sizes: _Sizes, total: float, n_tied: int
            ) -> Packed:
  """One part of a step, filled up to the sizes."""
  N, C = sizes.lessons, sizes.cells
  rows = np.zeros((3, sizes.rows, sizes.length), np.int32)
  rows[2] = -1  # segments
  packed = Packed(
      batch=Batch(rows[0], rows[1], rows[2]),
      places_P=np.zeros(sizes.places, np.int32),
      items_P=np.full(sizes.places, N, np.int32),
      tied_P=np.zeros(sizes.places, np.float32),
      coefficients_P=np.zeros(sizes.places, np.float32),
      targets_PGV=np.full((sizes.places, sizes.readings, sizes.tokens), -1,
                          np.int32),
      cells_PG=np.full((sizes.places, sizes.readings), N * C, np.int32),
      shares_NC=np.zeros((N, C), np.float32),
      valid_NC=np.zeros((N, C), bool),
      weights_N=np.zeros(N, np.float32))
  for n, lesson in enumerate(layout.lessons):
    packed.shares_NC[n, :len(lesson.shares)] = lesson.shares
    packed.valid_NC[n, :len(lesson.shares)] = True
    packed.weights_N[n] = lesson.weight / total
  ties = [sum(place.tied for path in lesson.paths for place in path.places)
          for lesson in layout.lessons]
  n_stem, p = len(layout.stem), 0
  for r, row in enumerate(layout.rows):
    rows[0, r, :n_stem], rows[1, r, :n_stem] = layout.stem, range(n_stem)
    rows[2, r, :n_stem] = 0
    at = n_stem
    for branch, (n, path) in enumerate(row, 1):
      rest = path.tokens[n_stem:]
      span = slice(at, at + len(rest))
      rows[0, r, span] = rest
      rows[1, r, span] = range(n_stem, len(path.tokens))
      rows[2, r, span] = branch
      for place in path.places:
        inner = place.index - n_stem
        packed.places_P[p] = r * sizes.length + (
            at + inner if inner >= 0 else place.index)
        packed.items_P[p] = n
        packed.tied_P[p] = place.tied / (max(ties[n], 1) * max(n_tied, 1))
        packed.coefficients_P[p] = place.coefficient
        for g, (tokens, cell) in enumerate(zip(place.targets, place.cells)):
          packed.targets_PGV[p, g, :len(tokens)] = tokens
          packed.cells_PG[p, g] = n * C + cell
        p += 1
      at += len(rest)
  return packed
