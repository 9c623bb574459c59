"""Draws what benchmarks found, run by run.

  python launch/bench.py report [--log=runs/bench.jsonl] [--out=runs/bench]

Prints each benchmark's last run, and leaves a picture a benchmark (SVG, PDF and
PNG): a panel a number, a line a row, from the first run to the last. Runs of
different machines or flags stand beside one another; the log says which is
which.
"""

import argparse
import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import processes  # beside this file

from uncertainty.report import drawing, markdown, plot_scene, plots
from uncertainty.types import UserError


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('--log', type=pathlib.Path, default=processes.log_path())
  parser.add_argument('--out', type=pathlib.Path,
                      default=pathlib.Path('runs/bench'))
  args = parser.parse_args()
  for bench, runs in read(args.log).items():
    stem = drawing.save(
        plot_scene.drawn(plot(runs), bench), bench, args.out)
    print(f'{last(bench, runs)}\n\n{args.out / stem}.svg\n')


def read(log: pathlib.Path) -> dict[str, list[dict[str, Any]]]:
  """Runs of each benchmark, in the order of the log.

  Args:
    log: a line a run, as `processes.record` appends them.

  Returns:
    benchmark → its runs.

  Raises:
    UserError: there is no log, or a line of it is no run.
  """
  if not log.is_file():
    raise UserError(f'{log} is not there; run a benchmark first')
  found: dict[str, list[dict[str, Any]]] = {}
  for n, line in enumerate(log.read_text(encoding='utf-8').splitlines(), 1):
    try:
      run = json.loads(line)
      found.setdefault(run['bench'], []).append(run)
      numbers(run)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
      raise UserError(
          f'{log}, line {n}, is no run of a benchmark ({error!r}); take it '
          'out') from error
  return found


def numbers(run: Mapping[str, Any]) -> dict[tuple[str, str], float]:
  """(row, number) → value of one run."""
  return {(row, name): float(value) for row, found in run['rows'].items()
          for name, value in found.items()}


def plot(runs: Sequence[Mapping[str, Any]]) -> plots.Plot:
  """One benchmark's runs, a panel a number.

  Args:
    runs: in their order.

  Returns:
    The plot, lines joining a row's values; a run that lacks one is passed by.
  """
  by_run = [numbers(run) for run in runs]
  rows = list(dict.fromkeys(row for found in by_run for row, _ in found))
  names = list(dict.fromkeys(name for found in by_run for _, name in found))
  panels = []
  for name in names:
    series = []
    for color, row in enumerate(rows):
      points = [(n, found[row, name]) for n, found in enumerate(by_run, 1)
                if (row, name) in found]
      if points:
        x, y = zip(*points)
        series.append(plots.Series(x, y, row, color % len(plots.PALETTE),
                                   line=True))
    panels.append(plots.Panel(name, series))
  return plots.Plot(panels, plots.Axis('run'), plots.Axis('', low=0.0),
                    share=False)


def last(bench: str, runs: Sequence[Mapping[str, Any]]) -> str:
  """The last run as Markdown, with where and of what it is true.

  Args:
    bench: its name.
    runs: in their order.

  Returns:
    A heading, a line and a table.
  """
  run = runs[-1]
  where = run['environment']
  kernel = where['openblas_coretype']
  table = pd.DataFrame.from_dict(run['rows'], orient='index')
  table.insert(0, bench, list(table.index))
  return '\n'.join((
      f'## {bench}, run {len(runs)}\n',
      f'{run["time"]}, code {where["commit"]}, {where["cores"]} cores of '
      f'{where["processor"]}, load {where["load"]:g} at the end'
      + (f', OpenBLAS told to use {kernel}' if kernel else '') + ': `'
      + ' '.join(run['command']) + '`\n', markdown.table_text(table)))


if __name__ == '__main__':
  main()
