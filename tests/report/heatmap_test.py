"""Heatmaps: which cell is where, its colour, its picture."""

import json
import re

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


def test_settings_that_say_the_same_are_one_row_but_never_a_primary_one():
  frame = pd.DataFrame(
      [(m, model, v) for m, values in {
          'mc_top_k_entropy_5': (.30, .50), 'mc_top_k_entropy_10': (.33, .46),
          'mc_top_k_entropy_25': (.30, .40), 'mc_choice_entropy': (.30, .50),
          'mc_choice_logprob': (.30, np.nan)}.items()
       for model, v in zip('AB', values)], columns=['measure', 'model', 'v'])
  panel = heatmap.pivot(
      frame, value='v', rows=list(frame['measure'].unique()),
      columns=['A', 'B'], details={})
  assert panel.alike == (0, 0, 2, 3, 4)


def test_table_has_a_row_a_cell(frame):
  table = heatmap.frame(_pivot(frame, label='ρ'))
  assert table.to_dict('list') == {
      'measure': ['b', 'a', 'a'], 'model': ['M', 'M', 'N<'],
      'ρ': [-.5, .5, 1.0], 'p': [.2, 1e-20, 0.0]}


@pytest.mark.parametrize('value, shown', [
    (.423, '.42'), (-.5, '-.50'), (1.0, '1.00'), (10.5, '10.50'),
    (-.001, '.00')])
def test_number(value, shown):
  assert heatmap.number(value, 2) == shown
