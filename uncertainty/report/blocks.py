"""The pieces that chapters are made of, as safe HTML."""

import dataclasses
import html
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup


@dataclasses.dataclass(frozen=True)
class Chapter:
  """One section of the page."""

  name: str
  title: str
  blocks: tuple[Markup, ...]


def text(sentence: str, *, note: bool = False) -> Markup:
  kind = ' class="note"' if note else ''
  return Markup(f'<p{kind}>{html.escape(sentence)}</p>')


def heading(sentence: str) -> Markup:
  return Markup(f'<h3>{html.escape(sentence)}</h3>')


def folded(summary: str, *blocks: Markup) -> Markup:
  return Markup(
      f'<details><summary>{html.escape(summary)}</summary>'
      f'{"".join(blocks)}</details>')


def interval(
    value: float, low: float = math.nan, high: float = math.nan,
    digits: int = 2) -> str:
  """'0.51 [0.46, 0.56]', or '–' for a missing value."""
  if not np.isfinite(value):
    return '–'
  shown = f'{value:.{digits}f}'
  if np.isfinite(low) and np.isfinite(high):
    shown += f' [{low:.{digits}f}, {high:.{digits}f}]'
  return shown


def cards(entries: Mapping[str, Mapping[str, tuple[str, str]]]) -> Markup:
  """One card a title; in it, label → (value, small print)."""
  parts = []
  for title, lines in entries.items():
    rows = ''.join(
        f'<dt>{html.escape(label)}</dt><dd><b>{html.escape(value)}</b>'
        f'<small>{html.escape(small)}</small></dd>'
        for label, (value, small) in lines.items())
    parts.append(
        f'<div class="card"><h3>{html.escape(title)}</h3><dl>{rows}</dl></div>')
  return Markup(f'<div class="cards">{"".join(parts)}</div>')


def plain_table(frame: pd.DataFrame, digits: int = 3) -> Markup:
  """A small table as it stands."""

  def cell(value):
    if isinstance(value, (bool, np.bool_)):
      return f'<td>{"yes" if value else "no"}</td>'
    if isinstance(value, (int, np.integer)):
      return f'<td class="number">{value}</td>'
    if isinstance(value, (float, np.floating)):
      shown = '–' if not np.isfinite(value) else f'{value:.{digits}g}'
      return f'<td class="number">{shown}</td>'
    return f'<td>{html.escape("–" if value is None else str(value))}</td>'

  head = ''.join(
      f'<th{_numeric(frame[c])}>{html.escape(str(c))}</th>' for c in frame)
  body = ''.join(
      f'<tr>{"".join(cell(v) for v in row)}</tr>'
      for row in frame.itertuples(index=False))
  return Markup(
      f'<div class="scroll"><table class="plain"><thead><tr>{head}</tr></thead>'
      f'<tbody>{body}</tbody></table></div>')


def _numeric(column: pd.Series) -> str:
  return ' class="number"' if pd.api.types.is_numeric_dtype(column) else ''


def data_table(
    frame: pd.DataFrame, *, sort: str, pick: str | None = None) -> Markup:
  """A table that sorts by any column, filters by text and by one column.

  Args:
    frame: values are numbers, strings, or lists of shares (drawn as bars).
    sort: the column it is sorted by at first, largest on top.
    pick: a column whose values a menu offers.
  """
  columns = list(frame.columns)
  content = {
      'columns': columns, 'sort': columns.index(sort),
      'pick': columns.index(pick) if pick else None,
      'rows': [[_plain(v) for v in row]
               for row in frame.itertuples(index=False)]}
  # `<` is written so that no text in the data can end the script element.
  embedded = json.dumps(content, ensure_ascii=False).replace('<', '\\u003c')
  head = ''.join(
      f'<th scope="col"><button>{html.escape(c)}</button></th>'
      for c in columns)
  menu = ''
  if pick:
    options = ''.join(
        f'<option>{html.escape(str(v))}</option>'
        for v in sorted(frame[pick].unique()))
    menu = (f'<select aria-label="{html.escape(pick)}">'
            f'<option value="">every {html.escape(pick)}</option>{options}'
            '</select>')
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
    return round(float(value), 6) if np.isfinite(value) else None
  return value


def listed(names: Sequence[str], at_most: int = 4) -> str:
  """'a, b, c and 5 more'."""
  names = [str(n) for n in names]
  if len(names) <= at_most:
    return ' and '.join(filter(None, (', '.join(names[:-1]), *names[-1:])))
  return f'{", ".join(names[:at_most])} and {len(names) - at_most} more'
