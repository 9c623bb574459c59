"""The signed-rank test against SciPy and by hand."""

import numpy as np
from scipy import stats

from uncertainty.analysis.statistics.signed_rank import signed_rank


def test_signed_rank_against_scipy_and_by_hand():
  d = np.array([.3, -.1, .2, .5, 0., -.4])
  r, p_value = signed_rank(d)
  # Ranks of .1 .2 .3 .4 .5: W⁺ = 3 + 2 + 5, W⁻ = 1 + 4.
  np.testing.assert_allclose(r, (10 - 5) / 15)
  np.testing.assert_allclose(p_value, stats.wilcoxon(d[d != 0]).pvalue)


def test_differences_that_are_all_zero_have_no_p_value():
  assert np.isnan(signed_rank(np.zeros(3))).all()
