"""Are the measures that are aligned with people the ones that are calibrated?

Aligned: rho with human entropy is positive with p below alpha after
Benjamini-Hochberg over the data set's cells. Calibrated: ECE at most
`CALIBRATED`. Discriminating: AUROC above one half with p below alpha, the
calibration that no monotone map can create or destroy.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from uncertainty.analysis.scores.scores import Score
from uncertainty.analysis.statistics import multiplicity, ranking, resampling

CALIBRATED = 0.1
_ALIGNMENT = 'alignment:human_entropy'
# Which cells change places under the null: all of a data set's, or only those
# of one measure (are models alike?) or of one model (are measures alike?).
_WITHIN: dict[str, Callable[[pd.DataFrame], np.ndarray]] = {
    'all cells': lambda t: np.zeros(len(t), int),
    'within measure': lambda t: t['measure'].factorize()[0],
    'within model': lambda t: t['model'].factorize()[0],
}


def cells(found: list[Score], alpha: float, level: float) -> pd.DataFrame:
  """One row per (data set, model, measure) that has both scores.

  Returns:
    dataset, model, measure, rho, rho_p_bh, aligned, ece, calibrated, auroc,
    auroc_low, auroc_high, auroc_p_bh, discriminates.
  """
  table = {}
  for s in found:
    if s.measure and s.outcome in (_ALIGNMENT, 'ece', 'auroc'):
      table.setdefault((s.dataset, s.model, s.measure), {})[s.outcome] = s
  rows = []
  for key, scores in table.items():
    if not {_ALIGNMENT, 'auroc'} <= scores.keys():
      continue
    draws = scores['auroc'].draws_R
    interval = resampling.percentile_interval(draws[None], level)
    known = draws[np.isfinite(draws)]
    # Where all answers are right there is no AUROC, and nothing to test.
    defined = np.isfinite(scores['auroc'].value + interval.low[0])
    p_auroc = (min(1.0, 2 * (1 + np.sum(known <= .5)) / (1 + len(known)))
               if defined else np.nan)
    ece = scores['ece'].value if 'ece' in scores else np.nan
    rows.append((*key, scores[_ALIGNMENT].value, scores[_ALIGNMENT].p_value,
                 ece, scores['auroc'].value, interval.low[0], interval.high[0],
                 p_auroc))
  frame = pd.DataFrame(rows, columns=[
      'dataset', 'model', 'measure', 'rho', 'rho_p', 'ece', 'auroc',
      'auroc_low', 'auroc_high', 'auroc_p'])
  for name in ('rho_p', 'auroc_p'):
    frame[f'{name}_bh'] = frame.groupby('dataset')[name].transform(
        lambda p: multiplicity.benjamini_hochberg(p.to_numpy(float)))
  frame['aligned'] = (frame['rho'] > 0) & (frame['rho_p_bh'] < alpha)
  frame['calibrated'] = frame['ece'] <= CALIBRATED
  frame['discriminates'] = (
      (frame['auroc'] > .5) & (frame['auroc_p_bh'] < alpha))
  return frame


def co_occurrence(
    frame: pd.DataFrame, n_draws: int, seed: int = 0) -> pd.DataFrame:
  """How often both hold, against chance by permutation.

  Args:
    frame: of `cells`.
    n_draws: permutations of the second flag.
    seed: of the permutations.

  Returns:
    dataset, second (calibrated | discriminates), within (what is permuted),
    n_cells, rate_aligned, rate_second, rate_both, chance (mean under the
    null), chance_low, chance_high (95 %), p_value (two-sided).
  """
  rows = []
  rng = np.random.default_rng(seed)
  for dataset, table in frame.groupby('dataset', sort=False):
    for second in ('calibrated', 'discriminates'):
      usable = table[table['ece'].notna()] if second == 'calibrated' else table
      if usable.empty:
        continue
      a = usable['aligned'].to_numpy(float)
      b = usable[second].to_numpy(float)
      for within, group in _WITHIN.items():
        null = np.mean(a * b[_shuffles(group(usable), n_draws, rng)], axis=1)
        both, chance = float(np.mean(a * b)), float(null.mean())
        p_value = resampling.permutation_p(
            np.array([both - chance]), (null - chance)[None])[0]
        low, high = np.quantile(null, (.025, .975))
        rows.append((dataset, second, within, len(a), a.mean(), b.mean(), both,
                     chance, low, high, p_value))
  return pd.DataFrame(rows, columns=[
      'dataset', 'second', 'within', 'n_cells', 'rate_aligned', 'rate_second',
      'rate_both', 'chance', 'chance_low', 'chance_high', 'p_value'])


def _shuffles(
    group_N: np.ndarray, n_draws: int, rng: np.random.Generator) -> np.ndarray:
  """[R, N] random orders that move items only within their group."""
  noise = rng.random((n_draws, len(group_N)))
  order = np.lexsort((noise, np.broadcast_to(group_N, noise.shape)), axis=-1)
  place = np.argsort(group_N, kind='stable')
  shuffled = np.empty_like(order)
  shuffled[:, place] = order
  return shuffled


def score_correlations(
    frame: pd.DataFrame, n_draws: int, seed: int = 0) -> pd.DataFrame:
  """Spearman of alignment with calibration, across models and measures.

  Returns:
    dataset, second (−ece | auroc: high is good), across (models of one
    measure | measures of one model | cells), unit (the measure or model), rho,
    p_value (permutation), p_bh (over units of that kind), n.
  """
  rows = []
  for dataset, table in frame.groupby('dataset', sort=False):
    for second in ('ece', 'auroc'):
      sign, label = (-1, '−ece') if second == 'ece' else (1, 'auroc')
      for across, by in (('models', 'measure'), ('measures', 'model')):
        for unit, group in table.groupby(by, sort=False):
          rows.append((dataset, label, across, unit, *_permuted_rho(
              group['rho'], sign * group[second], n_draws, seed)))
      rows.append((dataset, label, 'cells', '', *_permuted_rho(
          table['rho'], sign * table[second], n_draws, seed)))
  found = pd.DataFrame(rows, columns=[
      'dataset', 'second', 'across', 'unit', 'rho', 'p_value', 'n'])
  if len(found):
    found['p_bh'] = found.groupby(['dataset', 'second', 'across'])[
        'p_value'].transform(
            lambda p: multiplicity.benjamini_hochberg(p.to_numpy(float)))
  return found


def _permuted_rho(
    x: pd.Series, y: pd.Series, n_draws: int, seed: int,
) -> tuple[float, float, int]:
  known = (x.notna() & y.notna()).to_numpy()
  x_1N, y_1N = (v.to_numpy(float)[known][None] for v in (x, y))
  if known.sum() < 4:
    return np.nan, np.nan, int(known.sum())
  rho = ranking.spearman(x_1N, y_1N).rho_MS[0, 0]
  p_value = ranking.permutation_spearman(x_1N, y_1N, n_draws, seed=seed)[0, 0]
  return float(rho), float(p_value), int(known.sum())
