"""Nodes that are killed under a sweep: nothing is lost, nothing asked twice."""

import importlib
import pathlib
import shutil
import subprocess
import sys

import pandas as pd
import pytest

from uncertainty.results import shards

_ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(_ROOT / 'launch'))
try:
  lost_nodes = importlib.import_module('lost_nodes')
finally:
  sys.path.remove(str(_ROOT / 'launch'))

_RUN = pathlib.Path('table', 'tiny', 'clean-completion')
_TABLE = _RUN / 'results' / 'table' / 'tiny.parquet'
_SHARDS = _RUN / 'shards' / 'table' / 'tiny' / 'text'


def _ids():
  return [f'q{i}' for i in range(lost_nodes.N_ITEMS)]


@pytest.fixture
def both(tmp_path):
  """A finished sweep, and what one process made of it."""
  table = pd.DataFrame({'item_id': _ids(), 'entropy': .5})
  shards.write_table(table, tmp_path / 'mine' / _TABLE)
  store = shards.ShardStore(tmp_path / 'mine' / _SHARDS)
  store.append(table[:7])
  store.append(table[7:])
  shutil.copytree(tmp_path / 'mine', tmp_path / 'alone')
  return tmp_path / 'mine', tmp_path / 'alone'


def test_what_is_the_same_differs_in_nothing(both):
  assert list(lost_nodes.differences(*both)) == []


def test_what_is_planted_is_found(both):
  mine, alone = both
  store = shards.ShardStore(mine / _SHARDS)
  shards.write_table(pd.DataFrame({
      'item_id': _ids(), 'entropy': .5 + 2**-50}), mine / _TABLE)
  store.append(pd.DataFrame({'item_id': ['q3']}))
  assert list(lost_nodes.differences(mine, alone)) == [
      f'OTHER: {_TABLE}', f'241 rows of 240: {_SHARDS}']
  (mine / _TABLE).unlink()
  shards.set_aside(store.paths()[-1])
  assert list(lost_nodes.differences(mine, alone)) == [
      f'LOST: {_TABLE}', f'ASKED AGAIN: {_SHARDS / "aside"}']


@pytest.mark.cluster
def test_two_nodes_are_killed():
  done = subprocess.run(
      [sys.executable, 'launch/lost_nodes.py', '--models=3', '--datasets=2',
       '--kills=2'], cwd=_ROOT, text=True, capture_output=True, check=False)
  assert done.returncode == 0, done.stdout + done.stderr
  assert 'every table is the same, every item once' in done.stdout


@pytest.mark.cluster
@pytest.mark.buckets
def test_a_node_is_killed_that_works_in_a_bucket():
  done = subprocess.run(
      [sys.executable, 'launch/lost_nodes.py', '--models=2', '--datasets=2',
       '--kills=1', '--faults=0.02'],
      cwd=_ROOT, text=True, capture_output=True, check=False)
  assert done.returncode == 0, done.stdout + done.stderr
  assert 'every table is the same, every item once' in done.stdout
