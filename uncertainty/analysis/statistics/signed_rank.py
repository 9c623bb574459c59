"""Wilcoxon's signed-rank test with its effect size."""

import functools

import numpy as np

from uncertainty.analysis.statistics import ranking


def signed_rank(differences_N: np.ndarray) -> tuple[float, float]:
  """Matched-pairs rank-biserial correlation and its two-sided p-value.

  r = (W⁺ − W⁻)/(W⁺ + W⁻), W the sums of the ranks of positive and of negative
  differences, ranked by size; zeros are left out (Wilcoxon's way).

  Args:
    differences_N: one difference per pair, nothing missing.

  Returns:
    r in [−1, 1] and p (exact for few pairs, as `scipy.stats.wilcoxon`); NaN
    where every difference is zero, as nothing is ranked.

  Source: Wilcoxon 1945; Kerby 2014.
  """
  d = differences_N[differences_N != 0]
  if not len(d):
    return float('nan'), float('nan')
  ranks = ranking.midranks(np.abs(d))
  r = float((ranks[d > 0].sum() - ranks[d < 0].sum()) / ranks.sum())
  return r, _p_value(tuple(np.sign(d) * ranks))


# Only signs and ranks matter, and few pairs have few of them; SciPy spends
# milliseconds on checks of its arguments.
@functools.lru_cache(maxsize=4096)
def _p_value(signed_ranks: tuple[float, ...]) -> float:
  from scipy import stats  # half a second, which few starts need

  return float(np.asarray(stats.wilcoxon(np.array(signed_ranks)))[1])
