"""AUROC against scikit-learn; AURC and PRR against a loop over ranks."""

import numpy as np
import pytest
import sklearn.metrics

from uncertainty.analysis.calibration import selective
from uncertainty.analysis.statistics import resampling
from uncertainty.types import UserError


def _data():
  rng = np.random.default_rng(4)
  confidence = rng.random((5, 70))
  confidence[1:3] = np.round(confidence[1:3], 1)
  correct = (rng.random((5, 70)) < confidence).astype(float)
  confidence[2, :9] = np.nan
  correct[3, 4] = np.nan
  return confidence, correct


def _slow(confidence, correct):
  """Metrics of one row; ties get their group's error rate."""
  known = ~(np.isnan(confidence) | np.isnan(correct))
  confidence, wrong = confidence[known], 1 - correct[known]
  expected = np.array([wrong[confidence == c].mean() for c in confidence])
  order = np.argsort(-confidence, kind='stable')
  k = np.arange(1, len(wrong) + 1)
  aurc = np.mean(np.cumsum(expected[order]) / k)
  oracle = np.mean(np.cumsum(np.sort(wrong)) / k)
  # Errors against all items: a polygon through the end of each tie group.
  ends = np.flatnonzero(np.r_[np.diff(confidence[order]) != 0, True]) + 1
  caught = np.r_[0, np.cumsum(wrong[order])[ends - 1]] / len(wrong)
  return {
      'auroc': sklearn.metrics.roc_auc_score(1 - wrong, confidence),
      'aurc': aurc,
      'augrc': np.trapezoid(caught, np.r_[0, ends] / len(wrong)),
      'prr': (wrong.mean() - aurc) / (wrong.mean() - oracle)}


def test_values_equal_slow_references():
  confidence, correct = _data()
  found = selective.rank_metrics(confidence, correct)
  assert set(found) == set(selective.RANK_METRICS)
  for m in range(5):
    for name, value in _slow(confidence[m], correct[m]).items():
      assert found[name][m, 0] == pytest.approx(value, abs=1e-12), name


def test_draws_equal_the_resampled_items(monkeypatch):
  confidence, correct = _data()
  counts = resampling.bootstrap_counts(70, 9, seed=0)
  monkeypatch.setattr(selective, '_BLOCK', 4 * 70)
  monkeypatch.setattr(selective, '_LEAST_DRAWS', 1)
  found = selective.rank_metrics(confidence, correct, counts)
  for r in range(9):
    items = np.repeat(np.arange(70), counts[:, r])
    for m in range(5):
      for name, value in _slow(
          confidence[m, items], correct[m, items]).items():
        assert found[name][m, r] == pytest.approx(value, abs=2e-5), name


def test_perfect_reversed_and_constant_rankings():
  correct = np.tile([0.0, 0.0, 1.0, 1.0], (3, 1))
  confidence = np.array([[1, 2, 3, 4], [4, 3, 2, 1], [5, 5, 5, 5]], float)
  found = selective.rank_metrics(confidence, correct)
  np.testing.assert_allclose(found['auroc'][:, 0], [1, 0, 0.5])
  np.testing.assert_allclose(found['prr'][:, 0], [1, -1, 0], atol=1e-12)
  # Accepting right, right, wrong, wrong: error rates 0, 0, 1/3, 1/2.
  np.testing.assert_allclose(
      found['aurc'][:, 0], [5 / 24, (1 + 1 + 2 / 3 + 1 / 2) / 4, 0.5])
  np.testing.assert_allclose(found['augrc'][:, 0], [1 / 8, 3 / 8, 1 / 4])


def test_monotone_maps_change_nothing():
  confidence, correct = _data()
  found = selective.rank_metrics(confidence, correct)
  mapped = selective.rank_metrics(np.exp(7 * confidence), correct)
  for name, values in found.items():
    np.testing.assert_array_equal(values, mapped[name])


def test_one_class_and_no_items():
  confidence = np.array([[0.1, 0.2, 0.3], [0.1, 0.2, 0.3], [np.nan] * 3])
  correct = np.array([[1.0, 1, 1], [0, 0, 0], [1, 0, 1]])
  found = selective.rank_metrics(confidence, correct)
  assert np.isnan(found['auroc']).all() and np.isnan(found['prr']).all()
  np.testing.assert_array_equal(found['aurc'][:, 0], [0, 1, np.nan])
  np.testing.assert_array_equal(found['augrc'][:, 0], [0, 0.5, np.nan])


def test_grades_outside_zero_to_one_are_an_error():
  with pytest.raises(UserError, match=r'\[0, 1\]'):
    selective.rank_metrics(np.zeros((1, 2)), np.array([[0.0, 2.0]]))
