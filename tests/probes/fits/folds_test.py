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


def test_inner_folds_partition_each_training_set():
  outer = folds.k_fold(31, 4)
  inner_FIB = folds.inner_tests(outer, 3, seed=1)
  for fold in range(4):
    rows = inner_FIB[fold].ravel()
    rows = rows[rows < outer.train_FA.shape[1]]
    np.testing.assert_array_equal(np.sort(rows), range(len(outer.train(fold))))


@pytest.mark.parametrize('make, message', [
    (lambda: folds.k_fold(15, 10), 'too few'),
    (lambda: folds.group_k_fold(['a'] * 9, 3), 'two groups')])
def test_too_little_data_is_refused(make, message):
  with pytest.raises(UserError, match=message):
    make()
