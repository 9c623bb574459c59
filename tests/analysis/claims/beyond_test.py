"""The claim from the rows that the probe stage writes."""

import numpy as np
import pandas as pd
import pytest

from uncertainty.analysis.claims import beyond, table
from uncertainty.worlds import generator

_ONLY = {'probe_beyond_output'}


def _rows(frames, strength, seed=0, n=200):
  rng = np.random.default_rng(seed)
  (dataset, model), frame = next(iter(frames.items()))
  residual = rng.normal(size=n)
  return pd.DataFrame({
      'dataset': dataset, 'model': model,
      'item_id': frame['item_id'].to_numpy()[:n],
      'fold': np.arange(n) % 4, 'residual': residual,
      'score': strength * residual + rng.normal(size=n), 'n_baseline': 2})


def test_r_is_the_mean_of_the_folds_correlations():
  rng = np.random.default_rng(0)
  e, s = rng.normal(size=(2, 60))
  fold = np.arange(60) % 3
  r, influence = beyond.partial(e, s + 10 * fold, fold)
  assert r == pytest.approx(np.mean([
      np.corrcoef(e[fold == f], s[fold == f])[0, 1] for f in range(3)]))
  assert influence.mean() == pytest.approx(0, abs=1e-12)


def test_scale_and_level_of_a_folds_scores_do_not_matter():
  rng = np.random.default_rng(0)
  e, s = rng.normal(size=(2, 60))
  fold = np.arange(60) % 3
  assert beyond.partial(e, s, fold)[0] == pytest.approx(
      beyond.partial(e, s * (1 + fold) - fold, fold)[0])


def test_scores_that_do_not_vary_are_no_claim(small_frames, spec):
  rows = _rows(small_frames, 1.0).assign(score=1.0)
  [row] = table.claims(
      small_frames, spec, only=_ONLY, forward=rows).to_dict('records')
  assert row['verdict'] == 'too little data'


def test_a_score_that_tells_is_supported(small_frames, spec):
  [row] = table.claims(
      small_frames, spec, only=_ONLY,
      forward=_rows(small_frames, 1.0)).to_dict('records')
  assert row['verdict'] == 'supported' and row['n_items'] == 200
  assert row['low'] < 1 / np.sqrt(2) < row['high']
  assert 'beyond its output' in row['sentence']


def test_clusters_are_the_units(spec):
  frames = generator.simulate(generator.World(
      n_items=200, families=(1,), cluster_size=4, cluster_share=1.0),
      seed=0).frames
  rows = _rows(frames, 0.2, n=50).loc[np.repeat(np.arange(50), 4)]
  _, frame = next(iter(frames.items()))
  rows['item_id'] = frame['item_id'].to_numpy()
  rows['fold'] = np.repeat(np.arange(50) % 2, 4)
  [row] = table.claims(
      frames, spec, only=_ONLY, forward=rows).to_dict('records')
  alone = {key: f.drop(columns='cluster') for key, f in frames.items()}
  [naive] = table.claims(
      alone, spec, only=_ONLY, forward=rows).to_dict('records')
  width, short = (r['high'] - r['low'] for r in (row, naive))
  # Two baseline columns and two means are fitted.
  shrunk = np.sqrt(50 / 46 * 196 / 200)
  assert width == pytest.approx(2 * short * shrunk, rel=.03)


def test_without_probes_there_is_no_claim(small_frames, spec):
  assert table.claims(small_frames, spec, only=_ONLY).empty
