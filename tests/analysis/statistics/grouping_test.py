"""Sums over groups and running ones, against loops."""

import numpy as np

from uncertainty.analysis.statistics import grouping, ranking


def test_group_sums_equal_a_loop_and_keep_empty_groups():
  rng = np.random.default_rng(0)
  group = rng.integers(7, size=40)
  group[group == 3] = 5
  values = rng.integers(9, size=(40, 11)).astype(np.float32)
  found = grouping.group_sums(group, 8, values)
  assert found.dtype == np.float32
  for g in range(8):
    np.testing.assert_array_equal(found[g], values[group == g].sum(0))


def test_runs_number_distinct_values():
  values = np.random.default_rng(1).integers(6, size=30) / 3
  rows = ranking.sort_rows(values[None])
  np.testing.assert_array_equal(
      grouping.runs(rows.order_MN[0], rows.below_MN[0]),
      np.unique(values, return_inverse=True)[1])


def test_running_sums_start_where_they_are_told():
  values = np.random.default_rng(2).random((12, 5))
  first = np.arange(5.)
  found = grouping.running(values, first)
  np.testing.assert_allclose(found[1:], first + np.cumsum(values, 0))
  np.testing.assert_array_equal(found[0], first)


def test_group_sums_of_some_rows_are_those_of_a_table_of_these():
  rng = np.random.default_rng(3)
  values = rng.integers(9, size=(40, 11)).astype(np.float32)
  rows, group = rng.permutation(40)[:25], rng.integers(6, size=25)
  np.testing.assert_array_equal(
      grouping.group_sums(group, 6, values, rows),
      grouping.group_sums(group, 6, values[rows]))


def test_compact_resamples_hold_their_largest_sum():
  counts = np.zeros((3, 2), np.int32)
  counts[0, 0] = 2 ** 15 - 1
  assert grouping.compact(counts).dtype == np.int16
  counts[1, 0] = 1
  found = grouping.compact(counts)
  assert found.dtype == np.float32
  np.testing.assert_array_equal(found, counts)


def test_distinct_rows_are_equal_in_every_array():
  first = np.array([[1., np.nan], [1., np.nan], [2., 0.], [1., np.nan]])
  second = np.array([[0.], [1.], [0.], [0.]])
  once = grouping.distinct_rows(first, second)
  np.testing.assert_array_equal(once.first_U, [0, 1, 2])
  np.testing.assert_array_equal(once.kind_M, [0, 1, 2, 0])


def test_unequal_clusters_are_worth_fewer_equal_ones():
  assert grouping.effective_number(np.repeat(np.arange(7), 3)) == 7
  assert grouping.effective_number(np.array([5, 5, 5, 9])) == 16 / 10
  assert grouping.effective_number(np.array([], int)) == 0


def test_independent_items_are_those_that_a_mean_is_as_sure_of():
  rng = np.random.default_rng(0)
  alone = rng.random(200)
  copies = np.repeat(alone, 4), np.repeat(np.arange(200), 4)
  assert grouping.independent_items(alone, None) == 200
  np.testing.assert_allclose(grouping.independent_items(*copies), 200)
  # Clusters that say nothing of their items cost next to nothing.
  units = grouping.independent_items(
      rng.random(4000), np.repeat(np.arange(1000), 4))
  assert 3400 < units <= 4000
  assert grouping.independent_items(np.ones(800), copies[1]) == 200
