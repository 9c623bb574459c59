"""Classification probes against scikit-learn."""

import numpy as np
import pytest
from sklearn import (
  covariance,
  discriminant_analysis,
  linear_model,
  preprocessing,
)

from uncertainty.probes.fits import classify, folds
from uncertainty.types import UserError


def _data(n_items=60, width=8):
  generator = np.random.default_rng(0)
  acts = generator.normal(size=(n_items, 2, width)) + 2
  labels = (acts[:, 0, 0] + generator.normal(size=n_items) > 2).astype(int)
  return acts, labels, folds.k_fold(n_items, 3)


def _assert_equals(probe, reference, acts, labels, split):
  for layer in range(2):
    for fold in range(split.n_folds):
      train, test = split.train(fold), split.test(fold)
      model = reference().fit(acts[train, layer], labels[train])
      np.testing.assert_allclose(
          probe.direction[layer, fold], model.coef_[0], atol=1e-4)
      np.testing.assert_allclose(
          probe.bias[layer, fold], model.intercept_[0], atol=1e-4)
      scores = classify.score_tests(probe, acts, split)[layer, fold]
      np.testing.assert_allclose(
          scores[:len(test)], model.decision_function(acts[test, layer]),
          atol=1e-3)


# 61 items: folds of unequal size, whose shorter rows are padded.
@pytest.mark.parametrize(('n_items', 'width'), [(60, 8), (60, 70), (61, 8)])
@pytest.mark.parametrize('penalty', [1.0, 0.01])
def test_logistic_equals_scikit_learn(n_items, width, penalty):
  acts, labels, split = _data(n_items, width)
  probe = classify.per_layer_and_fold(
      classify.logistic(penalty), acts, labels, split)
  _assert_equals(probe, lambda: linear_model.LogisticRegression(
      C=1 / penalty, tol=1e-12, solver='newton-cholesky'), acts, labels, split)


@pytest.mark.parametrize(('n_items', 'width'), [(60, 8), (60, 70), (61, 8)])
@pytest.mark.parametrize('shrinkage', ['auto', 0.3])
def test_lda_equals_scikit_learn(n_items, width, shrinkage):
  acts, labels, split = _data(n_items, width)
  probe = classify.per_layer_and_fold(
      classify.lda(shrinkage), acts, labels, split)
  _assert_equals(
      probe, lambda: discriminant_analysis.LinearDiscriminantAnalysis(
          solver='lsqr', shrinkage=shrinkage), acts, labels, split)


def test_scores_of_padding_are_the_bias():
  acts, labels, split = _data(61)
  probe = classify.per_layer_and_fold(classify.lda(), acts, labels, split)
  scores = classify.score_tests(probe, acts, split)
  assert list(split.n_tests) == [21, 20, 20]
  np.testing.assert_array_equal(scores[:, 1:, 20], probe.bias[:, 1:])


def test_mahalanobis_equals_scikit_learns_shrunk_covariance():
  acts, labels, split = _data()
  found = classify.mahalanobis(acts, labels, split, shrinkage=0.2)
  train, test = split.train(1), split.test(1)
  for label in (0, 1):
    rows = acts[train, 0][labels[train] == label]
    model = covariance.ShrunkCovariance(shrinkage=0.2).fit(rows)
    np.testing.assert_allclose(
        found[0, 1, :len(test), label], model.mahalanobis(acts[test, 0]),
        rtol=1e-8)


def test_dimensions_that_are_constant_in_a_class_do_no_harm():
  acts, labels, split = _data()
  acts[:, :, 3] = .1
  acts[labels == 1, :, 4] = .3
  _assert_equals(
      classify.per_layer_and_fold(classify.lda(), acts, labels, split),
      lambda: discriminant_analysis.LinearDiscriminantAnalysis(
          solver='lsqr', shrinkage='auto'), acts, labels, split)
  found = classify.mahalanobis(acts, labels, split)
  train, test = split.train(1), split.test(1)
  for label in (0, 1):
    rows = acts[train, 0][labels[train] == label]
    scaler = preprocessing.StandardScaler().fit(rows)
    shrunk, _ = covariance.ledoit_wolf(scaler.transform(rows))
    away = acts[test, 0] - rows.mean(0)
    np.testing.assert_allclose(
        found[0, 1, :len(test), label],
        (away @ np.linalg.inv(np.outer(scaler.scale_, scaler.scale_) * shrunk)
         * away).sum(1), rtol=1e-8)


def test_a_share_is_rows_of_both_labels():
  acts, labels, _ = _data()
  shares = np.where(labels, .75, .25)
  every = folds.from_splits([(np.arange(60), np.arange(60))], 60)
  found = classify.per_layer_and_fold(
      classify.logistic(1.0), acts, shares, every)
  # Four rows for each, three of them alike: four times the penalty.
  rows = np.repeat(acts, 4, axis=0)
  row_labels = np.concatenate([[y, y, y, 1 - y] for y in labels])
  for layer in range(2):
    model = linear_model.LogisticRegression(
        C=1 / 4, tol=1e-12, solver='newton-cholesky').fit(
            rows[:, layer], row_labels)
    np.testing.assert_allclose(
        found.direction[layer, 0], model.coef_[0], atol=1e-6)
    np.testing.assert_allclose(
        found.bias[layer, 0], model.intercept_[0], atol=1e-6)


def test_separable_labels_give_finite_logistic_probes():
  acts, _, split = _data()
  labels = (acts[:, 1, 0] > 2).astype(int)
  probe = classify.per_layer_and_fold(
      classify.logistic(1e-6), acts, labels, split)
  scores = classify.score_tests(probe, acts, split)
  assert np.isfinite(scores).all()
  for fold in range(3):
    test = split.test(fold)
    right = (scores[1, fold, :len(test)] > 0) == labels[test]
    assert right.mean() > 0.8


def test_bad_input_is_refused():
  acts, labels, split = _data()
  with pytest.raises(UserError, match='needs both'):
    classify.check_labels(np.zeros_like(labels), split)
  second = np.ones_like(labels)
  second[split.test(1)] = 0
  with pytest.raises(UserError, match=r'fold 2 holds only labels \[1\]'):
    classify.check_labels(second, split)
  classify.lda(1)
  for bad in (0.0, -.1, 1.01, 'automatic'):
    with pytest.raises(UserError, match='shrinkage'):
      classify.lda(bad)
    with pytest.raises(UserError, match='shrinkage'):
      classify.mahalanobis(acts, labels, split, shrinkage=bad)
