"""Claims about many models, whose units are families.

Models of one family share their data, makers and recipes: thirty models in
six families are six observations. Differences are averaged within families,
and the families' means are tested by all their sign flips.
"""

import dataclasses
import math
from collections.abc import Callable

import numpy as np

from uncertainty.analysis.calibration import squared_error
from uncertainty.analysis.claims import items
from uncertainty.analysis.claims.study import (
  ClaimStudy,
  Finding,
)
from uncertainty.analysis.statistics import families
from uncertainty.results import derived

PATTERNS = 2 ** 14  # random signs, where there are too many families for all


def instruct_alignment(study: ClaimStudy) -> list[Finding]:
  """Spearman with people's entropy, instruct less base.

  Args:
    study: one data set.

  Returns:
    One finding; none without pairs that have it.
  """
  def of(m: int, known_N: np.ndarray) -> tuple[float, np.ndarray]:
    value, draws_R = study.rho_over(m, known_N)
    return value, draws_R - value

  return _finding(
      study, ~np.isnan(study.uncertainty_MN + study.human_N), of,
      study.primary)


def instruct_calibration(study: ClaimStudy) -> list[Finding]:
  """Debiased squared calibration error, instruct less base.

  Args:
    study: one data set.

  Returns:
    One finding; none without pairs that have it.
  """
  def of(m: int, known_N: np.ndarray) -> tuple[float, np.ndarray]:
    if not squared_error.determined(
        study.confidence_MN[m], np.where(known_N, study.correct_MN[m], np.nan),
        study.cluster_N, study.n_bins):
      return np.nan, np.full(study.n_draws, np.nan)
    error = items.error_of(study, m, known_N)
    return error.estimate, (
        error.influence_N @ study.counts_NR / len(study.cluster_N))

  return _finding(study, ~np.isnan(study.confidence_MN + study.correct_MN), of,
                  derived.CHOICE_CONFIDENCE)


def instruct_accuracy(study: ClaimStudy) -> list[Finding]:
  """Share of right answers, instruct less base.

  Args:
    study: one data set.

  Returns:
    One finding; none without pairs that have it.
  """
  counts_NR = study.counts_NR.astype(np.float64)

  def of(m: int, known_N: np.ndarray) -> tuple[float, np.ndarray]:
    value = float(study.correct_MN[m, known_N].mean())
    right_N = np.where(known_N, study.correct_MN[m], 0)
    with np.errstate(invalid='ignore'):
      return value, (right_N @ counts_NR) / (known_N @ counts_NR) - value

  return _finding(study, ~np.isnan(study.correct_MN), of, '')


def units_needed(p: float) -> int:
  """How many families are needed for a p-value: 2 / 2^F ≤ p.

  Args:
    p: what is to be reached.

  Returns:
    F, at least 2.
  """
  return max(2, math.ceil(math.log2(2 / p) - 1e-9))


def _finding(
    study: ClaimStudy, known_MN: np.ndarray,
    of: Callable[[int, np.ndarray], tuple[float, np.ndarray]],
    measure: str) -> list[Finding]:
  """The mean over families of what pairs differ by on items of both.

  Args:
    study: one data set.
    known_MN: items that each model has.
    of: (model, items) → a value and the deviations of its draws from it.
    measure: of the finding.
  """
  couples, values, draws, sizes = [], [], [], []
  for pair in study.pairs:
    known_N = known_MN[pair[0]] & known_MN[pair[1]]
    if not known_N.any():
      continue
    (before, before_R), (after, after_R) = (of(m, known_N) for m in pair)
    if not np.isnan(after - before):
      couples.append(pair)
      values.append(after - before)
      draws.append(after_R - before_R)
      sizes.append(int(known_N.sum()))
  if not couples:
    return []
  mean = families.family_mean(
      np.array(values), np.array(draws),
      np.array(study.families)[[base for base, _ in couples]], study.level,
      n_draws=PATTERNS, seed=study.seed)
  found = Finding(
      '', measure, min(sizes), mean.value, n_models=2 * len(couples),
      n_families=mean.n_families, least_p=mean.least_p)
  if not mean.se > 0:
    return [found]
  return [dataclasses.replace(
      found, low=mean.low, high=mean.high, p=mean.p_value, se=mean.se)]
