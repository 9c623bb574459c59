"""Claims about many models, whose units are families.

Models of one family share their data, makers and recipes: thirty models in
six families are six observations. Differences are averaged within families,
and the families' means are tested by all their sign flips.
"""

import dataclasses
import itertools
import math

import numpy as np

from uncertainty.analysis import claims_items as items
from uncertainty.analysis.claims_study import PRIMARY, ClaimStudy, Finding

_EXACT = 16  # families up to which all sign patterns are tried
_PATTERNS = 2 ** 14


@dataclasses.dataclass(frozen=True)
class FamilyMeans:
  """What tuning changes, by family.

  Attributes:
    mean_F: mean difference over a family's pairs.
    shared: mean covariance between families' means that comes from their
      sharing items: more families do not average it out.
    n_pairs: pairs with a difference.
    n_items: items behind them.
  """

  mean_F: np.ndarray
  shared: float
  n_pairs: int
  n_items: int


def instruct_alignment(study: ClaimStudy) -> list[Finding]:
  """Spearman with people's entropy, instruct less base."""
  if np.isnan(study.human_N).all():
    return []
  means = _family_means(
      study, study.rho_M, study.rho_MR - study.rho_M[:, None])
  return _finding(study, means, PRIMARY)


def instruct_calibration(study: ClaimStudy) -> list[Finding]:
  """Debiased squared calibration error, instruct less base."""
  graded = ~np.isnan(study.confidence_MN + study.correct_MN)
  value_M = np.full(len(study.models), np.nan)
  draws_MR = np.full((len(value_M), study.n_draws), np.nan)
  for m in np.flatnonzero(graded.any(1)):
    error = items.error_of(study, m)
    value_M[m] = error.estimate
    draws_MR[m] = error.influence_N @ study.counts_NR / len(study.cluster_N)
  means = _family_means(study, value_M, draws_MR)
  return _finding(study, means, 'mc_choice_logprob')


def instruct_accuracy(study: ClaimStudy) -> list[Finding]:
  """Share of right answers, instruct less base."""
  known = ~np.isnan(study.correct_MN)
  with np.errstate(invalid='ignore'):
    value_M = np.nansum(study.correct_MN, 1) / np.where(
        known.any(1), known.sum(1), np.nan)
    draws_MR = (np.nan_to_num(study.correct_MN) @ study.counts_NR
                / (known @ study.counts_NR)) - value_M[:, None]
  return _finding(study, _family_means(study, value_M, draws_MR), '')


def units_needed(p: float) -> int:
  """Families whose sign flips can reach a p-value: 2 / 2^F ≤ p."""
  return max(2, math.ceil(math.log2(2 / p) - 1e-9))


def sign_flip_p(mean_F: np.ndarray, seed: int = 0) -> float:
  """Two-sided p of the mean under all (or 2^14 random) sign patterns."""
  n = len(mean_F)
  if n <= _EXACT:
    signs = np.array(list(itertools.product((1.0, -1.0), repeat=n)))
  else:
    signs = np.random.default_rng(seed).choice((1.0, -1.0), (_PATTERNS, n))
    signs[0] = 1.0  # the data themselves
  null = np.abs(signs @ mean_F)
  return float(np.mean(null >= abs(mean_F.sum()) * (1 - 1e-9)))


def _family_means(
    study: ClaimStudy, value_M: np.ndarray, draws_MR: np.ndarray
) -> FamilyMeans:
  """Differences by family; draws are deviations from the values."""
  by_family: dict[str, list[tuple[int, int]]] = {}
  for base, tuned in study.pairs:
    if not np.isnan(value_M[tuned] - value_M[base]):
      by_family.setdefault(study.families[base], []).append((base, tuned))
  mean_F, draws_FR, used = [], [], set()
  for couples in by_family.values():
    base, tuned = (np.array(x) for x in zip(*couples, strict=True))
    mean_F.append(float(np.mean(value_M[tuned] - value_M[base])))
    draws_FR.append(np.mean(draws_MR[tuned] - draws_MR[base], 0))
    used |= {*base, *tuned}
  n = len(mean_F)
  shared = 0.0
  if n > 1:
    covariance = np.cov(np.stack(draws_FR))
    shared = float(
        (covariance.sum() - np.trace(covariance)) / (n * (n - 1)))
  known = ~np.isnan(study.uncertainty_MN[sorted(used)]).all(0)
  return FamilyMeans(np.array(mean_F), max(np.nan_to_num(shared), 0.0),
                     sum(map(len, by_family.values())), int(known.sum()))


def _finding(
    study: ClaimStudy, means: FamilyMeans, measure: str) -> list[Finding]:
  """Sign flips for the test; t with families − 1 degrees for the interval.

  The larger of both p-values counts: flips know nothing of the items that
  families share, t nothing of shapes other than normal.
  """
  n = len(means.mean_F)
  if n == 0:
    return []
  value, low, high, p, se = float(means.mean_F.mean()), *([np.nan] * 4)
  if n > 1:
    se = float(np.sqrt(means.mean_F.var(ddof=1) / n + means.shared))
    low, high, p_t = items.normal(value, se, n - 1, study.level)
    p = max(sign_flip_p(means.mean_F, study.seed), p_t)
  return [Finding('', measure, value, low, high, p, se, means.n_items,
                  2 * means.n_pairs, n, 2 / 2 ** n)]
