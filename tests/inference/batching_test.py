"""Rows, lengths and layouts: nothing lost, little padded."""

import itertools

import numpy as np
import pytest

from uncertainty.inference import batching
from uncertainty.inference.batching import Entry


def _entries(lengths, group=0):
  return [Entry(tuple(range(n)), (0,), group=group) for n in lengths]


def _members(batches):
  return sorted(i for b in batches for row in b.rows for i in row)


def test_pack_fills_rows_and_keeps_long_entries_alone():
  rows = batching.pack([50, 30, 20, 60, 40, 130], 100)
  assert sorted(map(sorted, rows)) == [[0, 1, 2], [3, 4], [5]]


@pytest.mark.parametrize('seed', range(3))
def test_pack_never_overfills(seed):
  lengths = np.random.default_rng(seed).integers(1, 120, 200).tolist()
  rows = batching.pack(lengths, 96)
  assert sorted(itertools.chain(*rows)) == list(range(200))
  for row in rows:
    assert len(row) == 1 or sum(lengths[i] for i in row) <= 96


def test_row_lengths_are_worth_their_compilation():
  # Many short rows and a few long ones: two shapes. Few rows: one.
  assert batching.row_lengths([10] * 1000 + [500] * 10) == [16, 504]
  assert batching.row_lengths([10] * 3 + [60]) == [64]
  assert len(batching.row_lengths(list(range(1, 2000)))) <= 6


def test_plan_holds_every_entry_once_in_few_shapes():
  rng = np.random.default_rng(0)
  entries = _entries(rng.integers(20, 80, 300))
  entries += _entries(rng.integers(20, 80, 41), group=1)
  batches = batching.plan(entries, batch_tokens=1024, row_tokens=256)
  assert _members(batches) == list(range(341))
  assert len({(len(b.rows), b.length) for b in batches}) <= 2
  for b in batches:
    assert len(b.rows) * b.length <= 1024
    for row in b.rows:
      assert sum(entries[i].length for i in row) <= b.length
      assert all(entries[i].group == b.group for i in row)
  padded = sum(len(b.rows) * b.length for b in batches)
  assert padded < 1.25 * sum(e.length for e in entries)


def test_plan_rounds_rows_up_and_a_long_row_is_a_batch_alone():
  batches = batching.plan(
      _entries([500, 8]), batch_tokens=64, row_tokens=0, multiple_of=4)
  assert all(len(b.rows) == 4 for b in batches)
  assert _members(batches) == [0, 1]


def test_entries_that_branch_are_not_packed():
  entries = [Entry((1, 2), (3,), ((3, 4, 5),)) for _ in range(5)]
  batches = batching.plan(entries, batch_tokens=1024, row_tokens=256)
  assert all(len(row) <= 1 for b in batches for row in b.rows)


def test_halves_hold_all_rows():
  rows = batching.PackedRows(((0,), (1, 2), (3,)), 8, 0)
  first, second = batching.halves(rows)
  assert first.rows + second.rows == rows.rows
  assert len(first.rows) == 2


def test_layout_of_packed_prompts():
  entries = [Entry((5, 6, 7), (9,)), Entry((8, 4), (9, 3))]
  layout = batching.lay_out(
      batching.PackedRows(((0, 1), ()), 8, 0), entries, 10, reads=3, inner=0,
      n_captures=2)
  assert layout.batch.tokens_BT[0].tolist() == [5, 6, 7, 8, 4, 0, 0, 0]
  assert layout.batch.positions_BT[0, :5].tolist() == [10, 11, 12, 10, 11]
  assert layout.batch.segments_BT.tolist() == [
      [1, 1, 1, 2, 2, -1, -1, -1], [-1] * 8]
  assert layout.entries_N.tolist() == [0, 1, -1]
  assert layout.reads_N.tolist() == [2, 4, 0]
  assert layout.targets_NA.tolist() == [[9, 0], [9, 3], [0, 0]]
  assert layout.capture_BP[0].tolist() == [2, 4]
  assert layout.capture_slots_N2[:2].tolist() == [[0, 0], [0, 1]]


def test_layout_of_branches():
  """Stem 5 6; branches 7 8 9 and 4 (one token: nothing to read)."""
  entries = [Entry((5, 6), (7, 4), ((7, 8, 9), (4,)))]
  layout = batching.lay_out(
      batching.PackedRows(((0,),), 8, 0), entries, 0, reads=1, inner=64,
      n_captures=0)
  assert layout.batch.tokens_BT[0, :4].tolist() == [5, 6, 7, 8]
  assert layout.batch.segments_BT[0, :5].tolist() == [0, 0, 1, 1, -1]
  assert layout.batch.positions_BT[0, :4].tolist() == [0, 1, 2, 3]
  assert layout.inner_M[:2].tolist() == [2, 3]
  assert layout.inner_targets_M[:2].tolist() == [8, 9]
  assert layout.inner_branch_M2[:3].tolist() == [[0, 0], [0, 0], [-1, -1]]
