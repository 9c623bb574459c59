"""Several measures together against the best one."""

import numpy as np
import sklearn.linear_model
from scipy import stats

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


def test_correlations_are_means_over_folds():
  rng = np.random.default_rng(9)
  x, y = rng.normal(size=(2, 60)), rng.normal(size=60)
  folds = np.repeat([0, 1], [20, 40])
  found = combination.spearman_within(x, y, folds, np.ones((60, 1), int))
  for m in range(2):
    parts = [stats.spearmanr(x[m, folds == f], y[folds == f]).statistic
             for f in (0, 1)]
    np.testing.assert_allclose(
        found[m, 0], (parts[0] + 2 * parts[1]) / 3, atol=1e-6)


def test_a_combination_that_loses_is_reported_like_one_that_gains(
    model_items):
  """Pairs of a signal and many measures of noise: p is two-sided."""
  rng = np.random.default_rng(1)
  y = rng.normal(size=60)
  values = np.concatenate([y[None], rng.normal(size=(40, 60))])
  row = combination.combinations(
      [model_items(values, human_entropy=y)], 400, .95).iloc[0]
  assert row['gain'] < 0 and row['gain_high'] < 0 and row['p_value'] < .05


def test_combination_of_noise_gains_nothing(model_items):
  rng = np.random.default_rng(8)
  gains = [combination.combinations(
      [model_items(rng.normal(size=(8, 120)), human_entropy=rng.random(120))],
      50, .95, seed=s).iloc[0]['rho_combined'] for s in range(15)]
  # Pooled over folds they are near −.2: who is high in a held-out fold
  # is low in the rest. Fifteen means of r have a standard error of .024.
  assert abs(np.mean(gains)) < .06
