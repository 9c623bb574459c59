"""Benchmarks, each in one run: one of `BENCHES`.

  python launch/bench.py scoring [--flags]
"""

import pathlib
import subprocess
import sys

BENCHES = ('scoring', 'generation', 'probes', 'loading', 'analysis',
           'tuning')


def main() -> None:
  here = pathlib.Path(__file__).parent
  if len(sys.argv) < 2 or sys.argv[1] not in BENCHES:
    sys.exit(f'usage: python launch/bench.py {"|".join(BENCHES)} [--flags]')
  sys.exit(subprocess.run(
      [sys.executable, here / f'bench_{sys.argv[1]}.py', *sys.argv[2:]],
      check=False).returncode)


if __name__ == '__main__':
  main()
