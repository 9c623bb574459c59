"""The paper's two calibration errors, for reproducing its cells.

The calibration analysis itself starts in `scores.calibrate`.
"""

from collections.abc import Sequence

import numpy as np

from uncertainty.analysis.calibration import errors

N_BINS = 15


def width(confidence_N: np.ndarray, correct_N: np.ndarray) -> float:
  """L2 calibration error over 15 bins of equal width, closed on the left.

  Args:
    confidence_N: in [0, 1].
    correct_N: 0 or 1.

  Returns:
    The error, in [0, 1].
  """
  return float(widths([confidence_N], [correct_N])[0])


def widths(
    confidences: Sequence[np.ndarray], corrects: Sequence[np.ndarray],
) -> np.ndarray:
  """`width` of many cells at once.

  Args:
    confidences: [N] in [0, 1] of each cell, which may differ in N.
    corrects: [N] of 0 or 1.

  Returns:
    The error of each cell, in [0, 1].
  """
  pair = _padded(confidences), _padded(corrects)
  return _l2(errors.width_bins(*pair, N_BINS), *pair)


def sweep(
    confidences: Sequence[np.ndarray], corrects: Sequence[np.ndarray],
    orders: Sequence[np.ndarray] | None = None, *, split_ties: bool = True,
) -> np.ndarray:
  """L2 error over as many near-equal bins as keep accuracy non-decreasing.

  Args:
    confidences: [N] in [0, 1] of each cell, which may differ in N.
    corrects: [N] of 0 or 1.
    orders: sort the confidences, and so decide the order of ties; None: a
      stable sort.
    split_ties: as the paper does; False keeps ties in one bin.

  Returns:
    The error of each cell, in [0, 1].
  """
  if orders is not None:
    confidences, corrects = (
        [cell[order] for cell, order in zip(cells, orders, strict=True)]
        for cells in (confidences, corrects))
  confidence_MN, correct_MN = _padded(confidences), _padded(corrects)
  bins = errors.sweep_bins(confidence_MN, correct_MN, split_ties=split_ties)
  return _l2(bins, confidence_MN, correct_MN)


def _padded(cells: Sequence[np.ndarray]) -> np.ndarray:
  """[cells, N of the longest], NaN beyond a cell's end."""
  found = np.full((len(cells), max(map(len, cells))), np.nan)
  for row, cell in zip(found, cells, strict=True):
    row[:len(cell)] = cell
  return found


def _l2(bins_MN, confidence_MN, correct_MN) -> np.ndarray:
  return errors.ece(
      errors.bin_sums(bins_MN, confidence_MN, correct_MN), 'l2')
