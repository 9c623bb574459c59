"""Probes from running sums equal scikit-learn's on the stored rows."""

import numpy as np
import pytest
from sklearn import linear_model, metrics, pipeline, preprocessing

from uncertainty.probes.fits import moments, ridge

N_FOLDS = 4


@pytest.fixture(name='rows', scope='module')
def _rows():
  """60 rows, 2 layers, 5 dimensions (one constant), 2 targets."""
  generator = np.random.default_rng(0)
  acts = generator.normal(size=(60, 2, 5)) * [1, 10, 100, 1, 1] + 3
  acts[..., 4] = 7.0
  targets = generator.normal(size=(60, 2)) + acts[:, 0, :2]
  return acts, targets, np.arange(60) % N_FOLDS


def _summed(rows, n_batches=7):
  acts, targets, fold = rows
  running = moments.empty(N_FOLDS, *acts.shape[1:], targets.shape[1])
  for batch in np.array_split(np.arange(len(acts)), n_batches):
    running = moments.update(
        running, acts[batch], targets[batch], fold[batch])
  return running


def _ridge(penalty):
  return pipeline.make_pipeline(
      preprocessing.StandardScaler(), linear_model.Ridge(penalty))


def test_equals_ridge_on_stored_rows_however_batched(rows):
  acts, targets, fold = rows
  found = moments.cross_validate(_summed(rows), (2.0,)).scores
  for layer in range(2):
    for f in range(N_FOLDS):
      train, test = fold != f, fold == f
      model = _ridge(2.0).fit(acts[train, layer], targets[train])
      predicted = model.predict(acts[test, layer])
      for t in range(2):
        a, b = targets[test, t], predicted[:, t]
        np.testing.assert_allclose(
            [x[layer, f, t] for x in (found.r2, found.pearson, found.mse)],
            [metrics.r2_score(a, b), np.corrcoef(a, b)[0, 1],
             metrics.mean_squared_error(a, b)], rtol=1e-8)


def test_the_penalty_is_chosen_by_the_other_folds(rows):
  acts, targets, fold = rows
  penalties = (0.01, 1.0, 30.0, 1000.0)
  found = moments.cross_validate(_summed(rows), penalties, rule='min')
  chosen = set()
  for layer in range(2):
    for f in range(N_FOLDS):
      inner = [g for g in range(N_FOLDS) if g != f]
      for t in range(2):
        errors = []
        for penalty in penalties:
          each = []
          for g in inner:
            train, test = (fold != f) & (fold != g), fold == g
            model = _ridge(penalty).fit(acts[train, layer], targets[train, t])
            each.append(metrics.mean_squared_error(
                targets[test, t], model.predict(acts[test, layer])))
          errors.append(np.mean(each))
        assert found.penalty[layer, f, t] == penalties[np.argmin(errors)]
        np.testing.assert_allclose(
            found.inner_mse[layer, f, t], min(errors), rtol=1e-8)
        chosen.add(found.penalty[layer, f, t])
  assert len(chosen) > 1


def test_penalties_are_times_the_width_unless_given(rows):
  found, given = (
      moments.cross_validate(_summed(rows), penalties)
      for penalties in (None, tuple(5 * p for p in ridge.PENALTIES)))
  np.testing.assert_array_equal(found.penalty, given.penalty)


def test_a_constant_target_has_no_score(rows):
  acts, targets, fold = rows
  flat = targets.copy()
  flat[:, 1] = 3.0
  found = moments.cross_validate(_summed((acts, flat, fold))).scores
  assert np.isfinite(found.r2[..., 0]).all()
  assert np.isnan(found.r2[..., 1]).all()
  assert np.isnan(found.pearson[..., 1]).all()
