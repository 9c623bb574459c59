"""A study in a notebook: run it, then look at its tables and its page."""

import dataclasses
import functools
import html
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
from ml_collections import config_dict

from uncertainty import config_files, parquet, paths, specs, study
from uncertainty.analysis import compare as comparing
from uncertainty.analysis import run as analysis_run
from uncertainty.errors import UserError
from uncertainty.results import manifest


class StudyTables(Mapping[str, pd.DataFrame]):
  """The analysis's tables by name; each is read when it is asked for."""

  def __init__(self, folder: pathlib.Path):
    """Tables that lie in a folder, one Parquet file each."""
    self._folder = folder

  def __getitem__(self, name: str) -> pd.DataFrame:
    """Reads a table; KeyError names those there are."""
    path = self._folder / f'{name}.parquet'
    if not path.is_file():
      known = ', '.join(self) or 'none: run the stage analyze'
      raise KeyError(f'no table {name!r}; there are {known}')
    return parquet.read(
        path, 'run the stage analyze again to rebuild it')

  def __iter__(self) -> Iterator[str]:
    """Names in alphabetical order."""
    return iter(sorted(p.stem for p in self._folder.glob('*.parquet')))

  def __len__(self) -> int:
    """How many tables there are now."""
    return sum(1 for _ in self)

  def __repr__(self) -> str:
    """The tables' names."""
    return f'StudyTables({", ".join(self)})'


@dataclasses.dataclass(frozen=True)
class Page:
  """A report, as a path; a notebook shows it where it is a cell's value.

  Attributes:
    path: the HTML file; it needs no network and no server.
    height: of the frame in a notebook, in pixels.
  """

  path: pathlib.Path
  height: int = 700

  def __fspath__(self) -> str:
    """The path, so that `open` takes a page."""
    return str(self.path)

  def __str__(self) -> str:
    """The path."""
    return str(self.path)

  def _repr_html_(self) -> str:
    # The page itself rather than its address: notebooks on other machines
    # and in browsers cannot open this one's files.
    page = html.escape(self.path.read_text(encoding='utf-8'), quote=True)
    return (f'<iframe srcdoc="{page}" width="100%" height="{self.height}" '
            'style="border: 0"></iframe>')


@dataclasses.dataclass(frozen=True)
class StudyRun:
  """What a study left in its workdir.

  Attributes:
    workdir: the run's folder.
    spec: what was run.
  """

  workdir: pathlib.Path
  spec: specs.StudySpec

  @property
  def tables(self) -> StudyTables:
    """Analysis tables by name, such as 'alignment' and 'calibration'."""
    return StudyTables(self.workdir / 'analysis')

  @functools.cached_property
  def results(self) -> Mapping[tuple[str, str], pd.DataFrame]:
    """(dataset, model) → one row per item.

    Raises:
      UserError: nothing has been scored.
    """
    source = _folder(self.spec.results_dir or self.workdir)
    return analysis_run.read(source, self.spec).frames

  @property
  def page(self) -> Page:
    """The report.

    Raises:
      UserError: the stage `report` has not run.
    """
    path = self.workdir / 'report' / 'index.html'
    if not path.is_file():
      raise UserError(
          f"no report in {self.workdir}; run with stages=('report',)")
    return Page(path)


def run(
    config: str | Mapping[str, Any] | config_dict.ConfigDict,
    workdir: str | pathlib.Path | None = None,
    stages: Sequence[str] = tuple(study.STAGES), **overrides: Any,
) -> StudyRun:
  """Runs a study and returns its tables and page; the notebook's `main`.

  Args:
    config: the name of a config of the package's own or a file's path, with
      `:arg` ('coane:free', 'mine.py:quicktest'), or a config.
    workdir: where it goes; scoring resumes where it stopped. None:
      runs/DATASET-DIGEST, a folder of its own for whatever would score
      something else.
    stages: some of score, probe, steer, analyze, report, or check, tune or
      verify; () opens what ran before.
    **overrides: single fields by their dotted names; they do not change the
      config that was passed.

  Returns:
    The run, whose tables are read as they are asked for.

  Raises:
    UserError: no such config or field, a bad value or type, bad input.

  Example:
    study = uncertainty.run('coane:free', **{'data.limit': 20})
    study.tables['alignment'].sort_values('rho')
    study.page
  """
  if not isinstance(config, str | Mapping | config_dict.ConfigDict):
    raise UserError(
        f'the config is {config!r}, of type {type(config).__name__}; expected '
        "a name such as 'coane:free', the path of a config file as text, or a "
        'mapping of sections')
  if workdir is not None:
    _check_path(workdir, 'workdir')
  loaded = config_files.load(config) if isinstance(config, str) else config
  if isinstance(loaded, config_dict.ConfigDict):
    loaded = loaded.to_dict()
  fields = specs.flatten(loaded) | overrides
  spec = specs.parse(_nested(fields))
  if workdir is None:
    workdir = pathlib.Path(
        'runs', f'{spec.data.name}-{manifest.digest(spec):08x}')
  if stages:
    return StudyRun(study.run(spec, workdir, stages), spec)
  return StudyRun(_folder(workdir), spec)


def compare(
    first: str | pathlib.Path | StudyRun, second: str | pathlib.Path | StudyRun,
    **overrides: Any) -> comparing.Comparison:
  """What changed between two runs, and what it did to every claim.

  Args:
    first: a run, or its workdir.
    second: another.
    **overrides: fields by their dotted names, such as `analysis.alpha`.

  Returns:
    `changes` and `differences`, data frames; as text, both.

  Raises:
    UserError: no results, no data set in common, or a bad field.
  """
  a, b = (run.workdir if isinstance(run, StudyRun)
          else _folder(_check_path(run, 'a run to compare'))
          for run in (first, second))
  return comparing.compare(a, b, specs.parse(_nested(overrides)))


def _check_path(given: Any, role: str) -> str | pathlib.Path:
  if not isinstance(given, str | pathlib.Path):
    raise UserError(f'{role} is {given!r}, of type {type(given).__name__}; '
                    'expected the path of a folder')
  return given


def _folder(place: str | pathlib.Path) -> pathlib.Path:
  """A workdir on this machine; of a bucket, a copy of its results."""
  if paths.in_bucket(place):
    from uncertainty import buckets

    return buckets.brought(str(place))
  return pathlib.Path(place)


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
  """{'a.b': 1} → {'a': {'b': 1}}."""
  nested: dict[str, Any] = {}
  for name, value in flat.items():
    *sections, field = name.split('.')
    place = nested
    for section in sections:
      place = place.setdefault(section, {})
      if not isinstance(place, dict):
        raise UserError(
            f'config.{name}: {section} is a value and has no fields')
    place[field] = value
  return nested
