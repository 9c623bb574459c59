"""One call to a probe, against scikit-learn's loops."""

import doctest

import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import linear_model, metrics, model_selection, preprocessing

from uncertainty import probes
from uncertainty.errors import UserError
from uncertainty.probes import layers
from uncertainty.probes.fits import ridge


def _data(n=60, width=4):
  rng = np.random.default_rng(0)
  acts = rng.normal(size=(n, 3, width))
  return acts, acts[:, 1, 0] + 0.5 * acts[:, 2, 1] + rng.normal(size=n)


def _loops(acts, target, fit, n_folds):
  """[L, F] r2, pearson and mse of `fit(train x, y, test x) → predictions`."""
  splitter = model_selection.KFold(n_folds, shuffle=True, random_state=42)
  found = {'r2': [], 'pearson': [], 'mse': []}
  for layer in range(acts.shape[1]):
    x = acts[:, layer]
    rows = {name: [] for name in found}
    for train, test in splitter.split(x):
      guess = fit(x[train], target[train], x[test])
      rows['r2'].append(metrics.r2_score(target[test], guess))
      rows['pearson'].append(np.corrcoef(target[test], guess)[0, 1])
      rows['mse'].append(metrics.mean_squared_error(target[test], guess))
    for name, values in rows.items():
      found[name].append(values)
  return {name: np.array(values) for name, values in found.items()}


def test_paper_equals_scikit_learns_least_squares():
  acts, target = _data()
  expected = _loops(
      acts, target, lambda x, y, new: linear_model.LinearRegression().fit(
          x, y).predict(new), 10)
  found = probes.probe(acts, target, 'paper')
  for name, values in expected.items():
    np.testing.assert_allclose(
        getattr(found, name), values.mean(1), rtol=1e-8, err_msg=name)
  assert found.chosen_r2 is None


def test_sound_equals_scikit_learns_nested_ridge():
  acts, target = _data()
  penalties = np.array(ridge.PENALTIES) * acts.shape[2]

  def fit(x, y, new):
    scaler = preprocessing.StandardScaler().fit(x)
    x, new = scaler.transform(x), scaler.transform(new)
    inner = model_selection.KFold(5, shuffle=True, random_state=3)
    errors = np.array([[
        metrics.mean_squared_error(
            y[b], linear_model.Ridge(alpha=p).fit(x[a], y[a]).predict(x[b]))
        for a, b in inner.split(x)] for p in penalties])
    mean = errors.mean(1)
    best = mean.argmin()
    bound = mean[best] + errors[best].std(ddof=1) / np.sqrt(5)
    penalty = penalties[mean <= bound].max()
    return linear_model.Ridge(alpha=penalty).fit(x, y).predict(new)

  expected = _loops(acts, target, fit, 4)
  found = probes.probe(acts, target, n_folds=4, seed=3)
  for name, values in expected.items():
    np.testing.assert_allclose(
        getattr(found, name), values.mean(1), rtol=1e-6, err_msg=name)


def test_the_layer_is_chosen_without_the_test_items():
  acts, _ = _data()
  found = probes.probe(acts, acts[:, 1, 0], n_folds=5)
  assert found.r2.argmax() == 1 and found.chosen_r2 == pytest.approx(
      found.r2[1])
  noise = np.random.default_rng(7).normal(size=len(acts))
  assert probes.probe(acts, noise, n_folds=5).chosen_r2 < 0.1


def test_groups_stay_together():
  """Copies of an item leak their target unless they share a fold."""
  rng = np.random.default_rng(0)
  acts = np.repeat(rng.normal(size=(30, 1, 40)), 3, axis=0)
  target = np.repeat(rng.normal(size=30), 3)
  groups = np.repeat(np.arange(30), 3).tolist()
  assert probes.probe(acts, target, n_folds=5).r2[0] > 0.3
  assert probes.probe(acts, target, n_folds=5, groups=groups).r2[0] < 0.1


def test_bfloat16_activations_are_read():
  acts, target = _data()
  rounded = np.asarray(jnp.asarray(acts, jnp.bfloat16))
  np.testing.assert_array_equal(
      probes.probe(rounded, target, n_folds=4).r2,
      probes.probe(rounded.astype(np.float32), target, n_folds=4).r2)


@pytest.mark.parametrize('change,message', [
    ({'acts_NLD': np.zeros((60, 4))}, 'acts_NLD must have 3 dimensions'),
    ({'acts_NLD': np.full((60, 1, 4), np.nan)}, 'acts_NLD has values'),
    ({'acts_NLD': np.zeros((59, 1, 4))}, '59 items and a target of 60'),
    ({'target_N': np.zeros((60, 1))}, r'target_N must have 1 dimension,'),
    ({'target_N': np.full(60, np.inf)}, 'target_N has values'),
    ({'target_N': np.ones(60)}, r'target is constant \(1\)'),
    ({'target_N': np.array(['a'] * 60)}, 'target_N must be numbers'),
    ({'protocol': 'sond'}, 'there are sound, paper'),
    ({'n_folds': 40}, '60 items are too few for n_folds=40.*smaller n_folds'),
    ({'n_folds': 1}, 'n_folds=1 leaves nothing'),
    ({'n_folds': 1, 'groups': list(range(60))}, 'n_folds=1 leaves nothing'),
    ({'groups': ['a'] * 59}, '59 groups for 60 items'),
    ({'groups': ['a'] * 60}, 'items are of one group'),
    ({'groups': ['a'] * 60, 'protocol': 'paper'}, 'knows no groups'),
])
def test_bad_input_is_named(change, message):
  acts, target = _data()
  with pytest.raises(UserError, match=message):
    probes.probe(**({'acts_NLD': acts, 'target_N': target} | change))


def test_examples_hold():
  found = doctest.testmod(layers)
  assert found.attempted >= 2 and found.failed == 0
