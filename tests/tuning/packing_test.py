"""Packed rows hold every path once, and places point at the right tokens."""

import numpy as np
import pytest

from uncertainty.tuning import packing
from uncertainty.tuning.lessons import Lesson, Path, Place

STEM = tuple(range(100, 130))


def _lesson(name, *rests, shares=(0.5, 0.5), weight=1.0):
  return Lesson(name, tuple(
      Path(STEM + rest, (Place(len(STEM) + len(rest) - 1, ((1, 2), (3,)),
                               (0, 1)),)) for rest in rests), shares, weight)


LESSONS = [_lesson('a', (7,) * 9), _lesson('b', (8,) * 40, (8, 9)),
           _lesson('c', (5, 6, 4), shares=(1.0, 0.0, 0.0), weight=2.0)]


def _paths_of(packed, part=0):
  """What each place's token can see, as tokens, by lesson."""
  tokens, positions, segments = (np.asarray(x)[part] for x in (
      packed.batch.tokens_BT, packed.batch.positions_BT,
      packed.batch.segments_BT))
  found = {}
  for flat, n in zip(packed.places_P[part], packed.items_P[part]):
    if n == packed.weights_N.shape[1]:
      continue
    row, place = divmod(int(flat), tokens.shape[1])
    seen = np.flatnonzero(
        ((segments[row] == 0) | (segments[row] == segments[row, place]))
        & (np.arange(tokens.shape[1]) <= place))
    np.testing.assert_array_equal(positions[row, seen], np.arange(len(seen)))
    found.setdefault(int(n), []).append(tuple(tokens[row, seen].tolist()))
  return found


@pytest.mark.parametrize('rows', [
    packing.Packing(), packing.Packing(row_tokens=0),
    packing.Packing(shared=False), packing.Packing(row_multiple=4)])
def test_a_place_sees_its_own_path(rows):
  packed = packing.pack(LESSONS, rows)
  found = _paths_of(packed)
  for n, lesson in enumerate(LESSONS):
    assert sorted(found[n]) == sorted(p.tokens for p in lesson.paths)
  assert packed.batch.tokens_BT.shape[1] % rows.row_multiple == 0


def test_what_paths_share_is_read_once():
  packed = packing.pack(LESSONS, packing.Packing())
  assert packed.batch.tokens_BT.shape == (1, 1, 128)
  assert packing.n_tokens(packed) == 30 + 9 + 40 + 2 + 3
  apart = packing.pack(LESSONS, packing.Packing(row_tokens=0))
  assert packing.n_tokens(apart) == 4 * 30 + 9 + 40 + 2 + 3


def test_targets_name_tokens_cells_and_weights():
  packed = packing.pack(LESSONS, packing.Packing())
  n = packed.items_P[0].tolist()
  assert sorted(n) == [0, 1, 1, 2]
  C = 3
  for place, lesson in enumerate(n):
    assert packed.targets_PGV[0, place].tolist() == [[1, 2], [3, -1]]
    assert packed.cells_PG[0, place].tolist() == [lesson * C, lesson * C + 1]
  np.testing.assert_allclose(packed.weights_N[0], [1 / 4, 1 / 4, 2 / 4])
  assert packed.valid_NC[0].tolist() == [
      [True, True, False], [True, True, False], [True, True, True]]
  np.testing.assert_allclose(packed.shares_NC[0, 2], [1, 0, 0])
  np.testing.assert_allclose(packed.tied_P[0].sum(), 1)


def test_parts_of_a_step_weigh_as_much_together():
  packed = packing.pack(LESSONS, packing.Packing(), n_parts=2)
  assert packed.weights_N.shape == (2, 2)
  np.testing.assert_allclose(packed.weights_N, [[1 / 4, 1 / 2], [1 / 4, 0]])
  np.testing.assert_allclose(packed.tied_P.sum(), 1)
  found = _paths_of(packed, 1)
  assert sorted(found[0]) == sorted(p.tokens for p in LESSONS[1].paths)


def test_many_places_fill_slabs():
  lesson = Lesson('x', (Path(STEM + (1,) * 40, tuple(
      Place(k, ((5,),), (0,)) for k in range(40))),), (1.0,))
  packed = packing.pack([lesson], packing.Packing())
  assert packed.places_P.shape == (1, 2 * packing.SLAB)
  assert (packed.items_P[0, 40:] == 1).all()
  assert (packed.cells_PG[0, 40:] == 1).all()
