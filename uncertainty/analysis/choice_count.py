"""Is alignment only the number of choices?

Entropies of model and people may both rise with the number of choices K.
Correlations within items of equal K, pooled over K, leave that out.
"""

import numpy as np
import pandas as pd
from scipy import stats

from uncertainty.analysis import ranking
from uncertainty.analysis.partial import (
    fisher_interval,
    partial_correlation,
    partial_p_value,
)
from uncertainty.analysis.study_scores import ModelItems

_LEAST = 10  # items of one K


def choice_count(tables: list[ModelItems], level: float) -> pd.DataFrame:
  """Spearman of each measure with human entropy, overall and by K.

  Returns:
    dataset, model, measure, stratum ('all', 'K=4', …, 'within K', 'partial on
    ln K'), rho, ci_low, ci_high, p_value, n. 'within K' is the mean of the
    strata's Fisher z weighted by n − 3. Data sets with one K have 'all' and
    'K=…' only.
  """
  rows = []
  for table in tables:
    frame = table.frame
    if 'n_choices' not in frame or 'human_entropy' not in frame:
      continue
    people = frame['human_entropy'].to_numpy(float)
    k_N = frame['n_choices'].to_numpy(float)
    for m, measure in enumerate(table.measures):
      known = np.isfinite(people + k_N + table.values_MN[m])
      if known.sum() >= 4:
        head = (table.dataset, table.model, measure)
        rows += [(*head, *row) for row in _strata(
            table.values_MN[m][known], people[known], k_N[known], level)]
  return pd.DataFrame(rows, columns=[
      'dataset', 'model', 'measure', 'stratum', 'rho', 'ci_low', 'ci_high',
      'p_value', 'n'])


def _strata(x_N, y_N, k_N, level: float) -> list[tuple]:
  rows = [('all', *_spearman(x_N, y_N, level))]
  z, weight = [], []
  for k in np.unique(k_N):
    inside = k_N == k
    if inside.sum() < _LEAST:
      continue
    row = _spearman(x_N[inside], y_N[inside], level)
    rows.append((f'K={int(k)}', *row))
    if np.isfinite(row[0]) and abs(row[0]) < 1:
      z.append(np.arctanh(row[0]))
      weight.append(row[-1] - 3)
  if len(np.unique(k_N)) < 2 or not z:
    return rows
  z_W, weight_W = np.array(z), np.array(weight, float)
  pooled = float(z_W @ weight_W / weight_W.sum())
  # Bonett & Wright's factor for ranks, as for single correlations.
  error = np.sqrt((1 + np.tanh(pooled)**2 / 2) / weight_W.sum())
  half = stats.norm.ppf((1 + level) / 2) * error
  rows.append((
      'within K', np.tanh(pooled), np.tanh(pooled - half),
      np.tanh(pooled + half), 2 * stats.norm.sf(abs(pooled) / error),
      int(weight_W.sum() + 3 * len(z))))
  stacked = np.stack([x_N, y_N, np.log(k_N)])
  r = ranking.spearman(stacked, stacked).rho_MS
  value = float(partial_correlation(r[0, 1], r[0, 2], r[1, 2]))
  rows.append((
      'partial on ln K', value, *fisher_interval(value, len(x_N) - 1, level),
      float(partial_p_value(np.array(value), len(x_N))), len(x_N)))
  return rows


def _spearman(x_N, y_N, level: float) -> tuple:
  found = ranking.spearman(x_N[None], y_N[None])
  rho, n = float(found.rho_MS[0, 0]), int(found.n_MS[0, 0])
  return rho, *fisher_interval(rho, n, level), float(
      found.p_value_MS[0, 0]), n
