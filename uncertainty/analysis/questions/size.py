"""Do larger models, or some families, do better?"""

import functools
from collections.abc import Mapping

import numpy as np
import pandas as pd

from uncertainty.analysis.statistics import multiplicity, ranking
from uncertainty.analysis.statistics.least_squares import least_squares
from uncertainty.results import columns, derived

_LEAST = 4


def size_effects(
    scores: pd.DataFrame, n_draws: int, seed: int = 0) -> pd.DataFrame:
  """Score against ln size, over models and within families.

  Args:
    scores: of `scores.score_frame`.
    n_draws: permutations.
    seed: of the permutations.

  Returns:
    dataset, outcome, measure, kind (base | instruct | all), n_models,
    n_families, rho (Spearman with size), p_value (permutation), p_bh (over
    the data set and kind), slope (per tenfold size, plain), slope_p,
    slope_within (families as fixed effects), slope_within_p, family_share
    (share of variance between families), family_p (permutation). A score that
    all models share has no row.
  """
  rows = []
  sized = scores[np.isfinite(scores[columns.SIZE].astype(float))]
  for kind in ('all', 'base', 'instruct'):
    table = sized if kind == 'all' else sized[sized[columns.KIND] == kind]
    table = table[np.isfinite(table[columns.VALUE].astype(float))]
    groups = {
        key: group for key, group in table.groupby(
            [columns.DATASET, columns.OUTCOME, columns.MEASURE], sort=False)
        if len(group) >= _LEAST and group[columns.SIZE].nunique() > 1
        and group[columns.VALUE].nunique() > 1}
    p_values = _rank_p_values(groups, n_draws, seed)
    rows += [(*key, kind, *_one(group, p_values[key], n_draws, seed))
             for key, group in groups.items()]
  found = pd.DataFrame(rows, columns=[
      columns.DATASET, columns.OUTCOME, columns.MEASURE, columns.KIND,
      derived.N_MODELS, columns.N_FAMILIES, columns.RHO, columns.P_VALUE,
      derived.SLOPE, derived.SLOPE_P, derived.SLOPE_WITHIN,
      derived.SLOPE_WITHIN_P, derived.FAMILY_SHARE, derived.FAMILY_P])
  return multiplicity.with_corrected(found, (columns.DATASET, columns.KIND))


def _rank_p_values(
    groups: Mapping[tuple, pd.DataFrame], n_draws: int, seed: int,
) -> dict[tuple, float]:
  """Permutation p of Spearman's rho of each group's scores with size."""
  alike: dict[tuple[float, ...], list[tuple]] = {}
  for key, group in groups.items():
    alike.setdefault(tuple(group[columns.SIZE].astype(float)), []).append(key)
  found = {}
  for sizes, keys in alike.items():  # what has equal sizes shares shuffles
    p_values = ranking.permutation_spearman(
        np.log10(sizes)[None],
        np.stack([groups[key][columns.VALUE].to_numpy(float) for key in keys]),
        n_draws, seed=seed)[0]
    found |= dict(zip(keys, map(float, p_values), strict=True))
  return found


def _one(
    group: pd.DataFrame, p_value: float, n_draws: int, seed: int) -> tuple:
  y = group[columns.VALUE].to_numpy(float)
  x = np.log10(group[columns.SIZE].to_numpy(float))
  labels, member = np.unique(group[columns.FAMILY], return_inverse=True)
  rho = ranking.spearman(x[None], y[None]).rho_MS[0, 0]
  n = len(y)
  plain = least_squares(np.stack([np.ones(n), x], 1), y)
  slope_within = within_p = np.nan
  dummies = (member[:, None] == np.arange(len(labels))).astype(float)
  varied = any(np.ptp(x[member == f]) > 0 for f in range(len(labels)))
  if varied and n > len(labels) + 1:
    inside = least_squares(np.column_stack([x, dummies]), y)
    slope_within, within_p = inside['beta'][0], inside['p'][0]
  share, family_p = _family_share(y, dummies, n_draws, seed)
  return (n, len(labels), rho, p_value, plain['beta'][1], plain['p'][1],
          slope_within, within_p, share, family_p)


def _family_share(y_N, dummies_NF, n_draws, seed) -> tuple[float, float]:
  """Eta squared of the families, and its permutation p."""
  if dummies_NF.shape[1] < 2 or np.ptp(y_N) == 0:
    return np.nan, np.nan
  order = _shuffles(n_draws, len(y_N), seed)
  centred = y_N - y_N.mean()
  shuffled = np.concatenate([centred[None], centred[order]])
  between = ((shuffled @ dummies_NF)**2 / dummies_NF.sum(0)).sum(1)
  share = between / (centred @ centred)
  extreme = np.sum(share[1:] >= share[0] - 1e-12)
  return float(share[0]), float((1 + extreme) / (1 + n_draws))


@functools.lru_cache(maxsize=4)
def _shuffles(n_draws: int, n_models: int, seed: int) -> np.ndarray:
  """[R, models] orders: cells of as many models share them."""
  rng = np.random.default_rng(seed)
  return np.argsort(rng.random((n_draws, n_models)), axis=1)
