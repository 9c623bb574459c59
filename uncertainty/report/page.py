"""Writes DIR/report/index.html: one file, no network, no server."""

import importlib.metadata
import importlib.resources
import pathlib

import jinja2
from markupsafe import Markup

from uncertainty.report import tables
from uncertainty.report.chapters import order
from uncertainty.specs import StudySpec


def write(workdir: str | pathlib.Path, spec: StudySpec) -> str:
  """Writes the report of a workdir's analysis.

  Returns:
    A short table of the main numbers, and the report's path.

  Raises:
    UserError: there is no analysis to report.
  """
  analysis = tables.read(pathlib.Path(workdir))
  built = [c for c in (make(analysis, spec) for make in
                       order.CHAPTERS.values()) if c is not None]
  environment = jinja2.Environment(
      autoescape=True, undefined=jinja2.StrictUndefined)
  template = environment.from_string(_asset('template.html'))
  page = template.render(
      title="People's uncertainty and the model's",
      run=order.run_line(analysis, spec), chapters=built,
      style=Markup(_asset('style.css')), script=Markup(_asset('page.js')),
      footer=_footer(analysis))
  path = analysis.workdir / 'report' / 'index.html'
  path.parent.mkdir(parents=True, exist_ok=True)
  path.write_text(page, encoding='utf-8')
  return f'{order.console_table(analysis)}\n\nReport: {path}'


def _asset(name: str) -> str:
  return importlib.resources.files('uncertainty.report').joinpath(
      name).read_text(encoding='utf-8')


def _footer(analysis: tables.Tables) -> str:
  packages = analysis.manifest.get('packages', {})
  versions = ', '.join(
      f'{name} {version}' for name, version in packages.items() if version)
  return (f'uncertainty {importlib.metadata.version("uncertainty")}. '
          f'{"Scored with " + versions + "." if versions else ""}')
