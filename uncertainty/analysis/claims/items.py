"""Claims about one model (or one pair), over items, each with its raters."""

import dataclasses
from collections.abc import Callable

import numpy as np

from uncertainty.analysis.calibration import squared_error as squared
from uncertainty.analysis.claims.study import (
  POWER,
  ClaimStudy,
  Finding,
  enough,
  t_p_value,
  t_quantile,
)
from uncertainty.analysis.scores import aligned as aligning
from uncertainty.analysis.statistics import fifths as lowest_fifth
from uncertainty.analysis.statistics import separation
from uncertainty.results import derived


def aligned(study: ClaimStudy) -> list[Finding]:
  """Spearman with people's entropy; t on Fisher's z, bootstrap error.

  Args:
    study: one data set.

  Returns:
    A finding a model; none on data without people.
  """
  return _each_model(
      study, study.primary, ~np.isnan(study.uncertainty_MN + study.human_N),
      _aligned)


def calibrated(study: ClaimStudy) -> list[Finding]:
  """Root of the debiased squared error, against the stated threshold.

  Args:
    study: one data set.

  Returns:
    A finding a model; none on data without right answers.
  """
  return _each_model(
      study, derived.CHOICE_CONFIDENCE, _graded_MN(study), _calibrated)


def calibration_difference(study: ClaimStudy) -> list[Finding]:
  """Debiased squared error of the instruct model less the base model's.

  Args:
    study: one data set.

  Returns:
    A finding a pair; none on data without right answers.
  """
  graded_MN = _graded_MN(study)
  found = []
  for base, tuned in study.pairs:
    known_N = graded_MN[base] & graded_MN[tuned]
    if not known_N.any():
      continue
    unknown = Finding(
        f'{study.models[base]} → {study.models[tuned]}',
        derived.CHOICE_CONFIDENCE, int(known_N.sum()), n_models=2)
    found.append(difference(study, (base, tuned), known_N, unknown))
  return found


def sure_and_right(study: ClaimStudy) -> list[Finding]:
  """AUROC of the primary measure; t on the logit, error by influences.

  Args:
    study: one data set.

  Returns:
    A finding a model; none on data without right answers.
  """
  return _each_model(
      study, study.primary, _ranked_MN(study), _sure_and_right)


def surest_fifth(study: ClaimStudy) -> list[Finding]:
  """Accuracy on the surest fifth of items less that on the least sure.

  Args:
    study: one data set.

  Returns:
    A finding a model; none on data without right answers.
  """
  return _each_model(
      study, study.primary, _ranked_MN(study), _surest_fifth)


def error_of(
    study: ClaimStudy, m: int, known_N: np.ndarray | None = None
) -> squared.SquaredError:
  """A model's squared calibration error, over some of its items.

  Args:
    study: one data set.
    m: which model.
    known_N: which items; None: all.

  Returns:
    The debiased error.
  """
  confidence_N = study.confidence_MN[m]
  if known_N is not None:
    confidence_N = np.where(known_N, confidence_N, np.nan)
  return squared.squared_error(
      confidence_N, study.correct_MN[m], study.cluster_N, study.n_bins)


def by_t(
    finding: Finding, value: float, se: float, freedom: float, level: float
) -> Finding:
  """A finding with Student's t interval, and p against 0.

  Args:
    finding: what is completed.
    value: the estimate.
    se: its standard error.
    freedom: degrees of freedom of that error.
    level: of the interval.

  Returns:
    The finding; without interval and p where there is no error.
  """
  if not se > 0:
    return dataclasses.replace(finding, estimate=value, se=se)
  reach = t_quantile(level, freedom) * se
  return dataclasses.replace(
      finding, estimate=value, low=value - reach, high=value + reach,
      p=t_p_value(value / se, freedom), se=se, freedom=freedom)


def _each_model(
    study: ClaimStudy, measure: str, known_MN: np.ndarray,
    judge: Callable[[ClaimStudy, int, np.ndarray, Finding], Finding],
) -> list[Finding]:
  """A finding for each model that has items; `judge` fills in what it can."""
  return [
      judge(study, m, known_MN[m],
            Finding(model, measure, int(known_MN[m].sum())))
      for m, model in enumerate(study.models) if known_MN[m].any()]


def _aligned(study, m, known_N, unknown) -> Finding:
  aligned = study.aligned_M
  if not len(aligned.rho_X):
    return unknown
  found = dataclasses.replace(unknown, estimate=float(aligned.rho_X[m]))
  se = float(aligned.error_X[m])
  if not (enough(study.n_clusters(known_N)) and se > 0
          and study.varied(m, known_N)):
    return found
  interval = aligning.interval(aligned, study.level)
  return dataclasses.replace(
      found, low=float(interval.low[m]), high=float(interval.high[m]),
      p=float(aligning.p_value(aligned)[m]), se=se,
      freedom=float(aligned.freedom_X[m]))


def _calibrated(study, m, known_N, unknown) -> Finding:
  del known_N
  if not squared.determined(study.confidence_MN[m], study.correct_MN[m],
                            study.cluster_N, study.n_bins):
    return unknown
  error, threshold = error_of(study, m), study.calibrated_below
  low, high = np.sqrt(squared.interval(error, study.level))

  def told(alpha: float) -> float:
    return float(np.sqrt(squared.least_above(
        error, threshold ** 2, alpha, POWER)) - threshold)

  return dataclasses.replace(
      unknown, estimate=np.sqrt(max(error.estimate, 0)), low=low, high=high,
      p=squared.two_sided_p(error, threshold ** 2), told=told)


def difference(
    study: ClaimStudy, pair: tuple[int, int], known_N: np.ndarray,
    unknown: Finding) -> Finding:
  """Second less first of a pair's squared calibration errors.

  Args:
    study: one data set.
    pair: which models.
    known_N: items of both.
    unknown: what is completed.

  Returns:
    The finding; as it was where there are too few clusters.
  """
  freedom = study.n_clusters(known_N) - 1
  if not all(squared.determined(
      study.confidence_MN[m], np.where(known_N, study.correct_MN[m], np.nan),
      study.cluster_N, study.n_bins) for m in pair):
    return unknown
  base, tuned = (error_of(study, m, known_N) for m in pair)
  influence_G = cluster_sums(
      study, tuned.influence_N - base.influence_N, known_N)
  se = np.sqrt(squared.difference_variance(
      tuned, base, influence_G, len(known_N)))
  return by_t(
      unknown, tuned.estimate - base.estimate, se, freedom, study.level)


def _sure_and_right(study, m, known_N, unknown) -> Finding:
  right_N = known_N & (study.correct_MN[m] > 0.5)
  wrong_N = known_N & ~right_N
  if not study.ranked(m, known_N):
    return unknown
  value, influence_N = auroc(study.uncertainty_MN[m], right_N, wrong_N)
  se = standard_error(study, influence_N, known_N)
  value = float(np.clip(value, 1e-6, 1 - 1e-6))
  logit = by_t(
      unknown, np.log(value / (1 - value)), se / (value * (1 - value)),
      _freedom_of_two(study, influence_N, (right_N, wrong_N)), study.level)
  return dataclasses.replace(
      logit, estimate=value, se=se,
      low=1 / (1 + np.exp(-logit.low)), high=1 / (1 + np.exp(-logit.high)))


def _freedom_of_two(study, influence_N, parts) -> float:
  """Satterthwaite's (1946), of a variance that two groups add to.

  At most that of all clusters, which both groups may share.
  """
  variances = [float((study.sums(np.where(part_N, influence_N, 0)[None]) ** 2
                      ).sum()) for part_N in parts]
  spread = sum(v ** 2 / (study.n_clusters(part_N) - 1)
               for v, part_N in zip(variances, parts, strict=True))
  most = study.n_clusters(np.any(parts, 0)) - 1
  return min(sum(variances) ** 2 / spread, most) if spread > 0 else most


def _surest_fifth(study, m, known_N, unknown) -> Finding:
  if not enough(known_N.sum() // 5) or not study.ranked(m, known_N):
    return unknown
  sure_N, unsure_N, first, second = _accuracies(study, m, known_N)
  influence_N = fifths(study, m, known_N)[1]
  part_N = (sure_N > 0) | (unsure_N > 0)
  units = study.n_clusters(part_N)
  if not enough(units):
    return unknown
  # Two means are taken from them.
  se = standard_error(study, influence_N * part_N.sum(), part_N) * float(
      np.sqrt((units - 1) / (units - 2)))
  found = by_t(unknown, first - second, se, units - 2, study.level)
  # Shares of few items: were both equal, each would vary as their mean does.
  common = (first + second) / 2
  own = (first * (1 - first) + second * (1 - second)) / 2
  se *= np.sqrt(common * (1 - common) / own) if own > 0 else 1.0
  tested = by_t(unknown, first - second, se, units - 2, study.level)
  return dataclasses.replace(found, p=tested.p, se=tested.se)


def _accuracies(study, m, known_N):
  """Weights of the surest and the least sure fifth, and accuracy on each."""
  sure_N, unsure_N = (
      lowest_fifth.lowest(sign * study.uncertainty_MN[m], known_N)
      for sign in (1, -1))
  correct_N = np.nan_to_num(study.correct_MN[m])
  return sure_N, unsure_N, sure_N @ correct_N, unsure_N @ correct_N


def fifths(study: ClaimStudy, m: int,
           known_N: np.ndarray) -> tuple[float, np.ndarray]:
  """Accuracy on the surest fifth of items less that on the least sure.

  Args:
    study: one data set.
    m: which model.
    known_N: which items.

  Returns:
    The difference, and the influence of each item on it.
  """
  sure_N, unsure_N, first, second = _accuracies(study, m, known_N)
  correct_N = np.nan_to_num(study.correct_MN[m])
  return float(first - second), (
      sure_N * (correct_N - first) - unsure_N * (correct_N - second))


def _graded_MN(study: ClaimStudy) -> np.ndarray:
  return ~np.isnan(study.confidence_MN + study.correct_MN)


def _ranked_MN(study: ClaimStudy) -> np.ndarray:
  return ~np.isnan(study.correct_MN + study.uncertainty_MN)


def standard_error(study: ClaimStudy, influence_N: np.ndarray,
                   known_N: np.ndarray) -> float:
  """The standard error of a mean over items, clusters as units.

  Args:
    study: one data set.
    influence_N: what each item adds to the mean, less the mean; 0 where it is
      not known.
    known_N: which items are.

  Returns:
    In the mean's unit.
  """
  sums_G = cluster_sums(study, influence_N, known_N)
  return float(np.sqrt((sums_G ** 2).sum()) / known_N.sum())


def cluster_sums(study: ClaimStudy, influence_N: np.ndarray,
                 known_N: np.ndarray) -> np.ndarray:
  """Influences summed within clusters, each of which pulls the mean to itself.

  Args:
    study: one data set.
    influence_N: as `standard_error` takes it.
    known_N: which items are known.

  Returns:
    [clusters] whose squares' sum is the variance of the influences' sum.

  Source: CR2 of Bell & McCaffrey 2002.
  """
  sums_G, share_G = study.sums(np.stack([
      influence_N, known_N / known_N.sum()]))
  return sums_G / np.sqrt(np.maximum(1 - share_G, 1e-9))


def auroc(uncertainty_N: np.ndarray, right_N: np.ndarray,
          wrong_N: np.ndarray) -> tuple[float, np.ndarray]:
  """AUROC and its influences (DeLong et al. 1988), ties half.

  Args:
    uncertainty_N: high where the model is unsure.
    right_N: items that were answered rightly.
    wrong_N: those answered wrongly.

  Returns:
    P(uncertainty of a right answer < of a wrong one), and the influence of
    each item on it times the number of items; 0 for all others.
  """
  known_N = right_N | wrong_N
  found = separation.auroc(
      -uncertainty_N[known_N], right_N[known_N].astype(float))
  influence_N = np.zeros(len(uncertainty_N))
  influence_N[known_N] = found.influence_N
  return found.value, influence_N
