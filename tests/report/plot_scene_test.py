"""Plots as pictures: panels, the legend beside them, points in place."""

import dataclasses

import numpy as np

from uncertainty.report import plot_scene, plots
from uncertainty.report.drawing import Circles, Line, Text


def _plot(n_panels, **series):
  return plots.Plot(
      [plots.Panel(f'P{i}', [plots.Series([0, 1], [0, 1], **series)])
       for i in range(n_panels)], plots.Axis('along', 0, 1),
      plots.Axis('up', 0, 1))


def _marks(picture, kind):
  return [m for m in picture.marks if isinstance(m, kind)]


def test_panels_stand_three_in_a_row():
  picture = plot_scene.drawn(_plot(4))
  place = {t.text: (t.x, t.y) for t in _marks(picture, Text)}
  assert place['P0'][1] == place['P1'][1] == place['P2'][1]
  assert place['P3'][0] == place['P0'][0] and place['P3'][1] > place['P0'][1]
  assert picture.width == plot_scene.WIDTH


def test_the_legend_covers_nothing():
  picture = plot_scene.drawn(_plot(1, label='a label'))
  legend = next(t for t in _marks(picture, Text) if t.text == 'a label')
  title = next(t for t in _marks(picture, Text) if t.text == 'P0')
  assert legend.y < title.y - 8
  many = [plots.Series([0], [0], label=f'a long label number {i}')
          for i in range(40)]
  crowd = plot_scene.drawn(dataclasses.replace(
      _plot(1), panels=[plots.Panel('P', many)]))
  words = [t for t in _marks(crowd, Text) if t.text.startswith('a long')]
  assert len(words) == 40 and max(t.x for t in words) < crowd.width
  top = next(t for t in _marks(crowd, Text) if t.text == 'P').y
  assert max(t.y for t in words) < top - 8


def test_points_and_intervals_are_where_their_numbers_say():
  picture = plot_scene.drawn(_plot(1, low=[-.5, .9], high=[.5, 1.1]))
  centers = np.array(_marks(picture, Circles)[0].centers)
  assert centers[0, 0] < centers[1, 0] and centers[0, 1] > centers[1, 1]
  bars = [line for line in _marks(picture, Line)
          if line.points[0][0] == centers[0, 0] and line.width > 1]
  (_, bottom), (_, top) = bars[0].points
  assert bottom >= centers[0, 1] > top  # cut at the scale's end


def test_areas_grow_with_items():
  sizes = plot_scene.radii(
      plots.Series([0, 1], [0, 1], n=[10, 30], sized=True))
  grown = (sizes[1] ** 2 - 5) / (sizes[0] ** 2 - 5)
  np.testing.assert_allclose(grown, 3, rtol=.05)


def test_hollow_points_are_paper_inside():
  picture = plot_scene.drawn(_plot(1, filled=[True, False]))
  assert [c.filled for c in _marks(picture, Circles)] == [True, False]
