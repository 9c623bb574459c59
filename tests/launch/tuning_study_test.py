"""The study of tuning: what it would run, and a small one from end to end."""

import json

import numpy as np
import pandas as pd
import pytest

from launch import tiny_checkpoint, tuning_study
from uncertainty.errors import UserError

TINY = {'tune.steps': '3', 'tune.batch_size': '4', 'tune.every': '3',
        'tune.rank': '2', 'data.limit': '60', 'analysis.n_bootstrap': '20',
        'prompt.few_shot': 'False'}


def test_every_recipe_and_seed_is_tuned_and_all_are_asked(tmp_path):
  runs = tuning_study.plan(tmp_path, 'org/m', tuple(tuning_study.RECIPES), 3,
                           {})
  tuned = [run for run in runs if run.stages == ('tune',)]
  asked = [run for run in runs if run.stages == ('score',)]
  assert len(tuned) == 3 * len(tuning_study.RECIPES)
  assert len({run.workdir for run in runs}) == len(runs)
  assert {run.spec.seed for run in tuned} == {0, 1, 2}
  assert {run.spec.tune.split_seed for run in tuned} == {0}
  for run in asked:
    sources = run.spec.model.source.split(',')
    assert sources == ['org/m', *(str(t.workdir / 'model') for t in tuned)]
    assert run.spec.data.trained_items == 'leave_out'
  left_out = {run.spec.tune.left_out for run in tuned
              if run.spec.data.name == 'mmlu'}
  subset, = (r.spec.data.subset for r in asked if r.spec.data.name == 'mmlu')
  assert left_out == {subset}
  assert runs[-1].stages == ('analyze', 'report')


def test_fields_of_the_command_line_are_last(tmp_path):
  runs = tuning_study.plan(tmp_path, 'org/m', ('human',), 1,
                           {'data.limit': '7'})
  assert {run.spec.data.limit for run in runs} == {7}
  with pytest.raises(UserError, match='unknown config field tune.step'):
    tuning_study.plan(tmp_path, 'm', ('human',), 1, {'tune.step': '7'})
  with pytest.raises(UserError, match="'humans'; did you mean human"):
    tuning_study.plan(tmp_path, 'm', ('humans',), 1, {})


def test_what_is_asked_can_be_chosen(tmp_path):
  runs = tuning_study.plan(tmp_path, 'm', ('human',), 1, {},
                           asked=('coane', 'vader'))
  assert [run.spec.data.name for run in runs if run.stages == ('score',)] == [
      'coane', 'vader']
  with pytest.raises(UserError, match="'coan'; did you mean coane"):
    tuning_study.plan(tmp_path, 'm', ('human',), 1, {}, asked=('coan',))


def test_a_small_study_says_what_two_seeds_changed(tmp_path, monkeypatch):
  base = tiny_checkpoint.write(tmp_path / 'tiny')
  monkeypatch.setattr(tuning_study, 'ASKED', {'vader': {}})
  tuning_study.main([
      f'--workdir={tmp_path / "study"}', f'--models={base}',
      '--recipes=human', '--seeds=2',
      *(f'--config.{name}={value}' for name, value in TINY.items())])
  place, = (tmp_path / 'study').iterdir()
  table = pd.read_parquet(place / 'all' / 'analysis' / 'tuned.parquet')
  assert (table['tuned_from'] == 'tiny').all()
  assert (table['n_seeds'] == 2).all()
  splits = pd.read_parquet(place / 'cells' / 'human-0' / 'splits.parquet')
  held_out = splits[splits['tuning_split'] == 'held_out']
  assert set(table['n_items']) == {len(held_out)}
  results = pd.read_parquet(next(
      (place / 'vader').glob('results/*/t*.parquet')))
  assert set(results['item_id']) == set(held_out['item_id'])
  row = table.set_index('outcome').loc['divergence from people']
  assert np.isfinite(row['difference']) and row['difference'] != 0
  assert 'Tuning</h' in (place / 'all' / 'report' / 'index.html').read_text()
  manifest = json.loads((place / 'vader' / 'manifest.json').read_text())
  lineages = [m['lineage'] for m in manifest['models'].values()
              if 'lineage' in m]
  assert len(lineages) == 2 and {
      lineage['base']['name'] for lineage in lineages} == {'tiny'}
