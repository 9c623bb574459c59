"""Heatmaps of measures × models: an HTML table for the page, and a PNG."""

import dataclasses
import html
import pathlib
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from matplotlib import colormaps, colors
from matplotlib.figure import Figure

# A diverging map for signed values, a sequential one for errors; both keep
# their order in grey and for colour-blind readers.
DIVERGING = 'RdBu'
SEQUENTIAL = 'YlOrRd'
_LETTER = 0.062  # inches that a letter of 8 points takes


@dataclasses.dataclass(frozen=True)
class Heatmap:
  """One panel.

  Attributes:
    values: measures × models; NaN cells stay blank.
    titles: the same shape, a tooltip for each cell.
    marks: the same shape, True where the cell is significant.
    cmap: name of a matplotlib colour map.
    low: value at the lower end of the map.
    high: value at its upper end.
    digits: decimals printed.
    sign: −1 where low values are the good ones of a signed map, so that blue
      always means aligned.
  """

  values: pd.DataFrame
  titles: pd.DataFrame
  marks: pd.DataFrame | None = None
  cmap: str = DIVERGING
  low: float = -1.0
  high: float = 1.0
  digits: int = 2
  sign: int = 1


def pivot(
    frame: pd.DataFrame, *, value: str, title: Callable[[pd.Series], str],
    rows: Sequence[str], columns: Sequence[str],
    mark: str | None = None, **style,
) -> Heatmap:
  """Builds a heatmap from a long table with columns measure and model."""
  frame = frame.assign(_title=[title(row) for _, row in frame.iterrows()])

  def spread(column):
    table = frame.pivot_table(
        index='measure', columns='model', values=column, aggfunc='first')
    return table.reindex(index=rows, columns=columns)

  marks = None
  if mark:
    marks = spread(mark).eq(True)
  return Heatmap(spread(value), spread('_title'), marks, **style)


def _shade(heatmap: Heatmap, value: float) -> tuple[str, str]:
  """Background and text colour of a value."""
  span = (value * heatmap.sign - heatmap.low) / (heatmap.high - heatmap.low)
  rgba = colormaps[heatmap.cmap](float(np.clip(span, 0, 1)))
  luminance = float(np.dot(rgba[:3], (0.299, 0.587, 0.114)))
  return colors.to_hex(rgba), '#111' if luminance > 0.55 else '#fff'


def number(value: float, digits: int) -> str:
  """0.423 → .42, as journals print correlations and errors."""
  text = f'{value:.{digits}f}'
  return text.replace('0.', '.', 1) if abs(value) < 1 else text


def to_html(heatmap: Heatmap, names: Callable[[str], str]) -> str:
  """An HTML table that scrolls sideways under a fixed first column."""
  head = ''.join(
      f'<th scope="col"><span>{html.escape(str(c))}</span></th>'
      for c in heatmap.values.columns)
  body = []
  for measure in heatmap.values.index:
    cells = [_cell(heatmap, measure, c) for c in heatmap.values.columns]
    body.append(
        f'<tr><th scope="row">{html.escape(names(measure))}</th>'
        f'{"".join(cells)}</tr>')
  few = ' few' if len(heatmap.values.columns) <= 4 else ''
  return (
      f'<div class="scroll"><table class="heatmap{few}"><thead><tr><th></th>'
      f'{head}</tr></thead><tbody>{"".join(body)}</tbody></table></div>')


def _cell(heatmap: Heatmap, measure: str, column: str) -> str:
  value = heatmap.values.at[measure, column]
  if not np.isfinite(value):
    return '<td class="blank" title="no value">·</td>'
  fill, ink = _shade(heatmap, value)
  significant = heatmap.marks is None or heatmap.marks.at[measure, column]
  weight = '' if significant else ' class="weak"'
  title = html.escape(str(heatmap.titles.at[measure, column]))
  return (f'<td{weight} style="background:{fill};color:{ink}" '
          f'title="{title}">{number(value, heatmap.digits)}</td>')


def to_figure(
    heatmap: Heatmap, title: str, names: Callable[[str], str]) -> Figure:
  """The same panel as a picture."""
  rows, columns = heatmap.values.shape
  labels = [names(m) for m in heatmap.values.index]
  # Margins by counting letters: solving for them takes most of the drawing.
  left = 0.3 + _LETTER * max(map(len, labels), default=0)
  below = 0.2 + 0.85 * _LETTER * max(map(len, heatmap.values.columns),
                                     default=0)
  above = 0.15 + 0.2 * len(title.splitlines())
  width = max(left + max(2.2, 0.52 * columns) + 0.1, 0.3 + 1.35 * _LETTER * max(
      map(len, title.splitlines()), default=0))
  height = above + 0.27 * rows + below
  figure = Figure(figsize=(width, height))
  axes = figure.add_axes((
      left / width, below / height, 1 - (left + 0.1) / width,
      0.27 * rows / height))
  grid = heatmap.values.to_numpy(float)
  axes.imshow(
      grid * heatmap.sign, cmap=heatmap.cmap, vmin=heatmap.low,
      vmax=heatmap.high, aspect='auto')
  axes.set_xticks(range(columns), heatmap.values.columns, rotation=55,
                  ha='right', rotation_mode='anchor', fontsize=8)
  axes.set_yticks(range(rows), labels, fontsize=8)
  for (i, j), value in np.ndenumerate(grid):
    if np.isfinite(value):
      significant = heatmap.marks is None or heatmap.marks.iat[i, j]
      axes.text(j, i, number(value, heatmap.digits), ha='center', va='center',
                fontsize=7, color=_shade(heatmap, value)[1],
                alpha=1.0 if significant else 0.55)
  axes.tick_params(length=0)
  for spine in axes.spines.values():
    spine.set_visible(False)
  figure.text(0.1 / width, 1 - 0.08 / height, title, va='top', fontsize=10)
  return figure


def save(figure: Figure, path: pathlib.Path) -> None:
  path.parent.mkdir(parents=True, exist_ok=True)
  figure.savefig(path, dpi=150)
