"""Alignment: Spearman's rho of each measure with each human signal."""

import numpy as np
import pandas as pd

from uncertainty.analysis.scores import stack as stacking
from uncertainty.analysis.scores.aligned import Aligned
from uncertainty.analysis.statistics import multiplicity, resampling
from uncertainty.analysis.statistics.parallel import in_parallel

COLUMNS = (
    'model', 'dataset', 'measure', 'signal', 'rho', 'p_value', 'n', 'ci_low',
    'ci_high', 'p_holm', 'p_bh', 'p_bonferroni', 'n_tests')


def alignment_table(
    stack: stacking.Stack, found: Aligned, *, level: float) -> pd.DataFrame:
  """All cells of one data set.

  Measures are turned so that high is uncertain: a positive rho with human
  entropy is alignment. Corrections count all cells of the data set as one
  family (`n_tests`). Rho, p and interval are NaN where a side is constant or
  fewer than 3 items have both.

  Args:
    stack: the data set.
    found: of `scores.aligned.align`.
    level: nominal coverage of the percentile intervals.

  Returns:
    One row per model, measure and signal, `COLUMNS`.
  """
  if not len(found.rho_X):
    return pd.DataFrame(columns=list(COLUMNS))
  low, high = (np.full(len(found.rho_X), np.nan) for _ in range(2))

  def fill(cells: slice):
    interval = resampling.percentile_interval(found.draws_XR[cells], level)
    undefined = np.isnan(found.rho_X[cells])
    low[cells] = np.where(undefined, np.nan, interval.low)
    high[cells] = np.where(undefined, np.nan, interval.high)

  in_parallel(fill, len(low), chunk=64)
  table = pd.DataFrame({
      'model': [stack.rows[m].model for m in found.row_X],
      'dataset': stack.dataset,
      'measure': [stack.rows[m].column for m in found.row_X],
      'signal': [stack.signal_names[s] for s in found.signal_X],
      'rho': found.rho_X, 'p_value': found.p_value_X, 'n': found.n_X,
      'ci_low': low, 'ci_high': high})
  for name, correct in multiplicity.CORRECTIONS.items():
    table[f'p_{name}'] = correct(found.p_value_X)
  table['n_tests'] = np.sum(~np.isnan(found.p_value_X))
  return table.reindex(columns=list(COLUMNS))
