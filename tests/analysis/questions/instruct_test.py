"""Base against instruct: pairs, families, corrections."""

import dataclasses

import numpy as np
import pandas as pd
from scipy import stats

from uncertainty.analysis.questions import instruct
from uncertainty.analysis.scores.scores import Score
from uncertainty.analysis.statistics import ranking, resampling, spearman_draws


def _score(model, value, draws, outcome='brier', measure='mc_x',
           p_value=np.nan):
  return Score('d', model, outcome, measure, value, p_value, 50,
               np.asarray(draws, np.float32))


def _models(model_items, *names, **about):
  return [dataclasses.replace(
      model_items(np.zeros((1, 3)), model=name), **about.get(name, {}))
          for name in names]


def test_pair_difference_is_paired(model_items):
  common = np.random.default_rng(10).normal(size=500)
  found = [_score('A', .5, .5 + common), _score('A_Ins', .7, .7 + common)]
  row = instruct.pair_differences(
      found, _models(model_items, 'A', 'A_Ins'), .95).iloc[0]
  np.testing.assert_allclose(
      row[['difference', 'ci_low', 'ci_high']].astype(float), .2, atol=1e-5)
  assert row['p_value'] < .01
  assert (row['base'], row['instruct']) == ('A', 'A_Ins')


def test_results_say_which_model_was_tuned_from_which(model_items):
  """Names are read only where results are mute."""
  found = [_score(name, .5, np.zeros(9))
           for name in ('Falcon', 'Osprey', 'A', 'A_Ins')]
  table = instruct.pair_differences(found, _models(
      model_items, 'Falcon', 'Osprey', 'A', 'A_Ins',
      Falcon={'family': 'Raptor'}, Osprey={'base': 'Falcon'},
      A_Ins={'base': ''}), .95)
  assert table[['base', 'instruct', 'family']].to_numpy().tolist() == [
      ['Falcon', 'Osprey', 'Raptor']]


def test_effects_against_scipy_and_families_matter():
  rng = np.random.default_rng(11)
  d = rng.normal(.3, 1, 15)
  table = pd.DataFrame({
      'dataset': 'd', 'variant': '', 'outcome': 'brier', 'measure': 'mc_x',
      'difference': d, 'family': np.repeat(list('abcde'), 3)})
  row = instruct.effects(table, .95, 2000).iloc[0]
  np.testing.assert_allclose(row['p_signed_rank'], stats.wilcoxon(d).pvalue)
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
  # 5 families have 32 sign patterns: p cannot be below 1/16, though Wilcoxon's
  # over 15 pairs is.
  assert clustered['p_value'] == clustered['least_p'] == 1 / 16
  assert clustered['p_signed_rank'] < .001


def test_families_that_differ_by_chance_are_rarely_an_effect():
  """30 pairs in 7 families with effects of their own: Wilcoxon is fooled."""
  family = np.repeat(list('abcdefg'), [8, 6, 5, 4, 3, 2, 2])
  p_value, p_pairs = [], []
  for seed in range(200):
    rng = np.random.default_rng(seed)
    d = rng.normal(size=7)[np.unique(family, return_inverse=True)[1]]
    table = pd.DataFrame({
        'dataset': 'd', 'variant': '', 'outcome': 'brier', 'measure': 'mc_x',
        'difference': d + .3 * rng.normal(size=30), 'family': family})
    row = instruct.effects(table, .95, 1).iloc[0]
    p_value.append(row['p_value'])
    p_pairs.append(row['p_signed_rank'])
  # Binomial(200, .05): .05 ± 3 standard errors.
  assert np.mean(np.array(p_value) <= .05) < .097
  assert np.mean(np.array(p_pairs) <= .05) > .3


def test_hypotheses_get_holm_and_the_screen_gets_bh():
  table = pd.DataFrame({
      'dataset': 'd', 'variant': '',
      'outcome': ['accuracy', *['calibration_error'] * 3],
      'measure': ['', 'mc_choice_entropy', 'mc_a', 'mc_b'],
      'p_value': [.02, .03, .01, .04]})
  found = instruct.correct_for_many(table)
  np.testing.assert_allclose(found['p_holm'], [.04, .04, np.nan, np.nan])
  np.testing.assert_allclose(found['p_bh'], [np.nan, np.nan, .02, .04])
  assert found['n_tests'].tolist() == [2, 2, 2, 2]


def test_paired_bootstrap_covers_the_difference_of_two_correlations(
    model_items):
  rng = np.random.default_rng(13)
  models = _models(model_items, 'A', 'A_Ins')
  hits = 0
  for trial in range(150):
    y = rng.normal(size=80)
    x = np.stack([y + rng.normal(size=80), y + 2 * rng.normal(size=80)])
    counts = resampling.bootstrap_counts(80, 300, seed=trial)
    draws = spearman_draws.bootstrap_spearman(x, y[None], counts)[:, 0]
    point = ranking.spearman(x, y[None]).rho_MS[:, 0]
    found = instruct.pair_differences([
        _score('A', point[0], draws[0]), _score('A_Ins', point[1], draws[1])],
                                     models, .95).iloc[0]
    truth = [6 / np.pi * np.arcsin(1 / np.sqrt(v) / 2) for v in (2, 5)]
    hits += found['ci_low'] <= truth[1] - truth[0] <= found['ci_high']
  assert .90 <= hits / 150 <= .99


def test_instruct_effect_is_found_where_it_was_made(study_tables):
  table = study_tables['effects'].set_index(['outcome', 'measure'])
  made = table.loc['alignment:human_entropy', 'mc_choice_entropy']
  assert made['n_pairs'] == 4 and made['n_families'] == 2
  # Two families leave one degree of freedom: nothing is established.
  assert made['mean_difference'] < 0 < made['ci_high']
  assert made['rank_biserial'] == -1
  assert made['role'] == 'hypothesis' and made['n_tests'] == 5
  assert np.isfinite(made['p_holm']) and np.isnan(made['p_bh'])
  pairs = study_tables['effects_pairs']
  assert (pairs['difference'] == pairs['instruct_value']
          - pairs['base_value']).all()
