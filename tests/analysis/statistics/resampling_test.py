"""Draws, intervals and tests against SciPy and by hand."""

import numpy as np
import pytest
import scipy.stats

from uncertainty.analysis.statistics import resampling
from uncertainty.types import UserError


def test_draws_are_repeatable_and_sum_to_the_items():
  counts = resampling.bootstrap_counts(30, 50, seed=4)
  assert counts.shape == (30, 50) and counts.dtype == np.int32
  np.testing.assert_array_equal(counts.sum(0), 30)
  np.testing.assert_array_equal(
      counts, resampling.bootstrap_counts(30, 50, seed=4))
  assert np.any(counts != resampling.bootstrap_counts(30, 50, seed=5))
  # Each item once on average; its variance is 1 − 1/N.
  many = resampling.bootstrap_counts(20, 4000, seed=0)
  np.testing.assert_allclose(many.mean(1), 1, atol=0.06)
  assert many.var() == pytest.approx(1 - 1 / 20, abs=0.02)


def test_clusters_are_drawn_whole():
  groups = np.array(['a', 'b', 'a', 'c', 'b', 'a'])
  counts = resampling.bootstrap_counts(6, 40, seed=0, groups_N=groups)
  for label in 'abc':
    rows = counts[groups == label]
    assert np.all(rows == rows[0])
  one_each = counts[[0, 1, 3]]
  np.testing.assert_array_equal(one_each.sum(0), 3)


@pytest.mark.parametrize('sizes', [(0, 10), (10, 0)])
def test_no_items_or_draws_is_an_error(sizes):
  with pytest.raises(UserError, match='n_bootstrap'):
    resampling.bootstrap_counts(*sizes, seed=0)


def test_labels_of_another_length_are_an_error():
  with pytest.raises(UserError, match='3 group labels for 4 items'):
    resampling.bootstrap_counts(4, 2, seed=0, groups_N=np.arange(3))


def test_percentiles_leave_missing_draws_out():
  rng = np.random.default_rng(0)
  draws = rng.random((3, 101))
  draws[1, ::4] = np.nan
  draws[2, :90] = np.nan
  found = resampling.percentile_interval(draws, 0.9)
  np.testing.assert_allclose(
      found.low[:2], np.nanquantile(draws[:2], 0.05, axis=1))
  np.testing.assert_allclose(
      found.high[:2], np.nanquantile(draws[:2], 0.95, axis=1))
  # Of two draws the one that is known is both ends.
  found_of_two = resampling.percentile_interval(np.array([[.3, np.nan]]), .9)
  assert found_of_two.low[0] == found_of_two.high[0] == .3
  # Defined in a tenth of the samples: no interval.
  assert np.isnan(found.low[2]) and np.isnan(found.high[2])


def test_debiased_interval_moves_by_twice_the_bias():
  draws = np.linspace(2, 4, 1001)[None]  # mean 3, estimate 2.5: bias .5
  found = resampling.debiased_interval(draws, np.array([2.5]), 0.9)
  np.testing.assert_allclose([found.low[0], found.high[0]], [1.1, 2.9])


def test_debiased_intervals_leave_missing_draws_out():
  draws = np.linspace(2, 4, 1001)
  gaps = np.concatenate([draws, np.full(400, np.nan)])[None]
  point = np.array([2.5])
  found, whole = (resampling.debiased_interval(x, point, 0.9)
                  for x in (gaps, draws[None]))
  np.testing.assert_allclose(
      [found.low, found.high], [whole.low, whole.high], rtol=1e-12)


def test_squared_interval_stops_at_zero():
  draws = np.sqrt(np.linspace(0.01, 0.05, 1001))[None]
  found = resampling.debiased_interval(
      draws, np.array([0.1]), 0.9, squared=True)
  assert found.low[0] == 0
  # On squares: the draws' end .048, less twice the bias .03 − .01.
  assert found.high[0] == pytest.approx(np.sqrt(0.048 - 0.04))


def test_paired_difference_uses_the_same_draws():
  first = np.array([[0.3, 0.5, 0.4, 0.6]])
  found = resampling.paired_difference(
      np.array([0.45]), np.array([0.25]), first, first - 0.2, 0.95)
  np.testing.assert_allclose(
      [found.value[0], found.low[0], found.high[0]], 0.2)
  assert found.p_value[0] == pytest.approx(2 / 5)


def test_permutation_p_is_never_zero_and_counts_ties():
  null = np.array([[-3.0, -1.0, 0.0, 1.0, 2.0]])
  assert resampling.permutation_p(np.array([2.0]), null)[0] == 3 / 6
  assert resampling.permutation_p(np.array([9.0]), null)[0] == 1 / 6
  one_sided = resampling.permutation_p(
      np.array([2.0]), null, two_sided=False)
  assert one_sided[0] == 2 / 6
  assert np.isnan(resampling.permutation_p(np.array([np.nan]), null)[0])


def test_sign_flips_equal_scipys_exact_test():
  rng = np.random.default_rng(0)
  differences = rng.normal(0.5, 1, 10)
  exact = scipy.stats.permutation_test(
      (differences,), np.sum, permutation_type='samples',
      n_resamples=np.inf).pvalue
  found = resampling.sign_flip_test(differences[None], 1, seed=0)
  assert found[0] == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize('n_units', [1, 2, 6, 14, 15])
def test_no_p_is_below_the_least(n_units):
  found = resampling.sign_flip_test(
      np.arange(1.0, n_units + 1)[None], 99, seed=0)[0]
  assert found == pytest.approx(resampling.least_sign_flip_p(n_units, 99))


def test_all_patterns_are_looked_at_up_to_fourteen_units():
  assert resampling.least_sign_flip_p(14, 99) == 2.0 ** -13
  assert resampling.least_sign_flip_p(15, 99) == 1 / 100


def test_sign_flips_keep_their_level():
  null = np.random.default_rng(1).normal(size=(600, 15))
  null[:, 2] = np.nan
  p = resampling.sign_flip_test(null, 499, seed=0)
  assert 0.023 < np.mean(p <= 0.05) < 0.077
  assert np.isnan(resampling.sign_flip_test(
      np.full((1, 3), np.nan), 9, seed=0)[0])


def test_a_difference_that_is_not_defined_has_no_p_value():
  draws = np.array([[0.1, 0.2, 0.3, 0.4], [0.1, np.nan, np.nan, np.nan]])
  found = resampling.paired_difference(
      np.array([np.nan, 0.2]), np.zeros(2), draws, np.zeros((2, 4)), 0.9)
  assert np.isnan(found.p_value).all()
