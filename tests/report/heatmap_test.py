"""Heatmaps: which cell is where, its colour, its picture."""

import json
import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from uncertainty.report import heatmap


@pytest.fixture
def frame():
  return pd.DataFrame({
      'measure': ['a', 'b', 'a', 'a'], 'model': ['M', 'M', 'N<', 'M'],
      'v': [.5, -.5, 1.0, .9], 'p': [1e-20, .2, 0.0, .3],
      's': [True, False, True, False]})


def _pivot(frame, **style):
  return heatmap.pivot(frame, value='v', rows=['b', 'a'], columns=['M', 'N<'],
                       details={'p': 'p'}, mark='s', **style)


def test_cells_stand_where_their_names_say_and_the_first_row_counts(frame):
  panel = _pivot(frame)
  np.testing.assert_array_equal(panel.values, [[-.5, np.nan], [.5, 1.0]])
  assert panel.marks is not None
  np.testing.assert_array_equal(panel.marks, [[False, False], [True, True]])


def test_json_keeps_small_p_and_blanks(frame):
  found = re.search(
      r'json">(.*?)</script>', heatmap.to_html(_pivot(frame), str.upper))
  assert found
  data = json.loads(found.group(1))
  assert data['rows'] == ['B', 'A'] and data['columns'] == ['M', 'N<']
  assert data['values'] == [[-.5, None], [.5, 1]]
  assert data['details']['p'] == [[.2, None], [1e-20, 0]]
  assert data['weak'] == [[1, 1], [0, 0]]


def test_picture_has_a_box_a_cell_in_the_colour_of_the_page(frame):
  svg = ElementTree.fromstring(
      heatmap.to_svg(_pivot(frame), 'T & U\nsecond', str))
  space = '{http://www.w3.org/2000/svg}'
  boxes = [r.get('fill') for r in svg.iter(f'{space}rect')][1:]
  assert len(boxes) == 3
  assert f'.RdBu31{{background:{boxes[2]};' in heatmap.style()
  texts = [t.text for t in svg.iter(f'{space}text')]
  assert texts[:2] == ['T & U', 'second'] and '1.00' in texts
  assert 'N<' in texts


def test_sign_turns_colours_so_that_blue_is_aligned(frame):
  up, down = (
      re.findall(r'rect x.*?fill="(#\w+)"', heatmap.to_svg(
          _pivot(frame, sign=s), 't', str)) for s in (1, -1))
  assert up[0] == down[1] and up[1] == down[0]


@pytest.mark.parametrize('value, shown', [
    (.423, '.42'), (-.5, '-.50'), (1.0, '1.00'), (10.5, '10.50')])
def test_number(value, shown):
  assert heatmap.number(value, 2) == shown
