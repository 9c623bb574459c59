"""Reliability curves: accuracy against confidence, bin by bin."""

import dataclasses

import numpy as np
import pandas as pd
import scipy.special

from uncertainty.analysis.calibration import errors
from uncertainty.analysis.statistics import resampling

COLUMNS = (
    'model', 'dataset', 'measure', 'confidence_map', 'correctness', 'binning',
    'bin', 'confidence', 'accuracy', 'ci_low', 'ci_high', 'count')


@dataclasses.dataclass(frozen=True)
class Curves:
  """One entry per bin that holds items; `row_X` says whose it is."""

  row_X: np.ndarray
  bin_X: np.ndarray
  confidence_X: np.ndarray
  accuracy_X: np.ndarray
  low_X: np.ndarray
  high_X: np.ndarray
  count_X: np.ndarray


def wilson(
    successes: np.ndarray, n: np.ndarray, level: float
) -> resampling.Interval:
  """Wilson's (1927) score interval of a share; NaN where n = 0."""
  n = np.asarray(n, np.float64)
  z = float(scipy.special.ndtri((1 + level) / 2))
  with np.errstate(invalid='ignore', divide='ignore'):
    share = successes / n
    middle = (share + z ** 2 / (2 * n)) / (1 + z ** 2 / n)
    half = z / (1 + z ** 2 / n) * np.sqrt(
        share * (1 - share) / n + z ** 2 / (4 * n ** 2))
    return resampling.Interval(
        np.maximum(middle - half, 0), np.minimum(middle + half, 1))


def curves(
    bins_MN: np.ndarray, confidence_MN: np.ndarray, correct_MN: np.ndarray,
    level: float) -> Curves:
  """Mean confidence and accuracy per bin, with Wilson's interval."""
  sums = errors.bin_sums(bins_MN, confidence_MN, correct_MN)
  row, place = np.nonzero(sums.count_MB)
  count = sums.count_MB[row, place]
  right = sums.correct_MB[row, place]
  interval = wilson(right, count, level)
  return Curves(
      row, place, sums.confidence_MB[row, place] / count, right / count,
      interval.low, interval.high, count.astype(np.int64))


def reliability_table(
    stack, rows, map_name, correctness_name, confidence_MN, correct_MN,
    binnings, level) -> pd.DataFrame:
  """Curves of every row under every binning, `COLUMNS`."""
  parts = []
  for name, bins in (('width', binnings.width_MN), ('mass', binnings.mass_MN),
                     ('sweep', binnings.sweep_MN)):
    found = curves(bins, confidence_MN, correct_MN, level)
    owner = rows[found.row_X]
    parts.append(pd.DataFrame({
        'row': found.row_X,
        'model': [stack.rows[m].model for m in owner],
        'dataset': stack.dataset,
        'measure': [stack.rows[m].column for m in owner],
        'confidence_map': map_name, 'correctness': correctness_name,
        'binning': name, 'bin': found.bin_X,
        'confidence': found.confidence_X, 'accuracy': found.accuracy_X,
        'ci_low': found.low_X, 'ci_high': found.high_X,
        'count': found.count_X}))
  table = pd.concat(parts).sort_values('row', kind='stable')
  return table.reindex(columns=list(COLUMNS))
