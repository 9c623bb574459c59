"""Folds: scikit-learn's, padded to one shape."""

import numpy as np
import pytest
from sklearn import model_selection

from uncertainty.probes.fits import folds
from uncertainty.types import UserError


def test_k_fold_is_scikit_learns():
  split = folds.k_fold(419)
  expected = model_selection.KFold(10, shuffle=True, random_state=42).split(
      np.empty(419))
  for fold, (train, test) in enumerate(expected):
    np.testing.assert_array_equal(split.train(fold), train)
    np.testing.assert_array_equal(split.test(fold), test)
  assert split.test_FB.shape == (10, 42)  # folds of 41 are padded
  assert (split.test_FB == 419).sum() == 1


def test_groups_stay_together():
  groups = list('aabbccddee')
  split = folds.group_k_fold(groups, 5)
  for fold in range(5):
    held = {groups[i] for i in split.test(fold)}
    assert held.isdisjoint(groups[i] for i in split.train(fold))


def test_folds_count_their_tests_and_can_be_taken_in_part():
  split = folds.k_fold(7, 3)
  np.testing.assert_array_equal(split.n_tests, [3, 2, 2])
  part = split.part(slice(1, 3))
  assert (part.n_folds, part.n_items) == (2, 7)
  np.testing.assert_array_equal(part.test(0), split.test(1))
  np.testing.assert_array_equal(part.train(1), split.train(2))


def test_two_items_a_fold_and_two_groups_are_enough():
  assert folds.k_fold(20, 10).n_tests.tolist() == [2] * 10
  # As many folds as groups where more are asked for.
  assert folds.group_k_fold(list('aab'), 10).n_folds == 2
  assert folds.k_fold(4, 2).n_folds == 2


def test_inner_folds_keep_groups_together_and_may_be_fewer():
  groups = ['a', 'a', 'b', 'b', 'c', 'c', 'c', 'd', 'd', 'e']
  outer = folds.from_splits(
      [(np.arange(4), np.arange(4, 10)), (np.arange(2, 10), np.arange(2))], 10)
  inner_FIB = folds.inner_tests(outer, 3, seed=0, groups=groups)
  width = outer.train_FA.shape[1]
  assert width == 8 and inner_FIB.shape[:2] == (2, 3)
  for fold in range(2):
    train, seen = outer.train(fold), []
    for row in inner_FIB[fold]:
      here = {groups[train[i]] for i in row[row < width]}
      assert here.isdisjoint(seen)
      seen += here
    assert sorted(seen) == sorted({groups[i] for i in train})
  assert (inner_FIB[0, 2] == width).all()  # two groups make two folds


def test_inner_folds_partition_each_training_set():
  outer = folds.k_fold(31, 4)
  inner_FIB = folds.inner_tests(outer, 3, seed=1)
  assert inner_FIB.shape == (4, 3, 8)  # of 23 or 24 items
  for fold in range(4):
    rows = inner_FIB[fold].ravel()
    rows = rows[rows < outer.train_FA.shape[1]]
    np.testing.assert_array_equal(np.sort(rows), range(len(outer.train(fold))))


@pytest.mark.parametrize(('n_train', 'groups', 'enough'), [
    (10, None, True), (9, None, False), (2, 'abcc', True), (2, 'aabb', False)])
def test_inner_folds_need_two_items_each_or_two_groups(
    n_train, groups, enough):
  outer = folds.from_splits([
      (np.arange(n_train), np.arange(n_train, n_train + 2)),
      (np.arange(1, n_train + 2), np.arange(1))], n_train + 2)
  groups = groups and list(groups)
  assert folds.has_inner(outer, 5, groups) == enough
  if enough:
    assert len(folds.inner_tests(outer, 5, 0, groups)) == 2
  else:
    with pytest.raises(UserError):
      folds.inner_tests(outer, 5, 0, groups)


@pytest.mark.parametrize('make, message', [
    (lambda: folds.k_fold(19, 10), 'too few'),
    (lambda: folds.k_fold(15, 1), 'nothing to train on'),
    (lambda: folds.group_k_fold(['a'] * 9, 3),
     'all 9 items are of one group.*config.data.limit.*leave out .groups.')])
def test_too_little_data_is_refused(make, message):
  with pytest.raises(UserError, match=message):
    make()
