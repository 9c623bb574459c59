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
