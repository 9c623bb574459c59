"""Nothing on the page is of several models without saying so to its filter."""

import html.parser
import json

import pytest

from uncertainty import report
from uncertainty.analysis import run as analysis_run
from uncertainty.specs import AnalysisSpec, StudySpec
from uncertainty.worlds import generator

# What the filter acts on, or puts away while it is set.
_FOLLOWS = {'data-model', 'data-of-all', 'data-answer', 'data-items'}
_DRAWN = {'data-plot', 'data-heatmap', 'data-table'}
_LEAVES = {'p', 'h3', 'summary', 'figcaption', 'dt', 'dd', 'tr'}
_VOID = {'meta', 'link', 'input', 'br', 'img'}


class _Page(html.parser.HTMLParser):
  """Texts, and the JSON of what is drawn, that follow no filter."""

  def __init__(self):
    super().__init__()
    self.open, self.texts, self.drawn = [], [''], []

  def handle_starttag(self, tag, attributes):
    if tag in _VOID:
      return
    self.open.append((tag, {name for name, _ in attributes} | {
        f'.{value}' for name, value in attributes if name == 'class'}))
    if tag in _LEAVES:
      self.texts.append('')

  def handle_endtag(self, tag):
    if tag not in _VOID:
      assert self.open.pop()[0] == tag

  def handle_data(self, data):
    names = set().union(*(own for _, own in self.open)) if self.open else set()
    tags = [tag for tag, _ in self.open]
    if 'main' not in tags or names & (
        _FOLLOWS | {'.note source', '.question'}):
      return
    if not names & _DRAWN:
      self.texts[-1] += data
    elif 'script' in tags:
      self.drawn.append(json.loads(data))


def _read(workdir, made, n_models):
  spec = StudySpec(analysis=AnalysisSpec(n_bootstrap=40))
  names = made.models.names[:n_models]
  for m, ((dataset, name), frame) in enumerate(
      list(made.frames.items())[:n_models]):
    folder = workdir / 'results' / dataset
    folder.mkdir(parents=True, exist_ok=True)
    frame.assign(
        size=1.0 + m, base=names[m - 1] if made.models.tuned_M[m] else '',
        family=f'Family {made.models.family_M[m]}',
        prompt='Choose.').to_parquet(folder / f'{name}.parquet')
  analysis_run.run(workdir, workdir / 'analysis', spec)
  report.write(workdir, spec)
  page = _Page()
  page.feed((workdir / 'report' / 'index.html').read_text(encoding='utf-8'))
  return page, set(names)


@pytest.fixture(scope='module')
def pages(tmp_path_factory):
  """The page of a study of three families, and that of two of them."""
  made = generator.simulate(
      generator.World(n_items=60, families=(1, 1, 1),
                      alignment=generator.Effects(.5)), seed=0)
  return [_read(tmp_path_factory.mktemp('study'), made, n_models)
          for n_models in (4, 6)]


def test_what_depends_on_the_models_follows_the_filter(pages):
  (few, _), (many, _) = pages
  others = set(few.texts)
  assert [text for text in many.texts if text not in others] == []
  assert len(others) > 30


def test_what_is_drawn_without_models_is_said_to_be_of_all(pages):
  for page, models in pages:
    assert len(page.drawn) > 10
    for drawn in page.drawn:
      if 'panels' in drawn:
        assert all(panel.get('model') or all(
            s.get('models') for s in panel['series'])
                   for panel in drawn['panels']), drawn
      elif 'values' in drawn:
        assert set(drawn['columns']) <= models
      else:
        assert drawn['model'] >= 0, drawn['columns']
