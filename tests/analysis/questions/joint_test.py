"""Are aligned cells the calibrated ones? Against chance."""

import numpy as np
import pandas as pd
from scipy import stats

from uncertainty.analysis.questions import joint
from uncertainty.analysis.scores.scores import Score
from uncertainty.analysis.statistics import ranking


def _joint_frame(seed, linked):
  rng = np.random.default_rng(seed)
  a = rng.random((12, 6)) < .5
  b = a if linked else rng.random((12, 6)) < .5
  model, measure = np.indices(a.shape)
  return pd.DataFrame({
      'dataset': 'd', 'model': model.ravel().astype(str),
      'measure': measure.ravel().astype(str), 'aligned': a.ravel(),
      'calibrated': b.ravel(), 'discriminates': b.ravel(),
      'calibration_error': .1, 'above_p': .5, 'rho': rng.random(72),
      'auroc': rng.random(72)})


def test_joint_presence_beyond_chance():
  found = joint.co_occurrence(_joint_frame(0, True), 300)
  assert (found['p_value'] < .02).all()
  row = found.iloc[0]
  np.testing.assert_allclose(
      row['chance'], row['rate_aligned'] * row['rate_second'], atol=.01)


def _effects_frame(seed, n_models=12, n_measures=8):
  """Two independent flags, each with models and measures that have it more."""
  rng = np.random.default_rng(seed)
  flags, scores = [], []
  for _ in range(2):
    latent = (rng.normal(size=(n_models, 1)) + rng.normal(size=n_measures)
              + rng.normal(size=(n_models, n_measures)))
    flags.append(latent > 0)
    scores.append(latent)
  model, measure = np.indices(flags[0].shape)
  return pd.DataFrame({
      'dataset': 'd', 'model': model.ravel().astype(str),
      'measure': measure.ravel().astype(str), 'aligned': flags[0].ravel(),
      'calibrated': flags[1].ravel(), 'discriminates': flags[1].ravel(),
      'calibration_error': .1, 'above_p': .5, 'rho': scores[0].ravel(),
      'auroc': scores[1].ravel()})


def test_joint_permutation_holds_its_level_where_models_and_measures_differ():
  """Free shuffling of cells rejects these nulls at above .15, not .05."""
  p_both, p_rho, p_free = [], [], []
  for seed in range(120):
    frame = _effects_frame(seed)
    found = joint.co_occurrence(frame, 99, seed).set_index(
        ['second', 'permuted'])
    p_both.append(found.loc[('calibrated', 'models and measures'), 'p_value'])
    cells = joint.score_correlations(frame, 99, seed)
    cells = cells[(cells['across'] == 'cells') & (cells['second'] == 'auroc')]
    p_rho.append(cells['p_value'].iloc[0])
    p_free.append(ranking.permutation_spearman(
        frame['rho'].to_numpy()[None], frame['auroc'].to_numpy()[None], 99,
        seed=seed)[0, 0])
  # Binomial(120, .05): .05 ± 3 standard errors.
  assert np.mean(np.array(p_both) <= .05) < .11
  assert np.mean(np.array(p_rho) <= .05) < .11
  assert np.mean(np.array(p_free) <= .05) > .15


def test_joint_presence_within_cells_is_found_beyond_models_and_measures():
  frame = _effects_frame(1)
  frame['calibrated'] = frame['aligned']
  found = joint.co_occurrence(frame, 300).set_index(['second', 'permuted'])
  assert (found.loc['calibrated', 'p_value'] < .02).all()


def test_models_without_a_measure_stay_without_it():
  """Two kinds of models: the null must not move cells to where none is."""
  frame = _joint_frame(0, True)
  odd = frame['measure'].isin(['4', '5']) & (frame['model'].astype(int) % 2 > 0)
  frame = frame[~odd]
  found = joint.co_occurrence(frame, 200).iloc[0]
  assert found['n_cells'] == 12 * 6 - 12
  assert 0 < found['chance'] < found['rate_both'] == found['rate_aligned']


def test_a_flag_that_all_cells_have_is_no_question():
  frame = _joint_frame(0, False).assign(aligned=True)
  assert joint.co_occurrence(frame, 50)['p_value'].isna().all()


def test_score_correlations_against_scipy():
  frame = _joint_frame(3, False)
  found = joint.score_correlations(frame, 200).set_index(
      ['second', 'across', 'unit'])
  one = frame[frame['measure'] == '2']
  np.testing.assert_allclose(
      found.loc[('auroc', 'models', '2'), 'rho'],
      stats.spearmanr(one['rho'], one['auroc']).statistic)
  assert np.isnan(found.loc[('−calibration_error', 'models', '2'), 'rho'])


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


def test_one_right_answer_discriminates_nothing():
  """Its AUROC is 1 in every draw that holds it: .37 of them do not."""
  draws = np.ones(100, np.float32)
  draws[:37] = np.nan
  found = [Score('d', 'M', outcome, 'mc_a', value, .01, 9, draws)
           for outcome, value in (('alignment:human_entropy', .5),
                                  ('auroc', 1.0))]
  table = joint.cells(found, .05, .95)
  np.testing.assert_allclose(table['auroc_p'], 2 * 38 / 101)
  assert not table['discriminates'].any()


def test_calibrated_is_what_ends_below_the_threshold():
  def scores(above_p):
    return [Score('d', 'M', outcome, 'mc_a', value, p_value, 9,
                  np.full(40, value, np.float32))
            for outcome, value, p_value in (
                ('alignment:human_entropy', .5, .01), ('auroc', .7, np.nan),
                ('calibration_error', .001, above_p))]
  for above_p, expected in ((.3, False), (.06, False), (.04, True)):
    (found,) = joint.cells(scores(above_p), .05, .95)['calibrated']
    assert found == expected
