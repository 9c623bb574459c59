"""Is alignment only the number of choices?

Entropies of model and people may both rise with the number of choices K.
Correlations within items of equal K, pooled over K, leave that out.
"""

import numpy as np
import pandas as pd
from scipy import special

from uncertainty.analysis.scores.scores import ModelItems
from uncertainty.analysis.statistics import ranking
from uncertainty.analysis.statistics.partial import (
  alike,
  fisher_interval,
  partial_correlation,
  partial_p_value,
)
from uncertainty.results import columns, derived

_LEAST = 10  # items of one K


def choice_count(tables: list[ModelItems], level: float) -> pd.DataFrame:
  """Spearman of each measure with human entropy, overall and by K.

  Args:
    tables: models with their measures.
    level: of the intervals.

  Returns:
    dataset, model, measure, stratum ('all', 'K=4', …, 'within K', 'partial on
    ln K'), rho, ci_low, ci_high, p_value, n. 'within K' is the mean of the
    strata's Fisher z weighted by n − 3. Data sets with one K have 'all' and
    'K=…' only.
  """
  rows = []
  for table in tables:
    frame = table.frame
    if columns.N_CHOICES not in frame or columns.HUMAN_ENTROPY not in frame:
      continue
    people = frame[columns.HUMAN_ENTROPY].to_numpy(float)
    k_MN = np.broadcast_to(
        frame[columns.N_CHOICES].to_numpy(float), table.values_MN.shape)
    for block in alike(table.values_MN, people, k_MN):
      if len(block.items) >= 4:
        found = _strata(
            table.values_MN[np.ix_(block.rows, block.items)],
            people[block.items], block.control_N, level)
        rows += [(table.dataset, table.model, table.measures[m], *row)
                 for m, of_measure in zip(block.rows, found)
                 for row in of_measure]
  return pd.DataFrame(rows, columns=[
      columns.DATASET, columns.MODEL, columns.MEASURE, derived.STRATUM,
      columns.RHO, columns.CI_LOW, columns.CI_HIGH, columns.P_VALUE, columns.N])


def _strata(x_MN, y_N, k_N, level: float) -> list[list[tuple]]:
  """Rows of every measure."""
  strata = {'all': np.full(len(k_N), True)} | {
      f'K={int(k)}': k_N == k for k in np.unique(k_N)
      if np.sum(k_N == k) >= _LEAST}
  found = {name: ranking.spearman(x_MN[:, inside], y_N[inside][None])
           for name, inside in strata.items()}
  several = np.ptp(k_N) > 0
  if several:
    ln_k = np.log(k_N)[None]
    r_xz_M = ranking.spearman(x_MN, ln_k).rho_MS[:, 0]
    r_yz = ranking.spearman(y_N[None], ln_k).rho_MS[0, 0]
  rows = []
  for m in range(len(x_MN)):
    of_measure = [
        (name, rho, *fisher_interval(rho, n, level), p_value, n)
        for name, r in found.items()
        for rho, p_value, n in [
            (r.rho_MS[m, 0], r.p_value_MS[m, 0], int(r.n_MS[m, 0]))]]
    if several:
      of_measure += _pooled(of_measure[1:], level)
      value = float(partial_correlation(
          found['all'].rho_MS[m, 0], r_xz_M[m], r_yz))
      of_measure.append((
          'partial on ln K', value,
          *fisher_interval(value, len(y_N) - 1, level),
          float(partial_p_value(np.array(value), len(y_N))), len(y_N)))
    rows.append(of_measure)
  return rows


def _pooled(strata: list[tuple], level: float) -> list[tuple]:
  """The strata's mean Fisher z, weighted by n − 3, turned back."""
  usable = [(rho, n) for _, rho, _, _, _, n in strata
            if np.isfinite(rho) and abs(rho) < 1]
  if not usable:
    return []
  rho, n = np.array(usable).T
  weight = n - 3
  z = float(np.arctanh(rho) @ weight / weight.sum())
  # Bonett & Wright's factor for ranks, as for single correlations.
  error = np.sqrt((1 + np.tanh(z)**2 / 2) / weight.sum())
  half = special.ndtri((1 + level) / 2) * error
  return [('within K', np.tanh(z), np.tanh(z - half), np.tanh(z + half),
           2 * special.ndtr(-abs(z) / error), int(n.sum()))]
