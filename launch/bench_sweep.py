"""A sweep of short runs by the loop and on Ray, and what a cluster adds.

  python launch/bench.py sweep [--parts=short,loading,nodes]

  short    tiny models × small tables by `launch/sweep.py`, from the command to
           the report: the loop, Ray with one worker that has all cores, and
           with two that have half of them each
  loading  models of 108 million weights and few items, so that most of the time
           goes to starting, hashing, converting and loading: from when Ray has
           started to the last model's end, one worker and two
  nodes    four nodes on this machine, and models that only wait, as long as the
           study's base models are large: how long the nodes take to start, the
           first task to begin, and all tasks, beside the least that four nodes
           could take; models in the order of the paper, and the largest first

Programs are compiled before, and found in a cache; digests and weights are not.
Needs the extra `cluster`.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import lost_nodes  # beside this file
import processes
import ray_engine

_ROOT = pathlib.Path(__file__).resolve().parents[1]
_PARTS = ('short', 'loading', 'nodes')
_N_NODES = 4
_SECONDS = 0.4  # that a simulated model waits for each billion of weights
_WIDTH, _LAYERS = 1024, 12  # of a model that takes long to load


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('--parts', default=','.join(_PARTS))
  parser.add_argument('--models', type=int, default=4)
  parser.add_argument('--datasets', type=int, default=2)
  parser.add_argument('--worker', help=argparse.SUPPRESS)
  args = parser.parse_args()
  if args.worker:
    _load(json.loads(args.worker))
    return
  # Ray would else leave a token in the home folder, and run last.
  os.environ.setdefault('RAY_AUTH_MODE', 'disabled')
  os.environ.setdefault('RAY_worker_niceness', '0')
  sys.path.insert(0, str(_ROOT))
  parts = {'short': _short, 'loading': _loading, 'nodes': _nodes}
  with tempfile.TemporaryDirectory() as folder:
    root = pathlib.Path(folder)
    os.environ['JAX_COMPILATION_CACHE_DIR'] = str(root / 'xla')
    for part in args.parts.split(','):
      rows = parts[part](root, args)
      processes.record('sweep', rows)
      for name, numbers in rows.items():
        print(f'{name:34} ' + '  '.join(
            f'{k} {v:.4g}' for k, v in numbers.items()), flush=True)


def _short(root: pathlib.Path, args: argparse.Namespace
           ) -> dict[str, dict[str, float]]:
  """The whole command, by each engine."""
  flags = lost_nodes.prepare(root / 'short', args.models, args.datasets)
  cores = len(os.sched_getaffinity(0))
  engines = {'loop': [], 'Ray, one worker': [
      '--engine=ray', '--address=local', f'--cpus={cores}']}
  if cores > 1:
    engines['Ray, two workers'] = [
        '--engine=ray', '--address=local', f'--cpus={cores / 2:g}']
  one = lost_nodes.prepare(root / 'first', 1, 1)
  _sweep([*one, f'--workdir={root}/first/out'], root / 'first' / 'cache')
  rows: dict[str, dict[str, float]] = {}
  for name, engine in engines.items():
    place = root / 'short' / name.replace(', ', '-').replace(' ', '-')
    took = _sweep([*flags, *engine, f'--workdir={place}/out'], place / 'cache')
    rows[f'short runs, {name}'] = {'s': took} | (
        {'× the loop': took / rows['short runs, loop']['s']} if rows else {})
  return rows


def _sweep(flags: Sequence[str], cache: pathlib.Path) -> float:
  """Seconds from the command to its end."""
  began = time.perf_counter()
  done = subprocess.run(
      [sys.executable, str(_ROOT / 'launch' / 'sweep.py'), *flags], cwd=_ROOT,
      env=os.environ | {'UNCERTAINTY_CACHE': str(cache)}, text=True,
      capture_output=True, check=False)
  if done.returncode:
    sys.exit(done.stdout + done.stderr)
  return time.perf_counter() - began


def _loading(root: pathlib.Path, args: argparse.Namespace
             ) -> dict[str, dict[str, float]]:
  """All models in processes that have half the cores, or all."""
  from launch import tiny_checkpoint

  flags = lost_nodes.prepare(root / 'loading', 1, 1)
  sources = [tiny_checkpoint.write(
      root / 'loading' / f'large{k}', k, _WIDTH, _LAYERS)
      for k in range(args.models + 1)]
  flags = [*(flag for flag in flags if not flag.startswith('--models=')),
           '--config.data.limit=4']

  def run(name: str, some: Sequence[pathlib.Path], cpus: float
          ) -> dict[str, float]:
    place = root / 'loading' / name
    asked = {'cpus': cpus, 'out': f'{place}.json', 'flags': [
        *flags, f'--models={",".join(map(str, some))}', f'--workdir={place}']}
    done = subprocess.run(
        [sys.executable, __file__, f'--worker={json.dumps(asked)}'], cwd=_ROOT,
        env=os.environ | {'UNCERTAINTY_CACHE': f'{place}.cache'}, text=True,
        capture_output=True, check=False)
    if done.returncode:
      sys.exit(done.stdout + done.stderr)
    return json.loads(pathlib.Path(asked['out']).read_text())

  cores = len(os.sched_getaffinity(0))
  run('first', sources[:1], cores)  # compiles what the others find
  one = run('one', sources[1:], cores)
  two = run('two', sources[1:], cores / 2)
  return {'loading, one worker': one, 'loading, two workers': two | {
      'times as fast': one['s'] / two['s']}}


def _load(asked: Mapping[str, object]) -> None:
  """A sweep on Ray without its report, whose times are left in a file."""
  import sweep

  options, extra = sweep.parse(asked['flags'])
  tasks = sweep.tasks(sweep.plan(options, extra))
  began = time.perf_counter()
  needs = ray_engine.connect('local', ray_engine.Needs(cpus=asked['cpus']))
  joined = time.perf_counter()
  ends = list(ray_engine.execute(tasks, needs, lambda: None))
  ended = time.perf_counter()
  if any(end.status for end in ends):
    sys.exit('a run failed')
  pathlib.Path(asked['out']).write_text(json.dumps(
      {'s': ended - joined, 'Ray starts, s': joined - began}))


def waiting(seconds: Mapping[str, float]) -> Callable[
    [pathlib.Path, Sequence[ray_engine.Job]], Iterator[ray_engine.End]]:
  """Simulated models, in place of `ray_engine.work`.

  Args:
    seconds: how long each job takes.

  Returns:
    What a task does.
  """
  def act(root, jobs):
    del root
    for job in jobs:
      time.sleep(seconds[job.name])
      yield ray_engine.End(job.name, 0, seconds[job.name])
  return act


def least(seconds: Sequence[float], nodes: int) -> float:
  """When the last of tasks ends, each going to the first node that is free.

  Args:
    seconds: of each task, in the order in which they are given out.
    nodes: how many take one task at a time.

  Returns:
    Seconds, starts and messages being free.
  """
  ends = [0.0] * nodes
  for task in seconds:
    ends[ends.index(min(ends))] += task
  return max(ends)


def _nodes(root: pathlib.Path, args: argparse.Namespace
             ) -> dict[str, dict[str, float]]:
  """Four nodes whose tasks take no core, so that this machine is no limit."""
  del args
  from ray.cluster_utils import Cluster

  from uncertainty import specs
  from uncertainty.models import registry

  seconds = {model.name: model.size * _SECONDS
             for model in registry.MODELS.values()
             if model.pair and model.kind == 'base'}
  began = time.perf_counter()
  cluster = Cluster(initialize_head=True, head_node_args={
      'num_cpus': 0, 'include_dashboard': False})
  try:
    for _ in range(_N_NODES):
      cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    started = time.perf_counter()
    needs = ray_engine.connect(cluster.address, ray_engine.Needs())
    joined = time.perf_counter()
    rows = {'four nodes': {
        'nodes start, s': started - began, 'joining, s': joined - started}}
    orders = {'as given': list(seconds),
              'largest first': sorted(seconds, key=lambda name: -seconds[name])}
    for said, order in orders.items():
      tasks = {name: [ray_engine.Job(name, specs.StudySpec(), root, ())]
               for name in order}
      began = time.perf_counter()
      begins, ends = [], []
      for end in ray_engine.execute(
          tasks, needs, lambda: None, act=waiting(seconds)):
        ends.append(time.perf_counter() - began)
        begins.append(ends[-1] - end.seconds)
      ideal = least([seconds[name] for name in order], _N_NODES)
      rows[f'four nodes, {said}'] = {
          'first task begins, s': min(begins), 's': max(ends), 'least s': ideal,
          'stragglers, s': ideal - sum(seconds.values()) / _N_NODES,
          'a task adds, s': (max(ends) - ideal) / (len(order) / _N_NODES)}
  finally:
    import ray

    ray.shutdown()
    cluster.shutdown()
  return rows


if __name__ == '__main__':
  main()
