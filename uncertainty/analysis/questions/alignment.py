"""Alignment: Spearman's rho of each measure with each human signal."""

import numpy as np
import pandas as pd

from uncertainty.analysis.scores import aligned
from uncertainty.analysis.scores import stack as stacking
from uncertainty.analysis.statistics import multiplicity
from uncertainty.results import columns, derived

COLUMNS = (
    columns.MODEL, columns.DATASET, columns.MEASURE, columns.SIGNAL,
    columns.RHO, columns.P_VALUE, columns.N, columns.CI_LOW, columns.CI_HIGH,
    columns.P_HOLM, columns.P_BH, derived.P_BONFERRONI, columns.N_TESTS)


def alignment_table(
    stack: stacking.Stack, found: aligned.Aligned, *, level: float,
) -> pd.DataFrame:
  """All cells of one data set.

  Measures are turned so that high is uncertain: a positive rho with human
  entropy is alignment. Corrections count all cells of the data set as one
  family (`n_tests`). Rho, p and interval are NaN where a side is constant or
  fewer than 3 items have both.

  Args:
    stack: the data set.
    found: of `scores.aligned.align`.
    level: nominal coverage of the intervals.

  Returns:
    One row per model, measure and signal, `COLUMNS`.
  """
  if not len(found.rho_X):
    return pd.DataFrame(columns=list(COLUMNS))
  interval = aligned.interval(found, level)
  table = pd.DataFrame({
      columns.MODEL: [stack.rows[m].model for m in found.row_X],
      columns.DATASET: stack.dataset,
      columns.MEASURE: [stack.rows[m].column for m in found.row_X],
      columns.SIGNAL: [stack.signal_names[s] for s in found.signal_X],
      columns.RHO: found.rho_X, columns.P_VALUE: found.p_value_X,
      columns.N: found.n_X,
      columns.CI_LOW: interval.low, columns.CI_HIGH: interval.high})
  for column, name in (
      (columns.P_HOLM, 'holm'), (columns.P_BH, 'bh'),
      (derived.P_BONFERRONI, 'bonferroni')):
    table[column] = multiplicity.CORRECTIONS[name](found.p_value_X)
  table[columns.N_TESTS] = np.sum(~np.isnan(found.p_value_X))
  return table.reindex(columns=list(COLUMNS))
