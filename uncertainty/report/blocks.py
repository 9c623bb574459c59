"""The pieces that chapters are made of, as safe HTML."""

import dataclasses
import html
import json
import math
import urllib.parse
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from uncertainty.report import names
from uncertainty.results.analysis_columns import P_VALUES
from uncertainty.results.columns import MODEL


@dataclasses.dataclass(frozen=True)
class Chapter:
  """One section of the page."""

  name: str
  title: str
  blocks: tuple[Markup, ...]


def text(sentence: str, *, note: bool = False) -> Markup:
  """A paragraph.

  Args:
    sentence: escaped here.
    note: whether it is small print.

  Returns:
    The block.
  """
  kind = ' class="note"' if note else ''
  return Markup(f'<p{kind}>{html.escape(sentence)}</p>')


def heading(sentence: str) -> Markup:
  """A heading within a chapter.

  Args:
    sentence: escaped here.

  Returns:
    The block.
  """
  return Markup(f'<h3>{html.escape(sentence)}</h3>')


def folded(summary: str, *blocks: Markup) -> Markup:
  """Blocks that are shown on demand.

  Args:
    summary: the line that opens them; escaped here.
    *blocks: what it opens.

  Returns:
    The block.
  """
  return Markup(
      f'<details><summary>{html.escape(summary)}</summary>'
      f'{"".join(blocks)}</details>')


def of_model(model: str, *blocks: Markup) -> Markup:
  """Blocks of one model, which the page's filter shows or hides.

  Args:
    model: its name.
    *blocks: what is of it alone.

  Returns:
    The block.
  """
  return Markup(f'<div{_of_model(model)}>{"".join(blocks)}</div>')


def of_models(models: Collection[str], *blocks: Markup) -> Markup:
  """Blocks of one model or of several, as `of_model` or `of_all_models`.

  Args:
    models: their names.
    *blocks: what is of them alone.

  Returns:
    The block.
  """
  if len(models) == 1:
    return of_model(next(iter(models)), *blocks)
  return of_all_models(*blocks)


def of_all_models(*blocks: Markup) -> Markup:
  """Blocks of all models at once, on which the page's filter cannot act.

  Args:
    *blocks: what depends on which models there are.

  Returns:
    The block; while a filter is set, the page has a line in its place.
  """
  return Markup(f'<div data-of-all>{"".join(blocks)}</div>')


def interval(
    value: float, low: float = math.nan, high: float = math.nan,
    digits: int = 2) -> str:
  """A number with its interval.

  Args:
    value: the number.
    low: lower end; NaN if there is no interval.
    high: upper end; one that is not above `low` is no interval.
    digits: decimals.

  Returns:
    '0.51 [0.46, 0.56]', '0.51', or '–' for a missing value.
  """
  if not np.isfinite(value):
    return '–'
  shown = f'{value:.{digits}f}'
  if np.isfinite(low) and np.isfinite(high) and high > low:
    shown += f' [{low:.{digits}f}, {high:.{digits}f}]'
  return shown


def intervals(rows: pd.DataFrame, columns: Sequence[str], digits: int = 2
              ) -> list[str]:
  """`interval` of every row.

  Args:
    rows: a table.
    columns: of the value, the lower and the upper end.
    digits: decimals.

  Returns:
    One text a row.
  """
  return [interval(*values, digits=digits) for values in rows[
      list(columns)].itertuples(index=False, name=None)]


def cards(
    entries: Mapping[str, Mapping[str, tuple[str, str]]],
    models: Mapping[str, str] | None = None) -> Markup:
  """Cards side by side.

  Args:
    entries: title → label → (value, small print); escaped here.
    models: title → the model that a card is of, which filters go by.

  Returns:
    The block.
  """
  parts = []
  for title, lines in entries.items():
    rows = ''.join(
        f'<dt>{html.escape(label)}</dt><dd><b>{html.escape(value)}</b>'
        f'<small>{html.escape(small)}</small></dd>'
        for label, (value, small) in lines.items())
    model = (models or {}).get(title)
    of = f' data-model="{html.escape(model)}"' if model else ''
    parts.append(
        f'<div class="card"{of}><h3>{html.escape(title)}</h3>'
        f'<dl>{rows}</dl></div>')
  return Markup(f'<div class="cards">{"".join(parts)}</div>')


def figure(body: Markup, title: str, caption: str, stem: str) -> Markup:
  """A figure, with its table and its files one click away.

  Args:
    body: what the page draws; its JSON is what the table is made of.
    title: what the figure is called, for readers who do not see it.
    caption: what is drawn and how to read it; escaped here.
    stem: of the files `figures/STEM.svg` and so on, beside the page.

  Returns:
    The block.
  """
  links = ' '.join(
      f'<a download href="figures/{urllib.parse.quote(stem)}.{suffix}">'
      f'{suffix.upper()}</a>' for suffix in ('svg', 'pdf', 'png', 'csv'))
  said = f'<figcaption>{html.escape(caption)}</figcaption>' if caption else ''
  return Markup(
      f'<figure aria-label="{html.escape(title)}">{body}{said}'
      '<details class="numbers"><summary>Table</summary></details>'
      f'<p class="files">{links}</p></figure>')


def p_value(p: float, floor: float = 0.0) -> str:
  """A p-value in print, which is never 0.

  Args:
    p: as computed.
    floor: the smallest that its test can give, 1/(R + 1) of R draws
      (Phipson & Smyth 2010); 0 for a test without draws.

  Returns:
    '0.013', '< 0.0005' below the floor, '< 1e-300' where a test without
    draws underflows, '–' if it is missing.
  """
  if not np.isfinite(p):
    return '–'
  if p < floor or p == 0:
    return f'< {floor or 1e-300:.2g}'
  return f'{p:.2g}'


def plain_table(
    frame: pd.DataFrame, digits: int = 3, p_floor: float = 0.0,
    models: Sequence[str | None] | None = None) -> Markup:
  """A small table as it stands.

  Args:
    frame: numbers, truth values and texts; missing ones become '–'.
    digits: significant digits of numbers.
    p_floor: of `p_value`, for columns of p-values.
    models: the model of each row, which the page's filter acts on: 'A → B' of
      two, '' of all at once, None of none; by default the frame's own column
      of that name, where it has one.

  Returns:
    The block.
  """

  def cell(column, raw):
    value = names.value(column, raw)
    if column in P_VALUES and isinstance(value, (float, np.floating)):
      shown = html.escape(p_value(float(value), p_floor))
      return f'<td class="number">{shown}</td>'
    if isinstance(value, (bool, np.bool_)):
      return f'<td>{"yes" if value else "no"}</td>'
    if isinstance(value, (int, np.integer)):
      return f'<td class="number">{value}</td>'
    if isinstance(value, (float, np.floating)):
      shown = '–' if not np.isfinite(value) else f'{value:.{digits}g}'
      return f'<td class="number">{shown}</td>'
    missing = value is None or value is pd.NA
    tip = _tip(str(raw)) if value is not raw else ''
    return f'<td{tip}>{html.escape("–" if missing else str(value))}</td>'

  head = ''.join(
      f'<th scope="col"{_numeric(frame[c])}{_heading_tip(str(c))}>'
      f'{html.escape(names.column(str(c)))}</th>' for c in frame)
  columns = [str(c) for c in frame]
  of_row = models if models is not None else (
      frame[MODEL].tolist() if MODEL in frame else [None] * len(frame))
  body = ''.join(
      f'<tr{_of_model(model)}>'
      f'{"".join(cell(c, v) for c, v in zip(columns, row))}</tr>'
      for model, row in zip(
          of_row, frame.itertuples(index=False, name=None), strict=True))
  return Markup(
      f'<div class="scroll"><table class="plain"><thead><tr>{head}</tr></thead>'
      f'<tbody>{body}</tbody></table></div>')


def _of_model(name: object) -> str:
  if not isinstance(name, str):
    return ''
  return f' data-model="{html.escape(name)}"' if name else ' data-of-all'


def _tip(raw: str) -> str:
  """What the tables call it, to be seen by pointing at it."""
  return f' title="{html.escape(raw)}"'


def _heading_tip(raw: str) -> str:
  return _tip(raw) if names.column(raw) != raw else ''


def _numeric(column: pd.Series) -> str:
  return ' class="number"' if pd.api.types.is_numeric_dtype(column) else ''


_LONG = 40  # rows of a table that is better sorted than read


def table(
    frame: pd.DataFrame, *, sort: str, pick: str | None = None,
    p_floor: float = 0.0) -> Markup:
  """A table as it stands, or one that sorts and filters where it is long.

  Args:
    frame: as in `plain_table`.
    sort: as in `data_table`.
    pick: as in `data_table`.
    p_floor: as in `plain_table`.

  Returns:
    The block.
  """
  if len(frame) <= _LONG:
    return plain_table(frame, p_floor=p_floor)
  return data_table(frame, sort=sort, pick=pick, p_floor=p_floor)


def data_table(
    frame: pd.DataFrame, *, sort: str, pick: str | None = None,
    p_floor: float = 0.0) -> Markup:
  """A table that sorts by any column, filters by text and by one column.

  Args:
    frame: values are numbers, strings, or lists of shares (drawn as bars).
    sort: the column it is sorted by at first, largest on top.
    pick: a column whose values a menu offers.
    p_floor: of `p_value`, for columns of p-values.

  Returns:
    The block; its rows are JSON that `tables.js` shows 25 at a time.
  """
  columns = list(frame.columns)
  raw: dict[str, str] = {}  # words → what the tables call it

  def shown(column: str, value: Any) -> Any:
    said = names.value(column, value)
    if said is not value:
      raw[said] = value
    return _plain(said)

  content = {
      'columns': [names.column(c) for c in columns], 'raw': raw,
      'model': columns.index(MODEL) if MODEL in columns else -1,
      'sort': columns.index(sort),
      'pick': columns.index(pick) if pick else None,
      'p': [i for i, c in enumerate(columns) if c in P_VALUES],
      'floor': p_floor,
      'rows': [[shown(c, v) for c, v in zip(columns, row)]
               for row in frame.itertuples(index=False, name=None)]}
  # `<` is written so that no text in the data can end the script element.
  embedded = json.dumps(
      content, ensure_ascii=False, separators=(',', ':')).replace(
          '<', '\\u003c')
  head = ''.join(
      f'<th scope="col"{_heading_tip(c)}><button>'
      f'{html.escape(names.column(c))}</button></th>' for c in columns)
  menu = ''
  if pick:
    options = ''.join(
        f'<option>{html.escape(str(names.value(pick, v)))}</option>'
        for v in sorted(frame[pick].unique()))
    said = html.escape(names.column(pick))
    menu = (f'<select aria-label="{said}"><option value="">every {said}'
            f'</option>{options}</select>')
  return Markup(
      '<div data-table><div class="controls">'
      '<input type="search" placeholder="filter rows" aria-label="filter">'
      f'{menu}<span class="status note"></span></div>'
      f'<div class="scroll"><table class="data"><thead><tr>{head}</tr></thead>'
      '<tbody></tbody></table></div>'
      '<button class="more">show more</button>'
      f'<script type="application/json">{embedded}</script></div>')


def _plain(value: Any) -> Any:
  """A JSON value: arrays as lists, NaN as null."""
  if isinstance(value, (np.ndarray, list, tuple)):
    return [_plain(v) for v in value]
  if isinstance(value, (bool, np.bool_)):
    return 'yes' if value else 'no'
  if isinstance(value, (int, np.integer)):
    return int(value)
  if isinstance(value, (float, np.floating)):
    return float(f'{value:.5g}') if np.isfinite(value) else None
  return None if value is pd.NA else value


def listed(every: Sequence[str], at_most: int = 4) -> str:
  """Names in a sentence.

  Args:
    every: any number of them.
    at_most: how many are written out.

  Returns:
    'a, b and c', or 'a, b, c, d and 5 more'.
  """
  said = [str(n) for n in every]
  if len(said) <= at_most:
    return ' and '.join(filter(None, (', '.join(said[:-1]), *said[-1:])))
  return f'{", ".join(said[:at_most])} and {len(said) - at_most} more'
