"""Calibration and ranking of one measure, on plain one-dimensional arrays.

    from uncertainty import calibration
    calibration.ece([.9, .8, .3], [1, 1, 0])

Each function is one row of what the study computes for thousands of measures
and resamples at once (`analysis.calibration`, `analysis.statistics`); the
study adds intervals and corrections for many tests.

`correct` is 1 for a right answer, 0 for a wrong one, or a grade between.
Nothing is left out silently: a missing value is an error.
"""

import numbers

import numpy as np
import numpy.typing as npt

from uncertainty import arrays
from uncertainty.analysis.calibration import brier as brier_lib
from uncertainty.analysis.calibration import (
  calibration_tests,
  errors,
  selective,
  smooth,
)
from uncertainty.analysis.statistics import ranking
from uncertainty.errors import UserError
from uncertainty.results import derived

_NORMS = ('l1', 'l2')


def ece(
    confidence: npt.ArrayLike, correct: npt.ArrayLike, n_bins: int = 15,
    norm: str = 'l1',
) -> float:
  """Expected calibration error over bins of equal width on [0, 1].

  With bins of weight w_b = n_b / n, mean confidence c̄_b and accuracy ā_b:
  l1 is Σ w_b |c̄_b − ā_b|, l2 is sqrt(Σ w_b (c̄_b − ā_b)²).

  Args:
    confidence: [N] probabilities in [0, 1].
    correct: [N] grades in [0, 1].
    n_bins: bins, closed on the left; a confidence of 1 joins the last.
    norm: 'l1', or 'l2', which the study's paper uses.

  Returns:
    The error, in [0, 1].

  Raises:
    UserError: empty, unequal lengths, a missing value or one out of range,
      an unknown norm, or no bins.

  Source:
    Naeini et al. 2015 (l1); Kumar et al. 2019 (l2).

  Example:
    >>> round(ece([0.9, 0.9, 0.2, 0.2], [1, 1, 0, 1]), 3)
    0.2
  """
  if norm not in _NORMS:
    raise UserError(f'no norm named {norm!r}; there are {" and ".join(_NORMS)}')
  pair = _pair(confidence, correct, probability=True)
  sums = errors.bin_sums(errors.width_bins(*pair, n_bins), *pair, n_bins)
  return float(errors.ece(sums, norm)[0])


def smooth_ece(confidence: npt.ArrayLike, correct: npt.ArrayLike) -> float:
  """Smooth expected calibration error: no bins, continuous in confidence.

  The residuals (confidence − grade) are smoothed along confidence with a
  reflected Gaussian of width σ, and the absolute result is integrated; smECE
  is the σ at which that equals σ.

  Args:
    confidence: [N] probabilities in [0, 1].
    correct: [N] grades in [0, 1].

  Returns:
    The error, in [0, 1], to within 1/4096.

  Raises:
    UserError: empty, unequal lengths, a missing value or one out of range.

  Source:
    Błasiok & Nakkiran 2024.

  Example:
    >>> round(smooth_ece([0.75] * 4, [1, 1, 1, 0]), 3)
    0.0
  """
  pair = _pair(confidence, correct, probability=True)
  return float(smooth.smooth_ece(*pair).value_M[0])


def brier(confidence: npt.ArrayLike, correct: npt.ArrayLike) -> float:
  """Brier score: the mean of (confidence − grade)².

  Args:
    confidence: [N] probabilities in [0, 1].
    correct: [N] grades in [0, 1].

  Returns:
    The score, in [0, 1]; low is good.

  Raises:
    UserError: empty, unequal lengths, a missing value or one out of range.

  Source:
    Brier 1950.

  Example:
    >>> brier([1, 0.5], [1, 0])
    0.125
  """
  pair = _pair(confidence, correct, probability=True)
  # The score is the same over any binning; its parts are not asked for.
  sums = errors.bin_sums(errors.width_bins(*pair, 1), *pair, 1)
  return float(brier_lib.brier(sums)[derived.BRIER][0])


def brier_parts(
    confidence: npt.ArrayLike, correct: npt.ArrayLike, n_bins: int = 15,
) -> dict[str, float]:
  """Parts of the Brier score without the bias of few items per bin.

  Args:
    confidence: [N] probabilities in [0, 1].
    correct: [N] 1 right, 0 wrong.
    n_bins: of equal width.

  Returns:
    `reliability`, `resolution` and `uncertainty`.

  Raises:
    UserError: as `spiegelhalter`, or no bin.

  Source:
    Ferro & Fricker 2012.

  Example:
    >>> brier_parts([0.5] * 4, [1, 1, 0, 0])['reliability'] < 0
    True
  """
  confidence_1N, correct_1N = (r[None] for r in _tested(confidence, correct))
  bins_1N = errors.width_bins(confidence_1N, correct_1N, n_bins)
  sums = errors.bin_sums(bins_1N, confidence_1N, correct_1N)
  return {name.removeprefix(f'{derived.BRIER}_'): float(value[0])
          for name, value in brier_lib.brier_unbiased(sums).items()}


def auroc(confidence: npt.ArrayLike, correct: npt.ArrayLike) -> float:
  """P(a right answer's confidence > a wrong one's), ties counted half.

  Args:
    confidence: [N], higher is more confident, on any scale.
    correct: [N] grades in [0, 1].

  Returns:
    The area under the ROC curve, in [0, 1]; 1/2 is chance.

  Raises:
    UserError: empty, unequal lengths, a missing value, a grade out of range,
      or answers that are all right or all wrong.

  Example:
    >>> auroc([0.9, 0.8, 0.7], [1, 0, 1])
    0.5
  """
  return _ranked(derived.AUROC, confidence, correct)


def aurc(confidence: npt.ArrayLike, correct: npt.ArrayLike) -> float:
  """Area under the risk-coverage curve.

  The mean over k = 1 … N of the error rate among the k most confident
  answers. Ties share their expected order.

  Args:
    confidence: [N], higher is more confident, on any scale.
    correct: [N] grades in [0, 1].

  Returns:
    The area, in [0, 1]; low is good.

  Raises:
    UserError: empty, unequal lengths, a missing value, or a grade out of
      range.

  Source:
    Geifman & El-Yaniv 2017.

  Example:
    >>> aurc([0.9, 0.1], [1, 0])
    0.25
  """
  return _ranked(derived.AURC, confidence, correct)


def prr(confidence: npt.ArrayLike, correct: npt.ArrayLike) -> float:
  """Prediction-rejection ratio: from chance (0) to an oracle (1).

  (e − aurc) / (e − aurc of the oracle) with e the share of wrong answers;
  the oracle rejects the worst grades first.

  Args:
    confidence: [N], higher is more confident, on any scale.
    correct: [N] grades in [0, 1].

  Returns:
    The ratio, at most 1; below 0 is worse than chance.

  Raises:
    UserError: empty, unequal lengths, a missing value, a grade out of range,
      or grades that are all equal.

  Source:
    Malinin & Gales 2021; Vashurin et al. 2025.

  Example:
    >>> round(prr([0.9, 0.8, 0.1], [1, 1, 0]), 3)
    1.0
  """
  return _ranked(derived.PRR, confidence, correct)


def selective_risk(
    confidence: npt.ArrayLike, correct: npt.ArrayLike, coverage: float = 0.8,
) -> float:
  """Share of wrong answers among the most confident share of them.

  Args:
    confidence: [N], higher is more confident, on any scale.
    correct: [N] grades in [0, 1].
    coverage: share of items that answer, in (0, 1]; ties share their places.

  Returns:
    The risk, in [0, 1]; low is good.

  Raises:
    UserError: empty, unequal lengths, a missing value, or a grade or coverage
      out of range.

  Source:
    Geifman & El-Yaniv 2017.

  Example:
    >>> selective_risk([0.9, 0.8, 0.2, 0.1], [1, 0, 0, 0], 0.5)
    0.5
  """
  pair = _pair(confidence, correct, probability=False)
  if not isinstance(coverage, numbers.Real) or not 0 < coverage <= 1:
    raise UserError(f'coverage must lie in (0, 1], got {coverage!r}')
  return selective.selective_risk(pair[0][0], pair[1][0], coverage)


def spiegelhalter(
    confidence: npt.ArrayLike, correct: npt.ArrayLike,
) -> calibration_tests.CalibrationTest:
  """Spiegelhalter's z: is the Brier score what the confidences lead to expect?

  Args:
    confidence: [N] probabilities in [0, 1].
    correct: [N] 1 right, 0 wrong.

  Returns:
    `.statistic`, z, positive where answers are worse than their confidence
    says, and its two-sided `.p_value`; NaN where all confidences are 0, 1/2
    or 1.

  Raises:
    UserError: empty, unequal lengths, a missing value, one out of range, or
      a grade between.

  Source:
    Spiegelhalter 1986.

  Example:
    >>> round(spiegelhalter([0.8, 0.6, 0.1], [1, 0, 1]).statistic, 3)
    2.038
  """
  return calibration_tests.spiegelhalter(*_tested(confidence, correct))


def kernel_error(
    confidence: npt.ArrayLike, correct: npt.ArrayLike,
) -> calibration_tests.CalibrationTest:
  """The squared kernel calibration error (SKCE): a test without bins.

  Args:
    confidence: [N] probabilities in [0, 1], two or more.
    correct: [N] 1 right, 0 wrong.

  Returns:
    `.statistic`, unbiased, so below 0 in half of all calibrated samples, and
    its one-sided `.p_value`.

  Raises:
    UserError: fewer than 2, unequal lengths, a missing value, one out of
      range, or a grade between.

  Source:
    Widmann et al. 2019.

  Example:
    >>> kernel_error([0.5] * 4, [1, 1, 1, 0]).statistic
    0.0
  """
  row = _tested(confidence, correct)
  if row[0].size < 2:
    raise UserError('a kernel calibration error compares items, got 1')
  return calibration_tests.kernel_error(*row)


def spearman(x: npt.ArrayLike, y: npt.ArrayLike) -> float:
  """Spearman's ρ: Pearson's correlation of midranks.

  Args:
    x: [N] numbers, such as a measure.
    y: [N] numbers, such as people's entropy.

  Returns:
    ρ, in [−1, 1].

  Raises:
    UserError: fewer than 3 pairs, unequal lengths, a missing value, or a
      constant, which has no correlation.

  Example:
    >>> round(spearman([1, 2, 3], [10, 30, 20]), 3)
    0.5
  """
  rows = {'x': arrays.vector('x', x), 'y': arrays.vector('y', y)}
  _same_length(rows)
  for name, row in rows.items():
    if len(row) < 3:
      raise UserError(f"Spearman's ρ needs 3 pairs, got {len(row)}")
    if np.all(row == row[0]):
      raise UserError(
          f'{name} is constant ({row[0]:g}) and correlates with nothing; '
          'check that it is the column you mean')
  return float(ranking.spearman(rows['x'][None], rows['y'][None]).rho_MS[0, 0])


def _ranked(metric: str, confidence, correct) -> float:
  pair = _pair(confidence, correct, probability=False)
  value = float(selective.rank_metrics(*pair)[metric][0, 0])
  if np.isnan(value):
    raise UserError(
        f'{metric} compares better answers with worse ones, and all '
        f'{pair[1].size} have the grade {pair[1].flat[0]:g}')
  return value


def _pair(
    confidence: npt.ArrayLike, correct: npt.ArrayLike, *, probability: bool,
) -> tuple[np.ndarray, np.ndarray]:
  """Both as [1, N] float64, checked."""
  rows = {'confidence': arrays.vector('confidence', confidence),
          'correct': arrays.vector('correct', correct)}
  _same_length(rows)
  for name, row in rows.items():
    if (probability or name == 'correct') and (row.min() < 0 or row.max() > 1):
      raise UserError(
          f'{name} must lie in [0, 1], got {row.min():g} to {row.max():g}')
  return rows['confidence'][None], rows['correct'][None]


def _tested(confidence, correct) -> tuple[np.ndarray, np.ndarray]:
  """Both as [N]; a test of calibration draws right and wrong, not grades."""
  (confidence_N,), (correct_N,) = _pair(confidence, correct, probability=True)
  if not np.isin(correct_N, (0, 1)).all():
    raise UserError(
        'a test of calibration needs answers that are right (1) or wrong (0), '
        'and some are graded between')
  return confidence_N, correct_N


def _same_length(rows: dict[str, np.ndarray]) -> None:
  (first, a), (second, b) = rows.items()
  if len(a) != len(b):
    raise UserError(
        f'{first} has {len(a)} values and {second} {len(b)}; give both for '
        'the same items, in the same order')
