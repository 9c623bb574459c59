"""Claims about the confidence that a model states in words.

Steyvers et al. 2025 (Nature Machine Intelligence 7): people trust an answer by
the words around it, which hold another confidence than the model does.
"""

import dataclasses

import numpy as np

from uncertainty.analysis.calibration.squared_error import LEAST
from uncertainty.analysis.claims.items import (
  by_t,
  cluster_sums,
  standard_error,
)
from uncertainty.analysis.claims.study import (
  ClaimStudy,
  Finding,
  enough,
  t_p_value,
  t_quantile,
)
from uncertainty.analysis.scores.stack import numbers
from uncertainty.measures import registry

_STATED = registry.PRIMARY['verbal']


def stated_gap(study: ClaimStudy) -> list[Finding]:
  """Mean of stated confidence less the largest choice probability.

  Args:
    study: one data set.

  Returns:
    A finding a model that was asked for both.
  """
  return _means(study, lambda m: study.confidence_MN[m])


def overclaimed(study: ClaimStudy) -> list[Finding]:
  """Mean of stated confidence less whether the answer stated with it is right.

  Args:
    study: one data set.

  Returns:
    A finding a model that was asked for both; none on data without right
    answers.
  """
  grade = registry.subject(_STATED).grade
  return _means(
      study, lambda m: numbers(study.stack.frames[study.models[m]], grade),
      _overclaim)


def _means(study, against, judge=None) -> list[Finding]:
  """Means of stated confidence less something, [N] of a model's number."""
  found = []
  for m, model in enumerate(study.models):
    stated_N, other_N = numbers(study.stack.frames[model], _STATED), against(m)
    known_N = ~np.isnan(stated_N - other_N)
    if known_N.any():
      unknown = Finding(model, _STATED, int(known_N.sum()))
      found.append(
          judge(study, stated_N, other_N, known_N, unknown) if judge else
          _mean(study, stated_N - other_N, known_N, unknown))
  return found


def _overclaim(study, stated_N, right_N, known_N, unknown) -> Finding:
  """The same where the other side is right or wrong, and rarely one of them.

  As Wilson's (1927) of a share: were the gap δ, the share of right answers
  would be q = mean stated − δ, and its variance that of q, not of the share
  seen, which is too small where the few wrong answers happen to be fewer. p is
  of the larger of both variances.
  """
  if not all(enough(study.n_clusters(known_N & some_N)) for some_N in (
      right_N > .5, right_N <= .5)):
    return unknown
  found = _mean(study, stated_N - right_N, known_N, unknown)
  if not found.se > 0:
    return found
  stated_n, right_n = stated_N[known_N], right_N[known_N]
  share, n = right_n.mean(), len(right_n)
  # Variance of the gap as a function of q: rest + ratio q (1 − q).
  ratio = right_n.var() / (share * (1 - share))
  rest = (stated_n - right_n).var() - right_n.var()
  design = found.se ** 2 / (stated_n - right_n).var()
  mean = stated_n.mean()

  def error(gap: float) -> float:
    q = np.clip(mean - gap, 0, 1)
    return float(np.sqrt(design * max(rest + ratio * q * (1 - q), 1 / n ** 2)))

  def end(sign: int) -> float:
    # Of 1 − right, q, the equation (δ − gap)² = t² error² is quadratic.
    reach = t_quantile(study.level, found.freedom) ** 2 * design
    a = 1 + reach * ratio
    b = -2 * found.estimate - reach * ratio * (2 * mean - 1)
    c = found.estimate ** 2 - reach * (rest + ratio * mean * (1 - mean))
    return float((-b + sign * np.sqrt(max(b * b - 4 * a * c, 0))) / (2 * a))

  se = max(found.se, error(0.0))
  return dataclasses.replace(
      found, low=end(-1), high=end(1), se=se,
      p=t_p_value(found.estimate / se, found.freedom))


def _mean(study, gap_N, known_N, unknown) -> Finding:
  """A mean over items with clusters as units, by Student's t.

  Where a few items make nearly all of the variance, it is too small just where
  fewer of them happened to be seen, and the mean is off: no t tells of that.
  """
  units = study.n_clusters(known_N)
  mean = float(gap_N[known_N].mean())
  if not enough(units):
    return unknown
  rest_N = np.where(known_N, gap_N - mean, 0.0)
  square_G = cluster_sums(study, rest_N, known_N) ** 2
  # As many as if all varied alike; a third of them of a normal distribution.
  if square_G.sum() ** 2 < min(LEAST, units / 4) * (square_G ** 2).sum():
    return dataclasses.replace(unknown, estimate=mean)
  se = standard_error(study, rest_N, known_N)
  return by_t(unknown, mean, se, units - 1, study.level)
