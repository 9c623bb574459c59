"""Plots as data: what the page gets, scales, and the table."""

import dataclasses
import json
import math

import pytest

from uncertainty.report import plots


@pytest.fixture
def plot():
  dots = plots.Series(
      [.1, math.nan], [1, 0], low=[-.2, 0], high=[.3, 0],
      filled=[True, False], names=['<a>', 'b'], models=['M', 'N'])
  return plots.Plot(
      [plots.Panel('p', [dots])], plots.Axis('effect'),
      plots.Axis('', categories=['first', 'second']), references=[('x', 0.0)])


def test_json_leaves_out_what_is_missing_and_ends_no_script(plot):
  text = plots.content(plot)
  assert '<' not in text
  series = json.loads(text)['panels'][0]['series'][0]
  assert series == {
      'x': [.1, None], 'y': [1, 0], 'low': [-.2, 0], 'high': [.3, 0],
      'filled': [1, 0], 'names': ['<a>', 'b'], 'models': ['M', 'N']}


def test_scales_hold_points_intervals_bands_and_references(plot):
  (low, high), rows = plots.limits(plot, plot.panels[0])
  assert low < -.2 and high > .3 and rows == (-.6, 1.6)
  bars = plots.Plot(
      [plots.Panel('', [plots.Series([1], [2], low=[-3], high=[4])],
                   bands=[(-5, 0, 0, "")])],
      plots.Axis(''), plots.Axis(''), references=[('y', 6.0)])
  _, (low, high) = plots.limits(bars, bars.panels[0])
  assert low < -5 and high > 6


def test_scales_that_are_given_or_bounded_are_kept():
  panel = plots.Panel('', [plots.Series([0, 1], [-90, .5])])
  plot = plots.Plot([panel], plots.Axis('', 0, 1),
                    plots.Axis('', least=-1.0))
  (left, right), (low, _) = plots.limits(plot, panel)
  assert -.05 < left < 0 and 1 < right < 1.05
  assert -1.2 < low < -1


def test_panels_may_have_scales_of_their_own():
  panels = [plots.Panel('', [plots.Series([0, 1], [0, top])])
            for top in (1, 100)]
  shared = plots.Plot(panels, plots.Axis(''), plots.Axis(''))
  own = dataclasses.replace(shared, share=False)
  assert plots.limits(shared, panels[0])[1][1] > 99
  assert plots.limits(own, panels[0])[1][1] < 2


def test_table_has_a_row_a_point_and_names_of_categories(plot):
  table = plots.frame(plot)
  assert list(table) == ['panel', 'model', 'name', 'effect', '', 'low', 'high',
                         'filled']
  assert table[''].tolist() == ['second', 'first']
  assert table['model'].tolist() == ['M', 'N']
