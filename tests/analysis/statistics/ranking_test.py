"""Ranks and Spearman against SciPy, with ties and gaps."""

import numpy as np
import pytest
import scipy.stats

from uncertainty.analysis.statistics import ranking
from uncertainty.types import UserError


def test_midranks_share_the_mean_rank_and_keep_gaps():
  ranks = ranking.midranks(np.array([3.0, 1.0, np.nan, 3.0, 2.0]))
  np.testing.assert_array_equal(ranks, [3.5, 1.0, np.nan, 3.5, 2.0])


def test_midranks_equal_scipy(ragged):
  measures, _ = ragged
  np.testing.assert_array_equal(
      ranking.midranks(measures),
      scipy.stats.rankdata(measures, axis=1, nan_policy='omit'))


def test_spearman_equals_scipy_to_1e_9_with_ties_and_gaps(ragged):
  measures, signals = ragged
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


def test_constant_and_missing_measures_are_nan_with_n(ragged):
  measures, signals = ragged
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


def test_few_pairs_are_tested_by_all_their_orders():
  """Student's t gave three items in a row p = 1e-8."""
  found = ranking.spearman(
      np.array([[1.0, 2, 3, np.nan, np.nan], [1, 2, 3, 4, 5], [1, 1, 1, 1, 1],
                [2, 1, 3, 4, 4]]), np.array([[10.0, 20, 30, 40, 50]]))
  # 3 items: 2 of 6 orders are perfect; 5: 2 of 120.
  np.testing.assert_allclose(
      found.p_value_MS[:3, 0], [2 / 6, 2 / 120, np.nan])
  rng = np.random.default_rng(0)
  x, y = rng.integers(0, 4, (30, 6)).astype(float), rng.random((1, 6))
  by_draws = ranking.permutation_spearman(x, y, 4000, seed=0)
  np.testing.assert_allclose(
      ranking.spearman(x, y).p_value_MS, by_draws, atol=.03)


def test_spearman_does_not_see_monotone_maps_or_item_order(ragged):
  measures, signals = ragged
  shuffled = np.random.default_rng(0).permutation(60)
  same = ranking.spearman(np.exp(measures[:3])[:, shuffled],
                          signals[:, shuffled])
  np.testing.assert_allclose(
      same.rho_MS, ranking.spearman(measures[:3], signals).rho_MS, atol=1e-12)


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


def test_three_pairs_can_be_shuffled_and_two_cannot():
  x = np.arange(3.0)[None]
  p = ranking.permutation_spearman(
      np.concatenate([x, [[0, 1, np.nan]]]), x, 3000, seed=0)[:, 0]
  # Two of six orders are as far from none.
  assert p[0] == pytest.approx(1 / 3, abs=.03) and np.isnan(p[1])


def test_infinities_stand_one_beyond_the_finite():
  found = ranking.finite(np.array([
      [-np.inf, 1, 3, np.inf, np.nan], [np.inf, np.nan, -np.inf, np.inf, 0],
      [-np.inf, np.inf, np.nan, np.inf, -np.inf]]))
  np.testing.assert_array_equal(found, [
      [0, 1, 3, 4, np.nan], [1, np.nan, -1, 1, 0], [-1, 1, np.nan, 1, -1]])
  plain = np.array([[1.0, np.nan, 2.0]])
  np.testing.assert_array_equal(ranking.finite(plain), plain)


def test_rounding_takes_no_correlation_beyond_one():
  for n in range(3, 60):
    x = np.arange(float(n))[None]
    rho = ranking.spearman(x, np.concatenate([x, -x])).rho_MS
    assert rho[0, 1] >= -1 and rho[0, 0] <= 1


def test_unequal_items_are_an_error_that_says_so():
  with pytest.raises(UserError, match=(
      'measures cover 3 items and signals 4; align them on item_id')):
    ranking.spearman(np.zeros((1, 3)), np.zeros((1, 4)))


@pytest.mark.parametrize('value', [np.inf, -np.inf])
def test_infinities_are_an_error_that_says_where(value):
  fine, bad = np.arange(6.0).reshape(2, 3), np.arange(6.0).reshape(2, 3)
  bad[1, 2] = value
  with pytest.raises(UserError, match=r'signals hold .* \(row 1, item 2\)'):
    ranking.spearman(fine, bad)
  with pytest.raises(UserError, match='measures hold infinities'):
    ranking.permutation_spearman(bad, fine, 3, seed=0)
