"""Several measures together against the best one."""

import dataclasses

import numpy as np
import sklearn.linear_model
from scipy import stats

from uncertainty.analysis.questions import combination
from uncertainty.analysis.statistics import resampling


def _draws(n_items, n_draws, **kwargs):
  return {'d': resampling.bootstrap_counts(n_items, n_draws, seed=0, **kwargs)}


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
      [model_items(parts, human_entropy=y)], _draws(400, 200), .95).iloc[0]
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
      [model_items(values, human_entropy=y)], _draws(60, 400), .95).iloc[0]
  assert row['gain'] < 0 and row['gain_high'] < 0 and row['p_value'] < .05


def test_combination_of_noise_gains_nothing(model_items):
  rng = np.random.default_rng(8)
  gains = [combination.combinations(
      [model_items(rng.normal(size=(8, 120)), human_entropy=rng.random(120))],
      _draws(120, 50), .95, seed=s).iloc[0]['rho_combined'] for s in range(15)]
  # Pooled over folds they are near −.2: who is high in a held-out fold
  # is low in the rest. Fifteen means of r have a standard error of .024.
  assert abs(np.mean(gains)) < .06


def test_items_of_one_cluster_are_drawn_together(model_items):
  """Items written four times over say no more than one of each."""
  rng = np.random.default_rng(3)
  y = rng.normal(size=60)
  values = y + rng.normal(size=(3, 60))
  table = model_items(np.repeat(values, 4, 1), human_entropy=np.repeat(y, 4))
  widths = [(row['gain_high'] - row['gain_low']) for row in (
      combination.combinations([table], draws, .95).iloc[0] for draws in (
          _draws(240, 400),
          _draws(240, 400, groups_N=np.repeat(np.arange(60), 4))))]
  assert widths[1] > 1.5 * widths[0]


def test_a_clusters_items_do_not_predict_one_another(model_items):
  """Measures that name the cluster: with its twins in the fit, all is known."""
  rng = np.random.default_rng(5)
  cluster = np.repeat(np.arange(24), 10)
  names = rng.normal(size=(22, 24))[:, cluster]  # noise, but a cluster's own
  table = model_items(names, human_entropy=rng.normal(size=24)[cluster])
  blind, aware = (combination.combinations(
      [table], _draws(240, 20, groups_N=cluster), .95, cluster_N=clusters)
      .iloc[0]['r2_combined'] for clusters in ({}, {'d': cluster}))
  assert blind > 0.3
  assert aware < 0.1


def test_measures_are_grouped_by_what_they_were_taken_over(model_items):
  rng = np.random.default_rng(0)
  table = dataclasses.replace(
      model_items(rng.normal(size=(6, 60)), human_entropy=rng.random(60)),
      measures=('fr_total_entropy', 'fr_varentropy', 'fr_first_total_entropy',
                'fr_first_varentropy', 'semantic_entropy', 'sample_entropy'))
  found = combination.combinations([table], _draws(60, 50), .95)
  assert dict(zip(found['prefix'], found['n_measures'])) == {
      'fr': 2, 'fr_first': 2, '': 2, 'all': 6}
