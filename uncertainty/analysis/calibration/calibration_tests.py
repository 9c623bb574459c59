"""Tests of calibration: could these answers come from these confidences?

Neither needs bins. Under the null an answer of confidence c is right with
probability c, whatever the other answers are.
"""

import dataclasses
import functools

import numpy as np
from scipy import special

from uncertainty.analysis.statistics.parallel import in_parallel

_BLOCK = 1000  # rows of the kernel matrix in memory
_MOST = 1000  # confidences, evenly spaced in order, that set its width


@dataclasses.dataclass(frozen=True)
class CalibrationTest:
  """A statistic that calibration puts at 0, and its p."""

  statistic: float
  p_value: float


@dataclasses.dataclass(frozen=True)
class CalibrationTests:
  """The same of many rows: statistics and p, [M]."""

  statistic_M: np.ndarray
  p_value_M: np.ndarray


def spiegelhalter(
    confidence_N: np.ndarray, correct_N: np.ndarray) -> CalibrationTest:
  """Whether the Brier score is what its own confidences lead to expect.

  z = Σ (y − c)(1 − 2c) / sqrt(Σ (1 − 2c)² c (1 − c)), standard normal under
  calibration. Blind to errors that leave the Brier score alone.

  Args:
    confidence_N: in [0, 1].
    correct_N: 1 right, 0 wrong.

  Returns:
    z, positive where answers are worse than their confidence says, and its
    two-sided p; NaN where all confidences are 0, 1/2 or 1.

  Source:
    Spiegelhalter 1986, section 4.
  """
  z = _spiegelhalter_z(confidence_N, correct_N)
  return CalibrationTest(z, float(2 * special.ndtr(-abs(z))))


def _spiegelhalter_z(
    confidence_N: np.ndarray, correct_N: np.ndarray) -> float:
  lean_N = 1 - 2 * confidence_N
  variance = np.sum(lean_N ** 2 * confidence_N * (1 - confidence_N))
  if not variance > 0:
    return np.nan
  return float(np.sum((correct_N - confidence_N) * lean_N)
               / np.sqrt(variance))


def kernel_error(
    confidence_N: np.ndarray, correct_N: np.ndarray, n_draws: int = 999,
    seed: int = 0) -> CalibrationTest:
  """The squared kernel calibration error, without bias, and its test.

  SKCE = mean over pairs i ≠ j of (c_i − y_i)(c_j − y_j) k(c_i, c_j) with
  k = exp(−|c_i − c_j| / ν), ν the median distance of two confidences. Its
  null is drawn: answers right with the probability that they state.

  Args:
    confidence_N: in [0, 1], at least two.
    correct_N: 1 right, 0 wrong.
    n_draws: of the null.
    seed: of the draws.

  Returns:
    SKCE, below 0 where there is less error than noise would give, and its
    one-sided p, (1 + #{null ≥ observed}) / (1 + draws).

  Source:
    Widmann et al. 2019, Calibration tests in multi-class classification,
    section 5 (the unbiased quadratic estimator); consistency resampling:
    Bröcker & Smith 2007.
  """
  n = len(confidence_N)
  rng = np.random.default_rng(seed)
  right_RN = rng.random((n_draws, n)) < confidence_N
  residual_NR = (confidence_N - np.vstack([correct_N, right_RN])).T
  width = _width(confidence_N)
  total_R = -(residual_NR ** 2).sum(0)  # k = 1 on the diagonal
  for start in range(0, n, _BLOCK):
    rows = slice(start, start + _BLOCK)
    kernel = np.exp(
        -np.abs(confidence_N[rows, None] - confidence_N) / width)
    total_R += np.einsum('nr,nr->r', residual_NR[rows], kernel @ residual_NR)
  skce_R = total_R / (n * (n - 1))
  p = (1 + np.sum(skce_R[1:] >= skce_R[0])) / (1 + n_draws)
  return CalibrationTest(float(skce_R[0]), float(p))


def kernel_errors(
    confidence_MN: np.ndarray, correct_MN: np.ndarray) -> CalibrationTests:
  """`kernel_error` of many rows, in time that grows with N, and without draws.

  In the order of confidence the kernel of two items is the product of those of
  the neighbours between them, so that Σ_{j<i} k(c_i, c_j) x_j is the sum before
  it, shrunk by one step. With variances v = c (1 − c) and third moments
  s = v (1 − 2c) of the answers, the sum T over pairs i < j has under the null

    E T² = Σ v_i v_j k_ij²,  E T³ = Σ s_i s_j k_ij³ + 6 Σ_{i<j<l} v_i v_j v_l
    k_il²,

  the latter since k_ij k_jl = k_il. p is that of the gamma distribution
  (Pearson's type III) with these moments, which a sum of many weighted χ² has
  nearly.

  Args:
    confidence_MN: in [0, 1]; NaN left out.
    correct_MN: 1 right, 0 wrong; NaN left out.

  Returns:
    Statistic and one-sided p of each row; NaN with fewer than two items, or
    with grades between 0 and 1; p also where answers cannot vary.
  """
  known_MN = ~np.isnan(confidence_MN + correct_MN)
  n_M = known_MN.sum(1)
  pairs_M, square_M, cube_M = _kernel_sums(confidence_MN, correct_MN, known_MN)
  tested_M = _binary(correct_MN) & (n_M > 1)
  sure_M = square_M > 0
  deviation_M = np.sqrt(np.where(sure_M, square_M, 1))
  p_M = _upper_tail(pairs_M / deviation_M, cube_M / deviation_M ** 3)
  return CalibrationTests(
      np.where(tested_M, 2 * pairs_M / np.maximum(n_M * (n_M - 1), 1), np.nan),
      np.where(tested_M & sure_M, p_M, np.nan))


def _upper_tail(z_M: np.ndarray, skew_M: np.ndarray) -> np.ndarray:
  """Of Pearson's type III: a gamma shifted and scaled to mean 0, variance 1.

  `scipy.stats.pearson3.sf`, without the half second that its import takes.
  """
  skewed_M = np.abs(skew_M) > 1e-5
  shape_M = 4 / np.where(skewed_M, skew_M, 1) ** 2
  reached_M = np.maximum(2 / np.where(skewed_M, skew_M, 1) * z_M + shape_M, 0)
  return np.where(
      skewed_M,
      np.where(skew_M > 0, special.gammaincc(shape_M, reached_M),
               special.gammainc(shape_M, reached_M)),
      special.ndtr(-z_M))


def spiegelhalters(
    confidence_MN: np.ndarray, correct_MN: np.ndarray) -> CalibrationTests:
  """`spiegelhalter` of many rows.

  Args:
    confidence_MN: in [0, 1]; NaN left out.
    correct_MN: 1 right, 0 wrong; NaN left out.

  Returns:
    z and p of each row; NaN where there is none, or with grades between.
  """
  z_M = np.full(len(confidence_MN), np.nan)
  known_MN = ~np.isnan(confidence_MN + correct_MN)
  for m in np.flatnonzero(_binary(correct_MN)):
    z_M[m] = _spiegelhalter_z(
        confidence_MN[m, known_MN[m]], correct_MN[m, known_MN[m]])
  return CalibrationTests(z_M, 2 * special.ndtr(-np.abs(z_M)))


def _binary(correct_MN: np.ndarray) -> np.ndarray:
  return np.all(
      np.isnan(correct_MN) | (correct_MN == 0) | (correct_MN == 1), axis=1)


def _width(confidence_n: np.ndarray) -> float:
  """Median distance of two confidences, of at most `_MOST`; never 0."""
  spread_N = np.sort(confidence_n)[::-(-len(confidence_n) // _MOST)]
  first, second = _pairs(len(spread_N))
  return float(np.median(np.abs(spread_N[first] - spread_N[second]))) or 1.0


@functools.lru_cache(maxsize=4)
def _pairs(n: int) -> tuple[np.ndarray, np.ndarray]:
  return np.triu_indices(n, 1)


def _kernel_sums(confidence_MN, correct_MN, known_MN):
  """T, E T² and E T³ of `kernel_errors`, [M] each."""
  order_MN = np.argsort(np.where(known_MN, confidence_MN, np.inf), 1)
  width_M = np.ones(len(order_MN))

  def fill(rows: slice):
    for m in range(rows.start, rows.stop):
      if known_MN[m].sum() > 1:
        width_M[m] = _width(confidence_MN[m, known_MN[m]])

  in_parallel(fill, len(width_M))

  def sort(values_MN):
    return np.take_along_axis(np.where(known_MN, values_MN, 0), order_MN, 1)

  c_MN, r_MN = sort(confidence_MN), sort(confidence_MN - correct_MN)
  v_MN = sort(confidence_MN * (1 - confidence_MN))
  s_MN = v_MN * (1 - 2 * c_MN)
  # Σ_{j<i} of r k, v k², s k³, and v k² times all variance up to item j.
  sums_4M = np.zeros((4, len(c_MN)))
  power_4 = np.array([1, 2, 3, 2])
  below_M = np.zeros(len(c_MN))  # all variance before item i
  found_3M = np.zeros((3, len(c_MN)))
  last_M = c_MN[:, 0]
  for c_M, r_M, v_M, s_M in zip(c_MN.T, r_MN.T, v_MN.T, s_MN.T, strict=True):
    # Missing items come last, and add nothing.
    step_M = np.exp(-np.maximum(c_M - last_M, 0) / width_M)
    sums_4M *= step_M ** power_4[:, None]
    between_M = sums_4M[1] * below_M - sums_4M[3]
    found_3M += (r_M * sums_4M[0], v_M * sums_4M[1],
                 s_M * sums_4M[2] + 6 * v_M * between_M)
    below_M = below_M + v_M
    sums_4M += (r_M, v_M, s_M, v_M * below_M)
    last_M = c_M
  return found_3M
