"""The signed-rank test against SciPy and by hand."""

import numpy as np
from scipy import stats

from uncertainty.analysis.statistics.signed_rank import (
  signed_rank,
  weighted_rank_biserial,
)


def test_signed_rank_against_scipy_and_by_hand():
  d = np.array([.3, -.1, .2, .5, 0., -.4])
  r, p_value = signed_rank(d)
  # Ranks of .1 .2 .3 .4 .5: W⁺ = 3 + 2 + 5, W⁻ = 1 + 4.
  np.testing.assert_allclose(r, (10 - 5) / 15)
  np.testing.assert_allclose(p_value, stats.wilcoxon(d[d != 0]).pvalue)


def test_differences_that_are_all_zero_have_no_p_value():
  assert np.isnan(signed_rank(np.zeros(3))).all()


def test_weighted_rank_biserial_equals_repeated_pairs():
  d = np.array([.3, -.1, .2, .2, 0., -.4])
  counts = np.array([[2, 1], [0, 1], [1, 1], [3, 1], [1, 1], [1, 1]])
  found = weighted_rank_biserial(d, counts)
  for column in range(2):
    repeated = np.repeat(d, counts[:, column])
    repeated = repeated[repeated != 0]
    ranks = stats.rankdata(abs(repeated))
    np.testing.assert_allclose(
        found[column], np.sum(np.sign(repeated) * ranks) / ranks.sum())


def test_resamples_of_one_pair_and_of_none_that_differs():
  found = weighted_rank_biserial(
      np.array([-.1, .3, 0.]), np.array([[1, 0], [0, 0], [0, 2]]))
  np.testing.assert_array_equal(found, [-1, np.nan])
