"""Means over models whose units are families, over items that they share."""

import dataclasses
import functools

import numpy as np
from scipy import special

from uncertainty.analysis.statistics import resampling

# Simulated studies, and halvings, by which a power of .8 is found within .03.
_STUDIES, _HALVINGS = 1000, 24
_FARTHEST = 100.0  # standard errors


@dataclasses.dataclass(frozen=True)
class FamilyMean:
  """A mean over families; NaN but for `value` with one family.

  Attributes:
    value: every family counts once, whatever its number of models.
    se: standard error, over families and items.
    low: lower end of the interval for families and items like these.
    high: its upper end.
    p_value: two-sided, of a mean of 0.
    least_p: the smallest p that so many families can reach.
    n_families: F.
  """

  value: float
  se: float
  low: float
  high: float
  p_value: float
  least_p: float
  n_families: int


def family_mean(
    value_U: np.ndarray, draws_UR: np.ndarray, family_U: np.ndarray,
    level: float, *, n_draws: int, seed: int) -> FamilyMean:
  """The mean over families of a number that each model or pair has.

  y_f is the mean of family f's units, ȳ that of the families, and

    se² = Σ_f (y_f − ȳ)² / (F (F − 1)) + c,

  c the mean covariance of two families' y over the draws of items: families
  answer the same items, which more families do not average out. The interval
  is ȳ ± t(F − 1) se. The p-value is the larger of that t test's and that of
  all sign flips of the y_f: flips know nothing of shared items, t nothing of
  distributions other than normal.

  Args:
    value_U: one number per unit, nothing missing.
    draws_UR: the same in every resample of items; NaN draws are left out.
    family_U: the units' families.
    level: nominal coverage.
    n_draws: random sign patterns, beyond 14 families.
    seed: of these.

  Returns:
    The mean with its interval and p.

  Raises:
    ValueError: no units.
  """
  if not len(value_U):
    raise ValueError('a mean over families needs a unit')
  labels, member_U = np.unique(np.asarray(family_U), return_inverse=True)
  n = len(labels)
  weight_FU = (member_U == np.arange(n)[:, None]) / np.bincount(
      member_U)[:, None]
  mean_F = weight_FU @ value_U
  value, least_p = float(mean_F.mean()), resampling.least_sign_flip_p(
      n, n_draws)
  if n == 1:
    return FamilyMean(value, np.nan, np.nan, np.nan, np.nan, least_p, n)
  draws_UR = np.asarray(draws_UR, np.float64)
  known_R = np.isfinite(draws_UR).all(0)
  shared = 0.0
  if known_R.sum() > 1:
    covariance_FF = np.cov(weight_FU @ draws_UR[:, known_R])
    shared = float((covariance_FF.sum() - np.trace(covariance_FF))
                   / (n * (n - 1)))
  se = float(np.sqrt(mean_F.var(ddof=1) / n + max(shared, 0.0)))
  p_flip = float(resampling.sign_flip_test(
      mean_F[None], n_draws, seed=seed)[0])
  p_t = 2 * special.stdtr(n - 1, -abs(value) / se) if se > 0 else np.nan
  reach = float(special.stdtrit(n - 1, (1 + level) / 2)) * se
  return FamilyMean(value, se, value - reach, value + reach,
                    float(np.maximum(p_flip, p_t)), least_p, n)


def pooled_interval(
    value_U: np.ndarray, family_U: np.ndarray, level: float,
) -> tuple[float, float]:
  """Interval of a mean in which every model or pair counts once.

  A family's residuals from the mean are summed, over 1 − n_f / n since it
  pulls the mean to itself (CR2), and Student's t has Satterthwaite's degrees of
  freedom for independent units.

  Args:
    value_U: one number per unit, nothing missing.
    family_U: the units' families.
    level: nominal coverage.

  Returns:
    Both ends; NaN with one family.

  Source: Bell & McCaffrey 2002; Imbens & Kolesár 2016.
  """
  _, member_U = np.unique(np.asarray(family_U), return_inverse=True)
  n, n_F = len(value_U), np.bincount(member_U)
  if len(n_F) < 2:
    return np.nan, np.nan
  mean, share_F = value_U.mean(), n_F / n
  sum_F = np.bincount(member_U, value_U - mean)
  se = np.sqrt((sum_F ** 2 / (1 - share_F)).sum()) / n
  scale_F = 1 / np.sqrt(1 - share_F)
  spread_FF = np.outer(scale_F, scale_F) * (
      np.diag(share_F) - np.outer(share_F, share_F))
  freedom = np.trace(spread_FF) ** 2 / (spread_FF ** 2).sum()
  reach = special.stdtrit(freedom, (1 + level) / 2) * se
  return float(mean - reach), float(mean + reach)


@functools.lru_cache
def least_shift(
    n_families: int, alpha: float, *, n_draws: int, power: float = 0.8
) -> float:
  """The mean that `family_mean` tells from 0 with a given power.

  Found by simulation, families being normal. Student's t alone would say too
  little: the p-value is the larger of its and that of sign flips, which with
  few families take few values.

  Args:
    n_families: F ≥ 2.
    alpha: level that p stays below.
    n_draws: random sign patterns, beyond 14 families.
    power: share of studies that tell.

  Returns:
    In standard errors of the mean over families; NaN where no mean, however
    large, is told so often.
  """
  rng = np.random.default_rng(0)
  noise_SF = rng.normal(size=(_STUDIES, n_families))

  def told(shift: float) -> float:
    value_SF = noise_SF + shift / np.sqrt(n_families)
    t_S = np.sqrt(n_families) * value_SF.mean(1) / value_SF.std(1, ddof=1)
    p_S = np.maximum(resampling.sign_flip_test(value_SF, n_draws, seed=0),
                     2 * special.stdtr(n_families - 1, -abs(t_S)))
    return float(np.mean(p_S < alpha))

  low, high = 0.0, _FARTHEST
  if told(high) < power:
    return np.nan
  for _ in range(_HALVINGS):
    middle = (low + high) / 2
    low, high = (low, middle) if told(middle) >= power else (middle, high)
  return high
