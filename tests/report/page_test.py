"""The page: its chapters, self-contained, whole or as it was before."""

import errno
import html.parser
import json

import pandas as pd
import pytest

from uncertainty.report import page
from uncertainty.report.chapters import order
from uncertainty.types import UserError


@pytest.fixture
def workdir(tmp_path, alignment_cells, calibration_cells, write_analysis):
  summary = pd.DataFrame({
      'model': ['A'], 'dataset': 'coane', 'n_items': 40,
      'statistic': 'accuracy', 'value': .5, 'ci_low': .4, 'ci_high': .6})
  write_analysis(tmp_path, alignment=alignment_cells, summary=summary,
                 calibration=calibration_cells)
  return tmp_path


def test_page_has_the_chapters_that_have_something_to_say(workdir, spec):
  said = page.write(workdir, spec)
  text = (workdir / 'report/index.html').read_text(encoding='utf-8')
  there = [c for c in order.CHAPTERS if f'<section id="{c}"' in text]
  assert there == ['answer', 'summary', 'alignment', 'calibration', 'cells',
                   'methods']
  assert 'http://' not in text and 'src="http' not in text
  assert '.RdBu0{' in text and 'drawHeatmap' in text
  assert said.splitlines()[-1] == f'Report: {workdir / "report/index.html"}'
  assert 'alignment ρ, choice entropy' in said


def test_a_full_disk_leaves_the_page_that_was(workdir, spec, monkeypatch):
  page.write(workdir, spec)
  before = (workdir / 'report/index.html').read_bytes()

  def full(_):
    raise OSError(errno.ENOSPC, 'no space')

  monkeypatch.setattr('os.fsync', full)
  with pytest.raises(UserError, match='the disk is full'):
    page.write(workdir, spec)
  assert (workdir / 'report/index.html').read_bytes() == before
  assert not list(workdir.rglob('*.partial'))


class _Sources(html.parser.HTMLParser):
  """Figures and sentences, each with what the page says of it."""

  def __init__(self):
    super().__init__()
    self.title, self.found, self.in_cell = '', [], False

  def handle_starttag(self, tag, attributes):
    attributes = dict(attributes)
    if tag == 'section':
      self.title = attributes.get('title') or ''
    self.in_cell = tag == 'td'
    if tag == 'figure':
      self.found.append((attributes['aria-label'], self.title))

  def handle_data(self, data):
    if self.in_cell and data.endswith('.'):
      self.found.append((data, self.title))


def test_every_figure_and_claim_names_its_table_and_command(
    workdir, spec, write_analysis):
  claim = {'claim': 'aligned', 'model': 'A', 'data': 'coane', 'low': .1,
           'high': .3, 'n_items': 40.0, 'n_raters': float('nan'),
           'n_models': 1, 'p_corrected': .02, 'estimate': .2}
  write_analysis(
      workdir,
      claims=pd.DataFrame([
          claim | {'verdict': 'supported', 'sentence': 'A follows people.'},
          claim | {'verdict': 'too little data',
                   'sentence': 'Six are needed.'}]),
      joint=pd.DataFrame({
          'dataset': 'coane', 'measure': ['mc_choice_entropy', 'fr_perplexity'],
          'model': 'A', 'rho': [.3, .1], 'auroc': [.7, .6]}),
      joint_chance=pd.DataFrame({
          'dataset': ['coane'], 'second': 'discriminates',
          'within': 'all cells', 'permuted': 'models and measures',
          'n_cells': 2, 'rate_aligned': .5, 'rate_second': 1.0,
          'rate_both': .5, 'chance': .4, 'chance_low': .3, 'chance_high': .6,
          'p_value': .25}))
  (workdir / 'manifest.json').write_text(json.dumps({'starts': [
      {'command': ['main.py', '--config=coane', '--workdir=run',
                   '--stages=score']}]}))
  page.write(workdir, spec)
  parser = _Sources()
  parser.feed((workdir / 'report/index.html').read_text(encoding='utf-8'))
  said = dict(parser.found)
  wanted = {'A follows people.': 'claims', 'Six are needed.': 'claims',
            'Coane general knowledge: alignment against discrimination':
                'joint',
            'Coane general knowledge, multiple choice: ρ with people\'s '
            'entropy': 'alignment'}
  assert wanted.keys() <= said.keys()
  for what, title in parser.found:
    assert title.startswith('From analysis/'), what
    assert ('made by: python -m uncertainty.main --config=coane --workdir=run '
            '--stages=analyze') in title, what
  for what, table in wanted.items():
    assert f'analysis/{table}.parquet' in said[what], what
