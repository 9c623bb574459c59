"""Writes DIR/report/index.html: one file, no network, no server."""

import importlib.metadata
import importlib.resources
import pathlib

import jinja2
from markupsafe import Markup

from uncertainty.report import heatmap, tables
from uncertainty.report.chapters import order, summary
from uncertainty.results import shards
from uncertainty.specs import StudySpec


def write(workdir: str | pathlib.Path, spec: StudySpec) -> str:
  """Writes the report of a workdir's analysis, whole or not at all.

  Args:
    workdir: of the run; the page goes to `report/index.html` in it, and its
      pictures to `report/figures`.
    spec: the study's config.

  Returns:
    A short table of the main numbers, and the report's path.

  Raises:
    UserError: there is no analysis to report, or no space for the page.
  """
  analysis = tables.read(pathlib.Path(workdir))
  made = (make(analysis, spec) for make in order.CHAPTERS.values())
  built = [chapter for chapter in made if chapter is not None]
  environment = jinja2.Environment(
      autoescape=True, undefined=jinja2.StrictUndefined)
  template = environment.from_string(_asset('template.html'))
  page = template.render(
      title="People's uncertainty and the model's",
      run=summary.run_line(analysis, spec), chapters=built,
      style=Markup(_asset('style.css') + heatmap.style()),
      script=Markup(_asset('page.js')),
      footer=_footer(analysis))
  path = analysis.workdir / 'report' / 'index.html'
  with shards.replacing(path) as file:
    file.write(page.encode('utf-8'))
  return f'{summary.console_table(analysis)}\n\nReport: {path}'


def _asset(name: str) -> str:
  return importlib.resources.files('uncertainty.report').joinpath(
      name).read_text(encoding='utf-8')


def _footer(analysis: tables.AnalysisTables) -> str:
  packages = analysis.manifest.get('packages', {})
  versions = ', '.join(
      f'{name} {version}' for name, version in packages.items() if version)
  return (f'uncertainty {importlib.metadata.version("uncertainty")}. '
          f'{"Scored with " + versions + "." if versions else ""}')
