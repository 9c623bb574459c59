"""Closed-form least squares against scikit-learn's loop."""

import numpy as np
import pytest
import scipy.linalg
from sklearn import linear_model, metrics

from uncertainty.probes.fits import folds, least_squares


def loop(acts_NLD, targets_NT, split, make=linear_model.LinearRegression):
  """R², Pearson, MSE [3, L, F, T], one fit at a time."""
  out = np.zeros((3, acts_NLD.shape[1], split.n_folds, targets_NT.shape[1]))
  for layer in range(acts_NLD.shape[1]):
    for fold in range(split.n_folds):
      train, test = split.train(fold), split.test(fold)
      for t in range(targets_NT.shape[1]):
        model = make().fit(
            acts_NLD[train, layer].astype(np.float64), targets_NT[train, t])
        predicted = model.predict(acts_NLD[test, layer].astype(np.float64))
        target = targets_NT[test, t]
        out[:, layer, fold, t] = (
            metrics.r2_score(target, predicted),
            np.corrcoef(target, predicted)[0, 1],
            np.mean((target - predicted)**2))
  return out


def assert_same(found, expected, tolerance=1e-5):
  for name, values in zip(('r2', 'pearson', 'mse'), expected, strict=True):
    np.testing.assert_allclose(
        getattr(found, name), values, rtol=tolerance, atol=tolerance,
        err_msg=name)


def random_data(n_items, width, n_layers=2, seed=0):
  generator = np.random.default_rng(seed)
  acts = generator.normal(size=(n_items, n_layers, width)).astype(np.float32)
  targets = generator.normal(size=(n_items, 2)) + acts[:, 0, :2]
  return acts, targets


# Items > width; about as many; width > items; folds of unequal size.
@pytest.mark.parametrize('n_items, width', [
    (80, 7), (83, 40), (60, 55), (50, 49), (53, 90)])
def test_equals_scikit_learn(n_items, width):
  acts, targets = random_data(n_items, width)
  split = folds.k_fold(n_items, 5)
  assert_same(least_squares.cross_validate(acts, targets, split),
              loop(acts, targets, split))


def _constant_columns(acts):
  acts[:, :, 2:5] = 3.25
  return acts


def _duplicated_rows(acts):
  acts[1::4] = acts[::4][:len(acts[1::4])]
  return acts


def _copied_columns(acts):
  acts[:, :, 1] = acts[:, :, 0]
  return acts


def _tied_values(acts):
  return np.sign(acts)


def _scales_apart(acts):
  return acts * np.logspace(0, 5, acts.shape[2], dtype=np.float32)


@pytest.mark.parametrize('spoil', [
    _constant_columns, _duplicated_rows, _copied_columns, _tied_values,
    _scales_apart])
@pytest.mark.parametrize('n_items, width', [(80, 12), (40, 70)])
def test_equals_scikit_learn_on_degenerate_data(spoil, n_items, width):
  acts, targets = random_data(n_items, width)
  acts = spoil(acts)
  split = folds.k_fold(n_items, 5)
  assert_same(least_squares.cross_validate(acts, targets, split),
              loop(acts, targets, split))


def test_constant_activations_predict_the_mean():
  acts, targets = random_data(40, 60)
  acts = np.ones_like(acts)
  found = least_squares.cross_validate(acts, targets, folds.k_fold(40, 5))
  assert np.isnan(found.pearson).all()
  assert (found.r2 <= 0).all()


def test_a_wide_gap_in_scales_takes_scikit_learns_cutoff():
  # Singular values on both sides of 1e-6 of the largest.
  acts, targets = random_data(40, 12, n_layers=1)
  acts = acts.astype(np.float64)
  acts[:, :, 0] *= 1e7
  split = folds.k_fold(40, 5)
  assert_same(least_squares.cross_validate(acts, targets, split),
              loop(acts, targets, split))


def test_targets_and_layers_do_not_affect_each_other():
  acts, targets = random_data(50, 70, n_layers=3)
  split = folds.k_fold(50, 5)
  together = least_squares.cross_validate(acts, targets, split)
  alone = least_squares.cross_validate(acts[:, 1:2], targets[:, 1:], split)
  np.testing.assert_allclose(
      together.r2[1:2, :, 1:], alone.r2, rtol=1e-9, atol=1e-9)


def test_test_folds_larger_than_the_width():
  acts, targets = random_data(60, 3)
  split = folds.k_fold(60, 3)
  assert_same(least_squares.cross_validate(acts, targets, split),
              loop(acts, targets, split))


@pytest.mark.parametrize('n_items, width', [(80, 7), (50, 49), (40, 70)])
def test_one_factorisation_serves_all_folds(monkeypatch, n_items, width):
  """Fold by fold are solved only layers that cannot be inverted safely."""
  def refused(*_, **__):
    raise AssertionError('a well-conditioned layer was solved fold by fold')

  acts, targets = random_data(n_items, width)
  split = folds.k_fold(n_items, 5)
  expected = loop(acts, targets, split)
  monkeypatch.setattr(scipy.linalg, 'lstsq', refused)
  assert_same(least_squares.cross_validate(acts, targets, split), expected)
