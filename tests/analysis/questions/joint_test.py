"""Are aligned cells the calibrated ones? Against chance."""

import numpy as np
import pandas as pd
from scipy import stats

from uncertainty.analysis.questions import joint
from uncertainty.analysis.scores.scores import Score


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


def test_score_correlations_against_scipy():
  frame = _joint_frame(3, False)
  found = joint.score_correlations(frame, 200).set_index(
      ['second', 'across', 'unit'])
  one = frame[frame['measure'] == '2']
  np.testing.assert_allclose(
      found.loc[('auroc', 'models', '2'), 'rho'],
      stats.spearmanr(one['rho'], one['auroc']).statistic)
  assert np.isnan(found.loc[('−ece', 'models', '2'), 'rho'])


def test_auroc_that_is_not_defined_is_no_test():
  """All answers right: neither an AUROC nor a p, which was 1."""
  def score(outcome, measure, value, p_value, draws):
    return Score('d', 'M', outcome, measure, value, p_value, 9,
                 np.asarray(draws, np.float32))
  found = [score(outcome, measure, *values) for measure, auroc, draws in (
      ('mc_a', np.nan, [np.nan] * 40), ('mc_b', .9, np.linspace(.7, 1, 40)))
           for outcome, values in (
               ('alignment:human_entropy', (.5, .01, [.5] * 40)),
               ('auroc', (auroc, np.nan, draws)))]
  table = joint.cells(found, .05, .95).set_index('measure')
  assert np.isnan(table.loc['mc_a', ['auroc_p', 'auroc_p_bh']].astype(
      float)).all()
  # One test, not two: the correction changes nothing.
  assert table.loc['mc_b', 'auroc_p_bh'] == table.loc['mc_b', 'auroc_p']
  np.testing.assert_allclose(table.loc['mc_b', 'auroc_p'], 2 / 41)
