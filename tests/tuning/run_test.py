"""A tuning that is killed goes on as it would have; a mesh learns the same."""

import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from launch import tiny_checkpoint
from uncertainty import models, specs, study
from uncertainty.tuning import run
from uncertainty.tuning.lessons import Lesson
from uncertainty.types import UserError

ROOT = pathlib.Path(__file__).resolve().parents[2]
_EVERY, _STEPS = 10, 60


@pytest.fixture(scope='module')
def place(tmp_path_factory):
  """A tiny model and a table of twelve questions."""
  folder = tmp_path_factory.mktemp('tuning')
  tiny_checkpoint.write(folder / 'tiny')
  words = ('sky', 'fox', 'sea', 'oak', 'ink', 'egg', 'jam', 'owl', 'ash',
           'elm', 'bee', 'rye')
  (folder / 'own.csv').write_text('question,choices,answer,human_counts\n' + (
      ''.join(f'Is {w} {w * 3}?,yes|no,{("yes", "no")[k % 2]},{k}|{12 - k}\n'
              for k, w in enumerate(words))))
  return folder


def _flags(place, **tune):
  values = {'steps': _STEPS, 'every': _EVERY, 'batch_size': 4,
            'learning_rate': 0.01, 'rank': 2, **tune}
  return ['--config=table', f'--config.data.path={place / "own.csv"}',
          f'--config.model.source={place / "tiny"}',
          '--config.prompt.few_shot=false', '--stages=tune',
          *(f'--config.tune.{name}={value}' for name, value in values.items())]


def _begin(place, workdir, *, n_devices=1, **tune):
  environment = {
      **os.environ, 'PYTHONPATH': str(ROOT),
      'JAX_NUM_CPU_DEVICES': str(n_devices),
      'JAX_COMPILATION_CACHE_DIR': str(place / 'compiled'),
      'JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS': '0'}
  return subprocess.Popen(
      [sys.executable, '-m', 'uncertainty.main', f'--workdir={workdir}',
       *_flags(place, **tune)], env=environment, cwd=place, text=True,
      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def _end(process):
  said, _ = process.communicate(timeout=1200)
  assert process.returncode == 0, said[-3000:]
  return said


@pytest.fixture(scope='module')
def whole(place):
  """The workdir of a tuning that nothing interrupted."""
  _end(_begin(place, place / 'whole'))
  return place / 'whole'


def _kill_at(process, folder, step, *, partial):
  """Kills it once a checkpoint is there, or is being written."""
  end = '.partial' if partial else ''
  deadline = time.monotonic() + 1200
  while time.monotonic() < deadline:
    assert process.poll() is None, process.stdout.read()[-3000:]
    if (folder / f'{step:09d}{end}').is_dir():
      break
    time.sleep(0.001)
  os.kill(process.pid, signal.SIGKILL)
  process.communicate()
  assert process.returncode == -signal.SIGKILL


def _log(workdir):
  return pd.read_parquet(workdir / run.LOG).drop(columns='step_seconds')


def test_killed_three_times_it_learns_the_same_weights(place, whole):
  workdir = place / 'killed'
  for step, partial in ((10, False), (20, True), (40, False)):
    _kill_at(_begin(place, workdir), workdir / run.FOLDER, step,
             partial=partial)
    assert not (workdir / run.MODEL).exists()
  said = _end(_begin(place, workdir))
  assert 'tuning goes on after step' in said
  for name in ('model/model.safetensors', 'adapter/adapter_model.safetensors'):
    assert (workdir / name).read_bytes() == (whole / name).read_bytes()
  pd.testing.assert_frame_equal(_log(workdir), _log(whole), check_exact=True)


def test_a_run_leaves_a_model_a_log_and_who_went_where(place, whole):
  log, splits = _log(whole), pd.read_parquet(whole / run.SPLITS)
  assert log['step'].tolist() == list(range(_STEPS + 1))
  asked = log[log['held_out_loss'].notna()]['step'].tolist()
  assert asked == list(range(0, _STEPS + 1, _EVERY))
  losses = log['training_loss'].to_numpy()
  assert losses[-10:].mean() < losses[1:11].mean() - 0.01
  assert set(splits['tuning_split']) == {'train', 'held_out'}
  base = models.load(str(place / 'tiny'), dtype='float32')
  tuned = models.load(str(whole / run.MODEL), dtype='float32')
  assert tuned.fingerprint != base.fingerprint
  moved = {name for name in ('attention', 'mlp') for x, y in zip(
      base.params['layers'][name].values(),
      tuned.params['layers'][name].values()) if (x != y).any()}
  assert moved == {'attention', 'mlp'}
  np.testing.assert_array_equal(base.params['token_embedding'],
                                tuned.params['token_embedding'])
  manifest = json.loads((whole / 'manifest.json').read_text())
  assert manifest['tuning']['model'].startswith('tiny-human-')


def test_a_mesh_of_eight_devices_has_the_same_losses(place, whole):
  _end(_begin(place, place / 'mesh', n_devices=8))
  found, expected = _log(place / 'mesh'), _log(whole)
  for name in ('training_loss', 'held_out_loss'):
    np.testing.assert_allclose(found[name], expected[name], atol=1e-5)


def test_a_workdir_holds_one_tuning(place, whole):
  process = _begin(place, whole, learning_rate=0.02)
  said, _ = process.communicate(timeout=1200)
  assert process.returncode == 1
  assert 'holds the tuning of another config' in said


def test_several_models_are_not_tuned_at_once(place, tmp_path):
  tiny_checkpoint.write(tmp_path / 'other', seed=1)
  spec = specs.parse({
      'model': {'source': f'{place / "tiny"},{tmp_path / "other"}'},
      'data': {'name': 'table', 'path': str(place / 'own.csv')}})
  with pytest.raises(UserError, match='names 2 models; one is tuned'):
    study.run(spec, tmp_path / 'run', ('tune',))


def _lessons(n):
  return [Lesson(f'i{k}', (), (k / n, 1 - k / n) if k % 3 else (1.0,))
          for k in range(n)]


def test_steps_take_every_lesson_once_each_time_round():
  given, spec = _lessons(10), specs.parse({'tune': {'batch_size': 4}})
  taken = [lesson.item_id for done in range(5)
           for lesson in run.chosen(given, spec, done)]
  for turn in (taken[:10], taken[10:]):
    assert sorted(turn) == [f'i{k}' for k in range(10)]
  assert taken[:10] != taken[10:]
  again = dataclasses.replace(spec, seed=1)
  assert [x.item_id for x in run.chosen(given, again, 0)] != taken[:4]
  assert run.chosen(given, spec, 3) == run.chosen(given, spec, 3)


def test_the_control_gives_targets_to_other_items():
  given = _lessons(30)
  found = run.shuffled(given, seed=0)
  assert [x.item_id for x in found] == [x.item_id for x in given]
  assert sorted(x.shares for x in found) == sorted(x.shares for x in given)
  assert all(len(x.shares) == len(y.shares) for x, y in zip(found, given))
  pairs = [k for k in range(30) if k % 3]
  assert np.mean([found[k].shares == given[k].shares for k in pairs]) < 0.3
