"""Slopes over size, and what families explain."""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats

from uncertainty.analysis.questions import size


def test_size_slopes_against_statsmodels_and_eta_squared():
  rng = np.random.default_rng(12)
  family = np.repeat(list('abc'), 4)
  x = np.tile([1., 3., 7., 13.], 3)
  y = .2 * np.log10(x) + np.repeat([0., 1., 2.], 4) + .01 * rng.normal(size=12)
  scores = pd.DataFrame({
      'dataset': 'd', 'outcome': 'brier', 'measure': 'mc_x', 'kind': 'base',
      'family': family, 'size': x, 'value': y})
  row = size.size_effects(scores, 200).set_index('kind').loc['base']
  plain = sm.OLS(y, sm.add_constant(np.log10(x))).fit()
  np.testing.assert_allclose(row['slope'], plain.params[1])
  np.testing.assert_allclose(row['slope_p'], plain.pvalues[1])
  assert abs(row['slope_within'] - .2) < .05 and row['slope_within_p'] < .001
  between = stats.f_oneway(*(y[family == f] for f in 'abc')).statistic
  np.testing.assert_allclose(
      row['family_share'], 2 * between / (2 * between + 9))
  assert row['family_p'] < .01


def test_a_score_that_all_models_share_has_no_slope():
  scores = pd.DataFrame({
      'dataset': 'd', 'outcome': 'fr_accuracy', 'measure': '', 'kind': 'base',
      'family': list('aabb'), 'size': [1., 2., 3., 4.], 'value': 1.0})
  assert size.size_effects(scores, 20).empty
