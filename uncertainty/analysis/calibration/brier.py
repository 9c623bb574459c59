"""The Brier score of binned confidences, and its parts."""

import numpy as np

from uncertainty.analysis.calibration import errors
from uncertainty.results import derived


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
  share = 1 / np.maximum(sums.count_MB, 1)
  confidence, correct = sums.confidence_MB * share, sums.correct_MB * share
  squared, product, graded = (
      x.sum(1) for x in (sums.squared_MB, sums.product_MB, sums.graded_MB))
  size = sums.count_MB.sum(1)
  with np.errstate(invalid='ignore', divide='ignore'):
    mean = sums.correct_MB.sum(1) / size
    parts = {
        derived.BRIER_RELIABILITY: _summed(
            sums.count_MB, (confidence - correct) ** 2) / size,
        derived.BRIER_RESOLUTION: _summed(
            sums.count_MB, (correct - mean[:, None]) ** 2) / size,
        derived.BRIER_UNCERTAINTY: graded / size - mean ** 2,
        derived.BRIER_VARIANCE: (squared - _summed(
            sums.confidence_MB, confidence)) / size,
        derived.BRIER_COVARIANCE: 2 * (product - _summed(
            sums.confidence_MB, correct)) / size}
    score = (squared - 2 * product + graded) / size
  return {derived.BRIER: score} | parts


def brier_unbiased(
    sums: errors.BinSums, parts: dict[str, np.ndarray] | None = None,
) -> dict[str, np.ndarray]:
  """Reliability, resolution and uncertainty without the bias of few items.

  With s_b = ā_b (1 − ā_b) / (n_b − 1), the noise of a bin's accuracy (grades
  between 0 and 1 have their own variance in its place), and s the same of all
  n items: reliability − Σ w_b s_b, resolution − Σ w_b s_b + s,
  uncertainty + s; reliability − resolution + uncertainty stays as it is. A bin
  of one item has no estimate of its noise, and none is taken off.

  Args:
    sums: of `bin_sums`.
    parts: `brier` of these, if at hand.

  Returns:
    brier_reliability, brier_resolution and brier_uncertainty, each [M]; the
    first two may be below 0.

  Source:
    Ferro & Fricker 2012, A bias-corrected decomposition of the Brier score.
  """
  parts = brier(sums) if parts is None else parts
  n_M = sums.count_MB.sum(1)
  right_M, graded_M = sums.correct_MB.sum(1), sums.graded_MB.sum(1)
  with np.errstate(invalid='ignore', divide='ignore'):
    within = errors.noise_sums(
        sums.correct_MB, sums.graded_MB, sums.count_MB).sum(1) / n_M
    overall = errors.noise_sums(right_M, graded_M, n_M) / n_M
  return {
      derived.BRIER_RELIABILITY: parts[derived.BRIER_RELIABILITY] - within,
      derived.BRIER_RESOLUTION:
          parts[derived.BRIER_RESOLUTION] - within + overall,
      derived.BRIER_UNCERTAINTY: parts[derived.BRIER_UNCERTAINTY] + overall}


def _summed(x_MB: np.ndarray, y_MB: np.ndarray) -> np.ndarray:
  """Sums of products over bins."""
  return np.einsum('mb...,mb...->m...', x_MB, y_MB)
