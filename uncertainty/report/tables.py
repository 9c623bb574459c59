"""What the report reads: the tables that analysis wrote, and the manifest."""

import dataclasses
import pathlib
import shlex
from collections.abc import Callable
from typing import Any

import pandas as pd

from uncertainty.analysis.statistics.parallel import in_parallel
from uncertainty.results import (
  columns,
  derived,
  manifest,
  page,
  typed_tables,
)
from uncertainty.types import UserError


@dataclasses.dataclass(frozen=True)
class AnalysisTables:
  """The analysis of one workdir.

  Attributes:
    workdir: where it lies.
    frames: table name → table, as in `DIR/analysis/NAME.parquet`.
    manifest: what ran; {} for results that came from elsewhere.
    kept: what was found in the tables once, for the next that asks: by its
      name, anything.
    unwritten: files beside the page that are still to be written: by their
      name, what writes them.
  """

  workdir: pathlib.Path
  frames: dict[str, pd.DataFrame]
  manifest: dict[str, Any]
  kept: dict[Any, Any] = dataclasses.field(
      default_factory=dict, repr=False, compare=False)
  unwritten: dict[str, Callable[[], object]] = dataclasses.field(
      default_factory=dict, repr=False, compare=False)

  def get(self, name: str) -> pd.DataFrame:
    """A table.

    Args:
      name: of `DIR/analysis/NAME.parquet`.

    Returns:
      The table, or an empty one where that analysis had nothing to say.
    """
    return self.frames.get(name, pd.DataFrame())

  def has(self, name: str) -> bool:
    """Whether a table has rows.

    Args:
      name: as in `get`.

    Returns:
      False for tables that are empty or absent.
    """
    return not self.get(name).empty

  def of(self, name: str, dataset: str, model: str) -> pd.DataFrame:
    """One model's rows on one data set.

    Args:
      name: of a table with a column of both.
      dataset: its name.
      model: its name.

    Returns:
      The rows in their order; an empty table where there are none.
    """
    table = self.get(name)
    if name not in self.kept:
      data = columns.DATASET if columns.DATASET in table else derived.DATA
      self.kept[name] = {} if table.empty else {
          (str(key[0]), str(key[1])): part for key, part in table.groupby(
              [data, columns.MODEL], sort=False)}
    return self.kept[name].get((dataset, model), table.iloc[:0])

  def figures(self) -> pathlib.Path:
    """The folder that pictures are kept in.

    Returns:
      `DIR/report/figures`, which need not be there yet.
    """
    return self.workdir / 'report' / 'figures'

  def write_files(self) -> None:
    """Writes what is `unwritten`, on all cores.

    Raises:
      UserError: the disk is full, or the folder may not be written to.
    """
    writers = list(self.unwritten.values())
    self.unwritten.clear()

    def write(places: slice) -> None:
      for writer in writers[places]:
        writer()

    in_parallel(write, len(writers), chunk=1)


@dataclasses.dataclass(frozen=True)
class WatchedTables(AnalysisTables):
  """The same, which remembers what was read.

  Attributes:
    used: names of the tables that were asked for and are there.
  """

  used: set[str] = dataclasses.field(default_factory=set)

  def get(self, name: str) -> pd.DataFrame:
    """As `AnalysisTables.get`, and remembers the name.

    Args:
      name: of `DIR/analysis/NAME.parquet`.

    Returns:
      The table, or an empty one.
    """
    if name in self.frames:
      self.used.add(name)
    return super().get(name)


def watched(analysis: AnalysisTables) -> WatchedTables:
  """The same tables, none of them read yet.

  Args:
    analysis: of `read`.

  Returns:
    A view of it.
  """
  return WatchedTables(analysis.workdir, analysis.frames, analysis.manifest,
                       analysis.kept, analysis.unwritten)


def source(analysis: WatchedTables) -> str:
  """Where what was said comes from.

  Args:
    analysis: as a chapter has used it.

  Returns:
    The tables' files and the command that makes them again; '' if none was
    read.
  """
  if not analysis.used:
    return ''
  stages = {page.stage_of(name) for name in analysis.used}
  command = ['--config=…', f'--workdir={analysis.workdir}']
  for start in analysis.manifest.get('starts', ())[-1:]:
    given = [word for word in map(str, start.get('command', ())[1:])
             if not word.startswith('--stages')]
    if any(word.startswith('--config=') for word in given):
      command = given
  made = ' '.join(['python -m uncertainty.main', shlex.join(command),
                   f'--stages={",".join(sorted(stages, reverse=True))}'])
  files = ', '.join(f'analysis/{name}.parquet'
                    for name in sorted(analysis.used))
  return f'From {files}; made by: {made}'


def read(workdir: pathlib.Path) -> AnalysisTables:
  """Reads a workdir's analysis.

  Args:
    workdir: of the run.

  Returns:
    Every table, and the manifest.

  Raises:
    UserError: there is none, or a table cannot be read, or lacks columns.
  """
  paths = sorted((workdir / 'analysis').glob('*.parquet'))
  if not paths:
    raise UserError(
        f'no analysis in {workdir / "analysis"}; run --stages=analyze first')
  frames = {path.stem: _table(path) for path in paths}
  return AnalysisTables(workdir, frames, manifest.read(workdir))


def _table(path: pathlib.Path) -> pd.DataFrame:
  described = page.TABLES.get(path.stem)
  remedy = f'run --stages={page.stage_of(path.stem)} again to rebuild it'
  frame = typed_tables.read(
      path, remedy, described.find if described else lambda _: None)
  # An analysis that found nothing may write a table without columns.
  if described and len(frame) and (lacks := described.missing(map(str, frame))):
    raise UserError(f'{path} lacks column {", ".join(lacks)}; {remedy}')
  return frame
