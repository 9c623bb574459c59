"""Do several measures together follow people better than the best one?

Human entropy is regressed on all measures of a model (ridge on their ranks),
and predicted for items outside the fit. Everything that is chosen, the ridge
penalty and the best single measure, is chosen inside the training folds.
Predictions are correlated with the target within each fold: over all folds at
once, a fold whose target is high is predicted low by the rest, so that
predictions of noise would correlate below zero.
"""

import numpy as np
import pandas as pd

from uncertainty.analysis.calibration.confidence_maps import item_folds
from uncertainty.analysis.scores.scores import PRIMARY, ModelItems
from uncertainty.analysis.statistics import ranking, resampling

_TARGET = 'human_entropy'
_PENALTIES = np.logspace(-1, 5, 13)
_LEAST = 50  # items
_LEAST_IN_FOLD = 10


def combinations(
    tables: list[ModelItems], n_draws: int, level: float, seed: int = 0,
    n_folds: int = 10,
) -> pd.DataFrame:
  """Held-out Spearman with human entropy: combination against best single.

  Args:
    tables: models with their measures.
    n_draws: of the paired bootstrap.
    level: nominal coverage.
    seed: of the folds and the draws.
    n_folds: at most; fewer where a fold would hold fewer than 10 items.

  Returns:
    dataset, model ('all models' combines every model's choice entropy),
    prefix (mc | fr | …, 'all'), n_measures, best_single (chosen most often),
    rho_single, rho_combined (means over folds), gain (below zero where the
    combination loses), gain_low, gain_high, p_value (two-sided, paired
    bootstrap over items of the held-out predictions), r2_combined, n.
  """
  rows = []
  for table in tables:
    if _TARGET not in table.frame:
      continue
    prefixes = [m.split('_')[0] for m in table.measures]
    groups = dict.fromkeys(prefixes)
    if len(groups) > 1:
      groups['all'] = None
    for group in groups:
      use = [i for i, p in enumerate(prefixes) if group in (p, 'all')]
      row = _compare(
          table.values_MN[use], [table.measures[i] for i in use],
          table.frame[_TARGET].to_numpy(float), n_draws, level, seed, n_folds)
      if row is not None:
        rows.append((table.dataset, table.model, group, *row))
  rows += _crowds(tables, n_draws, level, seed, n_folds)
  return pd.DataFrame(rows, columns=[
      'dataset', 'model', 'prefix', 'n_measures', 'best_single', 'rho_single',
      'rho_combined', 'gain', 'gain_low', 'gain_high', 'p_value',
      'r2_combined', 'n'])


def _crowds(tables, n_draws, level, seed, n_folds) -> list[tuple]:
  rows = []
  for dataset in dict.fromkeys(t.dataset for t in tables):
    group = [t for t in tables if t.dataset == dataset
             and PRIMARY in t.measures and _TARGET in t.frame]
    if len(group) < 2 or len({len(t.frame) for t in group}) > 1:
      continue
    values = np.stack([t.values_MN[t.measures.index(PRIMARY)] for t in group])
    row = _compare(values, [t.model for t in group],
                   group[0].frame[_TARGET].to_numpy(float), n_draws, level,
                   seed, n_folds)
    if row is not None:
      rows.append((dataset, 'all models', 'mc', *row))
  return rows


def _compare(values_MN, names, target_N, n_draws, level, seed, n_folds):
  known = np.isfinite(target_N + values_MN.sum(0))
  if known.sum() < _LEAST or len(names) < 2:
    return None
  x, y = values_MN[:, known], target_N[known]
  folds = item_folds(
      len(y), min(n_folds, len(y) // _LEAST_IN_FOLD), seed=seed)
  combined, single, chosen = held_out(x, y, folds)
  counts_NR = resampling.bootstrap_counts(len(y), n_draws, seed=seed)
  both = np.stack([combined, single])
  ones = np.ones((len(y), 1), np.int32)
  rho = spearman_within(both, y, folds, ones)[:, 0]
  draws = spearman_within(both, y, folds, counts_NR)
  gain = resampling.paired_difference(
      rho[:1], rho[1:], draws[:1], draws[1:], level)
  r2 = 1 - np.sum((y - combined)**2) / np.sum((y - y.mean())**2)
  favourite = max(set(chosen), key=chosen.count)
  return (len(names), names[favourite], rho[1], rho[0], gain.value[0],
          gain.low[0], gain.high[0], gain.p_value[0], r2, len(y))


def spearman_within(
    predictions_MN: np.ndarray, target_N: np.ndarray, folds_N: np.ndarray,
    counts_NR: np.ndarray) -> np.ndarray:
  """Spearman with the target within folds, averaged over folds by size.

  Args:
    predictions_MN: held-out predictions.
    target_N: what they predict.
    folds_N: fold of each item.
    counts_NR: resamples of items; ones for the data themselves.

  Returns:
    [M, R]; folds where a side is constant are left out.
  """
  total, weight = 0.0, 0.0
  for fold in np.unique(folds_N):
    inside = folds_N == fold
    rho_MR = ranking.bootstrap_spearman(
        predictions_MN[:, inside], target_N[inside][None],
        counts_NR[inside])[:, 0].astype(np.float64)
    size_R = counts_NR[inside].sum(0)
    total = total + np.nan_to_num(rho_MR) * size_R
    weight = weight + np.isfinite(rho_MR) * size_R
  return np.where(weight > 0, total / np.maximum(weight, 1), np.nan)


def held_out(
    values_MN: np.ndarray, target_N: np.ndarray, folds_N: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, list[int]]:
  """Predictions for held-out items, and which measure each fold chose.

  Args:
    values_MN: measures; their ranks among all items are the predictors, which
      uses no target.
    target_N: what is predicted.
    folds_N: fold of each item.

  Returns:
    ridge predictions [N], predictions by the best single measure [N], the
    chosen measure of every fold. Both are linear in ranks, on the target's
    scale.
  """
  x_NM = ranking.midranks(values_MN).T / len(target_N) - .5
  combined, single = np.empty(len(target_N)), np.empty(len(target_N))
  chosen = []
  for fold in np.unique(folds_N):
    test = folds_N == fold
    x, y = x_NM[~test], target_N[~test]
    beta, intercept = ridge(x, y)
    combined[test] = x_NM[test] @ beta + intercept
    r = np.abs(ranking.spearman(x.T, y[None]).rho_MS[:, 0])
    best = int(np.nanargmax(r))
    chosen.append(best)
    slope, level = np.polyfit(x[:, best], y, 1)
    single[test] = slope * x_NM[test, best] + level
  return combined, single, chosen


def ridge(
    x_NM: np.ndarray, y_N: np.ndarray, penalties: np.ndarray = _PENALTIES,
) -> tuple[np.ndarray, float]:
  """Ridge whose penalty has the least leave-one-out error.

  As scikit-learn's RidgeCV: the intercept is not penalised, leave-one-out in
  closed form from one singular value decomposition.
  """
  mean_M, mean = x_NM.mean(0), y_N.mean()
  u, s, vt = np.linalg.svd(x_NM - mean_M, full_matrices=False)
  along = u.T @ (y_N - mean)
  best, best_error = penalties[0], np.inf
  for penalty in penalties:
    shrink = s**2 / (s**2 + penalty)
    fitted = u @ (shrink * along)
    leverage = (u**2) @ shrink + 1 / len(y_N)
    error = np.mean(((y_N - mean - fitted) / (1 - leverage))**2)
    if error < best_error:
      best, best_error = penalty, error
  beta = vt.T @ (s / (s**2 + best) * along)
  return beta, float(mean - mean_M @ beta)
