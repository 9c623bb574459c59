"""Least squares against statsmodels."""

import numpy as np
import statsmodels.api as sm

from uncertainty.analysis.statistics.least_squares import least_squares


def test_fit_against_statsmodels():
  rng = np.random.default_rng(4)
  design = np.column_stack([np.ones(50), rng.normal(size=(50, 2))])
  y = design @ [1., 2., 0.] + rng.normal(size=50)
  ours, theirs = least_squares(design, y), sm.OLS(y, design).fit()
  np.testing.assert_allclose(ours['beta'], theirs.params)
  np.testing.assert_allclose(ours['se'], theirs.bse)
  np.testing.assert_allclose(ours['p'], theirs.pvalues)
  for name, value in (('r2', theirs.rsquared), ('aic', theirs.aic),
                      ('bic', theirs.bic)):
    np.testing.assert_allclose(ours[name], value)
