"""AUROC with parts of items against scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics

from uncertainty.analysis.statistics import separation


def _rows(seed):
  rng = np.random.default_rng(seed)
  n = int(rng.integers(5, 60))
  score = rng.integers(0, 8, n) * .5 if seed % 2 else rng.normal(size=n)
  share = rng.binomial(5, .4, n) / 5 if seed % 3 else rng.permutation(
      np.arange(n) % 2).astype(float)
  return score, share


@pytest.mark.parametrize('seed', range(200))
def test_is_scikit_learns_of_weighted_rows(seed):
  score, share = _rows(seed)
  expected = metrics.roc_auc_score(
      np.repeat([1, 0], len(score)), np.tile(score, 2),
      sample_weight=np.concatenate([share, 1 - share]))
  found = separation.auroc(score, share)
  assert found.value == pytest.approx(expected, abs=1e-6)
  assert found.influence_N.sum() == pytest.approx(0, abs=1e-8)


def test_hand_worked():
  # Pairs (positive part × negative part): .5·.5 tied, .5·1 above, 0 others.
  found = separation.auroc(np.array([2.0, 1.0]), np.array([.5, 0.0]))
  assert found.value == pytest.approx((.5 * .5 / 2 + .5 * 1) / (.5 * 1.5))


def test_influence_is_the_change_by_an_items_weight():
  score, share = _rows(7)
  n, step = len(score), 1e-6
  # One more, infinitely light, copy of an item.
  def weighted(w):
    return metrics.roc_auc_score(
        np.repeat([1, 0], n), np.tile(score, 2),
        sample_weight=np.concatenate([w * share, w * (1 - share)]))
  slope = np.array([
      (weighted(np.ones(n) + step * np.eye(n)[i]) - weighted(np.ones(n))) / step
      for i in range(n)])
  np.testing.assert_allclose(
      separation.auroc(score, share).influence_N, slope * n, atol=1e-3)


@pytest.mark.parametrize('share', [0.0, 1.0])
def test_one_label_has_no_auroc(share):
  assert np.isnan(separation.auroc(np.arange(3.0), np.full(3, share)).value)
