"""Calibration of every measure under every confidence map, as tables."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from uncertainty.analysis.calibration import reliability
from uncertainty.analysis.scores import stack as stacking
from uncertainty.analysis.scores.calibrate import Calibrated

COLUMNS = (
    'model', 'dataset', 'measure', 'confidence_map', 'correctness', 'metric',
    'value', 'ci_low', 'ci_high', 'n')


def calibration_table(
    stack: stacking.Stack, found: Sequence[Calibrated]) -> pd.DataFrame:
  """All cells of one data set: calibration.parquet.

  Args:
    stack: the data set.
    found: of `scores.calibrate.calibrate`.

  Returns:
    `COLUMNS`. Rows are there for every measure with a grade; a measure that
    is all missing has NaN and n = 0. Measures that a map has no formula for
    have no rows for that map.
  """
  if not found:
    return pd.DataFrame(columns=list(COLUMNS))
  return pd.concat([_frame(stack, one) for one in found], ignore_index=True)


def curves(
    stack: stacking.Stack, one: Calibrated, *, level: float) -> pd.DataFrame:
  """Reliability curves of one map against one grade: reliability.parquet.

  Args:
    stack: the data set.
    one: a map's result; the ranking metrics have no curve.
    level: nominal coverage of Wilson's intervals.

  Returns:
    `reliability.COLUMNS`, one row per measure, binning and bin.
  """
  if one.curved is None:
    return pd.DataFrame(columns=list(reliability.COLUMNS))
  return reliability.reliability_table(
      stack, one.rows, one.confidence_map, one.grade,
      one.curved.confidence_MN, one.curved.correct_MN, one.curved.binnings,
      level)


def _frame(stack: stacking.Stack, one: Calibrated) -> pd.DataFrame:
  """Long: all metrics of the first row, then of the next."""
  found = one.estimates
  metrics = list(found.value)

  def long(values: dict[str, np.ndarray]) -> np.ndarray:
    return np.stack([values[k] for k in metrics], 1).ravel()

  repeated = np.repeat(one.rows, len(metrics))
  return pd.DataFrame({
      'model': [stack.rows[m].model for m in repeated],
      'dataset': stack.dataset,
      'measure': [stack.rows[m].column for m in repeated],
      'confidence_map': one.confidence_map, 'correctness': one.grade,
      'metric': np.tile(np.array(metrics, object), len(one.rows)),
      'value': long(found.value), 'ci_low': long(found.low),
      'ci_high': long(found.high), 'n': np.repeat(found.n_M, len(metrics))})
