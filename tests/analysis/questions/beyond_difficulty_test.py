"""Alignment beyond difficulty, and calibration where people disagree."""

import collections

import numpy as np
import statsmodels.api as sm
from scipy import stats

from uncertainty.analysis.questions import beyond_difficulty

_ALONE = collections.defaultdict(lambda: None)


def test_copies_of_questions_tell_nothing_more(model_items):
  rng = np.random.default_rng(2)
  z = rng.normal(size=80)
  x, y = z + rng.normal(size=80), z + rng.normal(size=80)

  def found(times):
    table = model_items(
        np.repeat(x, times)[None], human_entropy=np.repeat(y, times),
        human_mc_prop_correct=np.repeat(z, times),
        correct=np.repeat(x > 0, times).astype(float))
    clusters = {table.dataset: np.repeat(np.arange(80), times)}
    partial = beyond_difficulty.partial_alignment([table], .95, clusters)
    people = beyond_difficulty.calibration_by_people([table], clusters)
    return (partial.set_index('given').loc['difficulty'],
            people['gap_p'].iloc[0])

  (once, once_p), (often, often_p) = found(1), found(4)
  for column in ('partial_rho', 'ci_low', 'ci_high', 'p_value'):
    np.testing.assert_allclose(once[column], often[column], rtol=.02)
  np.testing.assert_allclose(once_p, often_p, rtol=.02)
  # Of items that stand alone, near Fisher's and Student's.
  table = model_items(x[None], human_entropy=y, human_mc_prop_correct=z)
  plain = beyond_difficulty.partial_alignment(
      [table], .95, _ALONE).set_index('given').loc['difficulty']
  for column in ('ci_low', 'ci_high'):
    np.testing.assert_allclose(once[column], plain[column], atol=.08)


def test_partial_correlation_against_residuals(model_items):
  rng = np.random.default_rng(0)
  z = rng.normal(size=80)
  x, y = z + rng.normal(size=80), z + rng.normal(size=80)
  table = model_items(x[None], human_entropy=y, human_mc_prop_correct=z)
  found = beyond_difficulty.partial_alignment(
      [table], .95, _ALONE).set_index('given')
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


def test_alignment_that_is_only_difficulty_vanishes(model_items):
  rng = np.random.default_rng(1)
  hard = rng.random(2000)
  table = model_items(
      (hard + .3 * rng.normal(size=2000))[None],
      human_entropy=hard + .3 * rng.normal(size=2000),
      human_mc_prop_correct=-hard)
  row = beyond_difficulty.partial_alignment(
      [table], .95, _ALONE).iloc[0]
  assert row['rho'] > .4 and abs(row['partial_rho']) < .06


def test_calibration_by_people_by_hand(model_items):
  people = np.array([.1, .1, .5, .5, .9, .9])
  correct = np.array([1., 1., 1., 0., 0., 0.])
  values = np.array([[.1, .1, .2, .2, .1, .1]])
  table = model_items(values, correct=correct, human_entropy=people)
  found = beyond_difficulty.calibration_by_people(
      [table], _ALONE).set_index('people')
  np.testing.assert_allclose(found.loc['low', 'gap'], -.1)
  np.testing.assert_allclose(found.loc['high', 'gap'], .9)
  np.testing.assert_allclose(found.loc['middle', ['confidence', 'accuracy']]
                             .astype(float), [.8, .5])
  assert found['n'].tolist() == [2, 2, 2]
  np.testing.assert_allclose(found['gap_rho'], stats.spearmanr(
      1 - values[0] - correct, people).statistic)


def test_ece_by_people_is_over_the_bins_that_were_asked_for(model_items):
  rng = np.random.default_rng(3)
  table = model_items(
      rng.random((1, 90)), correct=(rng.random(90) < .5).astype(float),
      human_entropy=np.zeros(90))
  one, many = (beyond_difficulty.calibration_by_people(
      [table], _ALONE, n_bins=n).iloc[0] for n in (1, 15))
  np.testing.assert_allclose(one['ece'], abs(one['gap']))
  assert many['ece'] > one['ece'] + .05
