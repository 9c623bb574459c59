"""Is alignment only the number of choices?

Entropies of model and people may both rise with the number of choices K.
Correlations within items of equal K, pooled over K, leave that out.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import special

from uncertainty.analysis.scores.scores import ModelItems
from uncertainty.analysis.statistics import ranking
from uncertainty.analysis.statistics.partial import (
  alike,
  errors_of,
  partial_correlation,
)
from uncertainty.results import columns, derived

_LEAST = 10  # items of one K
_CELL = columns.DATASET, columns.MODEL, columns.MEASURE
_FOUND = (columns.RHO, columns.CI_LOW, columns.CI_HIGH, columns.P_VALUE,
          columns.N)


def choice_count(
    tables: list[ModelItems], level: float, alignment: pd.DataFrame,
    cluster_N: Mapping[str, np.ndarray | None]) -> pd.DataFrame:
  """Spearman of each measure with human entropy, overall and by K.

  Args:
    tables: models with their measures.
    level: of the intervals.
    alignment: of the same models, whose rows 'all' repeats.
    cluster_N: data set → each item's cluster; None where each stands alone.

  Returns:
    dataset, model, measure, stratum ('all', 'K=4', …, 'within K', 'partial on
    ln K'), rho, ci_low, ci_high, p_value, n. 'within K' is the mean of the
    strata's Fisher z weighted by n − 3. Data sets with one K have 'all' and
    'K=…' only.
  """
  rows = []
  whole = alignment[alignment[columns.SIGNAL] == columns.HUMAN_ENTROPY]
  known = {tuple(row[:3]): tuple(row[3:]) for row in whole[
      [*_CELL, *_FOUND]].itertuples(index=False, name=None)}
  for table in tables:
    frame, label_N = table.frame, cluster_N[table.dataset]
    if columns.N_CHOICES not in frame or columns.HUMAN_ENTROPY not in frame:
      continue
    people = frame[columns.HUMAN_ENTROPY].to_numpy(float)
    k_MN = np.broadcast_to(
        frame[columns.N_CHOICES].to_numpy(float), table.values_MN.shape)
    for block in alike(table.values_MN, people, k_MN):
      if len(block.items) >= 4:
        found = _strata(
            table.values_MN[np.ix_(block.rows, block.items)],
            people[block.items], block.control_N, level,
            None if label_N is None else label_N[block.items])
        for m, of_measure in zip(block.rows, found, strict=True):
          cell = table.dataset, table.model, table.measures[m]
          rows += [(*cell, 'all', *known[cell]),
                   *((*cell, *row) for row in of_measure)]
  return pd.DataFrame(rows, columns=[
      *_CELL, derived.STRATUM, *_FOUND])


def _strata(x_MN, y_N, k_N, level: float, label_N) -> list[list[tuple]]:
  """Rows of every measure, 'all' left out."""
  def rows_of(name, value_M, inside, z_N=None):
    errors = errors_of(
        value_M, x_MN[:, inside], y_N[inside],
        None if label_N is None else label_N[inside], z_N)
    n = int(np.sum(inside))
    return [(name, float(value_M[m]), *errors.interval(m, level),
             float(errors.p_value_M[m]), n) for m in range(len(x_MN))]

  strata = []
  for k in np.unique(k_N):
    inside = k_N == k
    if inside.sum() >= _LEAST:
      strata.append(rows_of(f'K={int(k)}', ranking.spearman(
          x_MN[:, inside], y_N[inside][None]).rho_MS[:, 0], inside))
  rows = [list(of_measure) for of_measure in zip(*strata, strict=True)]
  rows = rows or [[] for _ in x_MN]
  if np.ptp(k_N) == 0:
    return rows
  ln_k = np.log(k_N)
  partial = rows_of('partial on ln K', partial_correlation(
      ranking.spearman(x_MN, y_N[None]).rho_MS[:, 0],
      ranking.spearman(x_MN, ln_k[None]).rho_MS[:, 0],
      ranking.spearman(y_N[None], ln_k[None]).rho_MS[0, 0]),
      np.full(len(k_N), True), ln_k)
  return [of_measure + _pooled(
      of_measure, level, label_N is not None) + [row]
          for of_measure, row in zip(rows, partial, strict=True)]


def _pooled(strata: list[tuple], level: float, clusters: bool) -> list[tuple]:
  """The strata's mean Fisher z, weighted by n − 3, turned back."""
  usable = [row[1:4] + row[5:] for row in strata
            if np.isfinite(row[1]) and abs(row[1]) < 1]
  if not usable:
    return []
  rho, low, high, n = np.array(usable).T
  weight = n - 3
  z = float(np.arctanh(rho) @ weight / weight.sum())
  quantile = special.ndtri((1 + level) / 2)
  if clusters:
    half = float(np.sqrt(np.sum(np.square(
        weight * (np.arctanh(high) - np.arctanh(low)) / 2))) / weight.sum())
  else:
    # Bonett & Wright's factor for ranks, as for single correlations.
    half = quantile * np.sqrt((1 + np.tanh(z)**2 / 2) / weight.sum())
  return [('within K', np.tanh(z), np.tanh(z - half), np.tanh(z + half),
           2 * special.ndtr(-abs(z) * quantile / half), int(n.sum()))]
