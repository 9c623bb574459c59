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
  fifth = len(wrong) / 5
  ends_of = []
  for sign in (1, -1):  # the least sure, then the surest
    edge = np.sort(sign * confidence)[int(np.ceil(fifth)) - 1]
    below, tied = sign * confidence < edge, sign * confidence == edge
    share = below + tied * (fifth - below.sum()) / tied.sum()
    ends_of.append(share @ (1 - wrong) / fifth)
  return {
      'selective_risk_0.8': selective.selective_risk(
          confidence, 1 - wrong, 0.8),
      'surest_fifth': ends_of[1] - ends_of[0],
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


@pytest.mark.parametrize('seed', range(4))
def test_draws_over_ties_of_thousands_of_items_do_not_drift(seed):
  # Groups of alike items stand for them, however many items share a value.
  rng = np.random.default_rng(seed)
  n_items = int(rng.integers(1500, 3000))
  confidence = rng.random((2, n_items)).round(rng.integers(1, 5))
  correct = (rng.random((2, n_items)) < confidence).astype(float)
  correct[1] = (correct[1] + rng.random(n_items)).round(1) / 2.5
  confidence[1, rng.random(n_items) < .2] = np.nan
  counts = resampling.bootstrap_counts(n_items, 2, seed=seed)
  found = selective.rank_metrics(confidence, correct, counts)
  for m, r in np.ndindex(2, 2):
    items = np.repeat(np.arange(n_items), counts[:, r])
    items = items[~np.isnan(confidence[m, items])]
    expected = _slow(confidence[m, items], correct[m, items]) if m == 0 else {
        'selective_risk_0.8': selective.selective_risk(
            confidence[m, items], correct[m, items], 0.8)}
    for name, value in expected.items():
      assert found[name][m, r] == pytest.approx(value, abs=1e-6), name


def _lm_polygraph(confidence, grade):
  """PRR by the formula of lm-polygraph's pred_rej_area.py, written anew."""
  scaled = (grade - grade.min()) / (grade.max() - grade.min())

  def area(uncertainty):
    kept = np.cumsum(scaled[np.argsort(uncertainty, kind='stable')])
    return np.mean(kept / np.arange(1, len(kept) + 1))

  return (area(-confidence) - scaled.mean()) / (
      area(-scaled) - scaled.mean())


def test_prr_of_fractional_grades_has_an_oracle_that_sorts_by_grade():
  """Rounding the number of wrong answers once put the oracle out of reach."""
  rng = np.random.default_rng(2)
  grade = np.round(rng.random((3, 60)), 2)
  confidence = np.stack([
      grade[0], -grade[1], grade[2] + .3 * rng.normal(size=60)])
  # Ties in perfect order would be shared; none remain.
  confidence[:2] += 1e-6 * rng.random((2, 60))
  counts = resampling.bootstrap_counts(60, 8, seed=0)
  found = selective.rank_metrics(confidence, grade)['prr'][:, 0]
  draws = selective.rank_metrics(confidence, grade, counts)['prr']
  assert found[0] == pytest.approx(1, abs=1e-12) and found[1] < 0
  for m in range(3):
    assert found[m] == pytest.approx(
        _lm_polygraph(confidence[m], grade[m]), abs=1e-12)
    for r in range(8):
      items = np.repeat(np.arange(60), counts[:, r])
      assert draws[m, r] == pytest.approx(
          _lm_polygraph(confidence[m, items], grade[m, items]), abs=2e-5)
  equal = selective.rank_metrics(confidence, np.full((3, 60), .3))
  assert np.isnan(equal['prr']).all()


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


def test_a_row_without_items_stops_no_other():
  found = selective.rank_metrics(
      np.array([[np.nan] * 3, [.1, .2, .3]]), np.array([[0., 0, 1]] * 2))
  np.testing.assert_array_equal(found['auroc'][:, 0], [np.nan, 1])


def test_grades_outside_zero_to_one_are_an_error():
  with pytest.raises(UserError, match=r'\[0, 1\]'):
    selective.rank_metrics(np.zeros((1, 2)), np.array([[0.0, 2.0]]))


def test_selective_risk_by_hand_with_ties():
  confidence = np.array([0.9, 0.5, 0.5, 0.5, 0.1])
  correct = np.array([1.0, 1.0, 0.0, 0.0, 0.0])
  found = [selective.selective_risk(confidence, correct, coverage)
           for coverage in (0.2, 0.4, 0.8, 1.0)]
  # The second place is shared by three, two of whom are wrong.
  assert found == pytest.approx([0, (2 / 3) / 2, 2 / 4, 3 / 5])


def test_the_mean_selective_risk_is_the_area_under_the_curve():
  rng = np.random.default_rng(0)
  confidence, correct = rng.integers(9, size=50), rng.integers(2, size=50)
  risks = [selective.selective_risk(confidence, correct, k / 50)
           for k in range(1, 51)]
  area = selective.rank_metrics(confidence[None], correct[None])['aurc']
  assert np.mean(risks) == pytest.approx(area[0, 0])


def test_unequal_shapes_are_an_error():
  with pytest.raises(UserError, match='one row per measure'):
    selective.rank_metrics(np.zeros((1, 2)), np.zeros((1, 3)))
  with pytest.raises(UserError, match=r'\[0, 1\]'):
    selective.rank_metrics(np.zeros((1, 2)), np.array([[-.1, 1.0]]))


def test_thirds_of_three_items_are_one_item_each():
  confidence, correct = np.array([.9, .5, .1]), np.array([1.0, 0.0, 0.0])
  for k, risk in ((1, 0), (2, 1 / 2), (3, 2 / 3)):
    assert selective.selective_risk(
        confidence, correct, k * (1 / 3)) == pytest.approx(risk)
  # A grade between counts as far as it goes.
  assert selective.selective_risk(
      confidence, np.array([.25, 1.0, 1.0]), 1.0) == pytest.approx(.25)
