"""How well a score tells items of one kind from others (AUROC)."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Separation:
  """An AUROC.

  Attributes:
    value: the AUROC; NaN where all or none are positive.
    influence_N: each item's influence on it, times the number of items; they
      sum to 0.
  """

  value: float
  influence_N: np.ndarray


def auroc(score_N: np.ndarray, positive_N: np.ndarray) -> Separation:
  """AUROC of a score, of items that may be positive in part.

  With a share y_i of each item positive,

    A = Σ_ij y_i (1 − y_j) [s_i > s_j] / (Σ_i y_i Σ_j (1 − y_j)),

  ties half: every pair of a positive and a negative part, as if an item were
  many of its kind. With y of 0 and 1 it is the usual AUROC.

  Args:
    score_N: s, without NaN.
    positive_N: y, in [0, 1].

  Returns:
    A with its influences.

  Source:
    DeLong et al. 1988, Comparing the areas under two or more correlated
    receiver operating characteristic curves; of shares, Kadavath et al. 2022
    (arXiv 2207.05221), section 5: every sampled answer counts.
  """
  negative_N = 1 - positive_N
  positives, negatives = positive_N.sum(), negative_N.sum()
  if not (positives > 0 and negatives > 0):
    return Separation(np.nan, np.full(len(score_N), np.nan))
  _, place_N = np.unique(score_N, return_inverse=True)
  positive_G, negative_G = (
      np.bincount(place_N, y) for y in (positive_N, negative_N))
  below_N = ((np.cumsum(negative_G) - negative_G / 2) / negatives)[place_N]
  above_N = (1 - (np.cumsum(positive_G) - positive_G / 2) / positives)[place_N]
  value = float(positive_N @ below_N / positives)
  influence_N = len(score_N) * (
      positive_N * (below_N - value) / positives
      + negative_N * (above_N - value) / negatives)
  return Separation(value, influence_N)
