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
