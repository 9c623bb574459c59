"""What starts a sweep on Slurm, KubeRay and SkyPilot, on stubs of them."""

import os
import pathlib
import shlex
import subprocess
import sys

import pytest
import yaml

_LAUNCH = pathlib.Path(__file__).resolve().parents[2] / 'launch'
_SAID = '#!/bin/sh\nprintf "%s\\n" "$(basename "$0") $*" >> "$LOG"\n'
# Each runs the rest of its line, as the true one does.
_STUBS = {
    'srun': ('while case "$1" in --*) true;; *) false;; esac; do shift; done\n'
             'exec "$@"\n'),
    'scontrol': 'echo first\necho second\n',
    'ray': 'while [ "$1" != -- ]; do shift; done\nshift\nexec "$@"\n',
    'python': 'exit "${STATUS:-0}"\n',
}


@pytest.fixture
def cluster(tmp_path):
  """(script, arguments, environment) → exit status and commands it ran."""
  bin_ = tmp_path / '.venv' / 'bin'
  bin_.mkdir(parents=True)
  template = tmp_path / 'home' / 'sky_templates' / 'ray' / 'start_cluster'
  template.parent.mkdir(parents=True)
  for path, body in [(template, ''), *(
      (bin_ / name, body) for name, body in _STUBS.items())]:
    path.write_text(_SAID + body)
    path.chmod(0o755)

  def run(command, **environment):
    log = tmp_path / 'log'
    log.write_text('')
    done = subprocess.run(
        command, cwd=tmp_path, check=False, env={
            'PATH': f'{bin_}:{os.environ["PATH"]}', 'LOG': str(log),
            'HOME': str(tmp_path / 'home'), 'SLURM_SUBMIT_DIR': str(tmp_path),
            **environment})
    return done.returncode, log.read_text().splitlines()

  return run


def _slurm(*arguments):
  return ['bash', str(_LAUNCH / 'slurm.sh'), *arguments]


_NODES = {'SLURM_NNODES': '2', 'SLURM_JOB_NODELIST': 'n[1-2]',
          'SLURM_JOB_ID': '30017'}


@pytest.mark.parametrize('status', [0, 3])
def test_slurm_runs_a_sweep_on_ray(cluster, status):
  code, lines = cluster(_slurm('sweep', '--models=a b', '--gpus=1'),
                        STATUS=str(status), **_NODES)
  sweep = ('launch/sweep.py --engine=ray --address=first:20017 --models=a b '
           '--gpus=1')
  symmetric = ('symmetric-run --address=first:20017 --min-nodes=2 -- '
               f'python {sweep}')
  assert code == status and lines == [
      'scontrol show hostnames n[1-2]',
      f'srun --no-kill --kill-on-bad-exit=0 ray {symmetric}',
      f'ray {symmetric}', f'python {sweep}']


@pytest.mark.parametrize('nodes, more', [('1', ''), ('2', '--distributed ')])
def test_slurm_runs_one_model_on_all_nodes(cluster, nodes, more):
  code, lines = cluster(_slurm('--config=x'), SLURM_NNODES=nodes)
  assert code == 0 and lines[-1] == (
      f'python -m uncertainty.main {more}--config=x')


def _parsed(arguments):
  """What the sweep makes of a command line, by its own parser."""
  code = (f'import sys; sys.path.insert(0, {str(_LAUNCH)!r}); import sweep\n'
          'options, extra = sweep.parse(sys.argv[1:])\n'
          'print(options.engine, options.gpus, *options.models, *extra)')
  return subprocess.run(
      [sys.executable, '-c', code, *arguments], check=True, text=True,
      capture_output=True, cwd=_LAUNCH.parent).stdout.split()


def test_kuberay_runs_a_sweep():
  job = yaml.safe_load((_LAUNCH / 'kuberay.yaml').read_text())
  assert (job['apiVersion'], job['kind']) == ('ray.io/v1', 'RayJob')
  program, script, *arguments = shlex.split(job['spec']['entrypoint'])
  assert (program, script) == ('python', '/uncertainty/launch/sweep.py')
  assert _parsed(arguments)[:2] == ['ray', '1.0']
  cluster = job['spec']['rayClusterSpec']
  worker, = cluster['workerGroupSpecs']
  assert worker['minReplicas'] == worker['replicas'] == worker['maxReplicas']
  for group in (cluster['headGroupSpec'], worker):
    pod = group['template']['spec']
    container, = pod['containers']
    volume, = pod['volumes']
    assert [volume['name']] == [m['name'] for m in container['volumeMounts']]
    limits = container['resources']['limits']
    assert ('nvidia.com/gpu' in limits) == (group is worker)
  pins = (_LAUNCH.parent / 'constraints.txt').read_text().splitlines()
  assert f'ray=={cluster["rayVersion"]}' in pins


@pytest.mark.parametrize('rank', [0, 1])
def test_skypilot_runs_a_sweep_on_its_first_node(cluster, rank):
  task = yaml.safe_load((_LAUNCH / 'skypilot.yaml').read_text())
  code, lines = cluster(['bash', '-c', task['run']], **task['envs'],
                        SKYPILOT_NODE_RANK=str(rank))
  assert code == 0 and lines[0] == 'start_cluster '
  assert len(lines) == 2 - rank
  if rank == 0:
    program, script, *arguments = lines[1].split()
    assert (program, script) == ('python', 'launch/sweep.py')
    assert _parsed(arguments) == [
        'ray', '1.0', *task['envs']['MODELS'].split(',')]
  mounted, = task['volumes']
  assert task['envs']['WORKDIR'].startswith(mounted)
