"""The study's statistics against scipy, statsmodels and scikit-learn."""

import numpy as np
import pandas as pd
import pytest
import sklearn.linear_model
import statsmodels.api as sm
from scipy import stats

from uncertainty.analysis.questions import (
  beyond_difficulty,
  choice_count,
  combination,
  instruct,
  joint,
  noise_ceiling,
  response_time,
  size,
)
from uncertainty.analysis.scores.scores import ModelItems, Score
from uncertainty.analysis.statistics import ranking, resampling


def _table(values_MN, model='M', dataset='d', correct=None, **columns):
  n_items = values_MN.shape[1]
  frame = pd.DataFrame(
      {k: list(v) for k, v in columns.items()},
      index=[f'i{i}' for i in range(n_items)])
  correct = np.ones(n_items) if correct is None else correct
  return ModelItems(
      dataset, model, 'base', 'M', 1., frame,
      tuple(f'mc_{m}' for m in range(len(values_MN))), values_MN,
      np.clip(1 - values_MN, 0, 1), np.tile(correct, (len(values_MN), 1)))


def test_partial_correlation_against_residuals():
  rng = np.random.default_rng(0)
  z = rng.normal(size=80)
  x, y = z + rng.normal(size=80), z + rng.normal(size=80)
  table = _table(x[None], human_entropy=y, human_mc_prop_correct=z)
  found = beyond_difficulty.partial_alignment([table], .95).set_index('given')
  row = found.loc['difficulty']
  ranks = [stats.rankdata(v) for v in (x, y, z)]
  design = sm.add_constant(ranks[2])
  residuals = [sm.OLS(r, design).fit().resid for r in ranks[:2]]
  np.testing.assert_allclose(
      row['partial_rho'], stats.pearsonr(*residuals).statistic)
  # The same t as the ranks' own regression coefficient.
  both = sm.OLS(ranks[1], np.column_stack([ranks[0], design])).fit()
  np.testing.assert_allclose(row['p_value'], both.pvalues[0])
  np.testing.assert_allclose(row['rho'], stats.spearmanr(x, y).statistic)
  assert row['ci_low'] < row['partial_rho'] < row['ci_high']


def test_alignment_that_is_only_difficulty_vanishes():
  rng = np.random.default_rng(1)
  hard = rng.random(2000)
  table = _table(
      (hard + .3 * rng.normal(size=2000))[None],
      human_entropy=hard + .3 * rng.normal(size=2000),
      human_mc_prop_correct=-hard)
  row = beyond_difficulty.partial_alignment([table], .95).iloc[0]
  assert row['rho'] > .4 and abs(row['partial_rho']) < .06


def test_fisher_interval_covers():
  rng = np.random.default_rng(2)
  truth = 6 / np.pi * np.arcsin(.5 / 2)  # Spearman of a normal with r = .5
  hits = 0
  for _ in range(400):
    x = rng.normal(size=60)
    y = .5 * x + np.sqrt(.75) * rng.normal(size=60)
    low, high = beyond_difficulty.fisher_interval(
        stats.spearmanr(x, y)[0], 60, .95)
    hits += low <= truth <= high
  assert .92 <= hits / 400 <= .98


def test_calibration_by_people_by_hand():
  people = np.array([.1, .1, .5, .5, .9, .9])
  correct = np.array([1., 1., 1., 0., 0., 0.])
  values = np.array([[.1, .1, .2, .2, .1, .1]])
  table = _table(values, correct=correct, human_entropy=people)
  found = beyond_difficulty.calibration_by_people([table]).set_index('people')
  np.testing.assert_allclose(found.loc['low', 'gap'], -.1)
  np.testing.assert_allclose(found.loc['high', 'gap'], .9)
  np.testing.assert_allclose(found.loc['middle', ['confidence', 'accuracy']]
                             .astype(float), [.8, .5])
  assert found['n'].tolist() == [2, 2, 2]
  np.testing.assert_allclose(found['gap_rho'], stats.spearmanr(
      1 - values[0] - correct, people).statistic)


def test_choice_count_pools_within_k():
  rng = np.random.default_rng(3)
  k = np.repeat([2, 5], 300)
  # Nothing but K connects the two.
  x, y = (k + rng.normal(size=600) for _ in range(2))
  found = choice_count.choice_count(
      [_table(x[None], human_entropy=y, n_choices=k)], .95).set_index('stratum')
  assert found.loc['all', 'rho'] > .5
  assert abs(found.loc['within K', 'rho']) < .1
  inside = [stats.spearmanr(x[k == c], y[k == c]).statistic for c in (2, 5)]
  np.testing.assert_allclose(found.loc['K=2', 'rho'], inside[0])
  np.testing.assert_allclose(
      found.loc['within K', 'rho'], np.tanh(np.mean(np.arctanh(inside))))
  assert found.loc['partial on ln K', 'rho'] < .5


def test_response_time_fit_against_statsmodels():
  rng = np.random.default_rng(4)
  design = np.column_stack([np.ones(50), rng.normal(size=(50, 2))])
  y = design @ [1., 2., 0.] + rng.normal(size=50)
  ours, theirs = response_time.least_squares(design, y), sm.OLS(y, design).fit()
  np.testing.assert_allclose(ours['beta'], theirs.params)
  np.testing.assert_allclose(ours['se'], theirs.bse)
  np.testing.assert_allclose(ours['p'], theirs.pvalues)
  for name, value in (('r2', theirs.rsquared), ('aic', theirs.aic),
                      ('bic', theirs.bic)):
    np.testing.assert_allclose(ours[name], value)


def test_hicks_law_wins_where_it_made_the_times():
  rng = np.random.default_rng(5)
  people, k = rng.random(300), np.full(300, 4.)
  wrong = rng.random(300)
  time = 500 + 900 * (2 * people) + 100 * rng.normal(size=300)
  table = _table(
      rng.random((1, 300)), human_entropy=people, n_choices=k,
      human_mc_prop_correct=1 - wrong, human_mc_rt_combined=time)
  table = ModelItems(**{**table.__dict__, 'measures': ('mc_choice_entropy',)})
  found = response_time.hick([table])
  found = found[found['scale'] == 'ms'].set_index('form')
  law = found.loc['a + b·H(people)']
  assert abs(law['a'] - 500) < 60 and abs(law['b'] - 900) < 40
  assert found['bic'].idxmin() == 'a + b·H(people)'
  assert found.loc['a + b·H(model)', 'cv_r2'] < .02 < .9 < law['cv_r2']
  assert found.loc['a', 'cv_r2'] == pytest.approx(0)
  assert found['delta_aic'].min() == 0


def test_ridge_against_scikit_learn():
  rng = np.random.default_rng(6)
  x = rng.normal(size=(60, 5))
  y = x @ [1., 0., 0., .5, 0.] + rng.normal(size=60) + 3
  penalties = np.logspace(-2, 4, 9)
  beta, intercept = combination.ridge(x, y, penalties)
  theirs = sklearn.linear_model.RidgeCV(alphas=penalties).fit(x, y)
  np.testing.assert_allclose(beta, theirs.coef_, rtol=1e-6)
  np.testing.assert_allclose(intercept, theirs.intercept_)


def test_combination_gains_where_measures_complete_each_other():
  rng = np.random.default_rng(7)
  parts = rng.normal(size=(2, 400))
  y = parts.sum(0)
  row = combination.combinations(
      [_table(parts, human_entropy=y)], 200, .95).iloc[0]
  assert row['gain_low'] > .1 and row['p_value'] < .05
  assert row['rho_combined'] > .9


def test_combination_of_noise_gains_nothing():
  rng = np.random.default_rng(8)
  gains = [combination.combinations(
      [_table(rng.normal(size=(8, 120)), human_entropy=rng.random(120))],
      50, .95, seed=s).iloc[0]['rho_combined'] for s in range(15)]
  # Held-out predictions of noise correlate at or below zero.
  assert np.mean(gains) < .05


def test_split_half_reliability_against_the_truth():
  rng = np.random.default_rng(9)
  q = rng.dirichlet([1.] * 4, size=600)
  shares = [rng.multinomial(40, row) / 40 for row in q]
  table = _table(
      rng.random((1, 600)), human_shares=shares, human_count=[40.] * 600)
  found = noise_ceiling.ceilings([table], n_splits=20).iloc[0]
  again = np.stack([rng.multinomial(40, row) for row in q])
  first = np.stack([s * 40 for s in shares])
  retest = stats.spearmanr(
      noise_ceiling.entropies(first, np.full(600, 4)),
      noise_ceiling.entropies(again, np.full(600, 4))).statistic
  assert abs(found['reliability'] - retest) < .04
  assert found['count_source'] == 'given' and found['people'] == 40
  assert found['ceiling'] == pytest.approx(np.sqrt(found['reliability']))


@pytest.mark.parametrize('shares, n', [
    ([.02, .061, 0., .92], 49), ([.5, .5], 2), ([.25, .25, .5], 4),
    ([0., 1., 0.], 0), ([.33, .67], 3)])
def test_smallest_count(shares, n):
  assert noise_ceiling.smallest_count(np.array(shares)) == n


def test_correction_divides_by_the_ceiling():
  score = Score('d', 'M', 'alignment:human_entropy', 'mc_x', .4, .01, 9,
                np.linspace(.3, .5, 101))
  top = pd.DataFrame({'dataset': ['d'], 'ceiling': [.8]})
  row = noise_ceiling.corrected([score], top, .9).iloc[0]
  np.testing.assert_allclose(row['corrected_rho'], .5)
  np.testing.assert_allclose([row['ci_low'], row['ci_high']],
                             [.31 / .8, .49 / .8])


def _score(model, value, draws, outcome='ece', measure='mc_x', p_value=np.nan):
  return Score('d', model, outcome, measure, value, p_value, 50,
               np.asarray(draws, np.float32))


def test_pair_difference_is_paired():
  common = np.random.default_rng(10).normal(size=500)
  found = [_score('A', .5, .5 + common), _score('A_Ins', .7, .7 + common)]
  row = instruct.pair_differences(found, .95).iloc[0]
  np.testing.assert_allclose(
      row[['difference', 'ci_low', 'ci_high']].astype(float), .2, atol=1e-5)
  assert row['p_value'] < .01
  assert (row['base'], row['instruct']) == ('A', 'A_Ins')


def test_effects_against_scipy_and_families_matter():
  rng = np.random.default_rng(11)
  d = rng.normal(.3, 1, 15)
  table = pd.DataFrame({
      'dataset': 'd', 'variant': '', 'outcome': 'ece', 'measure': 'mc_x',
      'difference': d, 'family': np.repeat(list('abcde'), 3)})
  row = instruct.effects(table, .95, 2000).iloc[0]
  np.testing.assert_allclose(row['p_value'], stats.wilcoxon(d).pvalue)
  ranks = stats.rankdata(abs(d))
  np.testing.assert_allclose(
      row['rank_biserial'], np.sum(np.sign(d) * ranks) / ranks.sum())
  np.testing.assert_allclose(row['mean_difference'], d.mean())
  assert (row['n_pairs'], row['n_families']) == (15, 5)
  # All pairs of a family alike: families, not pairs, are what is sampled.
  alike = table.assign(difference=np.repeat([1., 2., 3., 4., 5.], 3))
  clustered = instruct.effects(alike, .95, 2000).iloc[0]
  single = instruct.effects(
      alike.assign(family=np.arange(15)), .95, 2000).iloc[0]
  assert (clustered['ci_high'] - clustered['ci_low']
          > 1.3 * (single['ci_high'] - single['ci_low']))
  # 5 families have 32 sign patterns: p cannot be below 1/16.
  assert clustered['p_sign_flip'] > .04


def test_weighted_rank_biserial_equals_repeated_pairs():
  d = np.array([.3, -.1, .2, .2, 0., -.4])
  counts = np.array([[2, 1], [0, 1], [1, 1], [3, 1], [1, 1], [1, 1]])
  found = instruct._weighted_rank_biserial(d, counts)
  for column in range(2):
    repeated = np.repeat(d, counts[:, column])
    repeated = repeated[repeated != 0]
    ranks = stats.rankdata(abs(repeated))
    np.testing.assert_allclose(
        found[column], np.sum(np.sign(repeated) * ranks) / ranks.sum())


def test_hypotheses_get_holm_and_the_screen_gets_bh():
  table = pd.DataFrame({
      'dataset': 'd', 'variant': '',
      'outcome': ['accuracy', 'ece', 'ece', 'ece'],
      'measure': ['', 'mc_choice_entropy', 'mc_a', 'mc_b'],
      'p_value': [.02, .03, .01, .04]})
  found = instruct.correct_for_many(table)
  np.testing.assert_allclose(found['p_holm'], [.04, .04, np.nan, np.nan])
  np.testing.assert_allclose(found['p_bh'], [np.nan, np.nan, .02, .04])
  assert found['n_tests'].tolist() == [2, 2, 2, 2]


def _joint_frame(seed, linked):
  rng = np.random.default_rng(seed)
  a = rng.random((12, 6)) < .5
  b = a if linked else rng.random((12, 6)) < .5
  model, measure = np.indices(a.shape)
  return pd.DataFrame({
      'dataset': 'd', 'model': model.ravel().astype(str),
      'measure': measure.ravel().astype(str), 'aligned': a.ravel(),
      'calibrated': b.ravel(), 'discriminates': b.ravel(), 'ece': .1,
      'rho': rng.random(72), 'auroc': rng.random(72)})


def test_joint_presence_beyond_chance():
  found = joint.co_occurrence(_joint_frame(0, True), 300)
  assert (found['p_value'] < .02).all()
  row = found.iloc[0]
  np.testing.assert_allclose(
      row['chance'], row['rate_aligned'] * row['rate_second'], atol=.01)


def test_joint_permutation_holds_its_level():
  p_values = np.concatenate([
      joint.co_occurrence(_joint_frame(seed, False), 100)[
          ['within', 'p_value']].drop_duplicates('within')['p_value']
      for seed in range(1, 101)])
  assert np.mean(p_values <= .05) < .08
  assert .1 < np.mean(p_values <= .2) < .28


def test_shuffles_stay_within_groups():
  group = np.array([0, 1, 0, 1, 2, 0])
  orders = joint._shuffles(group, 200, np.random.default_rng(0))
  assert (np.sort(orders, axis=1) == np.arange(6)).all()
  assert (group[orders] == group).all()
  assert len(np.unique(orders, axis=0)) == 12


def test_score_correlations_against_scipy():
  frame = _joint_frame(3, False)
  found = joint.score_correlations(frame, 200).set_index(
      ['second', 'across', 'unit'])
  one = frame[frame['measure'] == '2']
  np.testing.assert_allclose(
      found.loc[('auroc', 'models', '2'), 'rho'],
      stats.spearmanr(one['rho'], one['auroc']).statistic)
  assert np.isnan(found.loc[('−ece', 'models', '2'), 'rho'])


def test_size_slopes_against_statsmodels_and_eta_squared():
  rng = np.random.default_rng(12)
  family = np.repeat(list('abc'), 4)
  x = np.tile([1., 3., 7., 13.], 3)
  y = .2 * np.log10(x) + np.repeat([0., 1., 2.], 4) + .01 * rng.normal(size=12)
  scores = pd.DataFrame({
      'dataset': 'd', 'outcome': 'ece', 'measure': 'mc_x', 'kind': 'base',
      'family': family, 'size': x, 'value': y})
  row = size.size_effects(scores, 200).set_index('kind').loc['base']
  plain = sm.OLS(y, sm.add_constant(np.log10(x))).fit()
  np.testing.assert_allclose(row['slope'], plain.params[1])
  np.testing.assert_allclose(row['slope_p'], plain.pvalues[1])
  assert abs(row['slope_within'] - .2) < .05 and row['slope_within_p'] < .001
  between = stats.f_oneway(*(y[family == f] for f in 'abc')).statistic
  np.testing.assert_allclose(
      row['family_share'], 2 * between / (2 * between + 9))
  assert row['family_p'] < .01


def test_paired_bootstrap_covers_the_difference_of_two_correlations():
  rng = np.random.default_rng(13)
  hits = 0
  for trial in range(150):
    y = rng.normal(size=80)
    x = np.stack([y + rng.normal(size=80), y + 2 * rng.normal(size=80)])
    counts = resampling.bootstrap_counts(80, 300, seed=trial)
    draws = ranking.bootstrap_spearman(x, y[None], counts)[:, 0]
    point = ranking.spearman(x, y[None]).rho_MS[:, 0]
    found = instruct.pair_differences([
        _score('A', point[0], draws[0]), _score('A_Ins', point[1], draws[1])],
                                     .95).iloc[0]
    truth = [6 / np.pi * np.arcsin(1 / np.sqrt(v) / 2) for v in (2, 5)]
    hits += found['ci_low'] <= truth[1] - truth[0] <= found['ci_high']
  assert .90 <= hits / 150 <= .99
