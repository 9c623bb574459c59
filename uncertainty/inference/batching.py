"""From prompts to few, well-filled shapes of token rows.

Short prompts are packed into one row as segments that do not see each other;
a prompt whose continuations are scored has a row to itself, its continuations
branching off its end. Rows fall into a handful of lengths, chosen so that
padding and compilation together cost least.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from uncertainty.inference import device_costs
from uncertainty.types import Batch, UserError

_MULTIPLE = 8  # of row lengths
_MAX_LENGTHS = 6  # shapes a plan may compile
_SAMPLE = 1000  # prompts by which a row length is chosen


def check_tokens(
    name: str, rows: Sequence[Sequence[int]], vocab_size: int) -> None:
  """Refuses a token without an embedding: it would be read as another one.

  Args:
    name: of the item that the rows are of.
    rows: tokens of its prompt, and of what is scored after it.
    vocab_size: of the model.

  Raises:
    UserError: a token is not among them (a tokenizer may have more than its
      model, such as Gemma 3's for images).
  """
  largest = max((max(row) for row in rows if row), default=0)
  if largest >= vocab_size:
    raise UserError(
        f'item {name}: its prompt has token {largest}, and the model has '
        f'embeddings of {vocab_size}; take the special token out of the text')


@dataclasses.dataclass(frozen=True)
class Entry:
  """A prompt to read, after its shared prefix.

  Attributes:
    stem: tokens, at least one; measures are taken at the last.
    targets: next tokens whose log-probabilities are wanted after the stem.
    branches: continuations, scored from their second token on (their first
      is among the targets).
    whole_branches: read the branches' last tokens too (for activations).
    capture_places: places in the stem at which activations are captured;
      empty: its last.
    group: entries of one group share a prefix.
  """

  stem: tuple[int, ...]
  targets: tuple[int, ...]
  branches: tuple[tuple[int, ...], ...] = ()
  whole_branches: bool = False
  capture_places: tuple[int, ...] = ()
  group: int = 0

  @property
  def length(self) -> int:
    """Tokens that it takes in a row; a branch's last is not read."""
    less = 0 if self.whole_branches else 1
    return len(self.stem) + sum(len(b) - less for b in self.branches)


@dataclasses.dataclass(frozen=True)
class PackedRows:
  """Entries laid out in rows of one length: a batch before it is arrays."""

  rows: tuple[tuple[int, ...], ...]  # indices of entries
  length: int
  group: int


@dataclasses.dataclass(frozen=True)
class Layout:
  """A batch's arrays and where things are in it.

  Flat places count tokens of all rows: row · length + place.

  Attributes:
    batch: token rows.
    entries_N: index of the entry of each read; −1 fills up.
    reads_N: flat place of each entry's last stem token.
    targets_NA: tokens wanted there; filled up with 0.
    inner_M: flat places within branches, filled up with 0.
    inner_targets_M: the branch's next token there.
    inner_branch_M2: (entry, branch) each belongs to; −1 fills up.
    capture_BP: places within rows at which activations are wanted.
    capture_slots_N2: for each read, (row, first slot) in `capture_BP`.
  """

  batch: Batch
  entries_N: np.ndarray
  reads_N: np.ndarray
  targets_NA: np.ndarray
  inner_M: np.ndarray
  inner_targets_M: np.ndarray
  inner_branch_M2: np.ndarray
  capture_BP: np.ndarray
  capture_slots_N2: np.ndarray


def row_lengths(lengths: Sequence[int],
                shape_tokens: int | None = None) -> list[int]:
  """The few row lengths that cost least padding, longest last.

  Each further length must save `shape_tokens` padded tokens.

  Args:
    lengths: tokens of each row, at least one row.
    shape_tokens: padded tokens that one more compiled shape must save; None:
      as many as `device_costs` says.

  Returns:
    Ascending multiples of 8; every row fits the last.
  """
  if shape_tokens is None:
    shape_tokens = device_costs.costs().shape
  ceilings = -(-np.asarray(lengths, np.int64) // _MULTIPLE) * _MULTIPLE
  sizes, counts = np.unique(ceilings, return_counts=True)
  counts = counts.astype(np.int64)
  n = len(sizes)
  below = np.r_[0, np.cumsum(counts)]
  # best[k][j]: least tokens to hold the j shortest sizes in k lengths.
  best = np.full((_MAX_LENGTHS + 1, n + 1), np.iinfo(np.int64).max // 4)
  best[:, 0] = 0
  cut = np.zeros((_MAX_LENGTHS + 1, n + 1), np.int64)
  for k in range(1, _MAX_LENGTHS + 1):
    for j in range(1, n + 1):
      costs = best[k - 1][:j] + (below[j] - below[:j]) * sizes[j - 1]
      cut[k, j] = int(costs.argmin())
      best[k, j] = costs[cut[k, j]]
  totals = best[1:, n] + shape_tokens * np.arange(1, _MAX_LENGTHS + 1)
  k, j, out = int(totals.argmin()) + 1, n, []
  while j > 0:
    out.append(int(sizes[j - 1]))
    j, k = int(cut[k, j]), k - 1
  return out[::-1]


def packed_length(lengths: Sequence[int], most: int) -> int:
  """The row length, up to `most`, that packs prompts for least work.

  Args:
    lengths: tokens of each prompt; a sample of about 1000 is tried.
    most: the longest row to consider, in tokens.

  Returns:
    The length in tokens: the least Σ n (1 + n · `Costs.key`) over packed rows
    of n tokens (attention's cost grows with n), and compiled shapes beside.
  """
  if not lengths:
    return most
  weighed, step = device_costs.costs(), -(-len(lengths) // _SAMPLE)
  sample = sorted(lengths)[::step]

  def cost(row_tokens: int) -> float:
    filled = [sum(sample[i] for i in row) for row in pack(sample, row_tokens)]
    longer = [-(-n // _MULTIPLE) * _MULTIPLE for n in filled
              if n > row_tokens]
    rows = [row_tokens] * (len(filled) - len(longer)) + longer
    shapes = weighed.shape * (1 + bool(longer)) / step
    return shapes + sum(n * (1 + n * weighed.key) for n in rows)

  choices = range(min(2 * _MULTIPLE, most), most + 1, 2 * _MULTIPLE)
  return min(choices, key=lambda n: (cost(n), n))


def pack(lengths: Sequence[int], row_tokens: int) -> list[list[int]]:
  """Best-fit decreasing: indices of entries per row of `row_tokens`.

  An entry longer than a row has a row to itself.

  Args:
    lengths: tokens of each entry.
    row_tokens: tokens that a row holds.

  Returns:
    Per row, indices of its entries, longest first.
  """
  order = sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))
  rows: list[list[int]] = []
  by_room: dict[int, list[int]] = {}  # free tokens → rows
  for i in order:
    n = lengths[i]
    room = min((r for r in by_room if r >= n), default=None)
    if room is None:
      rows.append([i])
      row, left = len(rows) - 1, row_tokens - n
    else:
      row = by_room[room].pop()
      if not by_room[room]:
        del by_room[room]
      rows[row].append(i)
      left = room - n
    if left > 0:
      by_room.setdefault(left, []).append(row)
  return rows


def plan(entries: Sequence[Entry], *, batch_tokens: int, row_tokens: int,
         multiple_of: int = 1, n_prefix_shapes: int = 1) -> list[PackedRows]:
  """Splits entries into batches of at most about `batch_tokens`.

  Args:
    entries: prompts after their groups' shared prefixes.
    batch_tokens: padded tokens in a batch; a longer row is a batch alone.
    row_tokens: pack entries without branches into rows of up to this many; 0
      gives every entry its own row.
    multiple_of: rows per batch are filled up to a multiple of this.
    n_prefix_shapes: compiled shapes that each length of row brings.

  Returns:
    Batches, group by group, longest rows first. All of one length have as
    many rows, some of them perhaps empty.
  """
  by_group: dict[int, list[int]] = {}
  for i, entry in enumerate(entries):
    by_group.setdefault(entry.group, []).append(i)
  row_tokens = packed_length(
      [e.length for e in entries if _is_short(e, row_tokens)], row_tokens)
  rows = {g: _rows(entries, some, row_tokens) for g, some in by_group.items()}

  def used(row: list[int]) -> int:
    return sum(entries[i].length for i in row)

  edges = row_lengths([used(r) for some in rows.values() for r in some],
                      device_costs.costs().shape * n_prefix_shapes)
  batches = []
  sizes: dict[int, int] = {}
  for edge, less in zip(edges, [0, *edges[:-1]]):
    counts = [sum(less < used(r) <= edge for r in some)
              for some in rows.values()]
    sizes[edge] = _batch_size(counts, edge, batch_tokens, multiple_of)
  for group, some in rows.items():
    for edge, less in zip(edges[::-1], [*edges[-2::-1], 0]):
      here = [tuple(r) for r in some if less < used(r) <= edge]
      here.sort(key=lambda r: (-used(list(r)), r))
      for start in range(0, len(here), sizes[edge]):
        part = here[start:start + sizes[edge]]
        part += [()] * (sizes[edge] - len(part))
        batches.append(PackedRows(tuple(part), edge, group))
  return batches


def _rows(entries: Sequence[Entry], indices: list[int],
          row_tokens: int) -> list[list[int]]:
  """Rows of one group: short entries packed, all others alone."""
  short = [i for i in indices if _is_short(entries[i], row_tokens)]
  alone = set(indices) - set(short)
  rows = pack([entries[i].length for i in short], row_tokens)
  return [[short[i] for i in row] for row in rows] + [[i] for i in alone]


def _is_short(entry: Entry, row_tokens: int) -> bool:
  return entry.length == len(entry.stem) <= row_tokens


def _batch_size(counts: Sequence[int], length: int, batch_tokens: int,
                multiple_of: int) -> int:
  """Rows per batch that leave least padding over groups of `counts` rows."""
  most = max(1, batch_tokens // length)
  choices = {-(-max(counts) // n) for n in range(1, max(counts) + 1)
             if -(-max(counts) // n) <= most}
  choices = {-(-size // multiple_of) * multiple_of for size in choices}

  def cost(size: int) -> int:
    n_batches = sum(-(-n // size) for n in counts)
    return n_batches * (size * length + device_costs.costs().batch)

  return min(choices, key=lambda size: (cost(size), -size))


def halves(rows: PackedRows) -> tuple[PackedRows, PackedRows]:
  """The batch in two, for when it does not fit the device's memory.

  Args:
    rows: a batch.

  Returns:
    The first half, rounded up, and the rest.
  """
  middle = -(-len(rows.rows) // 2)
  return (dataclasses.replace(rows, rows=rows.rows[:middle]),
          dataclasses.replace(rows, rows=rows.rows[middle:]))


def lay_out(rows: PackedRows, entries: Sequence[Entry], prefix_length: int, *,
            reads: int, inner: int, n_captures: int) -> Layout:
  """Fills a batch's arrays.

  Args:
    rows: the batch.
    entries: what `rows` indexes.
    prefix_length: tokens that come before every row.
    reads: N, reads to fill up to.
    inner: M, places within branches to fill up to.
    n_captures: P, captured places of a row to fill up to; 0 captures none.

  Returns:
    The batch's arrays, all int32 on the host, and where things are in them.
  """
  shape = (len(rows.rows), rows.length)
  tokens, positions = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
  segments = np.full(shape, -1, np.int32)
  positions += prefix_length
  width = max([len(entries[i].targets) for r in rows.rows for i in r] or [0])
  found = _Found()
  capture = np.zeros((shape[0], n_captures), np.int32)
  for b, row in enumerate(rows.rows):
    at, slot = 0, 0
    for s, i in enumerate(row):
      entry = entries[i]
      segment = 0 if len(row) == 1 else s + 1
      n = len(entry.stem)
      tokens[b, at:at + n] = entry.stem
      positions[b, at:at + n] += np.arange(n, dtype=np.int32)
      segments[b, at:at + n] = segment
      at += n
      found.entries.append(i)
      found.reads.append(b * rows.length + at - 1)
      found.targets.append(entry.targets)
      found.slots.append((b, slot))
      places = [at - n + c for c in entry.capture_places] or [at - 1]
      for k, branch in enumerate(entry.branches):
        fed = branch if entry.whole_branches else branch[:-1]
        tokens[b, at:at + len(fed)] = fed
        positions[b, at:at + len(fed)] += np.arange(
            n, n + len(fed), dtype=np.int32)
        segments[b, at:at + len(fed)] = k + 1
        for j in range(len(branch) - 1):
          found.inner.append(b * rows.length + at + j)
          found.inner_targets.append(branch[j + 1])
          found.inner_branch.append((i, k))
        at += len(fed)
        if entry.whole_branches:
          places.append(at - 1)
      if n_captures:
        capture[b, slot:slot + len(places)] = places
      slot += len(places)
  return Layout(
      batch=Batch(tokens, positions, segments),  # pyright: ignore
      entries_N=_fill(found.entries, (reads,), -1),
      reads_N=_fill(found.reads, (reads,), 0),
      targets_NA=_fill(
          [t + (0,) * (width - len(t)) for t in found.targets],
          (reads, width), 0),
      inner_M=_fill(found.inner, (inner,), 0),
      inner_targets_M=_fill(found.inner_targets, (inner,), 0),
      inner_branch_M2=_fill(found.inner_branch, (inner, 2), -1),
      capture_BP=capture,
      capture_slots_N2=_fill(found.slots, (reads, 2), 0))


@dataclasses.dataclass
class _Found:
  """Lists that `lay_out` gathers."""

  entries: list = dataclasses.field(default_factory=list)
  reads: list = dataclasses.field(default_factory=list)
  targets: list = dataclasses.field(default_factory=list)
  slots: list = dataclasses.field(default_factory=list)
  inner: list = dataclasses.field(default_factory=list)
  inner_targets: list = dataclasses.field(default_factory=list)
  inner_branch: list = dataclasses.field(default_factory=list)


def _fill(values: list, shape: tuple[int, ...], fill: int) -> np.ndarray:
  out = np.full(shape, fill, np.int32)
  if values:
    some = np.asarray(values, np.int32).reshape(len(values), *shape[1:])
    out[:len(values)] = some
  return out
