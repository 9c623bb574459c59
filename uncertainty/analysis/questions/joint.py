"""Are the measures that are aligned with people the ones that are calibrated?

Aligned: rho with human entropy is positive with p below alpha after
Benjamini-Hochberg over the data set's cells. Calibrated: the debiased error's
interval ends below `analysis.calibrated_below`. Discriminating: AUROC above one
half with p below alpha, the calibration that no monotone map can create or
destroy.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from uncertainty.analysis.scores.scores import Score
from uncertainty.analysis.statistics import multiplicity, ranking, resampling
from uncertainty.results import columns, derived

_ALIGNMENT = derived.alignment_with(columns.HUMAN_ENTROPY)
# What changes places as a whole under the null. Both: is there anything beyond
# what models and measures are like? One: are models (measures) alike?
BOTH = 'models and measures'
PERMUTED = (BOTH, 'models', 'measures')
_LEAST = 4  # cells with a correlation
_BLOCK = 4_000_000  # cells of permutations in memory


def cells(found: list[Score], alpha: float, level: float) -> pd.DataFrame:
  """One row per (data set, model, measure) that has both scores.

  Args:
    found: scores of all models.
    alpha: level of both tests, corrected over the cells of a data set.
    level: of the intervals.

  Returns:
    dataset, model, measure, rho, rho_p_bh, aligned, calibration_error,
    above_p, calibrated, auroc, auroc_low, auroc_high, auroc_p_bh,
    discriminates.
  """
  table = {}
  for s in found:
    if s.measure and s.outcome in (
        _ALIGNMENT, derived.CALIBRATION_ERROR, derived.AUROC):
      table.setdefault((s.dataset, s.model, s.measure), {})[s.outcome] = s
  rows = []
  for key, scores in table.items():
    if not {_ALIGNMENT, derived.AUROC} <= scores.keys():
      continue
    draws = scores[derived.AUROC].draws_R
    interval = resampling.percentile_interval(draws[None], level)
    # Where all answers are right there is no AUROC, and nothing to test. Where
    # few are, or few wrong, some draws have none: they speak for no order.
    defined = np.isfinite(scores[derived.AUROC].value + interval.low[0])
    p_auroc = (min(1.0, 2 * (1 + np.sum(~(draws > .5))) / (1 + len(draws)))
               if defined else np.nan)
    error = scores.get(derived.CALIBRATION_ERROR)
    error, above_p = (error.value, error.p_value) if error else (np.nan,) * 2
    rows.append((*key, scores[_ALIGNMENT].value, scores[_ALIGNMENT].p_value,
                 error, above_p, scores[derived.AUROC].value, interval.low[0],
                 interval.high[0], p_auroc))
  frame = pd.DataFrame(rows, columns=[
      columns.DATASET, columns.MODEL, columns.MEASURE, columns.RHO,
      derived.RHO_P, derived.CALIBRATION_ERROR, derived.ABOVE_P,
      derived.AUROC, derived.AUROC_LOW, derived.AUROC_HIGH, derived.AUROC_P])
  for name, corrected in ((derived.RHO_P, derived.RHO_P_BH),
                          (derived.AUROC_P, derived.AUROC_P_BH)):
    frame[corrected] = multiplicity.benjamini_hochberg_within(
        frame[name], frame[columns.DATASET])
  frame[derived.ALIGNED] = (
      (frame[columns.RHO] > 0) & (frame[derived.RHO_P_BH] < alpha))
  frame[derived.CALIBRATED] = frame[derived.ABOVE_P] < 1 - level
  frame[derived.DISCRIMINATES] = (
      (frame[derived.AUROC] > .5) & (frame[derived.AUROC_P_BH] < alpha))
  return frame


def co_occurrence(
    frame: pd.DataFrame, n_draws: int, seed: int = 0) -> pd.DataFrame:
  """How often both hold, against chance by permutation.

  Cells of one model are alike, and so are cells of one measure: under the
  null whole models and whole measures change places (quadratic assignment),
  never single cells. `_permuted` says which may.

  Args:
    frame: of `cells`.
    n_draws: permutations of the second flag.
    seed: of the permutations.

  Returns:
    dataset, second (calibrated | discriminates), permuted (`PERMUTED`),
    n_cells, rate_aligned, rate_second, rate_both, chance (mean under the
    null), chance_low, chance_high (95 %), p_value (two-sided; NaN where all
    cells have one of the flags, or none has, or nothing can change places).

  Source: Hubert & Schultz 1976; Krackhardt 1988.
  """
  rows = []
  rng = np.random.default_rng(seed)
  for dataset, table in frame.groupby(columns.DATASET, sort=False):
    for second in (derived.CALIBRATED, derived.DISCRIMINATES):
      usable = (table[table[derived.ABOVE_P].notna()]
                if second == derived.CALIBRATED else table)
      if usable.empty:
        continue
      a, b = (_matrix(usable, name) for name in (derived.ALIGNED, second))
      known = np.isfinite(a)
      both = float(np.mean((a * b)[known]))
      for permuted in PERMUTED:
        null = np.concatenate([
            np.mean((a * moved)[:, known], axis=1)
            for moved in _permuted(b, permuted, n_draws, rng)])
        chance = float(null.mean())
        p_value = np.nan
        if np.ptp(null) > 0:
          p_value = resampling.permutation_p(
              np.array([both - chance]), (null - chance)[None])[0]
        low, high = np.quantile(null, (.025, .975))
        rows.append((dataset, second, permuted, int(known.sum()),
                     np.mean(a[known]), np.mean(b[known]), both, chance, low,
                     high, p_value))
  return pd.DataFrame(rows, columns=[
      columns.DATASET, columns.SECOND, derived.PERMUTED, derived.N_CELLS,
      derived.RATE_ALIGNED, derived.RATE_SECOND, derived.RATE_BOTH,
      derived.CHANCE, derived.CHANCE_LOW, derived.CHANCE_HIGH, columns.P_VALUE])


def _matrix(table: pd.DataFrame, column: str) -> np.ndarray:
  """[models, measures] of a column; NaN where there is no cell."""
  wide = table.assign(**{columns.VALUE: table[column].astype(float)}).pivot(
      index=columns.MODEL, columns=columns.MEASURE, values=columns.VALUE)
  return wide.to_numpy(float)


def _permuted(
    values_AK: np.ndarray, permuted: str, n_draws: int,
    rng: np.random.Generator) -> Iterator[np.ndarray]:
  """Blocks of [R, A, K] with whole rows, whole columns or both moved.

  Only rows that know the same columns change places, and columns that know
  the same rows: a model without free responses stays one without.
  """
  known = np.isfinite(values_AK)
  rows_N, columns_N = (np.unique(side, axis=0, return_inverse=True)[1].ravel()
                       for side in (known, known.T))
  step = max(1, _BLOCK // values_AK.size)
  for start in range(0, n_draws, step):
    size = min(step, n_draws - start)
    orders = [
        _shuffles(group, size, rng) if moves
        else np.tile(np.arange(len(group)), (size, 1))
        for group, moves in (
            (rows_N, permuted != 'measures'),
            (columns_N, permuted != 'models'))]
    yield values_AK[orders[0][:, :, None], orders[1][:, None, :]]


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

  Args:
    frame: of `cells`.
    n_draws: permutations.
    seed: of the permutations.

  Returns:
    dataset, second (−calibration_error | auroc: high is good), across (models
    of one measure | measures of one model | cells), unit (the measure or
    model), rho, p_value (permutation; across cells of whole models and whole
    measures), p_bh (over units of that kind), n.
  """
  rows = []
  for dataset, table in frame.groupby(columns.DATASET, sort=False):
    for second in (derived.CALIBRATION_ERROR, derived.AUROC):
      sign, label = ((1, second) if second == derived.AUROC
                     else (-1, f'−{second}'))
      for across, by in (('models', columns.MEASURE),
                         ('measures', columns.MODEL)):
        for unit, group in table.groupby(by, sort=False):
          rows.append((dataset, label, across, unit, *_permuted_rho(
              group[columns.RHO], sign * group[second], n_draws, seed)))
      rows.append((dataset, label, 'cells', '', *_rho_of_cells(
          table.assign(**{columns.SECOND: sign * table[second]}), n_draws,
          seed)))
  found = pd.DataFrame(rows, columns=[
      columns.DATASET, columns.SECOND, derived.ACROSS, derived.UNIT,
      columns.RHO, columns.P_VALUE, columns.N])
  return multiplicity.with_corrected(
      found, (columns.DATASET, columns.SECOND, derived.ACROSS))


def _rho_of_cells(
    table: pd.DataFrame, n_draws: int, seed: int) -> tuple[float, float, int]:
  usable = table[table[columns.RHO].notna() & table[columns.SECOND].notna()]
  n = len(usable)
  if n < _LEAST:
    return np.nan, np.nan, n
  x = usable[columns.RHO].to_numpy(float)
  y = usable[columns.SECOND].to_numpy(float)
  rho = float(ranking.spearman(x[None], y[None]).rho_MS[0, 0])
  ranks = usable.assign(x=ranking.midranks(x) - (n + 1) / 2,
                        y=ranking.midranks(y) - (n + 1) / 2)
  x_AK, y_AK = _matrix(ranks, 'x'), _matrix(ranks, 'y')
  known = np.isfinite(x_AK)
  null = np.concatenate([
      (moved[:, known] * x_AK[known]).sum(1) for moved in _permuted(
          y_AK, PERMUTED[0], n_draws, np.random.default_rng(seed))])
  if not np.ptp(null) > 0:
    return rho, np.nan, n
  observed = float(np.sum(x_AK[known] * y_AK[known]))
  centre = null.mean()
  p_value = resampling.permutation_p(
      np.array([observed - centre]), (null - centre)[None])[0]
  return rho, float(p_value), n


def _permuted_rho(
    x: pd.Series, y: pd.Series, n_draws: int, seed: int,
) -> tuple[float, float, int]:
  known = (x.notna() & y.notna()).to_numpy()
  x_1N, y_1N = (v.to_numpy(float)[known][None] for v in (x, y))
  if known.sum() < _LEAST:
    return np.nan, np.nan, int(known.sum())
  rho = ranking.spearman(x_1N, y_1N).rho_MS[0, 0]
  p_value = ranking.permutation_spearman(x_1N, y_1N, n_draws, seed=seed)[0, 0]
  return float(rho), float(p_value), int(known.sum())
