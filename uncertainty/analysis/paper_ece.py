"""The paper's confidences and its two calibration errors.

For reproducing its cells; the calibration analysis itself is in
`calibration`.
"""

import numpy as np
import pandas as pd

from uncertainty.analysis import calibration
from uncertainty.analysis import confidence as maps

N_BINS = 15
_NUCLEUS = ('0.95', '0.9', '0.75', '0.5')


def _kind(column: str) -> str | None:
  """Which of the paper's maps suits a measure column; None if none does."""
  if 'logprob' in column or 'log_m' in column:
    return 'log_probability'
  if column.endswith('perplexity'):
    return 'perplexity'
  if 'nucleus_size_' in column:
    return 'nucleus'
  if 'entropy' in column and 'varentropy' not in column:
    return 'normalised'
  return None


def has_confidence(column: str) -> bool:
  return _kind(column) is not None


def confidence(frame: pd.DataFrame, column: str) -> np.ndarray:
  """The paper's map from a measure to [0, 1] (method.md, section 5).

  exp(x) for log-probabilities, 1 − x for normalised entropies, exp(−x) for
  perplexity, 1 − (n−1)/(n_max−1) for nucleus sizes, with n_max over all items
  and thresholds of this model and prefix.

  Raises:
    ValueError: the paper has no map for this measure.
  """
  kind = _kind(column)
  if kind is None:
    raise ValueError(f'no confidence map for {column}')
  largest = np.nan
  if kind == 'nucleus':
    stem = column.split('nucleus_size_')[0] + 'nucleus_size_'
    sizes = [frame[stem + p] for p in _NUCLEUS if stem + p in frame]
    largest = float(np.nanmax([np.nanmax(s.to_numpy(float)) for s in sizes]))
  return maps.paper_confidence(
      frame[column].to_numpy(float), maps.PaperMap(kind, largest))


def width(confidence_N: np.ndarray, correct_N: np.ndarray) -> float:
  """L2 calibration error over 15 bins of equal width, closed on the left."""
  bins = calibration.width_bins(confidence_N[None], correct_N[None], N_BINS)
  return _l2(bins, confidence_N, correct_N)


def sweep(
    confidence_N: np.ndarray, correct_N: np.ndarray,
    order_N: np.ndarray | None = None, *, split_ties: bool = True,
) -> float:
  """L2 error over as many near-equal bins as keep accuracy non-decreasing.

  Args:
    confidence_N: in [0, 1].
    correct_N: 0 or 1.
    order_N: sorts the confidences, and so decides the order of ties; None: a
      stable sort.
    split_ties: as the paper does; False keeps ties in one bin.
  """
  if order_N is not None:
    confidence_N, correct_N = confidence_N[order_N], correct_N[order_N]
  bins = calibration.sweep_bins(
      confidence_N[None], correct_N[None], split_ties=split_ties)
  return _l2(bins, confidence_N, correct_N)


def _l2(bins_MN, confidence_N, correct_N) -> float:
  sums = calibration.bin_sums(bins_MN, confidence_N[None], correct_N[None])
  return float(calibration.ece(sums, 'l2')[0])
