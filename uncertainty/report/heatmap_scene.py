"""Heatmaps as pictures, with their colour bar."""

from collections.abc import Callable

import numpy as np

from uncertainty.report import heatmap as heatmaps
from uncertainty.report.drawing import Rect, Scene, Text, fonts, scene

_CELL = (42.0, 24.0)  # units
_BAR = 160.0  # length of the colour bar
_LETTERS = 10.0
_PALE = 0.62  # numbers of cells that are not significant


def drawn(panel: heatmaps.Heatmap, title: str,
          names: Callable[[str], str]) -> Scene:
  """A panel as a picture; rows that others stand for are left out.

  Args:
    panel: the panel; the numbers of cells without a mark are paler.
    title: one or more lines above it.
    names: what a row is called.

  Returns:
    The picture.
  """
  wide, tall = _CELL
  lines = title.splitlines()
  shown = sorted(set(panel.alike)) or list(range(len(panel.rows)))
  labels = [label(panel, i, names) for i in shown]
  left = 12 + max((fonts.width(t, _LETTERS) for t in labels), default=0.0)
  above = 46 + 18.0 * len(lines)
  below = 16 + 0.85 * max(
      (fonts.width(c, _LETTERS) for c in panel.columns), default=0.0)
  width = max(left + wide * len(panel.columns) + 12, left + _BAR + 60,
              12 + max((fonts.width(t, 13.0) for t in lines), default=0.0))
  marks: list[scene.Mark] = [
      Text(6, 18 * (i + 1), line, 13) for i, line in enumerate(lines)]
  marks += _bar(panel, left, above - 34)
  shades, steps = heatmaps.shades(panel.cmap), heatmaps.steps(panel)
  for y, (i, text) in enumerate(zip(shown, labels)):
    top = above + tall * y
    marks.append(Text(left - 6, top + 16, text, _LETTERS, anchor='end'))
    for j, value in enumerate(panel.values[i].tolist()):
      if not np.isfinite(value):
        continue
      fill, ink = shades[steps[i, j]]
      pale = panel.marks is not None and not panel.marks[i, j]
      marks += [
          Rect(left + wide * j, top, wide, tall, fill),
          Text(left + wide * (j + 0.5), top + 16,
               heatmaps.number(value, panel.digits), _LETTERS,
               scene.blended(ink, _PALE, fill) if pale else ink, 'middle')]
  bottom = above + tall * len(shown) + 12
  for j, column in enumerate(panel.columns):
    marks.append(Text(left + wide * (j + 0.5), bottom, str(column), _LETTERS,
                      anchor='end', angle=55))
  return Scene(width, bottom + below, marks)


def label(panel: heatmaps.Heatmap, row: int,
          names: Callable[[str], str]) -> str:
  """What a row is called, and how many it stands for.

  Args:
    panel: the panel.
    row: its place.
    names: what a row is called.

  Returns:
    Such as 'entropy of the top 5 (+2)'.
  """
  more = list(panel.alike).count(row) - 1
  return names(panel.rows[row]) + (f' (+{more})' if more > 0 else '')


def _bar(panel: heatmaps.Heatmap, x: float, y: float) -> list[scene.Mark]:
  """The colour bar, its ends, and the number of items behind the cells."""
  step = _BAR / heatmaps.STEPS
  order = range(heatmaps.STEPS)
  shades = heatmaps.shades(panel.cmap)
  marks: list[scene.Mark] = [
      Rect(x + step * i, y, step, 10, shades[i][0]) for i in order]
  low, high = sorted((panel.low * panel.sign, panel.high * panel.sign),
                     reverse=panel.sign < 0)
  for place, value, anchor in ((x, low, 'start'), (x + _BAR, high, 'end')):
    marks.append(Text(place, y + 21, heatmaps.number(value, 1), 9,
                      scene.SOFT, anchor))
  said = ', '.join(filter(None, (panel.label, counted(panel))))
  return [*marks, Text(x + _BAR + 10, y + 9, said, 9, scene.SOFT)]


def counted(panel: heatmaps.Heatmap) -> str:
  """How many items stand behind the cells.

  Args:
    panel: the panel, with details `n`.

  Returns:
    'n = 421', 'n = 12 to 421', or '' where it is not known.
  """
  n = panel.details.get('n', np.array([]))
  n = n[np.isfinite(n)]
  if not len(n):
    return ''
  least, most = int(n.min()), int(n.max())
  return f'n = {least}' if least == most else f'n = {least} to {most}'
