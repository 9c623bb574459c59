"""The paper's two calibration errors, for reproducing its cells.

The calibration analysis itself starts in `scores.calibrate`.
"""

import numpy as np

from uncertainty.analysis.calibration import errors

N_BINS = 15


def width(confidence_N: np.ndarray, correct_N: np.ndarray) -> float:
  """L2 calibration error over 15 bins of equal width, closed on the left."""
  bins = errors.width_bins(confidence_N[None], correct_N[None], N_BINS)
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
  bins = errors.sweep_bins(
      confidence_N[None], correct_N[None], split_ties=split_ties)
  return _l2(bins, confidence_N, correct_N)


def _l2(bins_MN, confidence_N, correct_N) -> float:
  sums = errors.bin_sums(bins_MN, confidence_N[None], correct_N[None])
  return float(errors.ece(sums, 'l2')[0])
