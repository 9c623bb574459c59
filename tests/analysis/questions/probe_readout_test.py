"""Probe readout over base/instruct pairs."""

import numpy as np
import pandas as pd
import pytest

from uncertainty.analysis.questions import probe_readout


def _probes(model, chosen=None):
  rows = [{'dataset': 'd', 'model': model, 'protocol': 'sound', 'site': 's',
           'layer': layer, 'target': 'human_entropy', 'fold': fold,
           'r2': layer / 10 + fold, 'n': 40}
          for layer in (0, 1, 2) for fold in (-1, 0)]
  if chosen is not None:
    rows.append({**rows[0], 'layer': -1, 'fold': -1, 'r2': chosen})
  return pd.DataFrame(rows)


def _write(root, name, table):
  folder = root / name / 'analysis'
  folder.mkdir(parents=True)
  table.to_parquet(folder / 'probes.parquet')


def test_chosen_layer_before_best_layer(tmp_path):
  _write(tmp_path, 'a', _probes('A', chosen=.05))
  _write(tmp_path, 'b', _probes('A_Ins'))
  found = probe_readout.of_workdirs(tmp_path).set_index('model')['value']
  assert found['A'] == .05
  assert found['A_Ins'] == pytest.approx(2 / 10 - 1)
  pair = probe_readout.pair_differences(
      probe_readout.of_workdirs(tmp_path)).iloc[0]
  assert pair['outcome'] == 'probe_r2' and pair['measure'] == 'human_entropy'
  np.testing.assert_allclose(pair['difference'], -.8 - .05)


def test_two_workdirs_of_one_model_stay_apart(tmp_path):
  _write(tmp_path, 'paper', _probes('A'))
  _write(tmp_path, 'clean', _probes('A'))
  assert set(probe_readout.of_workdirs(tmp_path)['model']) == {
      'A (paper)', 'A (clean)'}


def test_no_probes(tmp_path):
  assert probe_readout.of_workdirs(tmp_path).empty
  assert probe_readout.pair_differences(
      probe_readout.of_workdirs(tmp_path)).empty


@pytest.mark.shared
def test_published_probes(shared):
  path = shared / 'published' / 'coane_activations_10fold.parquet'
  found = probe_readout.of_published(probe_readout.published_tables([path]))
  assert len(found) == 8 * 3
  assert len(probe_readout.pair_differences(found)) == 4 * 3
