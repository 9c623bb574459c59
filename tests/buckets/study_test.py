"""A study whose workdir is a bucket's folder: what it leaves is a folder's."""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

import pandas as pd
import pyarrow.parquet as pq
import pytest

import uncertainty
from launch import bucket_server, tiny_checkpoint
from uncertainty import study
from uncertainty.buckets import store
from uncertainty.errors import UserError
from uncertainty.results import activations, manifest, shards
from uncertainty.specs import (
  AnalysisSpec,
  DataSpec,
  ModelSpec,
  ProbeSpec,
  PromptSpec,
  ScoreSpec,
  StudySpec,
)

pytestmark = pytest.mark.buckets

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_N = 24
_STAGES = ('score', 'probe', 'analyze')


@pytest.fixture
def place(tmp_path):
  tiny_checkpoint.write(tmp_path / 'tiny')
  pd.DataFrame({
      'item_id': [f'q{k}' for k in range(_N)],
      'question': [f'Which is {k}?' for k in range(_N)],
      'choices': 'sky|blood|grass',
      'answer': [('sky', 'blood', 'grass')[k % 3] for k in range(_N)],
      'human_counts': [f'{3 + k % 4}|{4 + k % 3}|5' for k in range(_N)],
  }).to_csv(tmp_path / 'table.csv', index=False)
  return tmp_path


def _spec(place, **fields):
  return StudySpec(
      model=ModelSpec(source=str(place / 'tiny')),
      data=DataSpec(name='table', path=str(place / 'table.csv')),
      prompt=PromptSpec(answer='letters', style='completion', few_shot=False),
      score=ScoreSpec(batch_tokens=128, row_tokens=0, top_k=3),
      probe=ProbeSpec(n_folds=3, sites='residual'),
      analysis=AnalysisSpec(n_bootstrap=10), **fields)


def _brought(url, folder):
  """All objects as files, by requests of their own."""
  bucket = store.Bucket(url)
  for name in bucket.list():
    assert bucket.get(name, folder / name)
  return folder


def _check_same(mine, alone, tables=('results', 'analysis'), *,
                shards_too=True):
  for kind in tables:
    paths = sorted((alone / kind).rglob('*.parquet'))
    assert paths
    for path in paths:
      there = mine / path.relative_to(alone)
      assert pq.read_table(there).equals(pq.read_table(path)), there
  if shards_too:  # read raises where an item stands twice
    assert len(_scored(mine).read()) == _N


def _scored(folder):
  return shards.ShardStore(folder / 'shards' / 'table' / 'tiny' / 'letters')


def test_all_is_as_in_a_folder_bit_for_bit(place, server):
  study.run(_spec(place), place / 'alone', study.STAGES)
  study.run(_spec(place), f'{server.folder}/run', study.STAGES)
  mine = _brought(f'{server.folder}/run', place / 'mine')
  _check_same(mine, place / 'alone')
  names = {p.relative_to(place / 'alone') for p in (
      place / 'alone').rglob('*') if p.is_file() and p.name != '.lock'}
  theirs = {p.relative_to(mine) for p in mine.rglob('*') if p.is_file()}

  def unmarked(found):  # shards end in a digest of rows that name the run
    return {str(p).partition('-')[0] if 'shards' in p.parts else str(p)
            for p in found if '.lease' not in p.parts}

  assert unmarked(theirs) == unmarked(names)


def test_faults_change_nothing(place, server):
  study.run(_spec(place), place / 'alone', _STAGES)
  server.fault = bucket_server.sometimes(.1, seed=1)
  study.run(_spec(place), f'{server.folder}/run', _STAGES)
  server.fault = lambda method, path: ''
  _check_same(_brought(f'{server.folder}/run', place / 'mine'),
              place / 'alone')


# As the fixture `server` sets them, in a process of its own.
_PROGRAM = '''
import sys, time
from uncertainty import main
from uncertainty.buckets import lease, mirror
from uncertainty.results import shards
lease.EVERY, lease.PATIENCE, mirror.EVERY = .2, 1.5, .1
append = shards.ShardStore.append
def slowly(self, frame):
  append(self, frame)
  time.sleep(.5)
shards.ShardStore.append = slowly
main.main()
'''


def _program(place, workdir, cache, *flags, **environment):
  return subprocess.Popen(
      [sys.executable, '-c', _PROGRAM, '--config=table',
       f'--workdir={workdir}', '--stages=score',
       f'--config.model.source={place / "tiny"}',
       f'--config.data.path={place / "table.csv"}',
       '--config.prompt.answer=letters', '--config.prompt.style=completion',
       '--config.prompt.few_shot=False', '--config.score.batch_tokens=128',
       '--config.score.row_tokens=0', '--config.probe.sites=residual',
       '--config.probe.n_folds=3', *flags],
      cwd=_ROOT, text=True, stderr=subprocess.PIPE,
      env=os.environ | {'UNCERTAINTY_CACHE': str(place / cache)} | environment)


def _shards(bucket):
  return {n for n in bucket.list('shards') if n.endswith('.parquet')}


@pytest.mark.parametrize('seed', range(2))
def test_a_killed_machine_s_work_is_gone_on_with_by_another(
    place, server, seed):
  """The other one's cache is empty, and requests fail at random."""
  bucket = store.Bucket(f'{server.folder}/run')
  server.fault = bucket_server.sometimes(.05, seed)
  process = _program(place, bucket.url, 'first')
  until = time.monotonic() + 120
  while len(_shards(bucket)) < 2 + seed:
    assert process.poll() is None and time.monotonic() < until
    time.sleep(.05)
  process.send_signal(signal.SIGKILL)
  process.communicate()
  landed = _shards(bucket)
  held = _brought(bucket.url, place / 'killed')
  kept = activations.sort_out(held / 'activations/table/tiny/residual')
  done = _scored(held).done()
  assert done <= kept  # activations land before their shard
  assert 0 < len(done) < _N
  alone = _program(place, place / 'alone', 'alone')
  other = _program(place, bucket.url, 'second')
  for run in (alone, other):
    _, errors = run.communicate(timeout=300)
    assert run.returncode == 0, errors[-2000:]
  assert landed <= _shards(bucket)
  server.fault = lambda method, path: ''
  mine = _brought(bucket.url, place / 'mine')
  _check_same(mine, place / 'alone', ('results',))
  pd.testing.assert_frame_equal(*(
      pd.DataFrame(activations.read(
          folder / 'activations/table/tiny/residual',
          [f'q{k}' for k in range(_N)]).values_NLD[:, 0])
      for folder in (mine, place / 'alone')), check_exact=True)


def test_of_two_starts_at_once_one_refuses(place, server):
  both = [_program(place, f'{server.folder}/run', name) for name in 'ab']
  said = [process.communicate(timeout=300)[1] for process in both]
  assert sorted(process.returncode for process in both) == [0, 1]
  loser = said[0] if both[0].returncode else said[1]
  assert loser.splitlines()[-1].startswith('error: another run is using s3://')
  assert 'Traceback' not in ''.join(said)
  mine = _brought(f'{server.folder}/run', place / 'mine')
  assert len(_scored(mine).read()) == _N


def test_an_old_listing_doubles_and_loses_nothing(
    place, server, monkeypatch):
  url = f'{server.folder}/run'
  study.run(_spec(place), place / 'alone', ('score', 'probe'))
  study.run(_spec(place), url, ('score', 'probe'))
  monkeypatch.setenv('UNCERTAINTY_CACHE', str(place / 'second'))
  server.hidden = lambda name: '/shards/' in name and name[-10] in '02468ace'
  study.run(_spec(place), url, ('score', 'probe'))
  monkeypatch.setenv('UNCERTAINTY_CACHE', str(place / 'third'))
  server.hidden = lambda name: '/activations/' in name or 'manifest' in name
  study.run(_spec(place), url, ('score', 'probe'))
  server.hidden = lambda name: False
  monkeypatch.setenv('UNCERTAINTY_CACHE', str(place / 'fourth'))
  study.run(_spec(place), url, ('score', 'probe'))
  mine = _brought(url, place / 'mine')
  _check_same(mine, place / 'alone')
  assert len(manifest.read(mine)['starts']) == 4


def test_results_are_read_from_a_bucket(place, server):
  study.run(_spec(place), f'{server.folder}/runs/one', ('score', 'probe'))
  study.run(_spec(place), place / 'scored', ('score', 'probe'))
  study.run(_spec(place, results_dir=str(place / 'scored')), place / 'alone',
            ('analyze',))
  for source in ('runs', 'runs/one'):
    url = f'{server.folder}/all/{source}'
    study.run(_spec(place, results_dir=f'{server.folder}/{source}'), url,
              ('analyze', 'report'))
    mine = _brought(url, place / 'mine' / source.replace('/', '-'))
    _check_same(mine, place / 'alone', ('analysis',), shards_too=False)
    assert (mine / 'report/index.html').exists()
  copies = list((place / 'cache/buckets').glob('*_read-*'))
  assert copies
  assert not any(list(copy.rglob('*.npy')) for copy in copies)


def test_a_check_writes_nothing(place, server, capsys):
  study.run(_spec(place), f'{server.folder}/run', ('check',))
  assert f'{_N} items' in capsys.readouterr().out
  assert store.Bucket(server.folder).list() == {}


def test_a_bucket_is_verified_and_left_as_it_is(place, server):
  url = f'{server.folder}/run'
  study.run(_spec(place), url, _STAGES)
  before = store.Bucket(url).list()
  study.run(_spec(place), url, ('verify',))
  assert store.Bucket(url).list() == before
  name = 'analysis/alignment.parquet'
  store.Bucket(url).write(name, store.Bucket(url).read(name) + b'0')
  with pytest.raises(UserError, match='not what the run wrote'):
    study.run(_spec(place), url, ('verify',))


def test_another_config_is_refused_and_the_bucket_left_alone(place, server):
  url = f'{server.folder}/run'
  study.run(_spec(place), url, ('score',))
  before = store.Bucket(url).list()
  with pytest.raises(UserError, match='holds a run with seed=0'):
    study.run(_spec(place, seed=1), url, ('score',))
  assert store.Bucket(url).list() == before


def test_a_notebook_opens_what_lies_in_a_bucket(place, server, monkeypatch):
  study.run(_spec(place), f'{server.folder}/run', _STAGES)
  monkeypatch.setenv('UNCERTAINTY_CACHE', str(place / 'elsewhere'))
  opened = uncertainty.run('table', f'{server.folder}/run', stages=())
  assert len(opened.results['table', 'tiny']) == _N
  assert len(opened.tables['alignment'])
  found = uncertainty.compare(f'{server.folder}/run', opened)
  assert not len(found.changes)


def test_a_sweep_works_in_a_bucket_and_says_where_it_stands(place, server):
  command = [
      sys.executable, 'launch/sweep.py', f'--models={place / "tiny"}',
      '--datasets=table', '--styles=completion',
      f'--workdir={server.folder}/sweep',
      f'--config.data.path={place / "table.csv"}',
      '--config.prompt.few_shot=False', '--config.analysis.n_bootstrap=10']

  def run(*more):
    done = subprocess.run([*command, *more], cwd=_ROOT, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout

  assert run('--status').count('not started') == 2
  run()
  assert run('--status').count('finished after') == 2
  bucket = store.Bucket(f'{server.folder}/sweep')
  slug = str(place / 'tiny').replace('/', '_').strip('_')
  found = bucket.list()
  assert f'table/{slug}/clean-completion/results/table/tiny.parquet' in found
  assert 'all/report/index.html' in found
  assert len(bucket.read('sweep.jsonl').splitlines()) == 2


def test_processes_of_one_run_share_a_bucket(place, server):
  bucket = store.Bucket(f'{server.folder}/run')
  first = _program(place, bucket.url, 'first')
  until = time.monotonic() + 120
  while not _shards(bucket):
    assert first.poll() is None and time.monotonic() < until
    time.sleep(.05)
  first.kill()
  first.communicate()
  landed = _shards(bucket)
  with socket.socket() as free:
    free.bind(('localhost', 0))
    port = free.getsockname()[1]
  processes = [
      _program(place, bucket.url, 'both', '--distributed',
               JAX_PLATFORMS='cpu', JAX_NUM_CPU_DEVICES='1',
               JAX_COORDINATOR_ADDRESS=f'localhost:{port}',
               JAX_NUM_PROCESSES='2', JAX_PROCESS_ID=str(k))
      for k in range(2)]
  for process in processes:
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors[-2000:]
  assert landed <= _shards(bucket)
  mine = _brought(bucket.url, place / 'mine')
  assert len(_scored(mine).read()) == _N
  assert (mine / 'results/table/tiny.parquet').exists()


def test_a_folder_s_run_imports_none_of_it(place):
  code = (f'{_LOCAL}\nstudy.run(spec, {str(place / "run")!r}, ("score",))\n'
          'import sys\nprint([m for m in ("s3fs", "gcsfs", "aiobotocore", '
          '"uncertainty.buckets") if m in sys.modules])')
  done = subprocess.run(
      [sys.executable, '-c', code.format(place=place)], cwd=_ROOT, text=True,
      capture_output=True, check=True)
  assert done.stdout.splitlines()[-1] == '[]'


_LOCAL = '''
from uncertainty import specs, study
from uncertainty.specs import *
spec = StudySpec(
    model=ModelSpec(source='{place}/tiny'),
    data=DataSpec(name='table', path='{place}/table.csv', limit=3),
    prompt=PromptSpec(answer='letters', style='completion', few_shot=False))
'''
