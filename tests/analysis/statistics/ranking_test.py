"""Ranks and Spearman against SciPy, with ties and gaps."""

import numpy as np
import pytest
import scipy.stats

from uncertainty.analysis.statistics import ranking, resampling
from uncertainty.types import UserError


def _data():
  """Measures and signals with ties, gaps of several patterns, constants."""
  rng = np.random.default_rng(3)
  signals = rng.random((4, 60))
  signals[1] = np.round(signals[1], 1)
  signals[2, :7] = np.nan
  signals[3, [5, 40]] = np.nan
  measures = rng.random((6, 60)) + signals[0]
  measures[1] = np.round(3 * measures[1])
  measures[2, 10:20] = np.nan
  measures[3, ::9] = -9
  measures[4] = 0.3
  measures[5] = np.nan
  return measures, signals


def test_midranks_share_the_mean_rank_and_keep_gaps():
  ranks = ranking.midranks(np.array([3.0, 1.0, np.nan, 3.0, 2.0]))
  np.testing.assert_array_equal(ranks, [3.5, 1.0, np.nan, 3.5, 2.0])


def test_midranks_equal_scipy():
  measures, _ = _data()
  np.testing.assert_array_equal(
      ranking.midranks(measures),
      scipy.stats.rankdata(measures, axis=1, nan_policy='omit'))


def test_spearman_equals_scipy_to_1e_9_with_ties_and_gaps():
  measures, signals = _data()
  found = ranking.spearman(measures, signals)
  for m in range(4):
    for s in range(4):
      known = ~(np.isnan(measures[m]) | np.isnan(signals[s]))
      expected = scipy.stats.spearmanr(measures[m, known], signals[s, known])
      assert found.rho_MS[m, s] == pytest.approx(
          expected.statistic, rel=0, abs=1e-9)
      assert found.p_value_MS[m, s] == pytest.approx(
          expected.pvalue, rel=1e-9, abs=1e-15)
      assert found.n_MS[m, s] == known.sum()


def test_constant_and_missing_measures_are_nan_with_n():
  measures, signals = _data()
  found = ranking.spearman(measures, signals)
  assert np.isnan(found.rho_MS[4:]).all()
  assert np.isnan(found.p_value_MS[4:]).all()
  np.testing.assert_array_equal(found.n_MS[4:], [[60, 60, 53, 58], [0] * 4])


def test_two_pairs_have_no_correlation():
  found = ranking.spearman(
      np.array([[1.0, 2.0, np.nan]]), np.array([[1.0, 2.0, 3.0]]))
  assert np.isnan(found.rho_MS[0, 0]) and np.isnan(found.p_value_MS[0, 0])
  assert found.n_MS[0, 0] == 2


def test_perfect_correlation_has_p_zero_as_scipy():
  x = np.arange(9.0)[None]
  found = ranking.spearman(x, np.concatenate([x, -x]))
  np.testing.assert_allclose(found.rho_MS, [[1, -1]], atol=1e-12)
  np.testing.assert_allclose(found.p_value_MS, 0, atol=1e-12)


def test_spearman_does_not_see_monotone_maps_or_item_order():
  measures, signals = _data()
  shuffled = np.random.default_rng(0).permutation(60)
  same = ranking.spearman(np.exp(measures[:3])[:, shuffled],
                          signals[:, shuffled])
  np.testing.assert_allclose(
      same.rho_MS, ranking.spearman(measures[:3], signals).rho_MS, atol=1e-12)


def test_every_draw_equals_scipy_on_the_resampled_items(monkeypatch):
  measures, signals = _data()
  counts = resampling.bootstrap_counts(60, 7, seed=1)
  # Several blocks of draws, the last one short.
  monkeypatch.setattr(ranking, '_BLOCK', 3 * 60)
  monkeypatch.setattr(ranking, '_LEAST_DRAWS', 1)
  draws = ranking.bootstrap_spearman(measures, signals, counts)
  assert draws.shape == (6, 4, 7)
  assert np.isnan(draws[4:]).all()
  for r in range(7):
    items = np.repeat(np.arange(60), counts[:, r])
    for m in range(4):
      for s in range(4):
        x, y = measures[m, items], signals[s, items]
        known = ~(np.isnan(x) | np.isnan(y))
        assert draws[m, s, r] == pytest.approx(
            scipy.stats.spearmanr(x[known], y[known]).statistic, abs=3e-6)


def test_unit_weights_give_the_point_estimate():
  measures, signals = _data()
  draws = ranking.bootstrap_spearman(
      measures, signals, np.ones((60, 1), np.int32))
  np.testing.assert_allclose(
      draws[..., 0], ranking.spearman(measures, signals).rho_MS, atol=2e-6)


def test_permutation_p_agrees_with_students_t_and_keeps_its_level():
  rng = np.random.default_rng(11)
  signal = rng.random((1, 40))
  null = np.round(rng.random((600, 40)), 1)
  null[:, 3] = np.nan
  p = ranking.permutation_spearman(null, signal, 399, seed=0)[:, 0]
  by_t = ranking.spearman(null, signal).p_value_MS[:, 0]
  assert np.abs(p - by_t).max() < 0.08
  # Binomial(600, .05): .05 ± 3 standard errors.
  assert 0.023 < np.mean(p <= 0.05) < 0.077


def test_intervals_cover_the_populations_rho():
  rng = np.random.default_rng(5)
  slope = 0.5
  truth = 6 / np.pi * np.arcsin(slope / 2)  # of a bivariate normal
  counts = resampling.bootstrap_counts(120, 300, seed=0)
  covered = []
  for _ in range(150):
    x = rng.normal(size=(1, 120))
    y = slope * x + np.sqrt(1 - slope ** 2) * rng.normal(size=(1, 120))
    draws = ranking.bootstrap_spearman(x, y, counts)[0, 0]
    interval = resampling.percentile_interval(draws, 0.95)
    covered.append(interval.low <= truth <= interval.high)
  assert 0.90 <= np.mean(covered) <= 0.99


def test_unequal_items_are_an_error_that_says_so():
  with pytest.raises(UserError, match='align them on item_id'):
    ranking.spearman(np.zeros((1, 3)), np.zeros((1, 4)))


@pytest.mark.parametrize('value', [np.inf, -np.inf])
def test_infinities_are_an_error_that_says_where(value):
  fine, bad = np.arange(6.0).reshape(2, 3), np.arange(6.0).reshape(2, 3)
  bad[1, 2] = value
  with pytest.raises(UserError, match=r'signals hold .* \(row 1, item 2\)'):
    ranking.spearman(fine, bad)
  with pytest.raises(UserError, match='measures hold infinities'):
    ranking.bootstrap_spearman(bad, fine, np.ones((3, 2)))
