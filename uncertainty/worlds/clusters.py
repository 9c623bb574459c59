"""Clusters of simulated items: passages or subjects that they share."""

import numpy as np


def numbers(
    n_items: int, size: int, large: tuple[int, ...] = ()) -> np.ndarray:
  """Number of each item's cluster.

  Args:
    n_items: N.
    size: of a cluster.
    large: sizes of further clusters, which come first.

  Returns:
    [N], from 0.
  """
  first_N = np.repeat(np.arange(len(large)), large)
  rest_N = np.arange(n_items - len(first_N)) // size + len(large)
  return np.concatenate([first_N, rest_N]).astype(int)


def normals(
    rng: np.random.Generator, cluster_N: np.ndarray, share: float,
    n_rows: int) -> np.ndarray:
  """Standard normals, correlated within clusters.

  Args:
    rng: of the draws.
    cluster_N: of `numbers`.
    share: their correlation.
    n_rows: independent rows.

  Returns:
    [rows, N].
  """
  own = rng.normal(size=(n_rows, len(cluster_N)))
  n_clusters = cluster_N[-1] + 1
  if n_clusters == len(cluster_N) or share == 0:
    return own
  between = rng.normal(size=(n_rows, n_clusters))[:, cluster_N]
  return np.sqrt(share) * between + np.sqrt(1 - share) * own
