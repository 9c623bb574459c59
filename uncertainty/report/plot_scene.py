"""Plots as pictures: panels in rows of three, the legend above them."""

import math
from collections.abc import Callable

import numpy as np

from uncertainty.report import plots
from uncertainty.report.drawing import (
  Circles,
  Line,
  Rect,
  Scene,
  Text,
  fonts,
  scene,
  ticks,
)

WIDTH = 920.0  # 9.2 inches
_PER_ROW = 3
_SINGLE = 620.0  # width of a lone panel
_NARROW = 180.0  # axes that hold few labels
_LETTERS = 9.0
_GRID, _REFERENCE = '#eeeeee', '#aaaaaa'
_BAND = 0.12

Place = Callable[[float], float]


def drawn(plot: plots.Plot, title: str = '') -> Scene:
  """A plot as a picture.

  Args:
    plot: the plot.
    title: above it; '' for none.

  Returns:
    The picture; its legend lies beside the axes, never on them.
  """
  most = 2 if plot.y.categories else _PER_ROW
  per_row = min(most, max(1, len(plot.panels)))
  width = _SINGLE if per_row == 1 else WIDTH / per_row
  marks: list[scene.Mark] = []
  top = 0.0
  if title:
    marks.append(Text(8, 18, title, 12))
    top = 26.0
  top += _legend(plot, marks, top, width * per_row)
  left = 44.0 + max((fonts.width(c, _LETTERS) for c in plot.y.categories),
                    default=0.0)
  inner = width - left - 12
  tall = (17.0 * len(plot.y.categories) if plot.y.categories
          else inner * plot.height)
  step = tall + 66
  for i, panel in enumerate(plot.panels):
    x = (i % per_row) * width + left
    y = top + (i // per_row) * step + 24
    _panel(plot, panel, marks, (x, y, inner, tall))
  rows = math.ceil(len(plot.panels) / per_row)
  return Scene(width * per_row, top + rows * step + 4, marks)


def _legend(plot: plots.Plot, marks: list[scene.Mark], top: float,
            width: float) -> float:
  """Draws every label once; how tall that is."""
  entries = {s.label: s for p in plot.panels for s in p.series if s.label}
  if not entries:
    return 0.0
  x, y = 8.0, top + 14
  for label, series in entries.items():
    wide = 30 + fonts.width(label, _LETTERS)
    if x + wide > width and x > 8:
      x, y = 8.0, y + 16
    color = plots.PALETTE[series.color % len(plots.PALETTE)]
    if series.line:
      marks.append(Line([(x, y - 3), (x + 16, y - 3)], color, 2,
                        series.dashed))
    else:
      marks.append(Circles([(x + 8, y - 3)], [4], color))
    marks.append(Text(x + 21, y, label, _LETTERS))
    x += wide + 8
  return y - top + 8


def _panel(plot: plots.Plot, panel: plots.Panel, marks: list[scene.Mark],
           box: tuple[float, float, float, float]) -> None:
  x, y, width, height = box
  span_x, span_y = plots.limits(plot, panel)
  at_x = _place(span_x, x, x + width, plot.x.log)
  at_y = _place(span_y, y + height, y, plot.y.log)
  marks.append(Text(x, y - 8, panel.title, 10))
  _axes(plot, marks, box, (span_x, span_y), at_x, at_y)
  for low, high, color, _ in panel.bands:
    top = at_y(min(high, span_y[1]))
    marks.append(Rect(x, top, width, at_y(max(low, span_y[0])) - top,
                      plots.PALETTE[color % len(plots.PALETTE)], _BAND))
  for where, value in plot.references:
    if where == 'diagonal':
      low, high = max(span_x[0], span_y[0]), min(span_x[1], span_y[1])
      ends = [(at_x(low), at_y(low)), (at_x(high), at_y(high))]
    elif where == 'x':
      ends = [(at_x(value), y), (at_x(value), y + height)]
    else:
      ends = [(x, at_y(value)), (x + width, at_y(value))]
    marks.append(Line(ends, _REFERENCE, 1, where == 'diagonal'))
  for series in panel.series:
    _points(plot, series, marks, at_x, at_y)


def _place(span: tuple[float, float], start: float, end: float,
           log: bool) -> Place:
  """Where a value is on the paper; values beyond the scale are at its end."""
  low, high = (math.log(v) for v in span) if log else span

  def place(value: float) -> float:
    share = ((math.log(value) if log else value) - low) / (high - low)
    return start + (end - start) * min(1.0, max(0.0, share))

  return place


def _axes(plot, marks, box, spans, at_x, at_y) -> None:
  x, y, width, height = box
  for axis, span, place, along in (
      (plot.x, spans[0], at_x, True), (plot.y, spans[1], at_y, False)):
    if axis.categories:
      values, words = range(len(axis.categories)), list(axis.categories)
    else:
      values = (ticks.logarithmic(*span) if axis.log
                else ticks.linear(*span, most=5 if width > _NARROW else 3))
      words = ticks.labels(values)
    for value, word in zip(values, words):
      if along:
        marks += [Line([(place(value), y), (place(value), y + height)], _GRID),
                  Text(place(value), y + height + 13, word, _LETTERS - 1,
                       scene.SOFT, 'middle')]
      else:
        marks += [Line([(x, place(value)), (x + width, place(value))], _GRID),
                  Text(x - 5, place(value) + 3, word, _LETTERS - 1,
                       scene.SOFT, 'end')]
  marks += [Text(x + width / 2, y + height + 28, plot.x.label, _LETTERS,
                 anchor='middle')]
  if plot.y.label:
    marks.append(Text(x - 32, y + height / 2, plot.y.label, _LETTERS,
                      anchor='middle', angle=90))


def radii(series: plots.Series) -> list[float]:
  """How large points are.

  Args:
    series: the points.

  Returns:
    Radii in units; where they are sized, the area grows with n.
  """
  if series.cloud or not series.sized:
    return [1.6 if series.cloud else 3.6] * len(series.x)
  share = np.asarray(series.n, float) / max(sum(series.n), 1)
  return [round(float(v), 1) for v in np.sqrt(5 + 90 * share)]


def _points(plot, series, marks, at_x, at_y) -> None:
  color = plots.PALETTE[series.color % len(plots.PALETTE)]
  known = [i for i, (a, b) in enumerate(zip(series.x, series.y))
           if math.isfinite(a) and math.isfinite(b)]
  place = {i: (at_x(series.x[i]), at_y(series.y[i])) for i in known}
  if series.line:
    marks.append(Line([place[i] for i in known], color, 1.6, series.dashed))
  for i in known if len(series.low) else ():
    low, high = series.low[i], series.high[i]
    if math.isfinite(low) and math.isfinite(high):
      ends = ([(at_x(low), place[i][1]), (at_x(high), place[i][1])]
              if plot.y.categories else
              [(place[i][0], at_y(low)), (place[i][0], at_y(high))])
      marks.append(Line(ends, color, 1.2))
  if series.line and not series.sized and len(known) > 1:
    return
  sizes = radii(series)
  for filled in (True, False):
    chosen = [i for i in known
              if bool(series.filled[i] if len(series.filled) else True)
              == filled]
    if chosen:
      marks.append(Circles([place[i] for i in chosen],
                           [sizes[i] for i in chosen], color, filled,
                           0.35 if series.cloud else 1.0))
