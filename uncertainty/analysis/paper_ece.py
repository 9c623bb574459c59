"""The paper's confidences and its two calibration errors.

For reproducing its cells; the calibration analysis itself is in
`calibration`.
"""

import numpy as np
import pandas as pd

from uncertainty.analysis import confidence as maps

N_BINS = 15
_NUCLEUS = ('0.95', '0.9', '0.75', '0.5')


def confidence(frame: pd.DataFrame, column: str) -> np.ndarray:
  """The paper's map from a measure to [0, 1] (method.md, section 5).

  exp(x) for log-probabilities, 1 − x for normalised entropies, exp(−x) for
  perplexity, 1 − (n−1)/(n_max−1) for nucleus sizes, with n_max over all items
  and thresholds of this model and prefix.
  """
  x = frame[column].to_numpy(float)
  largest = np.nan
  kind = 'normalised'
  if 'logprob' in column or 'log_m' in column:
    kind = 'log_probability'
  elif column.endswith('perplexity'):
    kind = 'perplexity'
  elif 'nucleus_size_' in column:
    kind = 'nucleus'
    stem = column.split('nucleus_size_')[0] + 'nucleus_size_'
    sizes = [frame[stem + p] for p in _NUCLEUS if stem + p in frame]
    largest = float(np.nanmax([np.nanmax(s.to_numpy(float)) for s in sizes]))
  return maps.paper_confidence(x, maps.PaperMap(kind, largest))


def _l2(confidence_N: np.ndarray, correct_N: np.ndarray,
        bin_N: np.ndarray) -> float:
  """sqrt(Σ_b w_b (mean confidence − accuracy)²)."""
  count = np.bincount(bin_N)
  gap = np.bincount(bin_N, confidence_N - correct_N)
  used = count > 0
  return float(np.sqrt(np.sum(gap[used]**2 / count[used]) / len(bin_N)))


def width(confidence_N: np.ndarray, correct_N: np.ndarray) -> float:
  """L2 calibration error over 15 equal bins [k/15, (k+1)/15)."""
  bins = np.floor(confidence_N * N_BINS).astype(int)
  return _l2(confidence_N, correct_N, np.clip(bins, 0, N_BINS - 1))


def sweep(
    confidence_N: np.ndarray, correct_N: np.ndarray,
    order_N: np.ndarray | None = None,
) -> float:
  """L2 error over as many near-equal bins as keep accuracy non-decreasing.

  Args:
    confidence_N: in [0, 1].
    correct_N: 0 or 1.
    order_N: sorts the confidences; None: a stable sort. Tied confidences may
      be split between bins, so the order of ties matters.

  Source: Roelofs et al. 2022, stopping at the first failure.
  """
  if order_N is None:
    order_N = np.argsort(confidence_N, kind='stable')
  n_items = len(order_N)
  correct = correct_N[order_N]
  total = np.concatenate([[0.0], np.cumsum(correct)])
  best = np.array([0, n_items])
  for n_bins in range(2, n_items + 1):
    edges = _edges(n_items, n_bins)
    accuracy = np.diff(total[edges]) / np.diff(edges)
    if np.any(np.diff(accuracy) < 0):
      break
    best = edges
  bins = np.repeat(np.arange(len(best) - 1), np.diff(best))
  return _l2(confidence_N[order_N], correct, bins)


def sweep_whole_ties(
    confidence_N: np.ndarray, correct_N: np.ndarray) -> float:
  """The sweep with tied confidences kept in one bin.

  A cut that would fall among equal confidences moves up to their end.
  """
  order = np.argsort(confidence_N, kind='stable')
  ordered = confidence_N[order]
  n_items = len(order)
  run_end = np.searchsorted(ordered, ordered, side='right')
  total = np.concatenate([[0.0], np.cumsum(correct_N[order])])
  best = np.array([0, n_items])
  for n_bins in range(2, n_items + 1):
    cuts = _edges(n_items, n_bins)[1:-1]
    edges = np.unique(np.concatenate([[0], run_end[cuts - 1], [n_items]]))
    accuracy = np.diff(total[edges]) / np.diff(edges)
    if np.any(np.diff(accuracy) < 0):
      break
    best = edges
  bins = np.repeat(np.arange(len(best) - 1), np.diff(best))
  return _l2(ordered, correct_N[order], bins)


def _edges(n_items: int, n_bins: int) -> np.ndarray:
  """Where numpy.array_split cuts: the first bins take the remainder."""
  each, extra = divmod(n_items, n_bins)
  sizes = np.full(n_bins, each)
  sizes[:extra] += 1
  return np.concatenate([[0], np.cumsum(sizes)])
