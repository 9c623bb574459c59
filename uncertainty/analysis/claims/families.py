"""Claims about many models, whose units are families.

Models of one family share their data, makers and recipes: thirty models in
six families are six observations. Differences are averaged within families,
and the families' means are tested by all their sign flips.
"""

import dataclasses
import math

import numpy as np

from uncertainty.analysis.calibration import squared_error
from uncertainty.analysis.claims import items
from uncertainty.analysis.claims.study import (
  ClaimStudy,
  Finding,
)
from uncertainty.analysis.statistics import families
from uncertainty.results import columns

PATTERNS = 2 ** 14  # random signs, where there are too many families for all


def instruct_alignment(study: ClaimStudy) -> list[Finding]:
  """Spearman with people's entropy, instruct less base.

  Args:
    study: one data set.

  Returns:
    One finding; none without pairs that have it.
  """
  if np.isnan(study.human_N).all():
    return []
  return _finding(
      study, study.rho_M, study.rho_MR - study.rho_M[:, None], study.primary)


def instruct_calibration(study: ClaimStudy) -> list[Finding]:
  """Debiased squared calibration error, instruct less base.

  Args:
    study: one data set.

  Returns:
    One finding; none without pairs that have it.
  """
  value_M = np.full(len(study.models), np.nan)
  draws_MR = np.full((len(value_M), study.n_draws), np.nan)
  for m in range(len(value_M)):
    if not squared_error.determined(
        study.confidence_MN[m], study.correct_MN[m], study.cluster_N,
        study.n_bins):
      continue
    error = items.error_of(study, m)
    value_M[m] = error.estimate
    draws_MR[m] = error.influence_N @ study.counts_NR / len(study.cluster_N)
  return _finding(study, value_M, draws_MR, columns.CHOICE_LOGPROB)


def instruct_accuracy(study: ClaimStudy) -> list[Finding]:
  """Share of right answers, instruct less base.

  Args:
    study: one data set.

  Returns:
    One finding; none without pairs that have it.
  """
  known = ~np.isnan(study.correct_MN)
  if not known.any():
    return []
  counts_NR = study.counts_NR.astype(np.float64)
  with np.errstate(invalid='ignore'):
    value_M = np.nansum(study.correct_MN, 1) / np.where(
        known.any(1), known.sum(1), np.nan)
    draws_MR = (np.nan_to_num(study.correct_MN) @ counts_NR
                / (known.astype(np.float64) @ counts_NR)) - value_M[:, None]
  return _finding(study, value_M, draws_MR, '')


def units_needed(p: float) -> int:
  """How many families are needed for a p-value: 2 / 2^F ≤ p.

  Args:
    p: what is to be reached.

  Returns:
    F, at least 2.
  """
  return max(2, math.ceil(math.log2(2 / p) - 1e-9))


def _finding(
    study: ClaimStudy, value_M: np.ndarray, draws_MR: np.ndarray,
    measure: str) -> list[Finding]:
  """The mean over families; draws are deviations from the values."""
  couples = np.array([
      (base, tuned) for base, tuned in study.pairs
      if not np.isnan(value_M[tuned] - value_M[base])])
  if not len(couples):
    return []
  base_U, tuned_U = couples.T
  mean = families.family_mean(
      value_M[tuned_U] - value_M[base_U], draws_MR[tuned_U] - draws_MR[base_U],
      np.array(study.families)[base_U], study.level, n_draws=PATTERNS,
      seed=study.seed)
  known_N = ~np.isnan(study.uncertainty_MN[np.unique(couples)]).all(0)
  found = Finding(
      '', measure, int(known_N.sum()), mean.value, n_models=couples.size,
      n_families=mean.n_families, least_p=mean.least_p)
  if not mean.se > 0:
    return [found]
  return [dataclasses.replace(
      found, low=mean.low, high=mean.high, p=mean.p_value, se=mean.se)]
