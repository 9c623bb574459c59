"""Whether activations tell of people beyond what the model's output tells."""

import dataclasses

import numpy as np

from uncertainty.analysis.claims import items
from uncertainty.analysis.claims.study import ClaimStudy, Finding, enough
from uncertainty.analysis.statistics import grouping
from uncertainty.results import columns, derived


def probe_beyond_output(study: ClaimStudy) -> list[Finding]:
  """Mean over forward blocks of the partial correlation of score and people.

  Args:
    study: one data set, with `forward` of the probe stage.

  Returns:
    A finding a model that was probed; none without probes.
  """
  if study.forward is None:
    return []
  place = {item: i for i, item in enumerate(study.stack.item_ids)}
  found = []
  for model, table in study.forward.groupby(columns.MODEL, sort=False):
    table = table[table[columns.ITEM_ID].isin(list(place))]
    if len(table):
      item_n = np.array([place[i] for i in table[columns.ITEM_ID]])
      found.append(of_model(
          study, Finding(str(model), '', len(item_n)), item_n, *(
              table[c].to_numpy() for c in (
                  derived.RESIDUAL, derived.SCORE, derived.FOLD)),
          n_baseline=int(table[derived.N_BASELINE].iloc[0])))
  return found


def partial(
    residual_n: np.ndarray, score_n: np.ndarray, fold_n: np.ndarray
) -> tuple[float, np.ndarray]:
  """Pearson's correlation within folds, averaged by their items.

  Args:
    residual_n: of the target about the baseline.
    score_n: of the activations.
    fold_n: which probe gave the score.

  Returns:
    r, and each item's influence (z_e z_s − r (z_e² + z_s²) / 2, standardised
    within folds); NaN where a fold's residuals or scores do not vary.
  """
  total, influence_n = 0.0, np.zeros(len(fold_n))
  for fold in np.unique(fold_n):
    inside = fold_n == fold
    with np.errstate(invalid='ignore', divide='ignore'):
      e, s = ((x[inside] - x[inside].mean()) / x[inside].std()
              for x in (residual_n, score_n))
    r = float(np.mean(e * s))
    influence_n[inside] = e * s - r * (e ** 2 + s ** 2) / 2
    total += r * inside.sum()
  return total / len(fold_n), influence_n


def of_model(
    study: ClaimStudy, unknown: Finding, item_n: np.ndarray,
    residual_n: np.ndarray, score_n: np.ndarray, fold_n: np.ndarray,
    n_baseline: int) -> Finding:
  """The claim of one model's probe.

  Args:
    study: one data set.
    unknown: what it is about.
    item_n: places of the tested items in the data set.
    residual_n: see `partial`.
    score_n: see `partial`.
    fold_n: see `partial`.
    n_baseline: columns that residuals are about.

  Returns:
    The partial correlation; without an interval where there is too little.
  """
  units = grouping.effective_number(study.cluster_N[item_n])
  # What was fitted on the tested items: their baseline and each fold's mean.
  # Where clusters are few, residuals are much smaller than errors (CR1).
  freedom = units - n_baseline - len(np.unique(fold_n))
  r, influence_n = partial(residual_n, score_n, fold_n)
  if not enough(freedom) or np.isnan(r):
    return dataclasses.replace(unknown, estimate=r)
  return items.by_t(
      unknown, r, forward_error(study, item_n, influence_n, freedom), freedom,
      study.level)


def forward_error(study: ClaimStudy, item_n: np.ndarray,
                  influence_n: np.ndarray, freedom: float) -> float:
  """Standard error of a mean over tested items, clusters as units.

  Args:
    study: one data set.
    item_n: places of the tested items in the data set.
    influence_n: what each adds to the mean.
    freedom: clusters less what was fitted on them.

  Returns:
    In the mean's unit.
  """
  influence_N = np.zeros(len(study.cluster_N))
  tested_N = np.zeros(len(study.cluster_N), bool)
  influence_N[item_n], tested_N[item_n] = influence_n, True
  return items.standard_error(study, influence_N, tested_N) * float(
      np.sqrt((study.n_clusters(tested_N) - 1) / freedom))
