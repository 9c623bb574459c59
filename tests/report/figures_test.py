"""Pictures: what is drawn, and how it is kept."""

import base64
import re

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from uncertainty.report import figures


def test_a_picture_is_kept_wide_and_embedded_at_both_widths(tmp_path):
  widths = []

  def draw(width):
    widths.append(width)
    return Figure(figsize=(width, 1))

  picture = figures.save('x', draw, tmp_path / 'figures', 'a "b"')
  assert widths == [figures.WIDE, figures.NARROW]
  found = re.findall(r'base64,([^"]+)"', picture.markup)
  assert base64.b64decode(found[1]) == picture.path.read_bytes()
  assert 'alt="a &quot;b&quot;"' in picture.markup
  assert [p.name for p in picture.path.parent.iterdir()] == ['x.png']


def test_scatter_joins_medians_of_ten_equal_slices():
  x = np.arange(40) / 39
  items = pd.DataFrame({'model': 'A', 'x': x, 'y': x ** 2})
  axes = figures.scatter(items, ['A'], 'x', 'y', ('p', 'm'), 4.0).axes[0]
  line = axes.lines[0].get_xydata()
  assert line.shape == (10, 2)
  np.testing.assert_allclose(line[0], [x[:4].mean(), np.median(x[:4] ** 2)])


def test_reliability_draws_bins_and_their_intervals():
  bins = pd.DataFrame({
      'model': 'A', 'confidence': [.2, .8, np.nan], 'accuracy': [.3, .6, .5],
      'count': [10, 30, 0], 'ci_low': [.1, .5, 0], 'ci_high': [.5, .7, 1]})
  axes = figures.reliability(bins, ['A'], 'letter mass', 'share', 4.0).axes[0]
  np.testing.assert_allclose(
      axes.lines[1].get_xydata(), [[.2, .3], [.8, .6]])
  assert axes.get_xlabel() == 'letter mass' and axes.get_ylabel() == 'share'
  areas = axes.collections[1].get_sizes() - 8
  np.testing.assert_allclose(areas[1] / areas[0], 3)


def test_panels_fill_rows_as_wide_as_they_may_be():
  def draw(axes, name):
    axes.plot([0, 1], [0, 1], label=name)

  wide = figures.panels(list('abcd'), 9.2, draw, title=str.upper)
  assert [a.get_title(loc='left') for a in wide.axes if a.get_visible()] == [
      'A', 'B', 'C', 'D']
  narrow = figures.panels(list('abcd'), 4.0, draw)
  grid = narrow.axes[0].get_gridspec()
  assert grid is not None and (grid.nrows, grid.ncols) == (4, 1)
