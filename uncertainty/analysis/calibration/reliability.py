"""Reliability curves: accuracy against confidence, bin by bin."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd
import scipy.special

from uncertainty.analysis.calibration import bootstrap, errors
from uncertainty.analysis.statistics import grouping, resampling
from uncertainty.results import columns, derived

COLUMNS = (
    columns.MODEL, columns.DATASET, columns.MEASURE, columns.CONFIDENCE_MAP,
    columns.CORRECTNESS, derived.BINNING, derived.BIN, columns.CONFIDENCE,
    columns.ACCURACY, columns.CI_LOW, columns.CI_HIGH, derived.COUNT)


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


def share_interval(
    right_n: np.ndarray, label_n: np.ndarray | None, level: float,
) -> tuple[float, float]:
  """Wilson's interval of a share, of as many independent items.

  Args:
    right_n: items' grades, no value missing.
    label_n: each item's cluster; None where each stands alone.
    level: nominal coverage.

  Returns:
    The ends.
  """
  units = np.array([grouping.independent_items(right_n, label_n)])
  found = wilson(right_n.mean() * units, units, level)
  return float(found.low[0]), float(found.high[0])


def wilson(
    successes: np.ndarray, n: np.ndarray, level: float
) -> resampling.Interval:
  """Wilson's score interval of a share p = successes / n.

  (p + z²/2n ± z sqrt(p (1 − p)/n + z²/4n²)) / (1 + z²/n), z the normal quantile
  of (1 + level) / 2.

  Args:
    successes: of any shape.
    n: trials, of the same shape.
    level: nominal coverage.

  Returns:
    Ends in [0, 1]; NaN where n = 0.

  Source:
    Wilson 1927, Probable inference, the law of succession, and statistical
    inference.
  """
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
  """Mean confidence and accuracy per bin, with Wilson's interval.

  Args:
    bins_MN: bin of each item, −1 where missing.
    confidence_MN: in [0, 1].
    correct_MN: grades in [0, 1].
    level: of the intervals.

  Returns:
    One entry per row and bin that holds items, row by row.
  """
  sums = errors.bin_sums(bins_MN, confidence_MN, correct_MN)
  row, place = np.nonzero(sums.count_MB)
  count = sums.count_MB[row, place]
  right = sums.correct_MB[row, place]
  interval = wilson(right, count, level)
  return Curves(
      row, place, sums.confidence_MB[row, place] / count, right / count,
      interval.low, interval.high, count.astype(np.int64))


def reliability_table(
    dataset: str, measures_M: Sequence[tuple[str, str]], map_name: str,
    correctness_name: str, confidence_MN: np.ndarray, correct_MN: np.ndarray,
    binnings: bootstrap.Binnings, level: float) -> pd.DataFrame:
  """Curves of every row under every binning.

  Args:
    dataset: its name.
    measures_M: model and measure (results column) of each row.
    map_name: how they became confidences.
    correctness_name: results column of the grades.
    confidence_MN: in [0, 1].
    correct_MN: grades in [0, 1].
    binnings: `bootstrap.choose_binnings` of them.
    level: of the intervals.

  Returns:
    `COLUMNS`; the rows of one measure are adjacent, binning by binning.
  """
  parts = []
  for name, bins in (('width', binnings.width_MN), ('mass', binnings.mass_MN),
                     ('sweep', binnings.sweep_MN)):
    found = curves(bins, confidence_MN, correct_MN, level)
    owners = [measures_M[m] for m in found.row_X]
    parts.append(pd.DataFrame({
        'row': found.row_X,
        columns.MODEL: [model for model, _ in owners],
        columns.DATASET: dataset,
        columns.MEASURE: [measure for _, measure in owners],
        columns.CONFIDENCE_MAP: map_name, columns.CORRECTNESS: correctness_name,
        derived.BINNING: name, derived.BIN: found.bin_X,
        columns.CONFIDENCE: found.confidence_X,
        columns.ACCURACY: found.accuracy_X,
        columns.CI_LOW: found.low_X, columns.CI_HIGH: found.high_X,
        derived.COUNT: found.count_X}))
  table = pd.concat(parts).sort_values('row', kind='stable')
  return table.reindex(columns=list(COLUMNS))
