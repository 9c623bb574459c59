"""Runs of a sweep in a task's process, and on a Ray of this machine."""

import importlib
import os
import pathlib
import subprocess
import sys
import threading
import types

import pytest

from launch import tiny_checkpoint
from uncertainty.errors import UserError
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


def _flags(place, models):
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


@pytest.fixture
def ray(monkeypatch):
  """In place of Ray: a cluster of two nodes, one of them lost."""
  fake = types.SimpleNamespace(
      address=None, init=lambda address: setattr(fake, 'address', address),
      nodes=lambda: [
          {'Alive': True, 'Resources': {'CPU': 8., 'GPU': fake.gpus}},
          {'Alive': False, 'Resources': {'CPU': 64., 'GPU': 8.}}],
      shutdown=lambda: None, gpus=4.)
  monkeypatch.setitem(sys.modules, 'ray', fake)
  return fake


@pytest.mark.parametrize('there, asked, devices, taken', [
    (4, None, 1, 1), (4, None, 2, 2), (0, None, 2, 0), (4, .5, 2, .5),
    (4, 0, 1, 0)])
def test_gpus_are_those_of_a_copy_unless_told(
    ray, there, asked, devices, taken):
  ray.gpus = there
  needs = ray_engine.connect('host:1', ray_engine.Needs(gpus=asked), devices)
  assert needs.gpus == taken and ray.address == 'host:1'


@pytest.mark.parametrize('needs, said', [
    ({'cpus': 16, 'gpus': 0}, 'CPU: 16; the most that one has of each: CPU: 8'),
    ({'gpus': 8}, 'CPU: 1, GPU: 8; the most that one .* CPU: 8, GPU: 4')])
def test_a_node_that_is_lost_has_nothing(ray, needs, said):
  with pytest.raises(UserError, match=f'no node of the cluster has {said}'):
    ray_engine.connect(None, ray_engine.Needs(**needs))


def test_a_cluster_that_is_not_there(ray, monkeypatch):
  def refuse(address):
    raise ConnectionError('no\n answer')

  monkeypatch.setattr(ray, 'init', refuse)
  with pytest.raises(UserError, match='at --address=host:1: no answer'):
    ray_engine.connect('host:1', ray_engine.Needs())


def _sweep(place, *flags):
  return subprocess.run(
      [sys.executable, str(_ROOT / 'launch/sweep.py'), *flags,
       '--engine=ray', '--address=local'], cwd=_ROOT, text=True,
      capture_output=True, check=False, env=os.environ | {
          'RAY_AUTH_MODE': 'disabled', 'RAY_worker_niceness': '0'})


@pytest.mark.cluster
def test_what_fails_is_named_and_the_rest_is_reported(place):
  tiny_checkpoint.write(place / 'barred', seed=1)
  barred, _ = _jobs(place, 'barred,tiny')
  barred.workdir.mkdir(parents=True)
  (barred.workdir / 'shards').touch()  # where a folder is to be
  done = _sweep(place, *_flags(place, 'barred,tiny'))
  assert done.returncode == 1, done.stderr
  assert f'1 failed: {barred.name}' in done.stderr.splitlines()
  assert (place / 'out/all/report/index.html').is_file()
  assert len(list(place.glob('out/table/*/*/results/table/*.parquet'))) == 1


@pytest.mark.cluster
def test_what_no_node_has_is_said_before_the_first_run(place):
  done = _sweep(place, *_flags(place, 'tiny'), '--resources=TPU:4')
  assert done.returncode == 2, done.stderr
  assert ('error: no node of the cluster has CPU: 1, TPU: 4; the most that one '
          f'has of each: CPU: {os.cpu_count()}, TPU: 0'
          ) in done.stderr.splitlines()
  assert not (place / 'out').exists()
