"""Resamples of a data set's items: whole clusters where there are some."""

import numpy as np

from uncertainty.analysis.scores.stack import Stack
from uncertainty.analysis.statistics import resampling
from uncertainty.results import columns
from uncertainty.specs import StudySpec


def item_draws(stack: Stack, spec: StudySpec) -> np.ndarray:
  """How often each resample holds each item; equal calls give equal draws.

  Args:
    stack: one data set.
    spec: of `analysis.n_bootstrap`, `mode` and `seed`.

  Returns:
    [N, R]. Items of one cluster are drawn together; plain items where each
    stands alone, and in reproduction mode.
  """
  return resampling.bootstrap_counts(
      len(stack.item_ids), spec.analysis.n_bootstrap, seed=spec.seed,
      groups_N=heeded_clusters(stack, spec))


def heeded_clusters(stack: Stack, spec: StudySpec) -> np.ndarray | None:
  """Clusters of items that an analysis keeps together.

  Args:
    stack: one data set.
    spec: of `mode`.

  Returns:
    [N] of `clusters`; None where each item stands alone, and in reproduction
    mode.
  """
  groups_N = clusters(stack)
  alone = len(np.unique(groups_N)) == len(groups_N)
  return None if alone or spec.mode == 'reproduction' else groups_N


def clusters(stack: Stack) -> np.ndarray:
  """Number of each item's cluster; its own where it names none.

  Args:
    stack: one data set; an item's cluster is the first model's that has one.

  Returns:
      [N], from 0 in the order first seen.
  """
  labels: list[str] = [''] * len(stack.item_ids)
  for frame in stack.frames.values():
    if columns.CLUSTER in frame:
      labels = [old or ('' if new is None or new != new else str(new))
                for old, new in zip(labels, frame[columns.CLUSTER],
                                    strict=True)]
  named = [('cluster', label) if label else ('item', str(i))
           for i, label in enumerate(labels)]
  numbered = {name: i for i, name in enumerate(dict.fromkeys(named))}
  return np.array([numbered[name] for name in named])
