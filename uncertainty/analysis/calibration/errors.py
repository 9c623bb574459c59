"""Expected calibration error: binnings, norms, the debiased form, Brier.

A binning gives each item of each row a bin; −1 where confidence or
correctness is missing. From there every error is arithmetic on sums per bin,
for all rows at once. Ties (items of equal confidence) share a bin unless
`split_ties` says otherwise: a split would let the storage order of items
decide the value.
"""

import dataclasses

import numpy as np

from uncertainty.analysis.statistics import ranking
from uncertainty.types import UserError


@dataclasses.dataclass(frozen=True)
class BinSums:
  """Sums over the items of each bin, [M, B] (or [M, B, R] over resamples).

  Attributes:
    count_MB: items.
    confidence_MB: their confidences.
    correct_MB: their grades.
    squared_MB: their squared confidences; a sum over all bins will do.
    product_MB: confidence times grade; likewise.
    graded_MB: squared grades.
  """

  count_MB: np.ndarray
  confidence_MB: np.ndarray
  correct_MB: np.ndarray
  squared_MB: np.ndarray
  product_MB: np.ndarray
  graded_MB: np.ndarray


def width_bins(
    confidence_MN: np.ndarray, correct_MN: np.ndarray, n_bins: int = 15
) -> np.ndarray:
  """Bins of equal width on [0, 1], closed on the left; 1 joins the last.

  Args:
    confidence_MN: in [0, 1]; NaN left out.
    correct_MN: grades; NaN left out.
    n_bins: B.

  Returns:
    [M, N] int64, −1 where missing.

  Raises:
    UserError: a confidence outside [0, 1], or shapes differ.
  """
  confidence_MN, correct_MN = _paired(confidence_MN, correct_MN)
  if not isinstance(n_bins, int | np.integer) or n_bins < 1:
    raise UserError(
        f'a binning needs a bin or more, got {n_bins!r}; give n_bins ≥ 1')
  edges = np.linspace(0, 1, n_bins + 1)[1:-1]
  bins = np.searchsorted(edges, confidence_MN, side='right')
  return np.where(np.isnan(confidence_MN), -1, bins)


def mass_bins(
    confidence_MN: np.ndarray, correct_MN: np.ndarray, n_bins: int = 15, *,
    split_ties: bool = False) -> np.ndarray:
  """Bins of near-equal count, as `numpy.array_split` cuts sorted items.

  A cut within a run of ties moves to the run's nearer end (the lower one
  half way), so that bins may be fewer.

  Args:
    confidence_MN: in [0, 1]; NaN left out.
    correct_MN: grades; NaN left out.
    n_bins: B.
    split_ties: cut within ties, in the items' stored order.

  Returns:
    [M, N] int64, −1 where missing.

  Raises:
    UserError: a confidence outside [0, 1], or shapes differ.
  """
  confidence_MN, correct_MN = _paired(confidence_MN, correct_MN)
  order, snap, n_M = _cuts_allowed(confidence_MN, split_ties)
  cuts = _cut_places(n_M, n_bins, snap)
  return _bins_from_cuts(cuts, order, n_M)


def sweep_bins(
    confidence_MN: np.ndarray, correct_MN: np.ndarray, *,
    split_ties: bool = False) -> np.ndarray:
  """The most equal-mass bins whose accuracies still never fall.

  Roelofs et al. 2022: b = 2, 3, … until the accuracies of b bins are not
  non-decreasing; the last b before that counts.

  Args:
    confidence_MN: in [0, 1].
    correct_MN: grades.
    split_ties: cut within ties, in the items' stored order, as the paper's
      code does (in an order that is not known).

  Returns:
    [M, N] int64, −1 where missing; rows have different numbers of bins.

  Raises:
    UserError: a confidence outside [0, 1], or shapes differ.

  Source:
    Roelofs et al. 2022, Mitigating bias in calibration error estimation,
    algorithm 1.
  """
  confidence_MN, correct_MN = _paired(confidence_MN, correct_MN)
  order, snap, n_M = _cuts_allowed(confidence_MN, split_ties)
  n_items = confidence_MN.shape[1]
  right = np.zeros((len(order), n_items + 1))
  np.cumsum(
      np.nan_to_num(np.take_along_axis(correct_MN, order, -1)), axis=-1,
      out=right[:, 1:])
  best_M = np.ones(len(order), np.int64)
  active = np.flatnonzero(n_M > 1)
  n_bins = 2
  while len(active):
    cuts = _cut_places(n_M[active], n_bins, snap[active])
    correct = np.diff(np.take_along_axis(right[active], cuts, -1), axis=-1)
    rises = _never_falls(correct, np.diff(cuts, axis=-1))
    active = active[rises]
    best_M[active] = n_bins
    n_bins += 1
    active = active[n_M[active] >= n_bins]
  bins = np.full(confidence_MN.shape, -1, np.int64)
  for n_bins in np.unique(best_M):
    rows = np.flatnonzero(best_M == n_bins)
    cuts = _cut_places(n_M[rows], int(n_bins), snap[rows])
    bins[rows] = _bins_from_cuts(cuts, order[rows], n_M[rows])
  return bins


def bin_sums(
    bins_MN: np.ndarray, confidence_MN: np.ndarray, correct_MN: np.ndarray,
    n_bins: int | None = None) -> BinSums:
  """Sums per bin; rows with fewer bins end in empty ones.

  Args:
    bins_MN: bin of each item, −1 where missing.
    confidence_MN: in [0, 1].
    correct_MN: grades in [0, 1].
    n_bins: B; None: as many as any row uses.

  Returns:
    Sums [M, B].

  Raises:
    UserError: a confidence outside [0, 1], or shapes differ.
  """
  confidence, correct = _paired(confidence_MN, correct_MN)
  n_rows = len(bins_MN)
  if n_bins is None:
    n_bins = int(bins_MN.max(initial=0)) + 1
  # Bin 0 of each row collects what is missing, and is cut off below.
  place = (bins_MN + 1 + (n_bins + 1) * np.arange(n_rows)[:, None]).ravel()

  def total(values):
    summed = np.bincount(
        place, np.nan_to_num(values).ravel(), n_rows * (n_bins + 1))
    return summed.reshape(n_rows, n_bins + 1)[:, 1:]

  return BinSums(
      count_MB=total(np.ones(bins_MN.shape)), confidence_MB=total(confidence),
      correct_MB=total(correct), squared_MB=total(confidence ** 2),
      product_MB=total(confidence * correct), graded_MB=total(correct ** 2))


def ece(sums: BinSums, norm: str = 'l2') -> np.ndarray:
  """Expected calibration error over bins of weight w_b = n_b / n.

  l1: Σ w_b |c̄_b − ā_b|. l2: sqrt(Σ w_b (c̄_b − ā_b)²), which the paper uses.

  Args:
    sums: of a binning.
    norm: 'l1' or 'l2'.

  Returns:
    [M] in [0, 1]; NaN for rows without items.

  Raises:
    UserError: another norm.

  Source:
    Naeini et al. 2015, Obtaining well calibrated probabilities using Bayesian
    binning; Kumar et al. 2019, Verified uncertainty calibration (l2).
  """
  gap = sums.confidence_MB - sums.correct_MB
  found = gap_ece(gap, sums.count_MB)
  if norm not in found:
    raise UserError(f'no norm named {norm!r}; there are l1 and l2')
  return found[norm]


def gap_ece(gap_MB: np.ndarray, count_MB: np.ndarray) -> dict[str, np.ndarray]:
  """`ece` from what it needs of the sums alone.

  Args:
    gap_MB: summed confidence less summed grades, bins on axis 1; there may be
      resamples on axis 2.
    count_MB: items of each bin.

  Returns:
    norm → the error without the bins' axis; NaN where there are no items.
  """
  n = count_MB.sum(1)
  with np.errstate(invalid='ignore', divide='ignore'):
    return {
        'l1': np.abs(gap_MB).sum(1) / n,
        'l2': np.sqrt((gap_MB ** 2 / np.maximum(count_MB, 1)).sum(1) / n)}


def debiased_ece(sums: BinSums) -> np.ndarray:
  """The l2 error less its expected noise, at least 0.

  Σ w_b [(c̄_b − ā_b)² − ā_b (1 − ā_b) / (n_b − 1)], and its root; a bin of one
  item has no estimate of its noise, and keeps its square. Grades between 0 and
  1 have their own variance in place of ā (1 − ā).

  Args:
    sums: of a binning.

  Returns:
    [M] in [0, 1]; NaN for rows without items.

  Source:
    Kumar et al. 2019, Verified uncertainty calibration.
  """
  gap = sums.confidence_MB - sums.correct_MB
  return gap_debiased(gap, sums.count_MB, sums.correct_MB, sums.graded_MB)


def gap_debiased(gap_MB, count_MB, correct_MB, graded_MB) -> np.ndarray:
  """`debiased_ece` from what it needs of the sums alone.

  Args:
    gap_MB: summed confidence less summed grades, bins on axis 1; there may be
      resamples on axis 2.
    count_MB: items of each bin.
    correct_MB: their summed grades.
    graded_MB: their summed squared grades.

  Returns:
    The error without the bins' axis; NaN where there are no items.
  """
  square = gap_MB ** 2 / np.maximum(count_MB, 1) - noise_sums(
      correct_MB, graded_MB, count_MB)
  with np.errstate(invalid='ignore', divide='ignore'):
    return np.sqrt(np.maximum(square.sum(1) / count_MB.sum(1), 0))


def noise_sums(
    correct_MB: np.ndarray, graded_MB: np.ndarray, count_MB: np.ndarray,
) -> np.ndarray:
  """Variance of each bin's mean grade, times its items.

  (Σ a² − (Σ a)² / n) / (n − 1), which is n ā (1 − ā) / (n − 1) of right and
  wrong answers.

  Args:
    correct_MB: summed grades, of any shape.
    graded_MB: summed squared grades.
    count_MB: n.

  Returns:
    Of their shape; 0 for bins of one item, which show no noise.
  """
  spread_MB = graded_MB - correct_MB ** 2 / np.maximum(count_MB, 1)
  return spread_MB / np.maximum(count_MB - 1, 1)


def same_items(certainty_MN: np.ndarray, correct_MN: np.ndarray,
               ) -> tuple[np.ndarray, np.ndarray]:
  """Measures and correctness of the same rows and items.

  Args:
    certainty_MN: of each measure (row) and item, on any scale.
    correct_MN: of each row's answers.

  Returns:
    Both as float64.

  Raises:
    UserError: they are not of one shape [M, N].
  """
  certainty_MN = np.asarray(certainty_MN, np.float64)
  correct_MN = np.asarray(correct_MN, np.float64)
  if certainty_MN.ndim != 2 or certainty_MN.shape != correct_MN.shape:
    raise UserError(
        f'measures {certainty_MN.shape} and correctness {correct_MN.shape} '
        'must have one row per measure, one column per item')
  return certainty_MN, correct_MN


def _paired(confidence_MN, correct_MN) -> tuple[np.ndarray, np.ndarray]:
  """Both as float64, NaN in both wherever in either."""
  confidence_MN, correct_MN = same_items(confidence_MN, correct_MN)
  missing = np.isnan(confidence_MN) | np.isnan(correct_MN)
  confidence_MN = np.where(missing, np.nan, confidence_MN)
  low = np.nanmin(confidence_MN, initial=0)
  high = np.nanmax(confidence_MN, initial=1)
  if low < 0 or high > 1:
    raise UserError(
        f'confidence must lie in [0, 1], got {low:g} to {high:g}; map the '
        'measure to confidence first')
  return confidence_MN, np.where(missing, np.nan, correct_MN)


def _cuts_allowed(confidence_MN, split_ties):
  """Sorted order (missing last), nearest allowed cut per place, item count."""
  n_items = confidence_MN.shape[1]
  n_M = np.sum(~np.isnan(confidence_MN), -1)
  filled = np.where(np.isnan(confidence_MN), np.inf, confidence_MN)
  rows = ranking.sort_rows(filled)
  place = np.broadcast_to(
      np.arange(n_items + 1), (len(filled), n_items + 1))
  if split_ties:
    return rows.order_MN, place, n_M
  # A cut before sorted item i is allowed if i starts a run; one at the end is.
  start = np.take_along_axis(rows.below_MN, rows.order_MN, -1)
  stop = np.take_along_axis(rows.upto_MN, rows.order_MN, -1)
  lower = np.c_[start, np.full(len(filled), n_items)]
  upper = np.c_[
      np.where(start == place[:, :-1], place[:, :-1], stop),
      np.full(len(filled), n_items)]
  snap = np.where(place - lower <= upper - place, lower, upper)
  return rows.order_MN, snap, n_M


def _cut_places(n_M, n_bins, snap_MN) -> np.ndarray:
  """[M, n_bins + 1] where `numpy.array_split` would cut, moved off ties."""
  k = np.arange(n_bins + 1)
  n = n_M[:, None]
  cuts = k * (n // n_bins) + np.minimum(k, n % n_bins)
  moved = np.take_along_axis(snap_MN, cuts, -1)
  return np.minimum(moved, n)


def _bins_from_cuts(cuts, order, n_M) -> np.ndarray:
  """Bin of every item from the cuts of its row, empty bins skipped."""
  n_items = order.shape[1]
  opens = np.zeros((len(order), n_items + 1), np.int64)
  np.put_along_axis(opens, cuts, 1, -1)
  sorted_bins = np.cumsum(opens[:, :-1], -1) - 1
  sorted_bins[np.arange(n_items) >= n_M[:, None]] = -1
  bins = np.empty_like(sorted_bins)
  np.put_along_axis(bins, order, sorted_bins, -1)
  return bins


def _never_falls(correct_MB, count_MB) -> np.ndarray:
  """[M] whether accuracies of the bins that hold items never decrease."""
  accuracy = np.where(
      count_MB > 0, correct_MB / np.maximum(count_MB, 1), np.nan)
  highest = np.fmax.accumulate(accuracy, axis=-1)
  # Sums of equal accuracies may differ in the last bit for graded answers.
  return ~np.any(accuracy[:, 1:] < highest[:, :-1] - 1e-12, axis=-1)
