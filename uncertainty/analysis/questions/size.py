"""Do larger models, or some families, do better?"""

import numpy as np
import pandas as pd

from uncertainty.analysis.statistics import multiplicity, ranking
from uncertainty.analysis.statistics.least_squares import least_squares

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
    (share of variance between families), family_p (permutation).
  """
  rows = []
  sized = scores[np.isfinite(scores['size'].astype(float))]
  for kind in ('all', 'base', 'instruct'):
    table = sized if kind == 'all' else sized[sized['kind'] == kind]
    for key, group in table.groupby(
        ['dataset', 'outcome', 'measure'], sort=False):
      group = group[np.isfinite(group['value'])]
      if len(group) >= _LEAST and group['size'].nunique() > 1:
        rows.append((*key, kind, *_one(group, n_draws, seed)))
  found = pd.DataFrame(rows, columns=[
      'dataset', 'outcome', 'measure', 'kind', 'n_models', 'n_families', 'rho',
      'p_value', 'slope', 'slope_p', 'slope_within', 'slope_within_p',
      'family_share', 'family_p'])
  if len(found):
    found['p_bh'] = found.groupby(['dataset', 'kind'])['p_value'].transform(
        lambda p: multiplicity.benjamini_hochberg(p.to_numpy(float)))
  return found


def _one(group: pd.DataFrame, n_draws: int, seed: int) -> tuple:
  y = group['value'].to_numpy(float)
  x = np.log10(group['size'].to_numpy(float))
  labels, member = np.unique(group['family'], return_inverse=True)
  rho = ranking.spearman(x[None], y[None]).rho_MS[0, 0]
  p_value = ranking.permutation_spearman(
      x[None], y[None], n_draws, seed=seed)[0, 0]
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
  rng = np.random.default_rng(seed)
  order = np.argsort(rng.random((n_draws, len(y_N))), axis=1)
  centred = y_N - y_N.mean()
  shuffled = np.concatenate([centred[None], centred[order]])
  between = ((shuffled @ dummies_NF)**2 / dummies_NF.sum(0)).sum(1)
  share = between / (centred @ centred)
  extreme = np.sum(share[1:] >= share[0] - 1e-12)
  return float(share[0]), float((1 + extreme) / (1 + n_draws))
