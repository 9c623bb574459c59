"""Means over families: the formula, its limits, its level and coverage."""

import numpy as np
import pytest
from scipy import optimize, stats

from uncertainty.analysis.statistics import families, resampling


def _mean(value, draws, family, level=.95):
  return families.family_mean(
      np.asarray(value, float), np.asarray(draws, float), np.asarray(family),
      level, n_draws=500, seed=0)


def test_each_family_counts_once():
  found = _mean([1, 2, 3, 7], np.zeros((4, 5)), ['a', 'a', 'a', 'b'])
  assert found.value == 4.5 and found.n_families == 2
  np.testing.assert_allclose(found.se, 2.5)
  assert found.p_value == found.least_p == .5  # 2 of 4 sign patterns


def test_items_shared_by_families_add_their_covariance_by_hand():
  # Two draws: covariance 2 · 4 / 2 = 4 beside the families' (2 / 1) / 2.
  draws = [[0, np.nan, 2], [0, 5, 4]]
  found = _mean([1, 3], draws, ['a', 'b'])
  np.testing.assert_allclose(found.se, 5 ** .5)
  # Of flips, .5; of t on one degree of freedom, more.
  assert found.p_value == pytest.approx(1 - 2 / np.pi * np.arctan(2 / 5 ** .5))
  # Items that part families do not make their mean surer.
  np.testing.assert_allclose(
      _mean([1, 3], [[0, 2], [4, 0]], ['a', 'b']).se, 1)
  # One draw that both have says nothing of it.
  np.testing.assert_allclose(
      _mean([1, 3], [[0, np.nan], [0, 5]], ['a', 'b']).se, 1)


def test_without_shared_items_it_is_the_t_test_of_families():
  rng = np.random.default_rng(0)
  value = rng.normal(.1, 1, 12)
  found = _mean(value, np.tile(value[:, None], 50), np.arange(12))
  theirs = stats.ttest_1samp(value, 0)
  low, high = theirs.confidence_interval(.95)
  np.testing.assert_allclose([found.low, found.high], [low, high])
  assert found.p_value >= theirs.pvalue
  assert found.least_p == 2.0 ** -11


def test_one_family_has_a_mean_and_no_more():
  found = _mean([1, 3], np.zeros((2, 5)), ['a', 'a'])
  assert found.value == 2 and found.n_families == 1
  assert np.isnan([found.se, found.low, found.high, found.p_value]).all()


def test_families_without_any_spread_have_no_p():
  found = _mean([2, 2], np.zeros((2, 5)), ['a', 'b'])
  assert (found.low, found.high) == (2, 2) and np.isnan(found.p_value)


def _t_shift(n, alpha):
  """The noncentrality with which a t test tells four times in five."""
  edge = stats.t.isf(alpha / 2, n - 1)
  return optimize.brentq(
      lambda shift: stats.nct.sf(edge, n - 1, shift) - .8, .1, 20)


@pytest.mark.parametrize(('n', 'alpha'), [(7, .05 / 3), (6, .05), (12, .01)])
def test_the_least_shift_is_told_four_times_in_five(n, alpha):
  shift = families.least_shift(n, alpha, n_draws=100)
  # Student's t alone would tell less than this.
  assert shift > _t_shift(n, alpha) - .03
  rng = np.random.default_rng(5)
  told = [_mean(rng.normal(shift / np.sqrt(n), 1, n), np.zeros((n, 2)),
                np.arange(n)).p_value < alpha for _ in range(400)]
  assert abs(np.mean(told) - .8) < .07


def test_the_least_shift_is_what_flips_and_student_s_t_both_tell():
  # So few families that only values of one sign pass the flips, and those pass
  # Student's t only where they are large. 20 000 studies each.
  told = []
  for n, alpha in ((4, .13), (5, .07)):
    shift = families.least_shift(n, alpha, n_draws=100)
    value = np.random.default_rng(5).normal(shift / np.sqrt(n), 1, (20_000, n))
    one_sign = abs(np.sign(value).sum(1)) == n
    p = stats.ttest_1samp(value, 0, axis=1).pvalue
    told.append(np.mean(one_sign & (p < alpha)))
  # By the biased deviation (over n, not n − 1) it would be .781.
  assert abs(np.mean(told) - .8) < .01


def test_what_too_few_families_can_never_tell_has_no_least_shift():
  assert np.isnan(families.least_shift(6, .05 / 3, n_draws=100))


def test_no_units_are_refused():
  with pytest.raises(ValueError, match='needs a unit'):
    _mean([], np.zeros((0, 5)), [])


def test_it_holds_its_level_and_covers_where_families_share_items():
  rng = np.random.default_rng(1)
  family = np.repeat(np.arange(6), (2, 2, 3, 2, 2, 4))
  rejected, covered, alone = [], [], []
  for _ in range(400):
    effect = rng.normal(0, .15, 6)[family] + rng.normal(0, .05, 15)
    items, draws = rng.normal(0, .1), rng.normal(0, .1, 100)
    found = _mean(effect + items, np.tile(draws, (15, 1)), family)
    rejected.append(found.p_value < .05)
    covered.append(found.low <= 0 <= found.high)
    alone.append(stats.ttest_1samp(effect + items, 0).pvalue < .05)
  assert np.mean(rejected) <= .05 + 3 * np.sqrt(.05 * .95 / 400)
  assert np.mean(covered) >= .95 - 3 * np.sqrt(.05 * .95 / 400)
  assert np.mean(alone) > .2  # pairs as if independent, items as if fixed


def test_pooled_interval_is_student_s_where_each_stands_alone():
  d = np.random.default_rng(0).normal(size=9)
  expected = stats.t.interval(.9, 8, d.mean(), stats.sem(d))
  np.testing.assert_allclose(
      families.pooled_interval(d, np.arange(9), .9), expected)
  assert np.isnan(families.pooled_interval(d, np.zeros(9), .9)).all()


def test_pooled_interval_covers_where_a_bootstrap_of_families_does_not():
  family = np.repeat(np.arange(6), [5, 3, 3, 2, 1, 1])
  rng = np.random.default_rng(0)
  covered, drawn = [], []
  for _ in range(400):
    d = rng.normal(size=6)[family] + .5 * rng.normal(size=len(family))
    low, high = families.pooled_interval(d, family, .95)
    covered.append(low < 0 < high)
    counts_NR = resampling.bootstrap_counts(
        len(d), 300, seed=0, groups_N=family)
    ends = np.quantile(d @ counts_NR / counts_NR.sum(0), [.025, .975])
    drawn.append(ends[0] < 0 < ends[1])
  # Binomial(400, .95): .95 ± 3 standard errors.
  assert .917 < np.mean(covered) < .983
  assert np.mean(drawn) < .9
