"""Benchmarks, each in one run: one of `BENCHES`.

  python launch/bench.py scoring [--flags]

Each appends what it found, with the machine, to `runs/bench.jsonl`; `report`
draws what stands there.
"""

import pathlib
import runpy
import subprocess
import sys

from uncertainty.types import UserError

BENCHES = ('scoring', 'generation', 'probes', 'loading', 'analysis',
           'tuning', 'start', 'sweep', 'gpu', 'report')


def main() -> None:
  here = pathlib.Path(__file__).parent
  if len(sys.argv) < 2 or sys.argv[1] not in BENCHES:
    sys.exit(f'usage: python launch/bench.py {"|".join(BENCHES)} [--flags]')
  script = str(here / f'bench_{sys.argv[1]}.py')
  sys.argv = [script, *sys.argv[2:]]
  try:
    runpy.run_path(script, run_name='__main__')
  except UserError as error:
    sys.exit(f'error: {error}')
  except subprocess.CalledProcessError as error:
    sys.exit(error.returncode)  # the engine has said why


if __name__ == '__main__':
  main()
