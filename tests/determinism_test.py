"""What a rerun gives again, knob by knob: docs/determinism.md, on a tiny model.

Run as a script it scores the study that it is given, on the devices it has.
"""

import dataclasses
import os
import pathlib
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from launch import tiny_checkpoint
from uncertainty import study
from uncertainty.specs import (
  DataSpec,
  FreeSpec,
  ModelSpec,
  PromptSpec,
  ScoreSpec,
  StudySpec,
)

_N = 6
_OPTIONS = (('sky', 'the red blood'), ('grass', 'a stone', 'sun'))
# What a run writes of the start that wrote it.
_OF_THE_START = ('settings_digest',)


def _spec(place: pathlib.Path, **changes) -> StudySpec:
  """`changes` by section: field → value."""
  spec = StudySpec(
      model=ModelSpec(source=str(place / 'tiny')),
      data=DataSpec(name='table', path=str(place / 'table.csv')),
      prompt=PromptSpec(answer='text', style='completion',
                        few_shot=False),
      score=ScoreSpec(batch_tokens=512, row_tokens=128, top_k=5),
      free=FreeSpec(max_tokens=4, batch_size=4))
  for section, fields in changes.items():
    spec = dataclasses.replace(spec, **{section: dataclasses.replace(
        getattr(spec, section), **fields)})
  return spec


def _score(spec: StudySpec, workdir: pathlib.Path) -> pd.DataFrame:
  study.run(spec, workdir, ('score',))
  return _table(workdir)


def _table(workdir: pathlib.Path) -> pd.DataFrame:
  return pd.read_parquet(workdir / 'results/table/tiny.parquet').drop(
      columns=list(_OF_THE_START))


@pytest.fixture(scope='module')
def place(tmp_path_factory):
  folder = tmp_path_factory.mktemp('determinism')
  tiny_checkpoint.write(folder / 'tiny')
  pd.DataFrame({
      'question': [f'Which is {"long " * k}{k}?' for k in range(_N)],
      'choices': ['|'.join(_OPTIONS[k % 2]) for k in range(_N)],
      'answer': [_OPTIONS[k % 2][0] for k in range(_N)],
  }).to_csv(folder / 'table.csv', index=False)
  return folder


@pytest.fixture(scope='module')
def plain(place):
  return _score(_spec(place), place / 'plain')


def _furthest(one: pd.DataFrame, other: pd.DataFrame) -> float:
  """How far numbers are apart; all that is no number is the same."""
  assert list(one) == list(other)
  furthest = 0.0
  for name in map(str, one):
    for a, b in zip(one[name], other[name], strict=True):
      mine, theirs = _flat(a), _flat(b)
      assert len(mine) == len(theirs), name
      for x, y in zip(mine, theirs, strict=True):
        if isinstance(x, float) and not (x == y or (x != x and y != y)):
          furthest = max(furthest, abs(x - y))
        elif not isinstance(x, float):
          assert x == y, name
  return furthest


def _flat(value) -> list:
  if isinstance(value, np.ndarray):
    return [x for part in value for x in _flat(part)]
  return [float(value) if isinstance(value, np.floating) else value]


def test_the_same_again_is_bit_equal(place, plain):
  assert _furthest(_score(_spec(place), place / 'again'), plain) == 0


@pytest.mark.parametrize('lost', [0, -1])
def test_where_a_killed_run_went_on_is_bit_equal(place, lost):
  """A shard that was never written."""
  spec = _spec(place, score={'batch_tokens': 256})
  whole = _score(spec, place / 'resumed')
  found = sorted((place / 'resumed/shards/table/tiny/text').glob('*.parquet'))
  assert len(found) > 1
  found[lost].unlink()
  assert _furthest(_score(spec, place / 'resumed'), whole) == 0


@pytest.mark.parametrize('changes', [
    {'batch_tokens': 128}, {'batch_tokens': 4096}, {'row_tokens': 0}],
    ids=['small batches', 'one batch', 'rows of their own'])
def test_batches_and_packing_keep_most_digits(place, plain, changes):
  [[field, value]] = changes.items()
  found = _score(_spec(place, score=changes), place / f'{field}-{value}')
  assert _furthest(found, plain) < 2e-4


def test_batches_of_answers_keep_every_token(place):
  free = {'answer': 'free'}
  one, four = (
      _score(_spec(place, prompt=free, free={'batch_size': n}),
             place / f'free-{n}') for n in (1, 4))
  assert one['fr_tokens'].map(list).tolist() == (
      four['fr_tokens'].map(list).tolist())
  assert _furthest(one, four) < 2e-4


@pytest.mark.parametrize('dtype, least, most', [
    ('float64', 0, 1e-3), ('bfloat16', 1e-6, .02)])
def test_precision_moves_probabilities_a_little(
    place, plain, dtype, least, most):
  found = _score(_spec(place, model={'dtype': dtype}), place / dtype)
  gap = max(np.abs(np.exp(a) - np.exp(b)).max() for a, b in zip(
      found['choice_logprobs'], plain['choice_logprobs'], strict=True))
  assert least <= gap < most


def test_devices_keep_answers_and_most_digits(place, plain):
  """Two that share the items; four, two of which share the weights."""
  root = pathlib.Path(__file__).resolve().parents[1]
  started = {
      n: subprocess.Popen(
          [sys.executable, __file__, str(place), str(n)],
          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
          env=os.environ | {
              'JAX_NUM_CPU_DEVICES': str(n),
              'JAX_PLATFORMS': 'cpu', 'PYTHONPATH': str(root)})
      for n in (2, 4)}
  for n, process in started.items():
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0 and f'devices: {n}' in said, said[-2000:]
    assert _furthest(_table(place / f'devices-{n}'), plain) < 2e-4


def _on_devices(place: pathlib.Path, n: int) -> None:
  import jax

  print(f'devices: {jax.device_count()}')
  spec = _spec(place, model={'model_axis': 2 if n == 4 else 1})
  _score(spec, place / f'devices-{n}')


if __name__ == '__main__':
  _on_devices(pathlib.Path(sys.argv[1]), int(sys.argv[2]))
