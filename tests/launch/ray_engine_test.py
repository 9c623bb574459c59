"""Runs of a sweep in a task's process, and on a Ray of this machine."""

import importlib
import os
import pathlib
import subprocess
import sys
import threading

import pytest

from launch import tiny_checkpoint
from uncertainty.results import manifest

_ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(_ROOT / 'launch'))
try:
  ray_engine = importlib.import_module('ray_engine')
  sweep = importlib.import_module('sweep')
finally:
  sys.path.remove(str(_ROOT / 'launch'))


@pytest.fixture
def place(tmp_path, monkeypatch):
  """Two models, of which one cannot be read, and a table."""
  monkeypatch.chdir(tmp_path)
  monkeypatch.setenv('UNCERTAINTY_CACHE', str(tmp_path / 'cache'))
  for name in ('tiny', 'broken'):
    tiny_checkpoint.write(tmp_path / name)
  weights = tmp_path / 'broken' / 'model.safetensors'
  os.truncate(weights, weights.stat().st_size // 2)
  (tmp_path / 'two.csv').write_text(
      'question,choices,answer\nx?,a|b,a\ny?,c|d,c\nz?,e|f,f\n')
  return tmp_path


def _flags(place, models='broken,tiny'):
  sources = ','.join(str(place / name) for name in models.split(','))
  return [f'--models={sources}', '--datasets=table', '--styles=completion',
          f'--workdir={place / "out"}', '--config.prompt.few_shot=False',
          f'--config.data.path={place / "two.csv"}']


def _jobs(place, models):
  options, extra = sweep.parse(_flags(place, models))
  runs = sweep.plan(options, extra)
  return [job for jobs in sweep.tasks(runs).values() for job in jobs]


@pytest.fixture
def quiet(monkeypatch):
  """A process whose signals and log stay the tests'."""
  monkeypatch.setattr('uncertainty.console.prepare', lambda: None)


def test_a_run_that_fails_does_not_stop_the_next(place, quiet, capsys):
  bad, good = _jobs(place, 'broken,tiny')
  ends = list(ray_engine.work(place, [bad, good]))
  assert [(end.name, bool(end.status)) for end in ends] == [
      (bad.name, True), (good.name, False)]
  assert f'error: {bad.name}: ' in capsys.readouterr().out
  assert len(list(good.workdir.glob('results/*/*.parquet'))) == 1


def test_a_living_run_is_not_pushed_out(place, quiet, capsys):
  job, = _jobs(place, 'tiny')
  with manifest.lock(job.workdir):
    end, = ray_engine.work(place, [job], patience=.1)
  assert end.status and 'another run is using' in capsys.readouterr().out
  assert not (job.workdir / 'results').exists()


def test_one_that_ends_is_waited_for(place, quiet):
  job, = _jobs(place, 'tiny')
  held, leave = threading.Event(), threading.Event()

  def hold():
    with manifest.lock(job.workdir):
      held.set()
      leave.wait(2)

  thread = threading.Thread(target=hold)
  thread.start()
  held.wait()
  end, = ray_engine.work(place, [job])
  thread.join()
  assert end.status == 0 and (job.workdir / 'results').exists()


def _sweep(place, *flags):
  return subprocess.run(
      [sys.executable, str(_ROOT / 'launch/sweep.py'), *_flags(place), *flags,
       '--engine=ray', '--address=local'], cwd=_ROOT, text=True,
      capture_output=True, check=False, env=os.environ | {
          'RAY_AUTH_MODE': 'disabled', 'RAY_worker_niceness': '0'})


@pytest.mark.cluster
def test_what_fails_is_named_and_the_rest_is_reported(place):
  done = _sweep(place)
  assert done.returncode == 1, done.stderr
  assert done.stderr.splitlines()[-1].startswith('1 failed: table/')
  assert 'broken' in done.stderr.splitlines()[-1]
  assert (place / 'out/all/report/index.html').is_file()
  assert len(list(place.glob('out/table/*/*/results/table/*.parquet'))) == 1


@pytest.mark.cluster
def test_what_no_node_has_is_said_before_the_first_run(place):
  done = _sweep(place, '--resources=TPU:4')
  assert done.returncode == 2
  assert done.stderr.splitlines()[-1] == (
      'error: no node of the cluster has CPU: 1, TPU: 4; the most that one has '
      f'of each: CPU: {os.cpu_count()}, TPU: 0')
  assert not (place / 'out').exists()
