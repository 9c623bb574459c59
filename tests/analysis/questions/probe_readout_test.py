"""Probe readout over base/instruct pairs."""

import numpy as np
import pandas as pd
import pytest

from uncertainty.analysis.questions import probe_readout
from uncertainty.analysis.scores import pairs
from uncertainty.probes import protocols
from uncertainty.probes.fits import folds as folds_lib
from uncertainty.probes.fits import least_squares


def _probes(model, chosen=None):
  rows = [{'dataset': 'd', 'model': model, 'protocol': 'sound', 'site': 's',
           'layer': layer, 'target': 'human_entropy', 'fold': fold,
           'r2': layer / 10 + fold, 'n': 40}
          for layer in (0, 1, 2) for fold in (-1, 0, 1)]
  if chosen is not None:
    rows.append({**rows[0], 'layer': -1, 'fold': -1, 'r2': chosen})
  return pd.DataFrame(rows)


def _write(root, name, table):
  folder = root / name / 'analysis'
  folder.mkdir(parents=True)
  table.to_parquet(folder / 'probes.parquet')


def test_chosen_layer_before_layers_of_other_folds(tmp_path):
  _write(tmp_path, 'a', _probes('A', chosen=.05))
  _write(tmp_path, 'b', _probes('A_Ins'))
  found = probe_readout.of_workdirs(tmp_path).set_index('model')['value']
  assert found['A'] == .05
  assert found['A_Ins'] == pytest.approx(2 / 10 + 1 / 2)
  pair = probe_readout.pair_differences(
      probe_readout.of_workdirs(tmp_path), pairs.BY_NAME).iloc[0]
  assert pair['outcome'] == 'probe_r2' and pair['measure'] == 'human_entropy'
  np.testing.assert_allclose(pair['difference'], .7 - .05)


def test_layers_of_a_pair_are_those_of_the_base_that_results_state(tmp_path):
  r = {'foo': .1, 'foo-chat': .5, 'bar': .2}
  for name, value in r.items():
    _write(tmp_path, name, _probes(name, chosen=.9).assign(pearson=value))
  probes = probe_readout.layers(tmp_path)
  assert set(probes['layer']) == {0, 1, 2} and set(probes['fold']) == {-1}
  by_name = probe_readout.layer_pairs(probes, pairs.BY_NAME)
  assert by_name['base'].unique().tolist() == ['foo']
  found = probe_readout.layer_pairs(
      probes, pairs.Origins(bases={'foo-chat': 'bar'}))
  assert list(found) == probe_readout.PAIR_COLUMNS and len(found) == 3
  assert found['base'].unique().tolist() == ['bar']
  np.testing.assert_allclose(found['difference'], .3)


def test_models_are_called_as_their_results_are(tmp_path):
  """Asked in two workdirs and probed in one: the probe's name says which."""
  for name in ('w1', 'w2'):
    folder = tmp_path / name / 'results' / 'd'
    folder.mkdir(parents=True)
    pd.DataFrame({'item_id': ['x']}).to_parquet(folder / 'A.parquet')
  _write(tmp_path, 'w1', _probes('A').assign(pearson=.1))
  assert set(probe_readout.layers(tmp_path)['model']) == {'A (w1)'}
  assert set(probe_readout.of_workdirs(tmp_path)['model']) == {'A (w1)'}


def test_layers_that_only_one_of_a_pair_has_are_left_out(tmp_path):
  assert probe_readout.layer_pairs(
      probe_readout.layers(tmp_path), pairs.BY_NAME).empty
  deep = _probes('A').assign(pearson=.1)
  shallow = _probes('A_Ins').assign(pearson=.2)
  found = probe_readout.layer_pairs(probe_readout.of_layers(
      pd.concat([deep, shallow[shallow['layer'] < 2]])), pairs.BY_NAME)
  assert found['layer'].tolist() == [0, 1]


def _noise_probes(seed, n_layers=16):
  """Least squares on activations that tell nothing, as probes.parquet."""
  rng = np.random.default_rng(seed)
  acts = rng.normal(size=(80, n_layers, 2))
  folds = folds_lib.k_fold(len(acts), 10)
  found = least_squares.cross_validate(acts, rng.normal(size=(80, 1)), folds)
  return protocols.score_rows(found, ['human_entropy'], folds.n_tests).assign(
      dataset='d', model='A')


def test_readout_of_noise_is_no_maximum_over_layers():
  naive, sound = [], []
  for seed in range(25):
    table = _noise_probes(seed)
    means = table[table['fold'] == -1]['r2']
    found = probe_readout.of_published(table)
    naive.append(means.max() - means.mean())
    sound.append(found['value'].iloc[0] - means.mean())
  error = np.std(sound, ddof=1) / np.sqrt(len(sound))
  assert np.mean(naive) > .02
  assert np.mean(sound) < 2 * error


def test_one_fold_names_no_layer():
  table = _probes('A')
  assert probe_readout.of_published(table[table['fold'] < 1]).empty


def test_two_workdirs_of_one_model_stay_apart(tmp_path):
  _write(tmp_path, 'paper', _probes('A'))
  _write(tmp_path, 'clean', _probes('A'))
  assert set(probe_readout.of_workdirs(tmp_path)['model']) == {
      'A (paper)', 'A (clean)'}


def _forward(root, name, sites=('residual',)):
  folder = root / name / 'analysis'
  folder.mkdir(parents=True)
  pd.concat([pd.DataFrame({
      'model': 'A', 'dataset': 'd', 'site': site, 'item_id': ['x', 'y'],
      'score': [1.0, 2.0]}) for site in sites]).to_parquet(
          folder / 'probe_forward.parquet')


def test_forward_scores_are_of_one_site_and_name_their_workdir(tmp_path):
  _forward(tmp_path, 'a', ('residual', 'attention'))
  [alone] = probe_readout.forward(tmp_path).groupby('model')
  assert alone[0] == 'A' and set(alone[1]['site']) == {'residual'}
  _forward(tmp_path, 'b')
  found = probe_readout.forward(tmp_path)
  assert set(found['model']) == {'A (a)', 'A (b)'} and len(found) == 4


def test_scores_of_doubt_are_of_all_sites(tmp_path):
  assert probe_readout.doubt(tmp_path) is None
  _forward(tmp_path, 'a', ('residual@x', 'residual@y'))
  folder = tmp_path / 'a' / 'analysis'
  (folder / 'probe_forward.parquet').rename(folder / 'doubt_forward.parquet')
  assert set(probe_readout.doubt(tmp_path)['site']) == {
      'residual@x', 'residual@y'}


def test_truth_is_of_one_site(tmp_path):
  assert probe_readout.truth(tmp_path) is None
  _forward(tmp_path, 'a', ('residual', 'attention'))
  folder = tmp_path / 'a' / 'analysis'
  (folder / 'probe_forward.parquet').rename(folder / 'truth_forward.parquet')
  assert set(probe_readout.truth(tmp_path)['site']) == {'residual'}


def test_no_probes(tmp_path):
  assert probe_readout.forward(tmp_path) is None
  assert probe_readout.of_workdirs(tmp_path).empty
  assert probe_readout.pair_differences(
      probe_readout.of_workdirs(tmp_path), pairs.BY_NAME).empty


@pytest.mark.shared
def test_published_probes(shared):
  path = shared / 'published' / 'coane_activations_10fold.parquet'
  found = probe_readout.of_published(probe_readout.published_tables([path]))
  assert len(found) == 8 * 3
  assert len(probe_readout.pair_differences(
      found, pairs.BY_NAME)) == 4 * 3
