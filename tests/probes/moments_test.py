"""Probes from running sums equal scikit-learn's on the stored rows."""

import numpy as np
from sklearn import linear_model, metrics

from uncertainty.probes import moments


def test_equals_ridge_on_stored_rows_however_batched():
  generator = np.random.default_rng(0)
  acts = generator.normal(size=(60, 2, 5)) + 3
  targets = generator.normal(size=(60, 2)) + acts[:, 0, :2]
  fold = np.arange(60) % 4
  running = moments.empty(4, 2, 5, 2)
  for rows in np.array_split(np.arange(60), 7):
    running = moments.update(running, acts[rows], targets[rows], fold[rows])
  found = moments.cross_validate(running, 2.0)
  for f in range(4):
    train, test = fold != f, fold == f
    model = linear_model.Ridge(2.0).fit(acts[train, 1], targets[train])
    predicted = model.predict(acts[test, 1])
    for t in range(2):
      a, b = targets[test, t], predicted[:, t]
      np.testing.assert_allclose(
          [found.r2[1, f, t], found.pearson[1, f, t], found.mse[1, f, t]],
          [metrics.r2_score(a, b), np.corrcoef(a, b)[0, 1],
           metrics.mean_squared_error(a, b)], rtol=1e-8)
