"""Kills nodes of a local Ray cluster under a sweep, and compares its tables.

    python launch/lost_nodes.py --models=4 --datasets=3 --kills=10 [--seed=0]

Tiny models on small tables, first all in this process, then by `launch/sweep.py
--engine=ray` on three nodes of one core each. Each kill waits until a run has
begun since the last one, then for a random moment; a fresh node comes for the
one that is lost. Prints what differs; the exit status is 1 if something does,
or if the sweep ended before all kills. Needs the extra `cluster`.

With `--faults=0.02` the workdirs lie in a bucket that this machine serves. That
share of its requests fails, and every node has a cache of its own. Needs the
extra `test-buckets`, too.
"""

import argparse
import collections
import contextlib
import itertools
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from uncertainty.results import columns

_ROOT = pathlib.Path(__file__).resolve().parents[1]
N_ITEMS = 240  # of a table
_TIMEOUT = 1800.0
_CONFIG = '''from configs import table


def get_config(arg=None):
  config = table.get_config(arg)
  config.data.path = {path!r}
  return config
'''
_FLAGS = ('--styles=completion', '--config.prompt.few_shot=False',
          '--config.score.row_tokens=0', '--config.score.batch_tokens=256',
          '--config.analysis.n_bootstrap=10')


def prepare(root: pathlib.Path, models: int, datasets: int) -> list[str]:
  """Writes models and tables.

  Args:
    root: where.
    models: how many.
    datasets: how many.

  Returns:
    The flags of a sweep over them, without those of its engine and workdir.
  """
  from launch import tiny_checkpoint

  sources = [tiny_checkpoint.write(root / f'tiny{k}', seed=k)
             for k in range(models)]
  configs = [root / f'set{k}.py' for k in range(datasets)]
  for k, config in enumerate(configs):
    counts = np.random.default_rng(k).multinomial(20, [.5, .3, .2], N_ITEMS) + 1
    pd.DataFrame({
        columns.ITEM_ID: [f'q{k}-{i}' for i in range(N_ITEMS)],
        columns.QUESTION: [f'Which of these is {k}, {i}?'
                           for i in range(N_ITEMS)],
        columns.CHOICES: 'sky|blood|grass',
        columns.ANSWER: [('sky', 'blood', 'grass')[i % 3]
                         for i in range(N_ITEMS)],
        'human_counts': ['|'.join(map(str, row)) for row in counts],
    }).to_csv(config.with_suffix('.csv'), index=False)
    config.write_text(_CONFIG.format(path=str(config.with_suffix('.csv'))))
  return [f'--models={",".join(map(str, sources))}',
          f'--datasets={",".join(map(str, configs))}', *_FLAGS]


def alone(flags: Sequence[str], workdir: pathlib.Path) -> None:
  """All runs of a sweep in this process, one after the other.

  Args:
    flags: of `prepare`.
    workdir: of the sweep.
  """
  import ray_engine
  import sweep

  options, extra = sweep.parse([*flags, f'--workdir={workdir}'])
  for jobs in sweep.tasks(sweep.plan(options, extra)).values():
    for end in ray_engine.work(_ROOT, jobs):
      if end.status:
        raise RuntimeError(f'an undisturbed run failed: {end.name}')


def marks(workdir: pathlib.Path | str) -> set[object]:
  """What changes whenever a run of a sweep says how far it is.

  Args:
    workdir: of the sweep, or in a bucket.

  Returns:
    Of each run.
  """
  if isinstance(workdir, str):
    from uncertainty.buckets import store

    return {(name, about.version)
            for name, about in store.Bucket(workdir).list().items()
            if name.endswith('progress.jsonl')}
  return {(p, p.stat().st_mtime_ns)
          for p in workdir.glob('*/*/*/progress.jsonl')}


def disturbed(flags: Sequence[str], workdir: pathlib.Path | str, kills: int,
              chance: random.Random, caches: pathlib.Path | None = None,
              ) -> tuple[int, int]:
  """The sweep on a cluster whose nodes are killed.

  Args:
    flags: of `prepare`.
    workdir: of the sweep, or in a bucket.
    kills: how many nodes are killed.
    chance: decides when, and which.
    caches: where each node has its own; None: they share one.

  Returns:
    The sweep's exit status, and how many were killed before it ended.
  """
  from ray.cluster_utils import Cluster

  cluster = Cluster(initialize_head=True, head_node_args={
      'num_cpus': 0, 'include_dashboard': False})
  numbers = itertools.count()

  def add_node() -> object:
    own = {'env_vars': {'UNCERTAINTY_CACHE': str(
        caches / str(next(numbers)))}} if caches else {}
    return cluster.add_node(num_cpus=1, **own)

  nodes = [add_node() for _ in range(3)]
  process = subprocess.Popen([
      sys.executable, str(_ROOT / 'launch' / 'sweep.py'), *flags,
      f'--workdir={workdir}', '--engine=ray', f'--address={cluster.address}',
      f'--retries={kills + 1}'], cwd=_ROOT)
  killed, last, end = 0, marks(workdir), time.monotonic() + _TIMEOUT
  while process.poll() is None and time.monotonic() < end:
    time.sleep(.1)
    if killed < kills and marks(workdir) - last:
      time.sleep(chance.uniform(0, 2))
      cluster.remove_node(nodes.pop(chance.randrange(3)), allow_graceful=False)
      nodes.append(add_node())
      killed, last = killed + 1, marks(workdir)
      print(f'killed a node: {killed} of {kills}', flush=True)
  if process.poll() is None:
    process.kill()
  status = process.wait()
  cluster.shutdown()
  return status, killed


@contextlib.contextmanager
def in_bucket(share: float, seed: int, copy: pathlib.Path) -> Iterator[str]:
  """A workdir in a bucket that this machine serves.

  Args:
    share: of requests that fail.
    seed: of which.
    copy: where all of it lies in the end.

  Yields:
    Its address.
  """
  from launch import bucket_server
  from uncertainty.buckets import store

  with bucket_server.serving() as server:
    os.environ.update(server.environment)
    server.fault = bucket_server.sometimes(share, seed)
    bucket = store.Bucket(f's3://{bucket_server.BUCKET}/sweep')
    yield bucket.url
    for name in bucket.list():
      bucket.get(name, copy / name)


def begun_again(workdir: pathlib.Path) -> int:
  """How often runs started beyond once each.

  Args:
    workdir: of the sweep.

  Returns:
    The number of starts less that of runs.
  """
  return sum(len(json.loads(path.read_text(encoding='utf-8'))['starts']) - 1
             for path in workdir.glob('*/*/*/manifest.json'))


def differences(mine: pathlib.Path, alone: pathlib.Path) -> Iterator[str]:
  """Compares what the cluster wrote with what one process did.

  Args:
    mine: the sweep's workdir.
    alone: the other's.

  Yields:
    A line for each table that is not the same to the last bit, and for each
    item that was asked twice.
  """
  tables = sorted(alone.glob('*/*/*/results/*/*.parquet'))
  if not tables:
    yield 'no tables to compare'
  for path in tables:
    name = path.relative_to(alone)
    if not (mine / name).exists():
      yield f'LOST: {name}'
    elif not pq.read_table(mine / name).equals(pq.read_table(path)):
      yield f'OTHER: {name}'
  shards = collections.defaultdict(list)
  for path in sorted(mine.glob('*/*/*/shards/**/*.parquet')):
    shards[path.parent].append(pd.read_parquet(
        path, columns=[columns.ITEM_ID]))
  for folder, parts in shards.items():
    items = pd.concat(parts)[columns.ITEM_ID]
    if folder.name == 'aside':
      yield f'ASKED AGAIN: {folder.relative_to(mine)}'
    elif len(items) != N_ITEMS or items.nunique() != N_ITEMS:
      yield f'{len(items)} rows of {N_ITEMS}: {folder.relative_to(mine)}'


def main(argv: Sequence[str]) -> int:
  parser = argparse.ArgumentParser(description=(__doc__ or '').split('\n')[0])
  parser.add_argument('--models', type=int, default=4)
  parser.add_argument('--datasets', type=int, default=3)
  parser.add_argument('--kills', type=int, default=10)
  parser.add_argument('--seed', type=int, default=0)
  parser.add_argument('--faults', type=float)
  parser.add_argument('--keep', type=pathlib.Path)
  options = parser.parse_args(argv)
  # Ray would else leave a token in the home folder.
  os.environ.setdefault('RAY_AUTH_MODE', 'disabled')
  # Its workers would else come last on a machine that others use too.
  os.environ.setdefault('RAY_worker_niceness', '0')
  sys.path.insert(0, str(_ROOT))
  root = options.keep or pathlib.Path(tempfile.mkdtemp(prefix='lost-nodes-'))
  # Restarts would else compile the same programs again.
  os.environ['UNCERTAINTY_CACHE'] = str(root / 'cache')
  flags = prepare(root, options.models, options.datasets)
  began = time.monotonic()
  chance = random.Random(options.seed)
  if options.faults is None:
    status, killed = disturbed(flags, root / 'cluster', options.kills, chance)
  else:
    with in_bucket(options.faults, options.seed, root / 'cluster') as workdir:
      status, killed = disturbed(
          flags, workdir, options.kills, chance, root / 'caches')
  print(f'the sweep ended with {status} after {time.monotonic() - began:.0f} s '
        f'and {killed} kills; {begun_again(root / "cluster")} times a run was '
        'begun again', flush=True)
  if status:
    return 1
  alone(flags, root / 'alone')
  found = list(differences(root / 'cluster', root / 'alone'))
  if not (options.keep or found):
    shutil.rmtree(root)
  print('\n'.join(found) or 'every table is the same, every item once')
  return int(bool(found or killed < options.kills))


if __name__ == '__main__':
  sys.exit(main(sys.argv[1:]))
