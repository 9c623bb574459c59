"""Least squares against statsmodels, and held-out items against sklearn."""

import numpy as np
import pytest
import statsmodels.api as sm
from sklearn import dummy, linear_model, model_selection

from uncertainty.analysis.statistics.least_squares import (
  held_out_r2,
  least_squares,
)


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


def test_held_out_r2_against_scikit_learn():
  rng = np.random.default_rng(5)
  x = rng.normal(size=(31, 2))
  y = x @ [1., -.5] + rng.normal(size=31) + 3
  folds = np.arange(31) % 4
  by, mean = (model_selection.cross_val_predict(
      model, x, y, cv=model_selection.PredefinedSplit(folds))
      for model in (linear_model.LinearRegression(), dummy.DummyRegressor()))
  found = held_out_r2(np.column_stack([np.ones(31), x]), y, folds)
  assert found == pytest.approx(
      1 - np.sum((y - by)**2) / np.sum((y - mean)**2), abs=1e-12)


@pytest.mark.parametrize('spoil', ['a copy', 'one fold alone'])
def test_predictors_that_repeat_each_other_take_the_shortest_coefficients(
    spoil):
  rng = np.random.default_rng(6)
  x, y, folds = rng.normal(size=(31, 2)), rng.normal(size=31), np.arange(31) % 4
  # A second time the first predictor; or one that only fold 2 has, so that its
  # training items tell nothing of it.
  x[:, 1] = x[:, 0] if spoil == 'a copy' else folds == 2
  by, mean = (model_selection.cross_val_predict(
      model, x, y, cv=model_selection.PredefinedSplit(folds))
      for model in (linear_model.LinearRegression(), dummy.DummyRegressor()))
  found = held_out_r2(np.column_stack([np.ones(31), x]), y, folds)
  assert found == pytest.approx(
      1 - np.sum((y - by)**2) / np.sum((y - mean)**2), abs=1e-9)
