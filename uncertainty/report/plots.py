"""Plots as data: the page draws them from it, and so do the files beside it.

One plot is panels that share their axes' meaning; a panel is series of points.
"""

import dataclasses
import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

# Okabe & Ito (2008), told apart by colour-blind readers; the pale ones are
# darker here, to stand out from white paper 3 to 1. `plots.css` has both
# these and their like for dark pages.
PALETTE = ('#0072b2', '#d55e00', '#008a64', '#b0568c', '#8f6400', '#3a86b7',
           '#222222', '#777777')
_PLACES = 5  # significant digits that the page gets


@dataclasses.dataclass(frozen=True)
class Axis:
  """What one direction of a plot means.

  Attributes:
    label: its words.
    low: its lower end; None takes it from the points.
    high: its upper end; None takes it from the points.
    least: the lowest that the lower end may be: points below it are drawn at
      the end; None for no such bound.
    log: whether it is logarithmic.
    categories: what stands at 0, 1, …; () for a scale of numbers.
  """

  label: str
  low: float | None = None
  high: float | None = None
  least: float | None = None
  log: bool = False
  categories: Sequence[str] = ()


@dataclasses.dataclass(frozen=True)
class Series:
  """Points of one kind.

  Attributes:
    x: of each point.
    y: of each point.
    label: in the legend; '' for none.
    color: place in `PALETTE`.
    line: whether a line joins them.
    dashed: whether that line is broken.
    cloud: whether they are too many to be told one by one.
    low: lower ends of intervals, along x where y has categories; () for none.
    high: upper ends.
    filled: whether each is filled; () fills all.
    n: how many items each stands for; () where it is not known.
    sized: whether a point's area says its n.
    names: what each is; () for none.
    models: whose each is; () where the panel is one model's, or many's.
  """

  x: Sequence[float]
  y: Sequence[float]
  label: str = ''
  color: int = 0
  line: bool = False
  dashed: bool = False
  cloud: bool = False
  low: Sequence[float] = ()
  high: Sequence[float] = ()
  filled: Sequence[bool] = ()
  n: Sequence[int] = ()
  sized: bool = False
  names: Sequence[str] = ()
  models: Sequence[str] = ()


@dataclasses.dataclass(frozen=True)
class Panel:
  """One pair of axes.

  Attributes:
    title: above it.
    series: back to front.
    model: whose it is, which filters go by; '' for many.
    bands: (low, high, color, model) of y, each a stripe behind the points;
      the model is whose it is, '' for many.
  """

  title: str
  series: Sequence[Series]
  model: str = ''
  bands: Sequence[tuple[float, float, int, str]] = ()


@dataclasses.dataclass(frozen=True)
class Plot:
  """Panels side by side.

  Attributes:
    panels: in their order.
    x: along.
    y: up.
    share: whether panels have the same scales.
    references: where grey lines are: ('x', value), ('y', value), or
      ('diagonal', 0.0).
    height: of a panel over its width.
  """

  panels: Sequence[Panel]
  x: Axis
  y: Axis
  share: bool = True
  references: Sequence[tuple[str, float]] = ()
  height: float = 0.85


def limits(plot: Plot, panel: Panel) -> tuple[tuple[float, float], ...]:
  """The ends of both scales of a panel.

  Args:
    plot: which it is of.
    panel: the panel.

  Returns:
    (low, high) of x and of y.
  """
  panels = plot.panels if plot.share else [panel]
  out = []
  for key, axis in (('x', plot.x), ('y', plot.y)):
    if axis.categories:
      out.append((-0.6, len(axis.categories) - 0.4))
      continue
    found = [getattr(s, key) for p in panels for s in p.series]
    along = 'x' if plot.y.categories else 'y'
    if key == along:
      found += [end for p in panels for s in p.series
                for end in (s.low, s.high)]
      found += [band[:2] for p in panels for band in p.bands]
    found += [[value] for where, value in plot.references if where == key]
    flat = np.concatenate([np.asarray(v, float) for v in found] or [[0.0]])
    flat = flat[np.isfinite(flat)]
    low, high = (flat.min(), flat.max()) if len(flat) else (0.0, 1.0)
    out.append(_padded(axis, float(low), float(high)))
  return tuple(out)


def _padded(axis: Axis, low: float, high: float) -> tuple[float, float]:
  low = low if axis.low is None else axis.low
  high = high if axis.high is None else axis.high
  if axis.least is not None:
    low = max(low, axis.least)
  if axis.log:
    return low / 1.25, high * 1.25
  if high <= low:
    low, high = low - 0.5, low + 0.5
  room = 0.04 * (high - low)
  return (low - room if axis.low is None else low - room / 2,
          high + room if axis.high is None else high + room / 2)


def content(plot: Plot) -> str:
  """What the page draws from.

  Args:
    plot: the plot.

  Returns:
    JSON that can stand in a script element; what is missing or as by default
    is left out. `span` of a panel is its `limits`.
  """
  found: dict[str, Any] = {
      'x': _filled(label=plot.x.label, log=plot.x.log,
                   categories=list(plot.x.categories)),
      'y': _filled(label=plot.y.label, log=plot.y.log,
                   categories=list(plot.y.categories)),
      'references': [list(r) for r in plot.references],
      'height': plot.height,
      'panels': [_filled(
          title=panel.title, model=panel.model,
          bands=[[*map(_short, band[:2]), *band[2:]] for band in panel.bands],
          span=[list(map(_short, ends)) for ends in limits(plot, panel)],
      ) | {'series': [_series(s) for s in panel.series]}
                 for panel in plot.panels]}
  return json.dumps(found, ensure_ascii=False, separators=(',', ':')).replace(
      '<', '\\u003c')


def _series(series: Series) -> dict[str, Any]:
  return {'x': _numbers(series.x), 'y': _numbers(series.y)} | _filled(
      label=series.label, color=series.color, line=series.line,
      dashed=series.dashed, cloud=series.cloud, low=_numbers(series.low),
      high=_numbers(series.high), filled=[int(f) for f in series.filled],
      n=[int(n) for n in series.n], sized=series.sized,
      names=list(map(str, series.names)), models=list(map(str, series.models)))


def _filled(**fields: Any) -> dict[str, Any]:
  return {k: v for k, v in fields.items() if v}


def _numbers(values: Sequence[float]) -> list[float | None]:
  return [_short(v) for v in np.asarray(values, float).tolist()]


def _short(value: float) -> float | None:
  if not math.isfinite(value):
    return None
  short = float(f'{value:.{_PLACES}g}')
  return int(short) if short == int(short) else short


def frame(plot: Plot) -> pd.DataFrame:
  """The points of a plot as a table.

  Args:
    plot: the plot.

  Returns:
    A row a point, a column for each thing that any point has; scales are
    called as their axes are.
  """
  rows = []
  for panel in plot.panels:
    for series in panel.series:
      about = {'panel': panel.title, 'model': panel.model,
               'series': series.label}
      part = pd.DataFrame(
          {'x': np.asarray(series.x, float), 'y': np.asarray(series.y, float)}
          | {key: list(values) for key, values in (
              ('low', series.low), ('high', series.high), ('n', series.n),
              ('filled', series.filled), ('name', series.names))
             if len(values)}).assign(**about)
      if len(series.models):
        part['model'] = list(series.models)
      rows.append(part)
  table = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()
  for key, axis in (('x', plot.x), ('y', plot.y)):
    if axis.categories and len(table):
      table[key] = [axis.categories[int(v)] for v in table[key]]
  kept = [c for c in ('panel', 'series', 'model', 'name', 'x', 'y', 'low',
                      'high', 'n', 'filled')
          if c in table and not table[c].isin(['', None]).all()]
  if {'panel', 'model'} <= set(kept) and (
      table['panel'] == table['model']).all():
    kept.remove('panel')
  return table[kept].rename(columns={'x': plot.x.label, 'y': plot.y.label})
