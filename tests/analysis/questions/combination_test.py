"""Several measures together against the best one."""

import numpy as np
import sklearn.linear_model

from uncertainty.analysis.questions import combination


def test_ridge_against_scikit_learn():
  rng = np.random.default_rng(6)
  x = rng.normal(size=(60, 5))
  y = x @ [1., 0., 0., .5, 0.] + rng.normal(size=60) + 3
  penalties = np.logspace(-2, 4, 9)
  beta, intercept = combination.ridge(x, y, penalties)
  theirs = sklearn.linear_model.RidgeCV(alphas=penalties).fit(x, y)
  np.testing.assert_allclose(beta, theirs.coef_, rtol=1e-6)
  np.testing.assert_allclose(intercept, theirs.intercept_)


def test_combination_gains_where_measures_complete_each_other(model_items):
  rng = np.random.default_rng(7)
  parts = rng.normal(size=(2, 400))
  y = parts.sum(0)
  row = combination.combinations(
      [model_items(parts, human_entropy=y)], 200, .95).iloc[0]
  assert row['gain_low'] > .1 and row['p_value'] < .05
  assert row['rho_combined'] > .9


def test_combination_of_noise_gains_nothing(model_items):
  rng = np.random.default_rng(8)
  gains = [combination.combinations(
      [model_items(rng.normal(size=(8, 120)), human_entropy=rng.random(120))],
      50, .95, seed=s).iloc[0]['rho_combined'] for s in range(15)]
  # Held-out predictions of noise correlate at or below zero.
  assert np.mean(gains) < .05
