"""Claims about one model (or one pair), over items and raters."""

import numpy as np

from uncertainty.analysis import claims_calibration as squared
from uncertainty.analysis.claims_study import (
  PRIMARY,
  ClaimStudy,
  Finding,
  enough,
  t_p_value,
  t_quantile,
)

_CONFIDENCE = 'mc_choice_logprob'  # renormalised over the choices


def aligned(study: ClaimStudy) -> list[Finding]:
  """Spearman with people's entropy; t on Fisher's z, bootstrap error."""
  if np.isnan(study.human_N).all():
    return []
  found = []
  for m, model in enumerate(study.models):
    known = ~np.isnan(study.uncertainty_MN[m] + study.human_N)
    freedom = study.n_clusters(known) - 1
    rho, draws_R = study.rho_M[m], study.rho_MR[m]
    z_R = np.arctanh(np.clip(draws_R[~np.isnan(draws_R)], -.9999, .9999))
    low = high = p = se = np.nan
    if enough(freedom + 1) and len(z_R) > 1 and not np.isnan(rho):
      se = float(z_R.std(ddof=1))
      z = np.arctanh(np.clip(rho, -.9999, .9999))
      reach = t_quantile(study.level, freedom) * se
      low, high = np.tanh(z - reach), np.tanh(z + reach)
      p = t_p_value(z / se, freedom) if se > 0 else 0.0
    found.append(Finding(model, PRIMARY, rho, low, high, p, se,
                         int(known.sum())))
  return found


def calibrated(study: ClaimStudy) -> list[Finding]:
  """Root of the debiased squared error, against the stated threshold."""
  found = []
  for m, model in enumerate(study.models):
    known = _graded(study, m)
    if not known.any():
      continue
    value = low = high = p = se = np.nan
    if enough(study.n_clusters(known)):
      error = error_of(study, m)
      value = np.sqrt(max(error.estimate, 0))
      low, high = np.sqrt(squared.interval(error, study.level))
      p = squared.two_sided_p(error, study.calibrated_below ** 2)
      # At the threshold T the error of the root is that of the square / 2T.
      threshold = study.calibrated_below
      se = np.sqrt(2 * error.noise_2 + 4 * error.scale * threshold ** 2) / (
          2 * threshold)
    found.append(Finding(model, _CONFIDENCE, value, low, high, p, se,
                         int(known.sum())))
  return found


def calibration_difference(study: ClaimStudy) -> list[Finding]:
  """Debiased squared error of the instruct model less the base model's."""
  found = []
  for base, tuned in study.pairs:
    known = _graded(study, base) & _graded(study, tuned)
    if not known.any():
      continue
    value = low = high = p = se = np.nan
    freedom = study.n_clusters(known) - 1
    if enough(freedom + 1):
      first, second = (error_of(study, m, known) for m in (tuned, base))
      value = first.estimate - second.estimate
      influence = study.sums(
          (first.influence_N - second.influence_N)[None])[0]
      se = np.sqrt(squared.difference_variance(
          first, second, influence, len(known)))
      low, high, p = normal(value, se, freedom, study.level)
    name = f'{study.models[base]} → {study.models[tuned]}'
    found.append(Finding(name, _CONFIDENCE, value, low, high, p, se,
                         int(known.sum()), 2))
  return found


def sure_and_right(study: ClaimStudy) -> list[Finding]:
  """AUROC of the primary measure; t on the logit, error by influences."""
  found = []
  for m, model in enumerate(study.models):
    known = _graded(study, m) & ~np.isnan(study.uncertainty_MN[m])
    if not known.any():
      continue
    value = low = high = p = se = np.nan
    freedom = study.n_clusters(known) - 1
    right_N = known & (study.correct_MN[m] > 0.5)
    wrong_N = known & ~right_N
    if enough(min(study.n_clusters(right_N), study.n_clusters(wrong_N))):
      value, influence_N = _auroc(study.uncertainty_MN[m], right_N, wrong_N)
      se = _standard_error(study, influence_N, known)
      value = float(np.clip(value, 1e-6, 1 - 1e-6))
      logit, spread = np.log(value / (1 - value)), se / (value * (1 - value))
      ends = normal(logit, spread, freedom, study.level)
      low, high = (1 / (1 + np.exp(-end)) for end in ends[:2])
      p = ends[2]
    found.append(Finding(model, PRIMARY, value, low, high, p, se,
                         int(known.sum())))
  return found


def surest_fifth(study: ClaimStudy) -> list[Finding]:
  """Accuracy on the surest fifth of items less that on the least sure."""
  found = []
  for m, model in enumerate(study.models):
    known = _graded(study, m) & ~np.isnan(study.uncertainty_MN[m])
    if not known.any():
      continue
    value = low = high = p = se = np.nan
    freedom = study.n_clusters(known) - 1
    if enough(known.sum() // 5) and enough(freedom + 1):
      sure_N, unsure_N = (
          _fifth(sign * study.uncertainty_MN[m], known) for sign in (1, -1))
      correct_N = np.nan_to_num(study.correct_MN[m])
      first, second = sure_N @ correct_N, unsure_N @ correct_N
      value = first - second
      influence_N = known.sum() * (
          sure_N * (correct_N - first) - unsure_N * (correct_N - second))
      se = _standard_error(study, influence_N, known)
      low, high, p = normal(value, se, freedom, study.level)
    found.append(Finding(model, PRIMARY, value, low, high, p, se,
                         int(known.sum())))
  return found


def error_of(
    study: ClaimStudy, m: int, known_N: np.ndarray | None = None
) -> squared.SquaredError:
  """A model's squared calibration error, over some of its items."""
  confidence_N = study.confidence_MN[m]
  if known_N is not None:
    confidence_N = np.where(known_N, confidence_N, np.nan)
  return squared.squared_error(
      confidence_N, study.correct_MN[m], study.cluster_N, study.n_bins)


def normal(
    value: float, se: float, freedom: float, level: float
) -> tuple[float, float, float]:
  """(low, high, p against 0) by Student's t; NaN where there is no error."""
  if not se > 0:
    return np.nan, np.nan, np.nan
  reach = t_quantile(level, freedom) * se
  return value - reach, value + reach, t_p_value(value / se, freedom)


def _graded(study: ClaimStudy, m: int) -> np.ndarray:
  return ~np.isnan(study.confidence_MN[m] + study.correct_MN[m])


def _standard_error(study: ClaimStudy, influence_N, known_N) -> float:
  """Of a mean of influences over known items, clusters as units."""
  sums_G = study.sums(influence_N[None])[0]
  units = study.n_clusters(known_N)
  return float(np.sqrt((sums_G ** 2).sum() * units / (units - 1))
               / known_N.sum())


def _auroc(uncertainty_N, right_N, wrong_N) -> tuple[float, np.ndarray]:
  """AUROC and its influences (DeLong et al. 1988), ties half."""
  right, wrong = uncertainty_N[right_N], uncertainty_N[wrong_N]
  right_place, wrong_place = (
      _place(x, np.sort(y)) for x, y in ((right, wrong), (wrong, right)))
  auroc = float(1 - right_place.mean())
  n = len(right) + len(wrong)
  influence_N = np.zeros(len(uncertainty_N))
  influence_N[right_N] = (1 - right_place - auroc) * n / len(right)
  influence_N[wrong_N] = (wrong_place - auroc) * n / len(wrong)
  return auroc, influence_N


def _place(x: np.ndarray, sorted_y: np.ndarray) -> np.ndarray:
  """Share of y below each x, ties half."""
  return (np.searchsorted(sorted_y, x, 'left')
          + np.searchsorted(sorted_y, x, 'right')) / (2 * len(sorted_y))


def _fifth(uncertainty_N, known_N) -> np.ndarray:
  """[N] weights, summing to 1, of the lowest fifth; ties share the rest."""
  x = uncertainty_N[known_N]
  size = len(x) / 5
  edge = np.sort(x)[int(np.ceil(size)) - 1]
  below, tied = x < edge, x == edge
  weight = below + tied * (size - below.sum()) / tied.sum()
  found = np.zeros(len(uncertainty_N))
  found[known_N] = weight / weight.sum()
  return found
