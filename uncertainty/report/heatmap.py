"""Heatmaps of measures × models: data that the page draws, and an SVG.

The page holds the numbers once, as JSON, and draws a panel when it is opened:
as marked-up cells, a study of thirty models took 15 MB.
"""

import dataclasses
import html
import json
import pathlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib import colormaps, colors

from uncertainty.results import shards

# A diverging map for signed values, a sequential one for errors; both keep
# their order in grey and for colour-blind readers.
DIVERGING = 'RdBu'
SEQUENTIAL = 'YlOrRd'
_STEPS = 32  # shades of a map: finer ones are not told apart
_LETTER = 5.6  # pixels that a letter of 10 pixels takes
_CELL = (42, 24)  # pixels


@dataclasses.dataclass(frozen=True)
class Heatmap:
  """One panel.

  Attributes:
    rows: measures, as columns of results call them.
    columns: models.
    values: [rows, columns]; NaN cells stay blank.
    details: label → [rows, columns] of what is said of a cell beside its
      value: 'low' and 'high' of its interval, 'n', and p-values.
    marks: [rows, columns], True where the cell is significant; None if no
      test was made.
    label: what the value is, such as 'ρ'.
    cmap: name of a matplotlib colour map.
    low: value at the lower end of the map.
    high: value at its upper end.
    digits: decimals printed.
    sign: −1 where low values are the good ones of a signed map, so that blue
      always means aligned.
  """

  rows: Sequence[str]
  columns: Sequence[str]
  values: np.ndarray
  details: Mapping[str, np.ndarray]
  marks: np.ndarray | None = None
  label: str = ''
  cmap: str = DIVERGING
  low: float = -1.0
  high: float = 1.0
  digits: int = 2
  sign: int = 1


def pivot(
    frame: pd.DataFrame, *, value: str, rows: Sequence[str],
    columns: Sequence[str], details: Mapping[str, str],
    mark: str | None = None, label: str = '', cmap: str = DIVERGING,
    low: float = -1.0, high: float = 1.0, sign: int = 1,
) -> Heatmap:
  """Builds a heatmap from a long table with columns measure and model.

  Args:
    frame: a row a cell; of two rows for one cell the first counts.
    value: the column that is coloured and printed.
    rows: measures, top to bottom.
    columns: models, left to right.
    details: label → column, as in `Heatmap.details`.
    mark: a column of booleans, True where the cell is significant.
    label: as in `Heatmap`, like what follows.
    cmap: as in `Heatmap`.
    low: as in `Heatmap`.
    high: as in `Heatmap`.
    sign: as in `Heatmap`.

  Returns:
    The panel; cells that no row names are NaN.
  """
  frame = frame[::-1]  # the last one written is the first row of a cell
  row_N = pd.Index(rows).get_indexer(pd.Index(frame['measure']))
  column_N = pd.Index(columns).get_indexer(pd.Index(frame['model']))
  kept = (row_N >= 0) & (column_N >= 0)

  def spread(name: str, empty: float) -> np.ndarray:
    grid = np.full((len(rows), len(columns)), empty)
    grid[row_N[kept], column_N[kept]] = frame[name].to_numpy(float)[kept]
    return grid

  return Heatmap(
      tuple(rows), tuple(columns), spread(value, np.nan),
      {name: spread(column, np.nan) for name, column in details.items()},
      spread(mark, 0.0) > 0 if mark else None, label, cmap, low, high,
      sign=sign)


def _steps(heatmap: Heatmap) -> np.ndarray:
  """Which of the map's shades each cell has; blank cells have any."""
  span = (heatmap.values * heatmap.sign - heatmap.low) / (
      heatmap.high - heatmap.low)
  return np.floor(np.nan_to_num(np.clip(span, 0, 1)) * (_STEPS - 1)
                  + 0.5).astype(int)


def _shades(cmap: str) -> list[tuple[str, str]]:
  """Background and text colour of each shade."""
  shades = []
  for rgba in colormaps[cmap](np.linspace(0, 1, _STEPS)):
    luminance = float(np.dot(rgba[:3], (0.299, 0.587, 0.114)))
    shades.append((colors.to_hex(rgba), '#111' if luminance > 0.55 else '#fff'))
  return shades


def style() -> str:
  """CSS of every shade: `.RdBu0` to `.YlOrRd31`."""
  return '\n'.join(
      f'.{cmap}{i}{{background:{fill};color:{ink}}}'
      for cmap in (DIVERGING, SEQUENTIAL)
      for i, (fill, ink) in enumerate(_shades(cmap)))


def number(value: float, digits: int) -> str:
  """0.423 → .42, as journals print correlations and errors."""
  text = f'{value:.{digits}f}'
  return text.replace('0.', '.', 1) if abs(value) < 1 else text


def to_html(heatmap: Heatmap, names: Callable[[str], str]) -> Markup:
  """A panel for the page, which `page.js` draws when it is in sight.

  Args:
    heatmap: the panel.
    names: what a row is called.

  Returns:
    An element that holds the panel's numbers as JSON: four decimals of
    values and intervals, two digits of p-values.
  """
  content = {
      'label': heatmap.label, 'digits': heatmap.digits, 'map': heatmap.cmap,
      'rows': [names(row) for row in heatmap.rows],
      'columns': list(heatmap.columns),
      'values': _listed(heatmap.values), 'steps': _STEPS,
      'low': heatmap.low, 'high': heatmap.high, 'sign': heatmap.sign,
      'weak': (None if heatmap.marks is None else
               (~heatmap.marks).astype(int).tolist()),
      'details': {label: _listed(grid, p=label.endswith('p'))
                  for label, grid in heatmap.details.items()}}
  # `<` is written so that no text in the data can end the script element.
  embedded = json.dumps(
      content, ensure_ascii=False, separators=(',', ':')).replace(
          '<', '\\u003c')
  few = ' few' if len(heatmap.columns) <= 4 else ''
  return Markup(
      f'<div class="scroll" data-heatmap><table class="heatmap{few}"></table>'
      f'<script type="application/json">{embedded}</script></div>')


def _listed(grid: np.ndarray, *, p: bool = False) -> list[list[float | None]]:
  """JSON values; a p-value keeps two digits however small it is."""

  def one(value: float) -> float | int | None:
    if not np.isfinite(value):
      return None
    if p:
      return float(f'{value:.2g}')
    return int(value) if value == int(value) else round(value, 4)

  return [[one(value) for value in row] for row in grid.tolist()]


def to_svg(
    heatmap: Heatmap, title: str, names: Callable[[str], str]) -> str:
  """The same panel as a picture, for papers and slides.

  Args:
    heatmap: the panel; the numbers of cells without a mark are paler.
    title: one or more lines above it.
    names: what a row is called.

  Returns:
    A whole SVG document. It is written letter by letter because matplotlib
    takes half a second for the 500 texts of one panel, and a study of thirty
    models has 250 panels.
  """
  wide, tall = _CELL
  lines = title.splitlines()
  labels = [names(row) for row in heatmap.rows]
  left = 12 + _LETTER * max(map(len, labels), default=0)
  above = 14 + 18 * len(lines)
  below = 16 + 0.8 * _LETTER * max(map(len, heatmap.columns), default=0)
  width = max(left + wide * len(heatmap.columns) + 12,
              12 + 7.2 * max(map(len, lines), default=0))
  height = above + tall * len(labels) + below
  parts = [
      f'<text x="6" y="{18 * (i + 1)}" font-size="13">{html.escape(line)}'
      '</text>' for i, line in enumerate(lines)]
  shades, steps = _shades(heatmap.cmap), _steps(heatmap)
  for i, label in enumerate(labels):
    y = above + tall * i
    parts.append(f'<text x="{left - 6:.0f}" y="{y + 16}" text-anchor="end">'
                 f'{html.escape(label)}</text>')
    for j, value in enumerate(heatmap.values[i].tolist()):
      if not np.isfinite(value):
        continue
      fill, ink = shades[steps[i, j]]
      pale = heatmap.marks is not None and not heatmap.marks[i, j]
      faded = ' opacity=".55"' if pale else ''
      x = left + wide * j
      parts.append(
          f'<rect x="{x:.0f}" y="{y}" width="{wide}" height="{tall}" '
          f'fill="{fill}"/><text x="{x + wide / 2:.0f}" y="{y + 16}" '
          f'text-anchor="middle" fill="{ink}"{faded}>'
          f'{number(value, heatmap.digits)}</text>')
  y = above + tall * len(labels) + 12
  for j, column in enumerate(heatmap.columns):
    x = left + wide * (j + 0.5)
    parts.append(
        f'<text x="{x:.0f}" y="{y}" text-anchor="end" '
        f'transform="rotate(-55 {x:.0f} {y})">{html.escape(str(column))}'
        '</text>')
  return (
      f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" '
      f'height="{height:.0f}" font-family="DejaVu Sans, Arial, sans-serif" '
      f'font-size="10" fill="#111"><rect width="100%" height="100%" '
      f'fill="#fff"/>{"".join(parts)}</svg>\n')


def save(svg: str, path: pathlib.Path) -> None:
  """Writes a picture, whole or not at all.

  Args:
    svg: of `to_svg`.
    path: ends in `.svg`; its folder is made.

  Raises:
    UserError: the disk is full, or the folder may not be written to.
  """
  with shards.replacing(path) as file:
    file.write(svg.encode('utf-8'))
