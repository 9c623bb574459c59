"""The lowest fifth of items, and ties at its edge."""

import numpy as np
import pytest

from uncertainty.analysis.calibration import selective
from uncertainty.analysis.statistics import fifths


def _weights(values, known=None):
  values_N = np.array(values, float)
  return fifths.lowest(values_N, np.ones(len(values_N), bool) if known is None
                       else np.array(known))


def test_by_hand():
  np.testing.assert_allclose(_weights(range(10)), [.5, .5] + [0] * 8)


def test_ties_count_in_part_whatever_their_order():
  np.testing.assert_allclose(_weights([0.0] * 10), [.1] * 10)
  values = np.array([0, 1, 1, 1, 2, 2, 2, 2, 2, 3], float)
  found = _weights(values)
  np.testing.assert_allclose(found, [1 / 2] + [1 / 6] * 3 + [0] * 6)
  order = np.random.default_rng(0).permutation(10)
  np.testing.assert_allclose(_weights(values[order]), found[order])


def test_what_is_not_known_weighs_nothing():
  found = _weights([-1, *range(10)], [False] + [True] * 10)
  np.testing.assert_allclose(found, [0, .5, .5] + [0] * 8)
  assert found.sum() == pytest.approx(1)


def test_means_of_both_ends_by_hand():
  right = np.array([1, 1, 0, 0, 0, 0, 0, 0, 1, 0, np.nan])
  assert fifths.means(right, np.arange(11.0)) == [
      ('surest_fifth', 1.0, 10), ('least_sure_fifth', .5, 10)]
  assert fifths.means(right[1:], np.arange(10.0)) == []
  assert fifths.means(right, np.full(11, np.nan)) == []


def test_the_difference_of_means_is_the_metric_of_ranks():
  rng = np.random.default_rng(1)
  right, doubt = rng.integers(0, 2, 83).astype(float), rng.integers(
      0, 9, 83).astype(float)
  (_, sure, _), (_, unsure, _) = fifths.means(right, doubt)
  assert selective.rank_metrics(-doubt[None], right[None])['surest_fifth'][
      0, 0] == pytest.approx(sure - unsure)
