"""Whether probes of doubt read what they are named for, on new items.

Each finding is about one probe of one model at one site. The AUROC is the mean
over forward blocks of that of the block's own probe, weighted by items; blocks
of one label alone count for nothing.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
import pandas as pd

from uncertainty.analysis.claims import beyond, items
from uncertainty.analysis.claims.study import ClaimStudy, Finding, enough
from uncertainty.analysis.statistics import grouping, separation
from uncertainty.results import columns, derived


def in_domain(study: ClaimStudy) -> list[Finding]:
  """AUROC of probes that were fitted to earlier items of the data set.

  Args:
    study: one data set, with `doubt` of the probe stage.

  Returns:
    A finding a model, probe and site; none without probes.
  """
  return _each(study, lambda rows, own: own, _auroc)


def out_of_domain(study: ClaimStudy) -> list[Finding]:
  """AUROC of probes that were fitted to another data set.

  Args:
    study: one data set, with `doubt` of the probe stage.

  Returns:
    A finding a model, probe, site and other data set; none without probes.
  """
  return _each(study, lambda rows, own: ~own, _auroc)


def beyond_output(study: ClaimStudy) -> list[Finding]:
  """Partial correlation of targets with what activations add to the output.

  Args:
    study: one data set, with `doubt` of the probe stage.

  Returns:
    A finding a model, probe and site; none without probes or output.
  """
  return _each(
      study, lambda rows, own: own & (rows[derived.N_BASELINE] > 0), _partial)


def subject(model: str, probe: str, site: str, train: str = '') -> str:
  """What a finding is about.

  Args:
    model: the model.
    probe: of `probes.doubt.PROBES`.
    site: where activations were taken.
    train: the other data set that the probe was fitted to.

  Returns:
    The claims table's `model`.
  """
  fitted = f' (fitted to {train})' if train else ''
  return f'{model}: {probe} at {site}{fitted}'


def _each(
    study: ClaimStudy,
    choose: Callable[[pd.DataFrame, pd.Series], pd.Series],
    estimate: Callable[[ClaimStudy, Finding, np.ndarray, pd.DataFrame],
                       Finding]) -> list[Finding]:
  if study.doubt is None:
    return []
  place = {item: i for i, item in enumerate(study.stack.item_ids)}
  rows = study.doubt[study.doubt[columns.ITEM_ID].isin(list(place))]
  own = rows[derived.TRAIN] == study.stack.dataset
  rows = rows[choose(rows, own)]
  found = []
  for (model, probe, site, train), part in rows.groupby(
      [columns.MODEL, derived.PROBE, derived.SITE, derived.TRAIN], sort=False):
    other = '' if train == study.stack.dataset else str(train)
    found.append(estimate(
        study, Finding(subject(str(model), str(probe), str(site), other),
                       str(part[derived.TARGET].iloc[0]), len(part)),
        np.array([place[i] for i in part[columns.ITEM_ID]]), part))
  return found


def _auroc(study: ClaimStudy, unknown: Finding, item_n: np.ndarray,
           rows: pd.DataFrame) -> Finding:
  score_n, label_n, fold_n = (rows[c].to_numpy(float) for c in (
      derived.SCORE, derived.HIGH_SHARE, derived.FOLD))
  value, influence_n, folds = mean_auroc(score_n, label_n, fold_n)
  told_n = ~np.isnan(influence_n)
  freedom = grouping.effective_number(study.cluster_N[item_n[told_n]]) - folds
  if not (enough(freedom) and _enough_of_both(label_n[told_n])):
    return dataclasses.replace(unknown, estimate=value)
  se = beyond.forward_error(
      study, item_n[told_n], influence_n[told_n], freedom)
  value = float(np.clip(value, 1e-6, 1 - 1e-6))
  spread = value * (1 - value)
  logit = items.by_t(
      dataclasses.replace(unknown, n_items=int(told_n.sum())),
      np.log(value / (1 - value)), se / spread, freedom, study.level)
  return dataclasses.replace(
      logit, estimate=value, se=se, low=1 / (1 + np.exp(-logit.low)),
      high=1 / (1 + np.exp(-logit.high)))


def mean_auroc(score_n: np.ndarray, label_n: np.ndarray, fold_n: np.ndarray,
               ) -> tuple[float, np.ndarray, int]:
  """AUROC within folds, averaged by their items.

  Args:
    score_n: NaN where a fold has no probe.
    label_n: 0 to 1.
    fold_n: which probe gave the score.

  Returns:
    The mean; each item's influence, NaN in folds of one label or none; how
    many folds count.
  """
  total, count, folds = 0.0, 0, 0
  influence_n = np.full(len(score_n), np.nan)
  for fold in np.unique(fold_n):
    inside = fold_n == fold
    if np.isnan(score_n[inside]).any():
      continue
    found = separation.auroc(score_n[inside], label_n[inside])
    if not np.isnan(found.value):
      influence_n[inside] = found.influence_N
      total += found.value * inside.sum()
      count, folds = count + int(inside.sum()), folds + 1
  return (total / count if count else np.nan), influence_n, folds


def _partial(study: ClaimStudy, unknown: Finding, item_n: np.ndarray,
             rows: pd.DataFrame) -> Finding:
  residual_n, added_n, fold_n, label_n = (rows[c].to_numpy(float) for c in (
      derived.RESIDUAL, derived.ADDED, derived.FOLD, derived.HIGH_SHARE))
  if not _enough_of_both(label_n):
    return dataclasses.replace(unknown, estimate=beyond.partial(
        residual_n, added_n, fold_n)[0])
  return beyond.of_model(
      study, unknown, item_n, residual_n, added_n, fold_n,
      n_baseline=int(rows[derived.N_BASELINE].iloc[0]))


def _enough_of_both(label_n: np.ndarray) -> bool:
  """Where one label is rare, a few items decide and no t holds."""
  return enough(min(np.nansum(label_n), np.nansum(1 - label_n)))
