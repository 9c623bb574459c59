"""The harness of faults: what it would call lost, doubled or mixed."""

import importlib.util
import pathlib
import random
import sys

import pandas as pd
import pytest

from uncertainty import report
from uncertainty.analysis import run as analysis
from uncertainty.results import manifest, shards, tokens
from uncertainty.specs import AnalysisSpec, StudySpec
from uncertainty.worlds import generator

_PATH = pathlib.Path(__file__).parents[2] / 'launch' / 'faults.py'
_SPEC = importlib.util.spec_from_file_location('faults', _PATH)
assert _SPEC and _SPEC.loader
faults = importlib.util.module_from_spec(_SPEC)
sys.modules['faults'] = faults
_SPEC.loader.exec_module(faults)
differences = faults.fault_differences


def _write(folder, frame):
  shards.write_table(frame, folder / 'results' / 'table' / 'tiny.parquet')


@pytest.mark.parametrize('plant, found', [
    (lambda t: t, []),
    (lambda t: t.assign(entropy=t['entropy'] + 1e-5), []),
    (lambda t: t.iloc[1:], ["LOST: ['a'] of results/table/tiny.parquet"]),
    (lambda t: pd.concat([t, t.iloc[:1]]),
     ['DOUBLED: rows of results/table/tiny.parquet']),
    (lambda t: t.assign(entropy=[.1, .2, .9]),
     ['MIXED: c of results/table/tiny.parquet: entropy']),
    (lambda t: t.assign(prompt=['A?', 'old?', 'C?']),
     ['MIXED: b of results/table/tiny.parquet: prompt']),
])
def test_what_is_planted_is_found(tmp_path, plant, found):
  table = pd.DataFrame({'item_id': ['a', 'b', 'c'], 'entropy': [.1, .2, .3],
                        'prompt': ['A?', 'B?', 'C?']})
  _write(tmp_path / 'fresh', table)
  _write(tmp_path / 'mine', plant(table))
  assert list(differences.differences(
      tmp_path / 'mine', tmp_path / 'fresh')) == found


@pytest.mark.parametrize('kind', faults.DAMAGES)
def test_every_damage_changes_the_file(tmp_path, kind):
  path = tmp_path / 'file'
  path.write_bytes(b'content')
  faults.DAMAGES[kind](path, random.Random(0))
  assert not path.exists() or path.read_bytes() != b'content'


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
  """A workdir with all that a stage writes but shards."""
  workdir = tmp_path_factory.mktemp('finished') / 'run'
  spec = StudySpec(analysis=AnalysisSpec(n_bootstrap=10))
  world = generator.World(n_items=24, families=(1, 1))
  frame = next(iter(generator.simulate(world, seed=0).frames.values()))
  path = workdir / 'results' / 'simulated' / 'tiny.parquet'
  shards.write_table(frame, path)
  tokens.write(path, frame.assign(top_tokens=[[3]] * len(frame)), str)
  analysis.run(workdir, workdir / 'analysis', spec)
  report.write(workdir, spec)
  manifest.claim(workdir, spec)
  return workdir


def test_each_of_its_own_plants_is_found(tmp_path, finished):
  found = {name: said for name, _, said in differences.planted(
      finished, tmp_path / 'planted')}
  assert found.pop('') == []
  assert set(found) == set(differences.PLANTS) and len(found) >= 5
  assert found['a changed rho'] == ['MIXED: analysis/alignment.parquet: rho']
  assert found['a gutted page'] == ['LOST: parts of report/index.html']
  assert found['a deleted manifest'] == ['LOST: manifest.json']
  assert found['deleted texts of tokens'] == [
      'LOST: tokens/simulated/tiny.json']
  assert len(found['a deleted figure']) == 1


def test_every_edit_changes_the_table(tmp_path):
  world = faults.World(tmp_path, random.Random(0))
  kinds = set()
  for _ in range(30):
    before = (tmp_path / 'table.csv').read_text()
    kinds.add(world.edit())
    assert (tmp_path / 'table.csv').read_text() != before
  assert kinds == {'edit question', 'edit answer', 'edit human_counts'}
