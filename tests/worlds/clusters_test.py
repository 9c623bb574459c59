"""Clusters of simulated items, and what they share."""

import numpy as np

from uncertainty.worlds import clusters


def test_large_clusters_come_first():
  assert clusters.numbers(11, 2, (4, 3)).tolist() == [
      0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 3]
  assert clusters.numbers(3, 1).tolist() == [0, 1, 2]


def test_items_of_a_cluster_are_alike_by_their_share():
  cluster_N = clusters.numbers(40, 10)
  rows = clusters.normals(np.random.default_rng(0), cluster_N, .6, 20_000)
  found = np.corrcoef(rows.T)
  np.testing.assert_allclose(rows.std(0), 1, atol=.03)
  np.testing.assert_allclose(found[0, 1:10], .6, atol=.03)
  np.testing.assert_allclose(found[0, 10:], 0, atol=.03)
