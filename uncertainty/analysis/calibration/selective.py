"""How well confidence ranks right answers above wrong ones, whatever its scale.

With e the share of wrong answers, and items accepted from the most confident
down:

  auroc  P(confidence of a right answer > of a wrong one), ties half
  aurc   area under the risk-coverage curve: mean over k of the error rate
         among the k most confident (Geifman & El-Yaniv 2017)
  augrc  the same with errors counted against all items (Traub et al. 2024):
         (1 − auroc) e (1 − e) + e² / 2
  selective_risk_0.8  error rate among the most confident ⌈.8 N⌉ items
  surest_fifth  accuracy on the most confident fifth of items less that on the
         least confident
  prr    prediction-rejection ratio: how far aurc gets from chance (0) to the
         oracle that rejects the worst grades first (1) (Malinin & Gales
         2021; the curve of errors among the *kept*, as Vashurin et al. 2025;
         with errors counted against all items it would be 2 auroc − 1)

Ties share their expected order, so no value depends on how items are stored.
"""

import numpy as np

from uncertainty.analysis.calibration import errors
from uncertainty.analysis.statistics import grouping
from uncertainty.results import derived
from uncertainty.types import UserError

RANK_METRICS = (
    derived.AUROC, derived.AURC, derived.AUGRC, derived.PRR,
    derived.SELECTIVE_RISK_80, derived.SUREST_FIFTH)
_COVERAGE = 0.8
_FIFTH = 0.2

# Elements of a block of draws: beyond this, fresh memory costs more than work.
_BLOCK = 400_000
_DUST = 1e-6
_LEAST_DRAWS = 256  # with fewer, Python's overhead per item shows


def rank_metrics(
    confidence_MN: np.ndarray, correct_MN: np.ndarray,
    counts_NR: np.ndarray | None = None) -> dict[str, np.ndarray]:
  """Every metric of `RANK_METRICS` for every row and resample.

  Args:
    confidence_MN: higher is more confident, on any scale; NaN left out.
    correct_MN: 1 right, 0 wrong, or a grade between; NaN left out.
    counts_NR: how often each resample holds each item; None: the data
      themselves, R = 1.

  Returns:
    metric → [M, R] float64. NaN where a row has no item; auroc also where
    all answers are right or all wrong, prr where all grades are equal.

  Raises:
    UserError: shapes differ, or a grade outside [0, 1].
  """
  confidence_MN, correct_MN = errors.same_items(confidence_MN, correct_MN)
  if np.nanmin(correct_MN, initial=0) < 0 or np.nanmax(
      correct_MN, initial=1) > 1:
    raise UserError('correctness must lie in [0, 1]; check the grades')
  n_rows, n_items = confidence_MN.shape
  if counts_NR is None:
    counts_NR = np.ones((n_items, 1))
  elif counts_NR.shape[1] > 1:
    counts_NR = grouping.compact(counts_NR)
  n_draws = counts_NR.shape[1]
  harmonic = np.zeros(
      int(counts_NR.sum(0, dtype=np.int64).max(initial=0)) + 1)
  harmonic[1:] = np.cumsum(1 / np.arange(1, len(harmonic)))
  result = {name: np.full((n_rows, n_draws), np.nan) for name in RANK_METRICS}
  for m in range(n_rows):
    known = np.flatnonzero(
        ~(np.isnan(confidence_MN[m]) | np.isnan(correct_MN[m])))
    if not len(known):
      continue
    order = known[np.lexsort((correct_MN[m, known], confidence_MN[m, known]))]
    sorted_N, grades_N = confidence_MN[m, order], correct_MN[m, order]
    start_T = np.flatnonzero(np.r_[True, sorted_N[1:] != sorted_N[:-1]])
    grade_G, run_N = _alike(grades_N, start_T)
    weight_GR, graded_GR = _sums(grade_G, run_N, grades_N, order, counts_NR)
    with np.errstate(invalid='ignore', divide='ignore'):
      oracle_R = _oracle(
          correct_MN[m, known], counts_NR if len(known) == n_items
          else counts_NR[known], weight_GR.sum(0), graded_GR.sum(0), harmonic)
    step = max(_LEAST_DRAWS, _BLOCK // len(grade_G))
    for start in range(0, n_draws, step):
      draws = slice(start, min(start + step, n_draws))
      part = _row_metrics(grade_G, weight_GR[:, draws], graded_GR[:, draws],
                          oracle_R[draws], harmonic)
      for name, values in part.items():
        result[name][m, draws] = values
  return result


def selective_risk(
    confidence_N: np.ndarray, correct_N: np.ndarray, coverage: float) -> float:
  """Share of wrong answers among the most confident ones.

  The most confident ⌈coverage · N⌉ items answer. Those that tie at the last
  place share what is left of it.

  Args:
    confidence_N: higher is more confident, on any scale.
    correct_N: 1 right, 0 wrong, or a grade between.
    coverage: share of items that answer, in (0, 1].

  Returns:
    The risk, in [0, 1].

  Source:
    Geifman & El-Yaniv 2017, section 2.
  """
  # Rounding must not make 3 · (1/3) four items.
  size = int(np.ceil(coverage * len(confidence_N) - 1e-9))
  edge = np.sort(confidence_N)[::-1][size - 1]
  above, tied = confidence_N > edge, confidence_N == edge
  left = size - above.sum()
  wrong = (1 - correct_N[above]).sum() + left * (1 - correct_N[tied]).mean()
  return float(wrong / size)


def _alike(grades_N: np.ndarray, start_T: np.ndarray
           ) -> tuple[np.ndarray, np.ndarray]:
  """Runs of ties, neighbours of one grade taken for one.

  No metric tells apart whether right answers that follow each other tie.

  Args:
    grades_N: in the order of confidence.
    start_T: where runs of ties start.

  Returns:
    The grade that all of a run share, NaN where they differ, and the run of
    each item.
  """
  low_T, high_T = (
      end.reduceat(grades_N, start_T) for end in (np.minimum, np.maximum))
  grade_T = np.where(low_T == high_T, low_T, np.nan)
  new_T = np.r_[True, grade_T[1:] != grade_T[:-1]]  # NaN equals none
  run_T = np.cumsum(new_T) - 1
  return grade_T[new_T], np.repeat(
      run_T, np.diff(start_T, append=len(grades_N)))


def _sums(
    grade_G: np.ndarray, run_N: np.ndarray, grades_N: np.ndarray,
    order_N: np.ndarray, counts_NR: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
  """[G, R] items of each run, and their grades."""
  new_N = np.r_[True, np.diff(run_N) != 0]
  new_N[1:] |= (np.diff(grades_N) != 0) & np.isnan(grade_G)[run_N[1:]]
  cell_N = np.cumsum(new_N) - 1
  # By run and grade first: what is mixed needs no second look at all items.
  weight_CR = grouping.group_sums(
      cell_N, int(cell_N[-1]) + 1, counts_NR, order_N).astype(
          grouping.exact(counts_NR))
  graded_CR = weight_CR * grades_N[new_N, None].astype(weight_CR.dtype)
  if len(weight_CR) == len(grade_G):
    return weight_CR, graded_CR
  weight_GR, graded_GR = (
      grouping.group_sums(run_N[new_N], len(grade_G), values_CR)
      for values_CR in (weight_CR, graded_CR))
  return weight_GR, graded_GR


def _row_metrics(
    grade_G: np.ndarray, weight_GR: np.ndarray, graded_GR: np.ndarray,
    oracle_R: np.ndarray, harmonic: np.ndarray) -> dict[str, np.ndarray]:
  """[R] by metric, of runs in the order of confidence."""
  # Weight and grades of all items before each run, [G + 1, R].
  total, graded = map(grouping.running, (weight_GR, graded_GR))
  size_R, right_R = (x[-1].astype(np.float64) for x in (total, graded))
  wrong_R = size_R - right_R
  # Over pairs of a right item with any item; right-right pairs make right².
  pairs_R = grouping.dot(graded_GR, total[1:] + total[:-1])
  with np.errstate(invalid='ignore', divide='ignore'):
    error_R = wrong_R / size_R
    auroc = (pairs_R - right_R ** 2) / (2 * right_R * wrong_R)
    aurc = _risk_coverage(grade_G, total, graded, harmonic)
    # Equal grades leave rounding dust between chance and oracle.
    prr = np.where(
        error_R - oracle_R > _DUST,
        (error_R - aurc) / (error_R - oracle_R), np.nan)
    auroc = np.where(right_R * wrong_R > 0, auroc, np.nan)
    augrc = np.nan_to_num(1 - auroc) * error_R * (1 - error_R) + (
        error_R ** 2 / 2)
  return {derived.AUROC: auroc, derived.AURC: aurc, derived.AUGRC: augrc,
          derived.PRR: prr} | _ends(total, graded)


def _ends(total: np.ndarray, graded: np.ndarray) -> dict[str, np.ndarray]:
  """What accuracy is at the ends of the order: [R] by metric."""
  size_R, right_R = (x[-1].astype(np.float64) for x in (total, graded))
  # Rounding must not make 3 · (1/3) four items.
  taken_R = np.ceil(_COVERAGE * size_R - 1e-9)
  fifth_R = _FIFTH * size_R
  left_R, most_R, least_R = _interpolated(total, graded, np.stack(
      [size_R - taken_R, size_R - fifth_R, fifth_R]))
  with np.errstate(invalid='ignore', divide='ignore'):
    return {derived.SELECTIVE_RISK_80: 1 - (right_R - left_R) / taken_R,
            derived.SUREST_FIFTH: (right_R - most_R - least_R) / fifth_R}


def _interpolated(total, graded, place_PR) -> np.ndarray:
  """[P, R] sums of grades up to places, ties sharing theirs alike."""
  n_draws = total.shape[1]
  draws = np.arange(n_draws)
  first = np.broadcast_to(draws, place_PR.shape)  # in the flat array
  step = 1 << max(len(total) - 2, 1).bit_length() - 1
  while step:  # the run of ties that holds the place
    tried = np.minimum(first + step * n_draws, draws + (
        len(total) - 2) * n_draws)
    first = np.where(total.take(tried) <= place_PR, tried, first)
    step //= 2
  start, stop = total.take(first), total.take(first + n_draws)
  width_PR = stop - start.astype(np.float64)
  share_PR = (place_PR - start) / np.where(width_PR > 0, width_PR, 1)
  before, after = graded.take(first), graded.take(first + n_draws)
  return before + share_PR * (after - before)


def _risk_coverage(grade_G, total, graded, harmonic) -> np.ndarray:
  """[R] area under the risk-coverage curve, from what precedes each run.

  The item accepted at rank r adds Σ_{k≥r} 1/k = H_W − H_{r−1} to the sum of
  error rates if wrong. Σ_{r≤k} of that is k H_W + k (1 − H_k), and a run of
  ties between ranks a and b shares the difference: all of it is lost in a run
  of wrong answers only, and none in one of right ones.
  """
  places = np.arange(len(harmonic)) * (1 - harmonic)
  size_R = total[-1].astype(np.float64)

  def ahead(edges) -> np.ndarray:
    return places[(total[-1] - total[edges]).astype(np.intp)]

  # Neighbouring runs of one grade share an edge, which drops out.
  loss_G = np.nan_to_num(1 - grade_G)
  sign_E = np.diff(loss_G, prepend=0, append=0)
  edges = np.flatnonzero(sign_E)
  total_R = sign_E[edges] @ ahead(edges)
  mixed = np.flatnonzero(np.isnan(grade_G))
  if len(mixed):
    weight = total[mixed + 1] - total[mixed]
    misses = weight - (graded[mixed + 1] - graded[mixed])
    # Runs that a resample does not hold miss nothing.
    share = misses / np.maximum(weight, 1).astype(np.float64)
    total_R += np.einsum(
        'gr,gr->r', share, ahead(mixed) - ahead(mixed + 1))
  total_R += harmonic[size_R.astype(np.intp)] * (size_R - graded[-1])
  return total_R / size_R


def _oracle(
    grades_N: np.ndarray, counts_NR: np.ndarray, size_R: np.ndarray,
    right_R: np.ndarray, harmonic: np.ndarray) -> np.ndarray:
  """[R] aurc of the order that accepts better grades first."""
  if np.isin(grades_N, (0, 1)).all():
    right_R, size_R = right_R.astype(np.intp), size_R.astype(np.intp)
    return ((size_R - right_R) - right_R * (
        harmonic[size_R] - harmonic[right_R])) / size_R
  grade_G, run_N = np.unique(grades_N, return_inverse=True)
  counts_GR = grouping.group_sums(run_N, len(grade_G), counts_NR).astype(
      grouping.exact(counts_NR))
  total, graded = (grouping.running(values_GR) for values_GR in (
      counts_GR, counts_GR * grade_G[:, None].astype(counts_GR.dtype)))
  return _risk_coverage(grade_G, total, graded, harmonic)
