"""The harness of faults: what it would call lost, doubled or mixed."""

import importlib.util
import pathlib
import random
import sys

import pandas as pd
import pytest

from uncertainty.results import shards

_PATH = pathlib.Path(__file__).parents[2] / 'launch' / 'faults.py'
_SPEC = importlib.util.spec_from_file_location('faults', _PATH)
assert _SPEC and _SPEC.loader
faults = importlib.util.module_from_spec(_SPEC)
sys.modules['faults'] = faults
_SPEC.loader.exec_module(faults)


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
  assert list(faults.differences(
      tmp_path / 'mine', tmp_path / 'fresh')) == found


@pytest.mark.parametrize('kind', faults.DAMAGES)
def test_every_damage_changes_the_file(tmp_path, kind):
  path = tmp_path / 'file'
  path.write_bytes(b'content')
  faults.DAMAGES[kind](path, random.Random(0))
  assert not path.exists() or path.read_bytes() != b'content'
