"""Heatmaps as pictures: a box a cell, the colour bar, n."""

import dataclasses

import numpy as np
import pytest

from uncertainty.report import heatmap, heatmap_scene
from uncertainty.report.drawing import Rect, Text


@pytest.fixture
def panel():
  return heatmap.Heatmap(
      ('a_1', 'a_2', 'b'), ('M', 'N<'),
      np.array([[.5, np.nan], [.5, .1], [-1.0, 1.0]]),
      {'n': np.array([[40, np.nan], [40, 40], [38, 40]])},
      np.array([[True, True], [True, True], [False, True]]), 'ρ',
      alike=(0, 0, 2))


def _marks(panel, kind):
  picture = heatmap_scene.drawn(panel, 'T & U\nsecond', str.upper)
  return [m for m in picture.marks if isinstance(m, kind)]


def test_cells_have_the_colour_of_the_page_and_folded_rows_are_left_out(panel):
  boxes = _marks(panel, Rect)[heatmap.STEPS:]
  shades = heatmap.shades(panel.cmap)
  assert [b.fill for b in boxes] == [
      shades[s][0] for s in (heatmap.steps(panel)[[0, 2, 2], [0, 0, 1]])]
  texts = [t.text for t in _marks(panel, Text)]
  assert texts[:2] == ['T & U', 'second']
  assert {'A_1 (+1)', 'B', 'N<', '.50', '-1.00'} <= set(texts)
  assert 'A_2' not in texts and '.10' not in texts


def test_numbers_that_are_not_significant_are_paler(panel):
  color = {t.text: t.color for t in _marks(panel, Text)}
  assert color['-1.00'] not in (color['1.00'], '#000000', '#ffffff')


def test_bar_says_its_ends_and_the_items(panel):
  texts = [t.text for t in _marks(panel, Text)]
  assert 'ρ, n = 38 to 40' in texts
  ends = texts.index('-1.0'), texts.index('1.0')
  assert ends[0] < ends[1]
  turned = [t.text for t in _marks(dataclasses.replace(panel, sign=-1), Text)]
  assert turned.index('1.0') < turned.index('-1.0')


def test_everything_lies_on_the_paper(panel):
  picture = heatmap_scene.drawn(panel, 'title', str)
  for box in _marks(panel, Rect):
    assert box.x >= 0 and box.x + box.width <= picture.width


def test_counts_that_are_alike_are_said_once(panel):
  same = dataclasses.replace(panel, details={'n': np.full((3, 2), 7.0)})
  assert heatmap_scene.counted(same) == 'n = 7'
  assert heatmap_scene.counted(dataclasses.replace(panel, details={})) == ''
