"""Calibration of every measure under every confidence map, as tables."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from uncertainty.analysis.calibration import reliability
from uncertainty.analysis.scores import stack as stacking
from uncertainty.analysis.scores.calibrate import Calibrated
from uncertainty.results import columns, derived

COLUMNS = (
    columns.MODEL, columns.DATASET, columns.MEASURE, columns.CONFIDENCE_MAP,
    columns.CORRECTNESS, derived.METRIC, columns.VALUE, columns.CI_LOW,
    columns.CI_HIGH, columns.P_VALUE, columns.N)


def calibration_table(
    stack: stacking.Stack, found: Sequence[Calibrated]) -> pd.DataFrame:
  """All cells of one data set: calibration.parquet.

  Args:
    stack: the data set.
    found: of `scores.calibrate.calibrate`.

  Returns:
    `COLUMNS`. Rows are there for every measure with a grade; a measure that
    is all missing has NaN and n = 0. Measures that a map has no formula for
    have no rows for that map. Tests of calibration (`spiegelhalter_z`,
    `kernel_error`) have p and no interval, all else an interval and no p.
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
      stack.dataset,
      [(stack.rows[m].model, stack.rows[m].column) for m in one.rows],
      one.confidence_map, one.grade,
      one.curved.confidence_MN, one.curved.correct_MN, one.curved.binnings,
      level)


def _frame(stack: stacking.Stack, one: Calibrated) -> pd.DataFrame:
  """Long: all metrics of the first row, then of the next."""
  found = one.estimates
  metrics = list(found.value)
  missing = np.full(len(one.rows), np.nan)

  def long(values: dict[str, np.ndarray]) -> np.ndarray:
    return np.stack([values[k] for k in metrics], 1).ravel()

  repeated = np.repeat(one.rows, len(metrics))
  return pd.DataFrame({
      columns.MODEL: [stack.rows[m].model for m in repeated],
      columns.DATASET: stack.dataset,
      columns.MEASURE: [stack.rows[m].column for m in repeated],
      columns.CONFIDENCE_MAP: one.confidence_map,
      columns.CORRECTNESS: one.grade,
      derived.METRIC: np.tile(np.array(metrics, object), len(one.rows)),
      columns.VALUE: long(found.value), columns.CI_LOW: long(found.low),
      columns.CI_HIGH: long(found.high),
      columns.P_VALUE: long({
          k: found.p_value.get(k, missing) for k in metrics}),
      columns.N: np.repeat(found.n_M, len(metrics))})
