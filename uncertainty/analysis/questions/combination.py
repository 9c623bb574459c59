"""Do several measures together follow people better than the best one?

Human entropy is regressed on all measures of a model (ridge on their ranks),
and predicted for items outside the fit. Everything that is chosen, the ridge
penalty and the best single measure, is chosen inside the training folds, and
items of one cluster are in one fold.
Predictions are correlated with the target within each fold: over all folds at
once, a fold whose target is high is predicted low by the rest, so that
predictions of noise would correlate below zero.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from uncertainty.analysis.calibration.confidence_maps import item_folds
from uncertainty.analysis.scores.scores import PRIMARY, ModelItems
from uncertainty.analysis.statistics import ranking, resampling, spearman_draws
from uncertainty.analysis.statistics.parallel import each
from uncertainty.measures import registry
from uncertainty.results import columns, derived

_TARGET = columns.HUMAN_ENTROPY
_PENALTIES = np.logspace(-1, 5, 13)
_LEAST = 50  # items
_LEAST_IN_FOLD = 10


def combinations(
    tables: list[ModelItems], counts_NR: Mapping[str, np.ndarray],
    level: float, seed: int = 0, n_folds: int = 10,
    cluster_N: Mapping[str, np.ndarray | None] = MappingProxyType({}),
) -> pd.DataFrame:
  """Held-out Spearman with human entropy: combination against best single.

  Args:
    tables: models with their measures.
    counts_NR: data set → the resamples of its items that scores have.
    level: nominal coverage.
    seed: of the folds.
    n_folds: at most; fewer where a fold would hold fewer than 10 items, or
      where there are fewer clusters.
    cluster_N: data set → cluster of each item; a cluster's items share a
      fold, since one of them in the fit tells of the others. None, or no
      such data set: items stand alone.

  Returns:
    dataset, model ('all models' combines every model's choice entropy),
    prefix (mc | fr_first | …, 'all'), n_measures, best_single (chosen most
    often), rho_single, rho_combined (means over folds), gain (below zero where
    the combination loses), gain_low, gain_high, p_value (two-sided, paired
    bootstrap over items of the held-out predictions), r2_combined, n.
  """
  sets = [*_by_prefix(tables), *_crowds(tables)]
  fits = [fit for fit in each(
      lambda one: _fit(one, cluster_N.get(one.head[0]), seed, n_folds), sets)
          if fit is not None]
  # People are ranked once for all predictions of the same items' targets.
  alike: dict[tuple, list[int]] = {}
  for i, fit in enumerate(fits):
    key = fit.one.head[0], fit.known_N.tobytes(), fit.target_n.tobytes()
    alike.setdefault(key, []).append(i)
  rows: dict[int, tuple] = {}
  for (dataset, *_), places in alike.items():
    rows |= zip(places, _compare(
        [fits[i] for i in places], counts_NR[dataset], level), strict=True)
  return pd.DataFrame([rows[i] for i in range(len(fits))], columns=[
      columns.DATASET, columns.MODEL, derived.PREFIX, derived.N_MEASURES,
      derived.BEST_SINGLE, derived.RHO_SINGLE, derived.RHO_COMBINED,
      derived.GAIN, derived.GAIN_LOW, derived.GAIN_HIGH, columns.P_VALUE,
      derived.R2_COMBINED, columns.N])


@dataclasses.dataclass(frozen=True)
class _Set:
  """Measures that are combined."""

  head: tuple[str, str, str]  # data set, model, prefix
  names: list[str]
  values_MN: np.ndarray
  target_N: np.ndarray


def _by_prefix(tables: list[ModelItems]) -> Iterator[_Set]:
  """Each model's measures, by way of asking and all together."""
  for table in tables:
    if _TARGET not in table.frame:
      continue
    prefixes = [registry.parse(m)[0] for m in table.measures]
    groups = dict.fromkeys(prefixes)
    if len(groups) > 1:
      groups['all'] = None
    for group in groups:
      use = [i for i, p in enumerate(prefixes) if group in (p, 'all')]
      yield _Set(
          (table.dataset, table.model, group), [table.measures[i] for i in use],
          table.values_MN[use], table.frame[_TARGET].to_numpy(float))


def _crowds(tables: list[ModelItems]) -> Iterator[_Set]:
  """Every model's primary measure, by data set."""
  for dataset in dict.fromkeys(t.dataset for t in tables):
    group = [t for t in tables if t.dataset == dataset
             and PRIMARY in t.measures and _TARGET in t.frame]
    if len(group) < 2 or len({len(t.frame) for t in group}) > 1:
      continue
    yield _Set(
        (dataset, 'all models', 'mc'), [t.model for t in group],
        np.stack([t.values_MN[t.measures.index(PRIMARY)] for t in group]),
        group[0].frame[_TARGET].to_numpy(float))


@dataclasses.dataclass(frozen=True)
class _Fit:
  """What the measures of a set predict outside their fit.

  Attributes:
    one: the set.
    known_N: items with target and measures; n of them.
    target_n: their target.
    folds_n: their folds.
    predictions_2n: of the combination and of the best single measure.
    favourite: the measure that was chosen most often.
  """

  one: _Set
  known_N: np.ndarray
  target_n: np.ndarray
  folds_n: np.ndarray
  predictions_2n: np.ndarray
  favourite: str


def _fit(one: _Set, cluster_N, seed: int, n_folds: int) -> _Fit | None:
  known = np.isfinite(one.target_N + one.values_MN.sum(0))
  group_N = None if cluster_N is None else cluster_N[known]
  n_groups = known.sum() if group_N is None else len(np.unique(group_N))
  if known.sum() < _LEAST or n_groups < 2 or len(one.names) < 2:
    return None
  x, y = one.values_MN[:, known], one.target_N[known]
  folds = item_folds(
      len(y), min(n_folds, len(y) // _LEAST_IN_FOLD, n_groups), seed=seed,
      groups_N=group_N)
  combined, single, chosen = held_out(x, y, folds)
  return _Fit(one, known, y, folds, np.stack([combined, single]),
              one.names[max(set(chosen), key=chosen.count)])


def _compare(fits: list[_Fit], counts_NR: np.ndarray, level: float,
             ) -> Iterator[tuple]:
  """A row for each of some fits to the same items and targets."""
  known, y, folds = fits[0].known_N, fits[0].target_n, fits[0].folds_n
  both = np.concatenate([fit.predictions_2n for fit in fits])
  ones = np.ones((len(y), 1), np.int32)
  rho = spearman_within(both, y, folds, ones).reshape(-1, 2, 1)
  draws = spearman_within(
      both, y, folds, counts_NR if known.all() else counts_NR[known])
  for fit, rho_21, draws_2R in zip(
      fits, rho, draws.reshape(len(fits), 2, -1), strict=True):
    gain = resampling.paired_difference(
        rho_21[0], rho_21[1], draws_2R[:1], draws_2R[1:], level)
    r2 = 1 - np.sum((y - fit.predictions_2n[0])**2) / np.sum(
        (y - y.mean())**2)
    yield (*fit.one.head, len(fit.one.names), fit.favourite, rho_21[1, 0],
           rho_21[0, 0], gain.value[0], gain.low[0], gain.high[0],
           gain.p_value[0], r2, len(y))


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
    [M, R]; folds where a side is constant, or that hold no item, are left
    out.
  """
  def in_fold(fold: int) -> tuple[np.ndarray, np.ndarray]:
    inside = folds_N == fold
    inside_NR = counts_NR[inside]
    size_R = inside_NR.sum(0)
    drawn = size_R > 0  # of few clusters, a draw may hold none
    rho_MR = np.full((len(predictions_MN), len(size_R)), np.nan)
    rho_MR[:, drawn] = spearman_draws.bootstrap_spearman(
        predictions_MN[:, inside], target_N[inside][None],
        inside_NR if drawn.all() else inside_NR[:, drawn])[:, 0]
    return np.nan_to_num(rho_MR) * size_R, np.isfinite(rho_MR) * size_R

  total, weight = (
      sum(parts) for parts in zip(*each(in_fold, sorted(set(folds_N)))))
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
  """Ridge regression whose penalty has the least leave-one-out error.

  β = argmin ‖y − ȳ − (X − x̄) β‖² + λ ‖β‖². As scikit-learn's RidgeCV: the
  intercept is not penalised, and leave-one-out is in closed form, from one
  eigendecomposition.

  Args:
    x_NM: predictors.
    y_N: target.
    penalties: λ to choose from.

  Returns:
    (β [M], intercept).

  Source:
    Hastie, Tibshirani & Friedman 2009, The elements of statistical learning,
    sections 3.4.1 and 7.10.
  """
  mean_M, mean = x_NM.mean(0), y_N.mean()
  centred_NM, y_N = x_NM - mean_M, y_N - mean
  # In the Gram matrix's axes: its smallest penalty keeps this as exact as a
  # singular value decomposition, at a fraction of the time.
  square_M, axes_MM = np.linalg.eigh(centred_NM.T @ centred_NM)
  along_NM = centred_NM @ axes_MM
  shrink_MP = 1 / (np.maximum(square_M, 0)[:, None] + penalties)
  target_M = along_NM.T @ y_N
  fitted_NP = along_NM @ (shrink_MP * target_M[:, None])
  leverage_NP = along_NM**2 @ shrink_MP + 1 / len(y_N)
  error_P = np.mean(
      ((y_N[:, None] - fitted_NP) / (1 - leverage_NP))**2, axis=0)
  beta = axes_MM @ (shrink_MP[:, np.argmin(error_P)] * target_M)
  return beta, float(mean - mean_M @ beta)
