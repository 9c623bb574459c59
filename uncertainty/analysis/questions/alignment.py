"""Alignment: Spearman's rho of each measure with each human signal."""

import numpy as np
import pandas as pd

from uncertainty.analysis.calibration import bootstrap
from uncertainty.analysis.scores import stack as stacking
from uncertainty.analysis.statistics import multiplicity, ranking, resampling

COLUMNS = (
    'model', 'dataset', 'measure', 'signal', 'rho', 'p_value', 'n', 'ci_low',
    'ci_high', 'p_holm', 'p_bh', 'p_bonferroni', 'n_tests')


def alignment_table(
    stack: stacking.Stack, counts_NR: np.ndarray, *, level: float
) -> pd.DataFrame:
  """All cells of one data set.

  Measures are turned so that high is uncertain: a positive rho with human
  entropy is alignment. Corrections count all cells of the data set as one
  family (`n_tests`). Rho, p and interval are NaN where a side is constant or
  fewer than 3 items have both.

  Args:
    stack: the data set.
    counts_NR: resamples of its items.
    level: nominal coverage of the percentile intervals.

  Returns:
    One row per model, measure and signal, `COLUMNS`.
  """
  uncertainty_MN = stack.uncertainty()
  groups: dict[tuple[int, ...], list[int]] = {}
  for m, row in enumerate(stack.rows):
    wanted = tuple(stacking.signals_for(row, stack.signal_names))
    groups.setdefault(wanted, []).append(m)
  parts = []
  for wanted, members in groups.items():
    if wanted:
      parts.append(_cells(
          stack, uncertainty_MN, np.array(members), np.array(wanted),
          counts_NR, level))
  if not parts:
    return pd.DataFrame(columns=list(COLUMNS))
  table = pd.concat(parts).sort_values(['row', 'column'], ignore_index=True)
  p_value = table['p_value'].to_numpy()
  for name, correct in multiplicity.CORRECTIONS.items():
    table[f'p_{name}'] = correct(p_value)
  table['n_tests'] = np.sum(~np.isnan(p_value))
  return table.reindex(columns=list(COLUMNS))


def _cells(stack, uncertainty_MN, members, wanted, counts_NR, level):
  measures_MN = uncertainty_MN[members]
  signals_SN = stack.signals_SN[wanted]
  found = ranking.spearman(measures_MN, signals_SN)
  shape = found.rho_MS.shape
  low, high = np.full(shape, np.nan), np.full(shape, np.nan)

  def fill(rows: slice):
    draws_MSR = ranking.bootstrap_spearman(
        measures_MN[rows], signals_SN, counts_NR)
    interval = resampling.percentile_interval(draws_MSR, level)
    undefined = np.isnan(found.rho_MS[rows])
    low[rows] = np.where(undefined, np.nan, interval.low)
    high[rows] = np.where(undefined, np.nan, interval.high)

  bootstrap.in_parallel(fill, len(members), chunk=64)
  names = np.array(stack.signal_names, object)[wanted]
  repeated = np.repeat(members, len(wanted))
  return pd.DataFrame({
      'row': repeated,
      'column': np.tile(wanted, len(members)),
      'model': [stack.rows[m].model for m in repeated],
      'dataset': stack.dataset,
      'measure': [stack.rows[m].column for m in repeated],
      'signal': np.tile(names, len(members)),
      'rho': found.rho_MS.ravel(), 'p_value': found.p_value_MS.ravel(),
      'n': found.n_MS.ravel(), 'ci_low': low.ravel(),
      'ci_high': high.ravel()})
