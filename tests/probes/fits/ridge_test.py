"""Nested ridge against scikit-learn's pipeline of slow parts."""

import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import linear_model, metrics, model_selection, preprocessing

from uncertainty.probes.fits import folds, ridge

PENALTIES = (1.0, 10.0, 100.0, 1000.0)


def _data(n_items=45, width=20, seed=0):
  generator = np.random.default_rng(seed)
  acts = generator.normal(size=(n_items, 2, width))
  acts[:, :, 3] = 1.5  # a constant column
  acts[1::5] = acts[::5][:len(acts[1::5])]  # repeated rows
  targets = generator.normal(size=(n_items, 2)) + acts[:, 0, :2]
  return acts, targets


def _scaled(acts_ND, train, test):
  scaler = preprocessing.StandardScaler().fit(acts_ND[train])
  return scaler.transform(acts_ND[train]), scaler.transform(acts_ND[test])


# Wider than inner test folds of 11 items, narrower, and wider than all items.
@pytest.mark.parametrize('width', [12, 5, 60])
@pytest.mark.parametrize('rule', ['min', 'one_se'])
def test_nested_choice_equals_grid_search(width, rule):
  acts, targets = _data(width=width)
  split = folds.k_fold(45, 4)
  found, _ = ridge.cross_validate(
      acts, targets, split, penalties=PENALTIES, rule=rule, n_inner=3, seed=7)
  for layer in range(2):
    for fold in range(4):
      train, test = split.train(fold), split.test(fold)
      inputs, held = _scaled(acts[:, layer], train, test)
      for t in range(2):
        inner = model_selection.KFold(3, shuffle=True, random_state=7)
        errors = np.array([-model_selection.cross_val_score(
            linear_model.Ridge(alpha), inputs, targets[train, t], cv=inner,
            scoring='neg_mean_squared_error') for alpha in PENALTIES])
        mean = errors.mean(1)
        best = int(np.argmin(mean))
        if rule == 'one_se':
          bound = mean[best] + errors[best].std(ddof=1) / np.sqrt(3)
          best = int(np.flatnonzero(mean <= bound).max())
        model = linear_model.Ridge(PENALTIES[best]).fit(
            inputs, targets[train, t])
        assert found.penalty[layer, fold, t] == PENALTIES[best]
        np.testing.assert_allclose(
            found.inner_mse[layer, fold, t], mean[best], rtol=1e-6)
        predicted, target = model.predict(held), targets[test, t]
        np.testing.assert_allclose(
            [getattr(found.scores, m)[layer, fold, t]
             for m in ('r2', 'pearson', 'mse')],
            [metrics.r2_score(target, predicted),
             np.corrcoef(target, predicted)[0, 1],
             metrics.mean_squared_error(target, predicted)],
            rtol=1e-5, atol=1e-5)


def test_raw_activations_and_predictions():
  acts, targets = _data(width=60)
  split = folds.k_fold(45, 4)
  found, _ = ridge.cross_validate(
      acts, targets, split, penalties=(5.0,), standardise=False,
      with_predictions=True)
  for fold in range(4):
    train, test = split.train(fold), split.test(fold)
    model = linear_model.Ridge(5.0).fit(acts[train, 1], targets[train])
    np.testing.assert_allclose(
        found.predicted[1, test], model.predict(acts[test, 1]), rtol=1e-6,
        atol=1e-8)


@pytest.mark.parametrize('width', [12, 60])
def test_unpenalised_columns_are_fitted_freely(width):
  # The same as a ridge whose penalty on the baseline columns vanishes.
  acts, targets = _data(width=width)
  base = np.random.default_rng(1).normal(size=(45, 2))
  split = folds.k_fold(45, 4)
  found, _ = ridge.cross_validate(
      acts, targets, split, penalties=(5.0,), standardise=False,
      unpenalised_NQ=np.c_[base, np.full(45, 2.0), base[:, 0]],
      with_predictions=True)
  for fold in range(4):
    train, test = split.train(fold), split.test(fold)
    joined = np.concatenate([acts[:, 0], 1e5 * base], axis=1)
    # The normal equations would square the scale of 1e5.
    model = linear_model.Ridge(5.0, solver='svd').fit(
        joined[train], targets[train])
    np.testing.assert_allclose(
        found.predicted[0, test], model.predict(joined[test]), rtol=1e-4,
        atol=1e-6)


def test_units_of_unpenalised_columns_do_not_matter():
  acts, targets = _data(width=12)
  base = np.random.default_rng(1).normal(size=(45, 2))
  plain, scaled = (ridge.cross_validate(
      acts, targets, folds.k_fold(45, 4), penalties=(5.0,),
      unpenalised_NQ=unit * base, with_predictions=True)[0].predicted
      for unit in (np.ones(2), np.array([1e-9, 1e9])))
  np.testing.assert_allclose(scaled, plain, rtol=1e-8, atol=1e-8)


def test_inner_folds_without_items_do_not_count():
  acts, targets = _data(width=5)
  groups = np.repeat(list('abc'), 15)
  two = np.flatnonzero(groups != 'c'), np.flatnonzero(groups == 'c')
  last = np.arange(45) % 15 == 14
  three = np.flatnonzero(~last), np.flatnonzero(last)
  both, alone = (ridge.cross_validate(
      acts, targets, folds.from_splits(splits, 45), penalties=PENALTIES,
      n_inner=3, groups=groups.tolist())[0]
      for splits in ([two, three], [two]))
  assert np.isfinite(both.inner_mse).all()
  np.testing.assert_allclose(
      both.inner_mse[:, :1], alone.inner_mse, rtol=1e-9)
  np.testing.assert_array_equal(both.penalty[:, :1], alone.penalty)


def test_the_choice_by_hand():
  # Of two inner folds: means 2, 2.9 and 3.2; the best one's standard error is
  # √2 / √2. The third fold has no items.
  errors_PIT = jnp.asarray([
      [[1.], [3.], [9.]], [[2.2], [3.6], [0.]], [[3.2], [3.2], [0.]]])
  filled_I = jnp.asarray([True, True, False])
  for one_se, index, error in ((True, 1, 2.9), (False, 0, 2.0)):
    choice_T, error_T = ridge.choose(errors_PIT, filled_I, one_se)
    assert choice_T.tolist() == [index]
    np.testing.assert_allclose(error_T, [error], rtol=1e-6)


def test_null_columns_take_the_targets_way():
  acts, targets = _data()
  split = folds.k_fold(45, 4)
  found, null = ridge.cross_validate(
      acts, targets, split, null_NR=targets, n_inner=3)
  assert null is not None
  np.testing.assert_allclose(
      null.scores.r2, found.scores.r2, rtol=1e-3, atol=1e-3)
