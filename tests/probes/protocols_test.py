"""The protocols' tables; `run_test` has the sound one find what is there."""

import numpy as np
import pandas as pd
import pytest

from uncertainty.errors import UserError
from uncertainty.probes import protocols
from uncertainty.probes.fits import scores
from uncertainty.specs import ProbeSpec

_SPEC = ProbeSpec(n_folds=4, n_permutations=19)


@pytest.fixture(scope='module')
def asked():
  """Activations [60, 2, 4] whose second layer has the first target in it."""
  rng = np.random.default_rng(0)
  acts_NLD = rng.normal(size=(60, 2, 4)).astype(np.float32)
  frame = pd.DataFrame({
      'question': [f'Word{i % 7} asks number {i}?' for i in range(60)],
      'human_entropy': acts_NLD[:, 1, 0] + .1 * rng.normal(size=60),
      'human_mc_rt_correct': rng.uniform(500, 900, 60),
      'human_mc_rt_combined': rng.uniform(500, 900, 60)})
  frame.loc[:3, 'human_mc_rt_correct'] = np.nan
  return acts_NLD, frame


def test_the_paper_s_probes_read_what_a_layer_holds(asked):
  rows = protocols.paper(*asked, _SPEC, seed=0).rows
  probes = pd.concat(rows['probes']).query(
      'fold == -1 and target == "human_entropy"').set_index('layer')
  assert probes.loc[1, 'r2'] > .9 > .3 > probes.loc[0, 'r2']
  null = pd.concat(rows['probe_permutations']).query(
      'target == "human_entropy"').set_index('layer')
  assert null.loc[1, 'p_corrected'] == 1 / 20 < null.loc[0, 'p_corrected']
  # Items that lack any target are dropped, and no layer is chosen.
  assert set(probes['n']) == {56} and protocols.CHOSEN not in probes.index


@pytest.fixture(scope='module')
def sound(asked):
  """Tables of `asked`, with outputs, which the prompts' lengths tell."""
  acts_NLD, frame = asked
  rng = np.random.default_rng(1)
  lengths = rng.permutation(60)
  found = protocols.sound(acts_NLD, frame[['question', 'human_entropy']].assign(
      n_tokens=lengths, mc_choice_entropy=lengths + rng.normal(size=60),
      group=['history' if i < 20 else 'law' for i in range(60)]), _SPEC, seed=0)
  return {name: pd.concat(rows) for name, rows in found.rows.items()}


def _one_target(asked, **columns):
  acts_NLD, frame = asked
  return protocols.sound(
      acts_NLD, frame[['question', 'human_entropy']].assign(**columns), _SPEC,
      seed=0).rows


def test_each_target_is_probed_on_the_items_that_know_it(asked):
  """Ten folds need 20 items, and three need 15, of which 10 train."""
  acts_NLD, frame = asked
  known = np.arange(60)
  frame = frame[['question', 'human_entropy']].assign(
      human_mc_prop_correct=np.where(known < 19, known / 19, np.nan),
      human_fr_prop_correct=np.where(known < 20, known / 20, np.nan))
  found = protocols.sound(acts_NLD, frame, ProbeSpec(n_permutations=0), seed=0)
  mean = pd.concat(found.rows['probes']).query('fold == -1 and layer == 1')
  own = mean.set_index('target')
  assert own['n'].to_dict() == {'human_entropy': 60, 'fr_prop_correct': 20}
  assert own.loc['human_entropy', 'r2'] > .9
  leaks = pd.concat(found.rows['probe_leakage']).set_index('targets')
  assert leaks['n_items'].to_dict() == {
      'human_entropy': 60, 'fr_prop_correct': 20}
  assert 'probe_permutations' not in found.rows
  few = protocols.sound(
      acts_NLD[:14], frame[['question', 'human_entropy']][:14],
      ProbeSpec(n_folds=3), seed=0)
  assert few.rows == {}


def test_topics_are_left_out_where_there_are_two_large_ones(sound, asked):
  probes = sound['probes'].query(
      'target == "human_entropy" and layer == 1 '
      'and protocol == "sound_by_topic"').set_index('fold')
  assert probes['n'].to_dict() in (
      {-1: 60, 0: 40, 1: 20}, {-1: 60, 0: 20, 1: 40})
  assert (probes['r2'] > .9).all()
  # Nine items cannot train what is chosen in five folds.
  for n_history in (60, 51):
    topics = ['history' if i < n_history else 'law' for i in range(60)]
    one = _one_target(asked, group=topics)
    assert not any('protocol' in rows for rows in one['probes'])
    assert 'probe_increment' not in one


def test_control_tasks_need_two_first_words(sound, asked):
  controls = sound['probe_controls'].query('target == "human_entropy"')
  # Seven words' random values are not in the activations.
  assert (controls['r2_control_task'] < .2).all()
  assert controls.set_index('layer').loc[1, 'selectivity'] > .7
  one = _one_target(asked, question=[f'Which is {i}?' for i in range(60)])
  assert one['probe_controls'][0]['r2_control_task'].isna().all()


def test_increments_are_beyond_features_that_do_not_tell_the_target(sound):
  table = sound['probe_increment'].set_index(['target', 'layer'])
  assert (table['n_permutations'] == 19).all()
  features = table['features'].xs(1, level='layer')
  assert features['human_entropy'] == 'prompt_length, mc_choice_entropy'
  assert features['model_entropy'] == 'prompt_length'
  # Lengths tell the model's entropy, activations tell people's.
  model, people = (table.loc[t, 1] for t in ('model_entropy', 'human_entropy'))
  assert model['r2_baseline'] > .9 and abs(model['increment']) < .05
  assert people['r2_baseline'] < .2 and people['ci_low'] > 0
  assert people['r2_joint'] > .9
  np.testing.assert_allclose(
      table['increment'], table['r2_joint'] - table['r2_baseline'])
  assert people['p_corrected'] == 1 / 20 < table.loc[
      ('human_entropy', 0), 'p_corrected']
  assert model['p_value'] > 1 / 20


def test_a_target_without_features_leaves_the_others(asked):
  acts_NLD, frame = asked
  rng = np.random.default_rng(2)
  found = protocols.sound(acts_NLD, frame[['question']].assign(
      human_mc_prop_correct=rng.random(60), correct=rng.integers(0, 2, 60)),
      _SPEC, seed=0)
  table = pd.concat(found.rows['probe_increment'])
  assert set(table['target']) == {'model_correct'}
  assert set(table['features']) == {'difficulty'}


def test_keys_lead_the_rows_that_are_added():
  tables = protocols.ProbeTables()
  tables.add('t', pd.DataFrame({'r2': [.1, .2], 'site': 'old'}, index=[3, 3]),
             model='m', site='s')
  tables.add('t', pd.DataFrame(), model='n')
  [rows] = tables.rows['t']
  pd.testing.assert_frame_equal(rows, pd.DataFrame({
      'model': ['m', 'm'], 'site': ['s', 's'], 'r2': [.1, .2]}))


def test_without_targets_there_is_nothing_to_probe(asked):
  acts_NLD, frame = asked
  for protocol in protocols.PROTOCOLS.values():
    assert protocol(acts_NLD, frame[['question']], _SPEC, seed=0).rows == {}


def test_rows_of_scores_by_hand():
  """Two layers, two folds of 3 and 1 items, one target."""
  r2_LFT = np.array([[[.2], [.4]], [[.6], [.8]]])
  found = scores.FoldScores(r2_LFT, r2_LFT + 1, r2_LFT + 2)
  # The first fold's inner errors choose layer 1, the second's layer 0.
  inner_LFT = np.array([[[2.], [1.]], [[1.], [2.]]])
  rows = protocols.score_rows(found, ['t'], np.array([3, 1]), inner_LFT)
  table = rows.set_index(['layer', 'fold'])
  np.testing.assert_allclose(
      table.loc[protocols.CHOSEN, 'r2'], [.5, .6, .4])
  np.testing.assert_allclose(table.loc[0, 'r2'], [.3, .2, .4])
  np.testing.assert_allclose(table.loc[1, 'mse'], [2.7, 2.6, 2.8])
  assert list(table.loc[1, 'n']) == [4, 3, 1]
  assert protocols.CHOSEN not in set(protocols.score_rows(
      found, ['t'], np.array([3, 1]))['layer'])


def test_rows_of_the_null_by_hand():
  observed_LT = np.array([[.5], [.1]])
  null_LR = np.array([[.0, .2, .4], [.3, .0, .0]])
  table = protocols.null_rows(observed_LT, null_LR, ['t'])
  np.testing.assert_allclose(table['null_mean'], [.2, .1])
  np.testing.assert_allclose(table['null_95'], [.38, .27])
  # Largest over layers: .3, .2, .4.
  np.testing.assert_allclose(table['null_max_95'], .39)
  assert list(table['n_permutations']) == [3, 3]
  np.testing.assert_allclose(table['selectivity'], [.3, .0], atol=1e-12)
  np.testing.assert_allclose(table['p_value'], [1 / 4, 2 / 4])
  np.testing.assert_allclose(table['p_corrected'], [1 / 4, 4 / 4])
  assert protocols.null_rows(observed_LT, np.zeros((2, 0)), ['t']).empty


def test_layers_of_every_target():
  table = protocols.layer_rows(
      ['a', 'b'], {'r2': np.array([[1, 2], [3, 4], [5, 6]])})
  assert table.to_numpy().tolist() == [
      [0, 'a', 1], [1, 'a', 3], [2, 'a', 5],
      [0, 'b', 2], [1, 'b', 4], [2, 'b', 6]]


def test_protocols_are_named_by_the_config():
  assert protocols.named(ProbeSpec(protocol='paper,sound')) == (
      'paper', 'sound')
  with pytest.raises(UserError, match="'sund'; known: paper, sound"):
    protocols.named(ProbeSpec(protocol='sund'))
