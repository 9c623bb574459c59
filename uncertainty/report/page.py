"""Writes DIR/report/index.html: one file, no network, no server."""

import dataclasses
import importlib.resources
import json
import pathlib

import jinja2
from markupsafe import Markup

from uncertainty import __version__
from uncertainty.report import heatmap, lineage, table_files, tables
from uncertainty.report.chapters import order, summary
from uncertainty.results import shards
from uncertainty.specs import StudySpec

_STYLES = ('style.css', 'items.css', 'figures.css', 'explore.css')
# In the order in which they need each other.
_SCRIPTS = ('address.js', 'filter.js', 'tables.js', 'heatmaps.js', 'ticks.js',
            'plots.js', 'answer.js', 'item.js', 'items.js', 'explore.js',
            'start.js')


def write(workdir: str | pathlib.Path, spec: StudySpec) -> str:
  """Writes the report of a workdir's analysis, whole or not at all.

  Args:
    workdir: of the run; the page goes to `report/index.html` in it, and its
      pictures to `report/figures`, the tables as CSV to `report/tables`.
    spec: the study's config.

  Returns:
    A short table of the main numbers, and the report's path.

  Raises:
    UserError: there is no analysis to report, or no space for the page.
  """
  analysis = tables.read(pathlib.Path(workdir))
  kept = table_files.queue(analysis)  # the largest first: they take longest
  built, sources, used = [], {}, {}
  for make in order.CHAPTERS.values():
    watched = tables.watched(analysis)
    chapter = make(watched, spec)
    if chapter is not None:
      built.append(chapter)
      sources[chapter.name] = tables.source(watched)
      used[chapter.name] = sorted(watched.used)
  environment = jinja2.Environment(
      autoescape=True, undefined=jinja2.StrictUndefined)
  template = environment.from_string(_asset('template.html'))
  page = template.render(
      title="People's uncertainty and the model's",
      run=summary.run_line(analysis, spec), chapters=built,
      sources=sources, used=used, kept=kept,
      style=Markup(''.join(map(_asset, _STYLES)) + heatmap.style()),
      models=Markup(_models(analysis)),
      script=Markup('\n'.join(map(_asset, _SCRIPTS))),
      footer=_footer(analysis))
  analysis.write_files()
  path = analysis.workdir / 'report' / 'index.html'
  with shards.replacing(path) as file:
    file.write(page.encode('utf-8'))
  return f'{summary.console_table(analysis)}\n\nReport: {path}'


def _asset(name: str) -> str:
  return importlib.resources.files('uncertainty.report').joinpath(
      'assets', name).read_text(encoding='utf-8')


def _models(analysis: tables.AnalysisTables) -> str:
  """What the page filters by, as JSON."""
  found = [{'name': name, **dataclasses.asdict(who)}
           for name, who in lineage.known(analysis).items()]
  return json.dumps(found, ensure_ascii=False).replace('<', '\\u003c')


def _footer(analysis: tables.AnalysisTables) -> str:
  packages = analysis.manifest.get('packages', {})
  versions = ', '.join(
      f'{name} {version}' for name, version in packages.items() if version)
  return (f'uncertainty {__version__}. '
          f'{"Scored with " + versions + "." if versions else ""}')
