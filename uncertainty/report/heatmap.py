"""Heatmaps of measures × models, as data that the page draws.

The page holds the numbers once, as JSON, and draws a panel when it is opened:
as marked-up cells, a study of thirty models took 15 MB.
"""

import dataclasses
import functools
import json
import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib import colormaps, colors

from uncertainty.report.names import PRIMARY
from uncertainty.results import columns as cols
from uncertainty.results.analysis_columns import P_VALUES

# A diverging map for signed values, a sequential one for errors; both keep
# their order in grey and for colour-blind readers.
DIVERGING = 'RdBu'
SEQUENTIAL = 'YlOrRd'
STEPS = 32  # shades of a map: finer ones are not told apart
# Settings of one measure (the top 5 or 10 tokens) whose values differ by no
# more than this in any model are shown as one row.
ALIKE = 0.05


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
    alike: of each row, the place of the row that stands for it; its own place
      where it is shown itself.
    p_values: which of the details are p-values.
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
  alike: Sequence[int] = ()
  p_values: frozenset[str] = frozenset()


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
  row_N = pd.Index(rows).get_indexer(pd.Index(frame[cols.MEASURE]))
  column_N = pd.Index(columns).get_indexer(pd.Index(frame[cols.MODEL]))
  kept = (row_N >= 0) & (column_N >= 0)

  def spread(name: str, empty: float) -> np.ndarray:
    grid = np.full((len(rows), len(columns)), empty)
    grid[row_N[kept], column_N[kept]] = frame[name].to_numpy(float)[kept]
    return grid

  values = spread(value, np.nan)
  return Heatmap(
      tuple(rows), tuple(columns), values,
      {name: spread(column, np.nan) for name, column in details.items()},
      spread(mark, 0.0) > 0 if mark else None, label, cmap, low, high,
      sign=sign, alike=_folded(rows, values), p_values=frozenset(
          name for name, column in details.items() if column in P_VALUES))


def _folded(rows: Sequence[str], values: np.ndarray) -> tuple[int, ...]:
  """Which row stands for each: the first alike, but never for a primary one."""
  families = [re.sub(r'_[\d.]+$', '', row) for row in rows]
  out: list[int] = []
  for i, family in enumerate(families):
    stands = i
    for j in dict.fromkeys(out):
      if families[j] != family or rows[i] in PRIMARY:
        continue
      gap_M = np.abs(values[i] - values[j])
      same_blanks = np.array_equal(np.isnan(values[i]), np.isnan(values[j]))
      if same_blanks and not np.any(gap_M > ALIKE):
        stands = j
        break
    out.append(stands)
  return tuple(out)


def steps(heatmap: Heatmap) -> np.ndarray:
  """Which of the map's shades each cell has.

  Args:
    heatmap: the panel.

  Returns:
    [rows, columns] of 0 to `STEPS` − 1; blank cells have any.
  """
  span = (heatmap.values * heatmap.sign - heatmap.low) / (
      heatmap.high - heatmap.low)
  return np.floor(np.nan_to_num(np.clip(span, 0, 1)) * (STEPS - 1)
                  + 0.5).astype(int)


@functools.cache
def shades(cmap: str) -> tuple[tuple[str, str], ...]:
  """Background and text colour of each shade, told apart 4.5 to 1 or more.

  Luminance is that of WCAG 2.2; below .179 white stands out more than black.

  Args:
    cmap: name of a matplotlib colour map.

  Returns:
    `STEPS` pairs of `#rrggbb`, from the map's lower end.
  """
  found = []
  for rgba in colormaps[cmap](np.linspace(0, 1, STEPS)):
    linear = np.where(rgba[:3] <= 0.04045, rgba[:3] / 12.92,
                      ((rgba[:3] + 0.055) / 1.055) ** 2.4)
    luminance = float(np.dot(linear, (0.2126, 0.7152, 0.0722)))
    found.append((colors.to_hex(rgba),
                  '#000000' if luminance > 0.179 else '#ffffff'))
  return tuple(found)


def style() -> str:
  """CSS of every shade: `.RdBu0` to `.YlOrRd31`.

  Returns:
    A rule a line.
  """
  return '\n'.join(
      f'.{cmap}{i}{{background:{fill};color:{ink}}}'
      for cmap in (DIVERGING, SEQUENTIAL)
      for i, (fill, ink) in enumerate(shades(cmap)))


def number(value: float, digits: int) -> str:
  """A number as journals print correlations and errors: 0.423 → .42.

  Args:
    value: finite.
    digits: decimals.

  Returns:
    Text without a zero before the point.
  """
  text = f'{value:.{digits}f}'
  if float(text) == 0:
    text = text.removeprefix('-')
  return text.replace('0.', '.', 1) if abs(value) < 1 else text


def to_html(heatmap: Heatmap, names: Callable[[str], str]) -> Markup:
  """A panel for the page, which `heatmaps.js` draws when it is in sight.

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
      'raw': list(heatmap.rows), 'alike': list(heatmap.alike),
      'columns': list(heatmap.columns),
      'values': _listed(heatmap.values), 'steps': STEPS,
      'low': heatmap.low, 'high': heatmap.high, 'sign': heatmap.sign,
      'weak': (None if heatmap.marks is None else
               (~heatmap.marks).astype(int).tolist()),
      'details': {label: _listed(grid, p=label in heatmap.p_values)
                  for label, grid in heatmap.details.items()}}
  # `<` is written so that no text in the data can end the script element.
  embedded = json.dumps(
      content, ensure_ascii=False, separators=(',', ':')).replace(
          '<', '\\u003c')
  return Markup(
      f'<div data-heatmap><script type="application/json">{embedded}</script>'
      '</div>')


def frame(heatmap: Heatmap) -> pd.DataFrame:
  """The cells of a panel as a table.

  Args:
    heatmap: the panel.

  Returns:
    A row a cell that has a value: measure, model, value, and the details.
  """
  row_N, column_N = np.nonzero(np.isfinite(heatmap.values))
  return pd.DataFrame({
      cols.MEASURE: np.asarray(heatmap.rows, object)[row_N],
      cols.MODEL: np.asarray(heatmap.columns, object)[column_N],
      heatmap.label or cols.VALUE: heatmap.values[row_N, column_N]}
      | {name: grid[row_N, column_N]
         for name, grid in heatmap.details.items()})


def _listed(grid: np.ndarray, *, p: bool = False) -> list[list[float | None]]:
  """JSON values; a p-value keeps two digits however small it is."""

  def one(value: float) -> float | int | None:
    if not np.isfinite(value):
      return None
    if p:
      return float(f'{value:.2g}')
    return int(value) if value == int(value) else round(value, 4)

  return [[one(value) for value in row] for row in grid.tolist()]
