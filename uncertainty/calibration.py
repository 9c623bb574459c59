"""Calibration and ranking of one measure, on plain one-dimensional arrays.

    from uncertainty import calibration
    calibration.ece([.9, .8, .3], [1, 1, 0])

Each function is one row of what the study computes for thousands of measures
and resamples at once (`analysis.calibration`, `analysis.statistics`); the
study adds intervals and corrections for many tests.

`correct` is 1 for a right answer, 0 for a wrong one, or a grade between.
Nothing is left out silently: a missing value is an error.
"""

import numpy as np
import numpy.typing as npt

from uncertainty.analysis.calibration import errors, selective, smooth
from uncertainty.analysis.statistics import ranking
from uncertainty.errors import UserError

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
  return float(errors.brier(sums)['brier'][0])


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
  return _ranked('auroc', confidence, correct)


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
  return _ranked('aurc', confidence, correct)


def prr(confidence: npt.ArrayLike, correct: npt.ArrayLike) -> float:
  """Prediction-rejection ratio: from chance (0) to an oracle (1).

  (e − aurc) / (e − aurc of the oracle) with e the share of wrong answers;
  the oracle rejects all wrong answers first.

  Args:
    confidence: [N], higher is more confident, on any scale.
    correct: [N] grades in [0, 1].

  Returns:
    The ratio, at most 1; below 0 is worse than chance.

  Raises:
    UserError: empty, unequal lengths, a missing value, a grade out of range,
      or answers that are all right or all wrong.

  Source:
    Malinin & Gales 2021; Vashurin et al. 2025.

  Example:
    >>> round(prr([0.9, 0.8, 0.1], [1, 1, 0]), 3)
    1.0
  """
  return _ranked('prr', confidence, correct)


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
  rows = {'x': _row('x', x), 'y': _row('y', y)}
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
        f'{metric} compares right answers with wrong ones, and all '
        f'{pair[1].size} answers are {"right" if pair[1].all() else "wrong"}')
  return value


def _pair(
    confidence: npt.ArrayLike, correct: npt.ArrayLike, *, probability: bool,
) -> tuple[np.ndarray, np.ndarray]:
  """Both as [1, N] float64, checked."""
  rows = {'confidence': _row('confidence', confidence),
          'correct': _row('correct', correct)}
  _same_length(rows)
  for name, row in rows.items():
    if (probability or name == 'correct') and (row.min() < 0 or row.max() > 1):
      raise UserError(
          f'{name} must lie in [0, 1], got {row.min():g} to {row.max():g}')
  return rows['confidence'][None], rows['correct'][None]


def _same_length(rows: dict[str, np.ndarray]) -> None:
  (first, a), (second, b) = rows.items()
  if len(a) != len(b):
    raise UserError(
        f'{first} has {len(a)} values and {second} {len(b)}; give both for '
        'the same items, in the same order')


def _row(name: str, values: npt.ArrayLike) -> np.ndarray:
  try:
    row = np.asarray(values, np.float64)
  except (TypeError, ValueError) as error:
    raise UserError(f'{name} must be numbers: {error}') from error
  if row.ndim != 1 or not row.size:
    raise UserError(
        f'{name} must be a one-dimensional array with a value per item, got '
        f'shape {row.shape}')
  bad = np.flatnonzero(~np.isfinite(row))
  if len(bad):
    raise UserError(
        f'{name}[{bad[0]}] is {row[bad[0]]} ({len(bad)} of {len(row)} are not '
        'finite); drop these items from both arrays')
  return row
