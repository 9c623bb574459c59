"""How well confidence ranks right answers above wrong ones, whatever its scale.

With e the share of wrong answers, and items accepted from the most confident
down:

  auroc  P(confidence of a right answer > of a wrong one), ties half
  aurc   area under the risk-coverage curve: mean over k of the error rate
         among the k most confident (Geifman & El-Yaniv 2017)
  augrc  the same with errors counted against all items (Traub et al. 2024):
         (1 − auroc) e (1 − e) + e² / 2
  prr    prediction-rejection ratio: how far aurc gets from chance (0) to the
         oracle that rejects all errors first (1) (Malinin & Gales 2021; the
         curve of errors among the *kept*, as Vashurin et al. 2025; with
         errors counted against all items it would be 2 auroc − 1)

Ties share their expected order, so no value depends on how items are stored.
"""

import numpy as np

from uncertainty.analysis.statistics import ranking
from uncertainty.types import UserError

RANK_METRICS = ('auroc', 'aurc', 'augrc', 'prr')

# Elements of a block of draws: beyond this, fresh memory costs more than work.
_BLOCK = 400_000
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
    metric → [M, R] float64. NaN where a row has no item; auroc and prr also
    where all answers are right or all wrong.

  Raises:
    UserError: shapes differ, or a grade outside [0, 1].
  """
  confidence_MN = np.asarray(confidence_MN, np.float64)
  correct_MN = np.asarray(correct_MN, np.float64)
  if confidence_MN.shape != correct_MN.shape:
    raise UserError(
        f'confidence {confidence_MN.shape} and correctness '
        f'{correct_MN.shape} must have one row per measure, one column per '
        'item')
  if np.nanmin(correct_MN, initial=0) < 0 or np.nanmax(
      correct_MN, initial=1) > 1:
    raise UserError('correctness must lie in [0, 1]; check the grades')
  n_rows, n_items = confidence_MN.shape
  if counts_NR is None:
    counts_NR = np.ones((n_items, 1))
  elif counts_NR.shape[1] > 1:
    counts_NR = counts_NR.astype(np.float32)
  n_draws = counts_NR.shape[1]
  harmonic = np.zeros(int(counts_NR.sum(0).max(initial=0)) + 1)
  harmonic[1:] = np.cumsum(1 / np.arange(1, len(harmonic)))
  result = {name: np.full((n_rows, n_draws), np.nan) for name in RANK_METRICS}
  for m in range(n_rows):
    known = np.flatnonzero(
        ~(np.isnan(confidence_MN[m]) | np.isnan(correct_MN[m])))
    if not len(known):
      continue
    order = ranking.sort_rows(confidence_MN[m, known][None])
    step = max(_LEAST_DRAWS, _BLOCK // len(known))
    for start in range(0, n_draws, step):
      draws = slice(start, min(start + step, n_draws))
      counts = counts_NR[:, draws]
      if len(known) < n_items:
        counts = counts[known]
      part = _row_metrics(order, correct_MN[m, known], counts, harmonic)
      for name, values in part.items():
        result[name][m, draws] = values
  return result


def _row_metrics(
    order: ranking.Order, correct_N: np.ndarray, counts_NR: np.ndarray,
    harmonic: np.ndarray) -> dict[str, np.ndarray]:
  total = ranking.cumulative(counts_NR, order.order_MN[0])
  size_R = total[-1].astype(np.float64)
  below_N, upto_N = order.below_MN[0], order.upto_MN[0]
  right = np.flatnonzero(correct_N > 0)
  wrong = np.flatnonzero(correct_N < 1)
  grades_NR = counts_NR[right]
  grades_NR *= correct_N[right, None].astype(counts_NR.dtype)
  right_R = grades_NR.sum(0).astype(np.float64)
  wrong_R = size_R - right_R
  # Over pairs of a right item with any item; right-right pairs make right².
  ranks_NR = np.take(total, below_N[right], axis=0, mode='clip')
  ranks_NR += np.take(total, upto_N[right], axis=0, mode='clip')
  pairs_R = np.einsum('nr,nr->r', ranks_NR, grades_NR).astype(np.float64)
  misses_NR = counts_NR[wrong]
  misses_NR *= (1 - correct_N[wrong, None]).astype(counts_NR.dtype)
  with np.errstate(invalid='ignore', divide='ignore'):
    error_R = wrong_R / size_R
    auroc = (pairs_R - right_R ** 2) / (2 * right_R * wrong_R)
    aurc = _risk_coverage(
        misses_NR, total[below_N[wrong]], total[upto_N[wrong]], total[-1],
        harmonic)
    oracle = _oracle(wrong_R, size_R, harmonic)
    prr = np.where(
        right_R * wrong_R > 0, (error_R - aurc) / (error_R - oracle), np.nan)
    auroc = np.where(right_R * wrong_R > 0, auroc, np.nan)
    augrc = np.nan_to_num(1 - auroc) * error_R * (1 - error_R) + (
        error_R ** 2 / 2)
  return {'auroc': auroc, 'aurc': aurc, 'augrc': augrc, 'prr': prr}


def _risk_coverage(
    misses_NR, below_NR, upto_NR, size_R, harmonic) -> np.ndarray:
  """[R] area under the risk-coverage curve, from the wrong items alone.

  The item accepted at rank r adds Σ_{k≥r} 1/k = H_W − H_{r−1} to the sum of
  error rates if wrong. Σ_{r≤k} of that is k H_W + k (1 − H_k), and a run of
  ties between ranks a and b shares the difference.
  """
  places = np.arange(len(harmonic)) * (1 - harmonic)
  through_NR = (size_R - below_NR).astype(np.intp)
  ahead_NR = (size_R - upto_NR).astype(np.intp)  # strictly more confident
  share_NR = places[through_NR]
  share_NR -= places[ahead_NR]
  through_NR -= ahead_NR
  # An item not drawn has weight zero; its run may be empty.
  share_NR /= np.maximum(through_NR, 1, out=through_NR)
  total_R = np.einsum('nr,nr->r', share_NR, misses_NR)
  total_R += harmonic[size_R.astype(np.intp)] * misses_NR.sum(0)
  return total_R / size_R


def _oracle(wrong_R, size_R, harmonic) -> np.ndarray:
  """[R] aurc when every wrong answer is less confident than every right one.

  Grades between 0 and 1 give a fractional number of wrong answers: rounded.
  """
  right_R = np.rint(size_R - wrong_R).astype(np.intp)
  size_R = size_R.astype(np.intp)
  return ((size_R - right_R) - right_R * (
      harmonic[size_R] - harmonic[right_R])) / size_R
