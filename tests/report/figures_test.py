"""Figures: on the page, and their files beside it."""

import numpy as np
import pandas as pd
import pytest

from uncertainty.report import figures, heatmap, plots


@pytest.fixture
def plot():
  return plots.Plot(
      [plots.Panel('A', [plots.Series([.1, .2], [.3, .4], n=[5, 6])], 'A')],
      plots.Axis('along'), plots.Axis('up'))


def test_a_plot_has_its_files_one_click_away(made, plot):
  tables = made()
  block = figures.plot(plot, 'x', 'a "title"', 'How <it> is read.', tables)
  tables.write_files()
  names = {p.name for p in tables.figures().iterdir()}
  assert names == {'x.svg', 'x.pdf', 'x.png', 'x.csv'}
  assert all(f'href="figures/{name}"' in block for name in names)
  assert 'How &lt;it&gt; is read.' in block
  assert 'aria-label="a &quot;title&quot;"' in block
  table = pd.read_csv(tables.figures() / 'x.csv')
  assert table.to_dict('list') == {
      'model': ['A', 'A'], 'along': [.1, .2], 'up': [.3, .4], 'n': [5, 6]}


def test_a_heatmap_keeps_its_cells_as_a_table(made):
  tables = made()
  panel = heatmap.Heatmap(
      ('mc_choice_entropy',), ('M', 'N'), np.array([[.5, np.nan]]),
      {'n': np.array([[4.0, np.nan]])}, label='ρ', alike=(0,))
  block = figures.heat(panel, 'h', 'two\nlines', 'caption', tables)
  tables.write_files()
  assert 'aria-label="two, lines"' in block
  assert pd.read_csv(tables.figures() / 'h.csv').to_dict('records') == [
      {'measure': 'mc_choice_entropy', 'model': 'M', 'ρ': .5, 'n': 4.0}]


def test_a_name_out_of_data_stays_in_the_folder(made, plot, tmp_path):
  """A column `human_x/../../..` once wrote outside the workdir."""
  tables = made()
  figures.plot(plot, 'combination_x/../../../y', 't', '', tables)
  tables.write_files()
  assert len(list(tables.figures().iterdir())) == 4
  assert {p.parent for p in tmp_path.rglob('*') if p.is_file()} == {
      tables.figures()}
