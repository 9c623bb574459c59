"""The Brier score of binned confidences, and its parts."""

import numpy as np

from uncertainty.analysis.calibration import errors


def brier(sums: errors.BinSums) -> dict[str, np.ndarray]:
  """The Brier score and its parts over a binning.

  brier = reliability − resolution + uncertainty + within_variance
  − within_covariance, where with means of bins c̄_b, ā_b and the overall ā

    reliability Σ w_b (c̄_b − ā_b)²,  resolution Σ w_b (ā_b − ā)²,
    uncertainty ā (1 − ā),  within_variance Σ w_b var_b(c),
    within_covariance 2 Σ w_b cov_b(c, a).

  Exact for right or wrong; with grades between, uncertainty is the grades' own
  variance. The within-bin terms vanish when a bin holds one confidence.

  Args:
    sums: of a binning.

  Returns:
    `brier` and `brier_PART` → [M]; NaN for rows without items.

  Source:
    Murphy 1973, A new vector partition of the probability score; Stephenson
    et al. 2008, Two extra components in the Brier score decomposition.
  """
  n = np.maximum(sums.count_MB, 1)
  confidence, correct = sums.confidence_MB / n, sums.correct_MB / n
  with np.errstate(invalid='ignore', divide='ignore'):
    share = sums.count_MB / sums.count_MB.sum(1, keepdims=True)
    mean = (share * correct).sum(1)
    graded = (share * (sums.graded_MB / n)).sum(1)
    parts = {
        'brier_reliability': (share * (confidence - correct) ** 2).sum(1),
        'brier_resolution': (
            share * (correct - _column(mean, correct)) ** 2).sum(1),
        'brier_uncertainty': graded - mean ** 2,
        'brier_within_variance': (
            share * (sums.squared_MB / n - confidence ** 2)).sum(1),
        'brier_within_covariance': 2 * (
            share * (sums.product_MB / n - confidence * correct)).sum(1)}
    score = (share * (
        (sums.squared_MB - 2 * sums.product_MB + sums.graded_MB) / n)).sum(1)
  return {'brier': score} | parts


def brier_unbiased(sums: errors.BinSums) -> dict[str, np.ndarray]:
  """Reliability, resolution and uncertainty without the bias of few items.

  With s_b = ā_b (1 − ā_b) / (n_b − 1), the noise of a bin's accuracy (grades
  between 0 and 1 have their own variance in its place), and s the same of all
  n items: reliability − Σ w_b s_b, resolution − Σ w_b s_b + s,
  uncertainty + s; reliability − resolution + uncertainty stays as it is. A bin
  of one item has no estimate of its noise, and none is taken off.

  Args:
    sums: of `bin_sums`.

  Returns:
    brier_reliability, brier_resolution and brier_uncertainty, each [M]; the
    first two may be below 0.

  Source:
    Ferro & Fricker 2012, A bias-corrected decomposition of the Brier score.
  """
  def noise(correct, graded, count):
    safe = np.maximum(count, 1)
    return np.where(count > 1, (graded / safe - (correct / safe) ** 2)
                    / np.maximum(count - 1, 1), 0)

  parts = brier(sums)
  n_M = sums.count_MB.sum(1)
  with np.errstate(invalid='ignore', divide='ignore'):
    within = (sums.count_MB * noise(
        sums.correct_MB, sums.graded_MB, sums.count_MB)).sum(1) / n_M
  overall = noise(sums.correct_MB.sum(1), sums.graded_MB.sum(1), n_M)
  return {
      'brier_reliability': parts['brier_reliability'] - within,
      'brier_resolution': parts['brier_resolution'] - within + overall,
      'brier_uncertainty': parts['brier_uncertainty'] + overall}


def _column(mean, like):
  return np.broadcast_to(mean[:, None], like.shape)
