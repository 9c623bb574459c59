"""Claims of probes of doubt from the rows that the probe stage writes."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from uncertainty.analysis.claims import doubt, table
from uncertainty.worlds import generator

_ALL = {'doubt_in_domain', 'doubt_out_of_domain', 'doubt_beyond_output'}


def _rows(frames, strength, *, seed=0, n=200, train=None):
  rng = np.random.default_rng(seed)
  (dataset, model), frame = next(iter(frames.items()))
  label = rng.permutation(np.arange(n) % 2).astype(float)
  residual = rng.normal(size=n)
  return pd.DataFrame({
      'dataset': dataset, 'model': model, 'site': 'residual', 'probe': 'sep',
      'target': 'semantic_entropy', 'train': train or dataset,
      'item_id': frame['item_id'].to_numpy()[:n],
      'fold': np.arange(n) % 4, 'high_share': label,
      'score': strength * label + rng.normal(size=n), 'residual': residual,
      'added': strength * residual + rng.normal(size=n),
      'n_baseline': 0 if train else 2})


def _claims(frames, spec, rows):
  found = table.claims(frames, spec, only=_ALL, doubt=rows)
  return {row['claim']: row for row in found.to_dict('records')}


def test_a_probe_that_reads_is_supported_by_each_claim(small_frames, spec):
  rows = pd.concat([_rows(small_frames, 1.5), _rows(
      small_frames, 1.5, seed=1, train='elsewhere')])
  found = _claims(small_frames, spec, rows)
  assert {r['verdict'] for r in found.values()} == {'supported'}
  assert set(found) == _ALL
  assert 'fitted to elsewhere' in found['doubt_out_of_domain']['model']
  inside = found['doubt_in_domain']
  assert inside['measure'] == 'semantic_entropy' and inside['n_items'] == 200
  assert 0.5 < inside['low'] < inside['estimate'] < inside['high'] < 1


def test_noise_is_not(small_frames, spec):
  found = _claims(small_frames, spec, _rows(small_frames, 0.0))
  assert {r['verdict'] for r in found.values()} == {'cannot tell'}


def test_the_mean_over_folds_leaves_out_those_of_one_label():
  rng = np.random.default_rng(0)
  score, fold = rng.normal(size=60), np.arange(60) % 3
  label = (rng.random(60) < .5).astype(float)
  label[fold == 2] = 1
  value, influence, folds = doubt.mean_auroc(score, label, fold)
  assert value == pytest.approx(np.mean([metrics.roc_auc_score(
      label[fold == f], score[fold == f]) for f in (0, 1)]))
  assert folds == 2 and np.isnan(influence[fold == 2]).all()
  assert not np.isnan(influence[fold < 2]).any()


def test_copies_of_items_in_a_cluster_make_wider_intervals(spec):
  frames = generator.simulate(generator.World(
      n_items=200, families=(1,), cluster_size=4, cluster_share=1.0),
      seed=0).frames
  rows = _rows(frames, 0.8, n=50).loc[np.repeat(np.arange(50), 4)]
  _, frame = next(iter(frames.items()))
  rows['item_id'] = frame['item_id'].to_numpy()
  rows['fold'] = np.repeat(np.arange(50) % 2, 4)
  alone = {key: f.drop(columns='cluster') for key, f in frames.items()}
  wide, short = (_claims(f, spec, rows)['doubt_in_domain']
                 for f in (frames, alone))
  ratio = (wide['high'] - wide['low']) / (short['high'] - short['low'])
  assert ratio == pytest.approx(2 * np.sqrt(50 / 48 * 198 / 200), rel=.05)


def test_few_of_one_label_are_too_little(small_frames, spec):
  rows = _rows(small_frames, 1.0)
  rows['high_share'] = 0.0
  rows.loc[:5, 'high_share'] = 1.0
  found = _claims(small_frames, spec, rows)
  for claim in ('doubt_in_domain', 'doubt_beyond_output'):
    assert found[claim]['verdict'] == 'too little data'
    assert not np.isnan(found[claim]['estimate'])


def test_without_probes_there_is_no_claim(small_frames, spec):
  assert table.claims(small_frames, spec, only=_ALL).empty
