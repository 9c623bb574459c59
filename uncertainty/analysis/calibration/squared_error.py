"""The squared calibration error without its noise, and what is known of it.

Over bins of weight w_b with mean gap g_b (confidence less grade), Σ w_b g_b²
is inflated by the gaps' noise. With g ~ N(γ, Σ) and W = diag(w):

  E Σ w_b g_b² = θ + tr(WΣ),
  Var Σ w_b g_b² = 2 tr(WΣWΣ) + 4 γᵀWΣWγ,

so θ̂ = Σ w_b g_b² − tr(WΣ̂) is unbiased (Kumar et al. 2019, with the noise of
the gap rather than of the grade alone, and of whole clusters). Its interval
inverts a scaled non-central χ² with these two moments, which holds its level
where θ = 0 and no normal interval does.

γᵀWΣWγ is what a θ asked about would make it, not what the gaps seen do: those
lean to where their noise is largest when they are too large, and away from it
when they are too small; and a bin whose answers are by luck nearly all right
or wrong shows hardly any noise (Wilson's interval of a share mends the same).
Gaps shrunk to their mean by their own noise are therefore moved to Σ w_b γ_b² =
θ at the least cost in their standard errors, γ_b(λ) = s_b / (1 + λ w_b σ_b²),
and right-or-wrong answers have the variance of a share that is γ_b below its
bin's confidence. As Student's t does, the χ² is averaged over what γᵀWΣWγ may
be, its estimate having the degrees of freedom of so many clusters.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
import scipy.special

from uncertainty.analysis.calibration import errors
from uncertainty.analysis.statistics import grouping

LEAST = 10  # items or clusters below which no interval is worth printing
_LEAST_IN_BIN = 3
_ROUNDING = 1e-12
_SMALL = 1e-6  # probabilities below which 1 − P has lost digits
_STEPS = 40  # bisections: 2^-40 of the bracket
# 1 + λ max(w_b σ_b²): gaps shrunk, then grown, to 1e-4 and 1e4 of themselves.
_SHRUNK, _GROWN = np.geomspace(1e4, 1, 24, False), np.geomspace(1, 1e-4, 24)[1:]
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(12)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


@dataclasses.dataclass(frozen=True)
class SquaredError:
  """A debiased squared calibration error.

  Attributes:
    estimate: θ̂; below 0 where there is less error than noise would give.
    square: Σ w_b g_b².
    noise: tr(WΣ).
    noise_2: tr(WΣWΣ).
    path_2P: θ, rising, and γᵀWΣWγ / γᵀWγ there: how noisy the gaps are
      where they would be large.
    freedom: degrees of freedom of that noise's estimate.
    influence_N: what each item adds to θ̂ − θ, times N; 0 where missing.
    root_GB: Σ = rootᵀ root, a row per cluster; times sqrt(W) on both sides.
  """

  estimate: float
  square: float
  noise: float
  noise_2: float
  path_2P: np.ndarray
  freedom: float
  influence_N: np.ndarray
  root_GB: np.ndarray


def determined(
    confidence_N: np.ndarray, correct_N: np.ndarray, cluster_N: np.ndarray,
    n_bins: int) -> bool:
  """Whether a squared calibration error's noise can be told from bins.

  A bin of one item has no spread that would show its noise, and one of right
  answers alone shows none either: its gap then counts as error in full.

  Args:
    confidence_N: NaN left out.
    correct_N: grades; NaN left out.
    cluster_N: number of each item's cluster.
    n_bins: over which items are spread.

  Returns:
    Whether three or more items or clusters fall into a bin, and there are
    enough of them that are right, and that are wrong, for a claim.
  """
  known_N = ~np.isnan(confidence_N + correct_N)
  right_N = known_N & (correct_N > 0.5)
  units, right, wrong = (grouping.effective_number(cluster_N[some_N])
                         for some_N in (known_N, right_N, known_N & ~right_N))
  return units >= _LEAST_IN_BIN * n_bins and min(right, wrong) >= LEAST


def squared_error(
    confidence_N: np.ndarray, correct_N: np.ndarray, cluster_N: np.ndarray,
    n_bins: int) -> SquaredError:
  """θ̂ over bins of equal mass.

  Args:
    confidence_N: in [0, 1]; NaN left out.
    correct_N: grades; NaN left out.
    cluster_N: number of each item's cluster.
    n_bins: B.

  Returns:
    The error with its noise.
  """
  bins_N = errors.mass_bins(confidence_N[None], correct_N[None], n_bins)[0]
  known = bins_N >= 0
  bin_n, group_n = bins_N[known], cluster_N[known]
  gap_n = confidence_N[known] - correct_N[known]
  count_B = np.bincount(bin_n)
  gap_B = np.bincount(bin_n, gap_n) / count_B
  weight_B = count_B / count_B.sum()
  rest_n = gap_n - gap_B[bin_n]
  shape = int(cluster_N.max()) + 1, len(count_B)
  root_GB, size_GB = np.zeros(shape), np.zeros(shape)
  np.add.at(root_GB, (group_n, bin_n), rest_n / count_B[bin_n])
  np.add.at(size_GB, (group_n, bin_n), 1.0)
  # CR2 (Bell & McCaffrey 2002): a cluster pulls its bin's mean to itself.
  root_GB /= np.sqrt(np.maximum(1 - size_GB / count_B, 1e-9))
  root_GB *= np.sqrt(weight_B)
  covariance = root_GB.T @ root_GB
  scaled = np.sqrt(weight_B) * gap_B
  square, noise = float(scaled @ scaled), float(np.trace(covariance))
  noise_2 = float((covariance ** 2).sum())
  shrunk = _shrunk(scaled, np.sqrt(weight_B), covariance)
  influence_N = np.zeros(len(confidence_N))
  influence_N[known] = (
      2 * gap_B[bin_n] * rest_n + gap_B[bin_n] ** 2 - square
  ) * (len(confidence_N) / known.sum())
  right_n = correct_N[known]
  shares_2B = None
  if np.isin(right_n, (0, 1)).all():
    shares_2B = np.stack([np.bincount(bin_n, values_n) / count_B
                          for values_n in (confidence_N[known], right_n)])
  return SquaredError(
      square - noise, square, noise, noise_2,
      _path(shrunk, weight_B, count_B, covariance, shares_2B),
      _freedom(size_GB / count_B @ shrunk ** 2), influence_N, root_GB)


def probability_below(error: SquaredError, theta: float) -> float:
  """P(a repeat's Σ w_b g_b² is below the one seen), were the truth θ.

  Args:
    error: what was seen.
    theta: θ ≥ 0.

  Returns:
    A probability.
  """
  if error.noise <= 0:
    return float(error.square >= theta)
  return float(_WEIGHTS @ scipy.special.chndtr(*_scaled(error, theta)))


def _probability_above(error: SquaredError, theta: float) -> float:
  """The rest; small ones not by subtraction, which would leave 0."""
  above = 1 - probability_below(error, theta)
  if above > _SMALL:
    return above
  from scipy import stats  # half a second, which few starts need

  return float(_WEIGHTS @ stats.ncx2.sf(*_scaled(error, theta)))


def _scaled(
    error: SquaredError, theta: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
  """A non-central χ²'s value, degrees of freedom and non-centrality, a node."""
  # Scales of which the one estimated is each node's quantile.
  half = error.freedom / 2
  scale = np.interp(theta, *error.path_2P) * half / scipy.special.gammaincinv(
      half, scipy.special.ndtr(_NODES))
  k = (error.noise_2 + 2 * scale * theta) / (error.noise + 2 * theta)
  return error.square / k, error.noise / k, theta / k


def interval(error: SquaredError, level: float) -> tuple[float, float]:
  """Interval of the squared error θ ≥ 0, exact in coverage down to θ = 0.

  Near 0 nothing can lie below, so both tails' probability is spent above; the
  lower tail's share grows to half of it as θ exceeds the noise.

  Args:
    error: what was seen.
    level: of the interval.

  Returns:
    Both ends.
  """
  if error.noise <= 0:
    return error.square, error.square
  alpha = 1 - level
  high = _crossing(
      lambda t: probability_below(error, t) > alpha * _share_below(error, t),
      error)
  low = _crossing(
      lambda t: probability_below(error, t)
      > 1 - alpha * (1 - _share_below(error, t)), error)
  return low, high


def two_sided_p(error: SquaredError, theta: float) -> float:
  """Two-sided p of the hypothesis that the squared error is θ > 0.

  Args:
    error: what was seen.
    theta: θ.

  Returns:
    p; below α exactly where `interval` of level 1 − α leaves θ out.
  """
  if error.noise <= 0:
    return float(error.square == theta)
  share = _share_below(error, theta)
  return min(1.0, below_p(error, theta),
             _probability_above(error, theta) / (1 - share))


def below_p(error: SquaredError, theta: float) -> float:
  """The same, of errors below θ: < α where `interval` ends below θ.

  Args:
    error: what was seen.
    theta: θ > 0.

  Returns:
    p, at most 1.
  """
  if error.noise <= 0:
    return float(error.square >= theta)
  return min(1.0, probability_below(error, theta) / _share_below(error, theta))


def least_above(
    error: SquaredError, theta: float, alpha: float, power: float) -> float:
  """The smallest squared error above θ that is told from it.

  Args:
    error: how noisy such a data set is.
    theta: θ > 0.
    alpha: two-sided level of the test of θ.
    power: share of data sets in which it is told.

  Returns:
    A squared error; θ where there is no noise.
  """
  if error.noise <= 0:
    return theta
  above = alpha * (1 - _share_below(error, theta))
  largest = _crossing(lambda square: probability_below(
      dataclasses.replace(error, square=square), theta) < 1 - above, error)
  told = dataclasses.replace(error, square=largest)
  return _crossing(
      lambda t: probability_below(told, t) > 1 - power, error)


def difference_variance(
    first: SquaredError, second: SquaredError,
    influence_G: np.ndarray, n_items: int) -> float:
  """Variance of the difference of two errors over the same items.

  The influences' variance takes the noisy gaps for the true ones, which
  counts the quadratic part twice: it is taken out once.

  Args:
    first: one error.
    second: the other.
    influence_G: first's less second's influences, summed within clusters.
    n_items: N.

  Returns:
    The variance, at least 0.
  """
  linear = float((influence_G ** 2).sum()) / n_items ** 2
  cross = float(((first.root_GB.T @ second.root_GB) ** 2).sum())
  both = first.noise_2 + second.noise_2
  quadratic = 2 * (both - 2 * cross)
  if abs(quadratic) < _ROUNDING * both:  # equal errors differ by nothing
    quadratic = 0.0
  return max(linear - quadratic, quadratic, 0.0)


def _share_below(error: SquaredError, theta: float) -> float:
  """The share of the tails' probability that lies below: ½ far from 0."""
  return -np.expm1(-2 * theta / error.noise) / 2


def _shrunk(
    scaled_B: np.ndarray, unit_B: np.ndarray, covariance: np.ndarray
) -> np.ndarray:
  """Gaps times sqrt(w_b), drawn to their mean by their share of noise."""
  mean_B = unit_B * (unit_B @ scaled_B)
  rest_B = scaled_B - mean_B
  noise = np.trace(covariance) - unit_B @ covariance @ unit_B
  seen = rest_B @ rest_B
  kept = max(0.0, 1 - max(noise, 0.0) / seen) if seen > 0 else 0.0
  return mean_B + kept * rest_B


def _path(
    shrunk_B: np.ndarray, weight_B: np.ndarray, count_B: np.ndarray,
    covariance: np.ndarray, shares_2B: np.ndarray | None) -> np.ndarray:
  """θ, and the noise of gaps that would make it, over the least costly ways.

  Args:
    shrunk_B: gaps times sqrt(w_b).
    weight_B: w_b.
    count_B: items.
    covariance: of the gaps, times sqrt(w_b) on both sides.
    shares_2B: mean confidence, and share of right answers, of each bin; None
      where grades are not right or wrong.

  Returns:
    `SquaredError.path_2P`.
  """
  if not shrunk_B.any():
    shrunk_B = np.sqrt(weight_B) * _ROUNDING
  moves_B = np.diag(covariance)
  if shares_2B is not None:  # Agresti & Coull's (1998), which is never 0
    share_B = (shares_2B[1] * count_B + 2) / (count_B + 4)
    moves_B = weight_B * share_B * (1 - share_B) / count_B
  grown_P1 = np.concatenate([_SHRUNK, [1.0], _GROWN])[:, None]
  most = max(moves_B.max(), 1e-300)  # nothing is noisy: all move alike
  gap_PB = shrunk_B / (1 + (grown_P1 - 1) * moves_B / most)
  theta_P = (gap_PB ** 2).sum(1)
  way_PB = gap_PB / np.sqrt(theta_P)[:, None]
  if shares_2B is None:
    scale_P = ((way_PB @ covariance) * way_PB).sum(1)
  else:
    at_PB = np.clip(shares_2B[0] - gap_PB / np.sqrt(weight_B), 0, 1)
    noise_PB, seen_B = at_PB * (1 - at_PB), shares_2B[1] * (1 - shares_2B[1])
    # Grown gaps may ask for shares that cannot be: as of two odd answers.
    noise_PB = np.maximum(noise_PB, np.minimum(seen_B, 2 / count_B))
    none_B = seen_B < _ROUNDING
    stretched_PB = way_PB * np.where(
        none_B, 0, np.sqrt(noise_PB / np.where(none_B, 1, seen_B)))
    unseen_B = none_B * weight_B / np.maximum(count_B - 1, 1)
    scale_P = (((stretched_PB @ covariance) * stretched_PB).sum(1)
               + (way_PB ** 2 * noise_PB) @ unseen_B)
  return np.stack([theta_P, scale_P])


def _freedom(part_G: np.ndarray) -> float:
  """Of a variance to which clusters add as the squares of their parts."""
  square_G = part_G ** 2
  if not square_G.any():
    return 1.0
  return max(1.0, float(square_G.sum() ** 2 / (square_G ** 2).sum()) - 1)


def _crossing(holds: Callable[[float], bool], error: SquaredError) -> float:
  """The largest number at which a condition holds that holds below it."""
  if not holds(0.0):
    return 0.0
  low, high = 0.0, 2 * error.square + 20 * error.noise
  while holds(high):
    high *= 2
  for _ in range(_STEPS):
    middle = (low + high) / 2
    low, high = (middle, high) if holds(middle) else (low, middle)
  return low
