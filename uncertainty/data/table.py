"""A user's own items: CSV, Parquet or JSONL with questions and choices.

Read anew each time, since it is the user's to edit. Columns (any case; the
first name found is used):

  question           also prompt, text, item
  choices            also answers, options: a list, or text parted by `|` or
                     `;`, or a JSON list; or one column per choice, named
                     A, B, C, … or choice_1, choice_2, …
  answer             optional, also correct, correct_answer, label, key: a
                     letter, a number from 1, or the choice's own words
  human_counts       optional, also counts, votes: people behind each choice
  human_shares       optional, also shares, ratios, answer_ratios: their share
  item_id, group     optional, also id; also subject, topic, category
  response           optional, also completion: an answer to be read as it is
                     (`config.prompt.answer=response`)
  cluster            optional, also passage_id, passage: items that share one
                     are resampled together

Every other numeric column that starts with `human_` becomes a human signal.
Further columns are ignored, which `--stages=check` says; a heading that is
nearly one of the above, and would stand for what is missing, is refused.
"""

import contextlib
import json
import math
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from uncertainty import errors, files, human
from uncertainty.data import table_file
from uncertainty.results import columns as cols
from uncertainty.specs import DataSpec
from uncertainty.types import Item, UserError

_ALIASES = {
    'question': ('question', 'prompt', 'text', 'item'),
    'choices': ('choices', 'answers', 'options'),
    'answer': ('answer', 'correct', 'correct_answer', 'label', 'key'),
    'counts': ('human_counts', 'counts', 'votes'),
    'shares': (cols.HUMAN_SHARES, 'shares', 'ratios', 'answer_ratios'),
    'count': (cols.HUMAN_COUNT, 'response_count', 'n_raters'),
    cols.ITEM_ID: (cols.ITEM_ID, 'id', 'uid'),
    'group': ('group', 'subject', 'topic', 'category'),
    'response': ('response', 'completion'),
    'cluster': ('cluster', 'passage_id', 'passage'),
}

def load(spec: DataSpec) -> list[Item]:
  """Items of the table at `spec.path`.

  Args:
    spec: `path` names a .csv, .tsv, .jsonl or .parquet file.

  Returns:
    The items in the table's order.

  Raises:
    UserError: no such file, an unknown format, a missing column, or an item
      that is not usable (see `human.check`).
  """
  path = table_file.find(spec)
  with _malformed(spec):
    table = table_file.read(path)
    columns = _columns(table, path)
    taken = list(_taken(columns))
    items = []
    for row, cells in enumerate(zip(*(table[name] for name in taken))):
      with files.malformed(f'{path} (row {row + 1})', 'correct it'):
        items.append(_item(row, dict(zip(taken, cells)), columns, path))
  if not items:
    raise UserError(f'data.path={spec.path}: the table has no rows')
  _check_ids(items, path)
  return items


def ignored(spec: DataSpec) -> tuple[str, ...]:
  """The table's columns that no item takes anything from.

  Args:
    spec: as `load` takes it.

  Returns:
    Their headings, in the table's order.

  Raises:
    UserError: as `load`.
  """
  path = table_file.find(spec)
  with _malformed(spec):
    table = table_file.read(path)
    columns = _columns(table, path)
  taken = _taken(columns)
  return tuple(str(name) for name in table.columns if name not in taken)


def _taken(columns: Mapping[str, Any]) -> set[Any]:
  """The table's columns that items are made of."""
  return {*columns['each'], *columns['human'].values(),
          *(columns[role] for role in _ALIASES)} - {None}


def _malformed(spec: DataSpec) -> contextlib.AbstractContextManager[None]:
  path = pathlib.Path(spec.path or '')
  return files.malformed(f'data.path={spec.path}',
                         f'give a whole {path.suffix[1:]} file')


def _columns(table: pd.DataFrame, path: pathlib.Path) -> dict[str, Any]:
  """Role → the table's column (a list of columns for `letters`)."""
  lower = {str(name).strip().lower(): name for name in table.columns}
  columns: dict[str, Any] = {}
  for role, names in _ALIASES.items():
    columns[role] = next((lower[n] for n in names if n in lower), None)
  letters = [lower[c] for c in 'abcdefghijklmnopqrstuvwxyz' if c in lower]
  numbered = sorted((n for n in lower if re.fullmatch(r'choice_?\d+', n)),
                    key=lambda n: int(re.sub(r'\D', '', n)))
  columns['each'] = [lower[n] for n in numbered] or letters
  columns['human'] = {
      name: lower[name] for name in lower
      if name.startswith(cols.OF_PEOPLE) and lower[name] not in (
          columns['counts'], columns['shares'], columns['count'])}
  if columns['question'] is None:
    one = len(table.columns) == 1 and path.suffix.lower() == '.csv'
    raise UserError(f'{path}: no column named {_or(_ALIASES["question"])};'
                    f' it has {", ".join(map(str, table.columns)):.120}' + (
                        '; in a .csv, commas part columns' if one else ''))
  _check_headings(lower, columns, path)
  return columns


def _check_headings(lower: Mapping[str, Any], columns: Mapping[str, Any],
                    path: pathlib.Path) -> None:
  """Refuses what is nearly the heading of a column that is not there."""
  known = {name: role for role, names in _ALIASES.items() for name in names}
  there = {role for role in _ALIASES if columns[role] is not None}
  if columns['each']:
    there.add('choices')
  for name, heading in lower.items():
    meant = None if name in known else errors.misspelt(name, known)
    if meant is not None and known[meant] not in there:
      raise UserError(f'{path}: column {heading} is none that is known; did'
                      f' you mean {meant}? Rename it; if it is a column of'
                      ' your own, to something that is farther off')


def _or(names: Sequence[str]) -> str:
  return f'{", ".join(names[:-1])} or {names[-1]}'


def _item(row: int, record: Mapping[Any, Any], columns: Mapping[str, Any],
          path: pathlib.Path) -> Item:
  def cell(role: str) -> Any:
    column = columns[role]
    value = None if column is None else record[column]
    return None if _is_missing(value) else value

  item_id = str(cell(cols.ITEM_ID) if cell(cols.ITEM_ID) is not None else row)
  where = f'item {item_id} of {path} (row {row + 1})'
  question = _text('' if cell('question') is None else cell('question'),
                   f'{where}, its question')
  choices = _choices(cell('choices'), record, columns['each'], where)
  if len(set(choices)) < len(choices):
    raise UserError(f'{where}: two of the choices {list(choices)!s:.120} are'
                    ' the same; make them differ, or drop one')
  answer_cell, answer, answer_text = cell('answer'), None, ''
  if answer_cell is not None and choices:
    answer = _answer(answer_cell, choices, where)
    answer_text = choices[answer]
  elif answer_cell is not None:
    answer_text = str(answer_cell).strip()
  shares, count = _shares(
      cell('counts'), cell('shares'), where, columns)
  if count is None and cell('count') is not None:
    count = _count(cell('count'), f'{where}, column {columns["count"]}')
  item = Item(
      item_id=item_id, question=question, choices=choices, answer=answer,
      answer_text=answer_text, human_shares=shares, human_count=count,
      human={name: math.nan if _is_missing(record[column])
                   else _number(record[column], f'{where}, column {column}')
             for name, column in columns['human'].items()},
      group=str(cell('group') if cell('group') is not None else ''),
      cluster=str(cell('cluster') if cell('cluster') is not None else ''),
      extra={'row': row} | (
          {} if cell('response') is None else {
              'response': str(cell('response'))}))
  return human.check(item, source=f'{path} (row {row + 1})')


def _is_missing(value: Any) -> bool:
  if value is None or (isinstance(value, str) and not value.strip()):
    return True
  return isinstance(value, (float, np.floating)) and math.isnan(value)


def _choices(cell: Any, record: Mapping[Any, Any], each: Sequence[Any],
             where: str) -> tuple[str, ...]:
  if cell is None:
    values = [record[column] for column in each]
    while values and _is_missing(values[-1]):
      values.pop()  # items may have fewer choices than the table has columns
    return tuple('' if _is_missing(v) else str(v).strip() for v in values)
  return tuple(_text(value, f'{where}, its choices')
               for value in _list(cell, where))


def _text(value: Any, where: str) -> str:
  """Words or a number as text; Parquet and JSON have more than these."""
  if isinstance(value, (str, bool, int, float, np.bool_, np.number)):
    return str(value).strip()
  raise UserError(f'{where}: {value!r:.60} is neither words nor a number;'
                  ' correct it')


def _list(cell: Any, where: str) -> list[Any]:
  if isinstance(cell, (list, tuple, np.ndarray)):
    return list(cell)
  text = str(cell).strip()
  if text.startswith('['):
    try:
      return list(json.loads(text))
    except ValueError as error:
      raise UserError(f'{where}: {text!r:.60} starts like a JSON list but is'
                      f' none ({error}); quote its words, or part them by |'
                      ) from error
  for separator in ('|', ';'):
    if separator in text:
      return [part.strip() for part in text.split(separator)]
  return [text]


def _answer(cell: Any, choices: Sequence[str], where: str) -> int:
  """Index of the right choice: its words, its letter, or its number."""
  if isinstance(cell, (float, np.floating)) and float(cell).is_integer():
    cell = int(cell)  # a column with gaps reads as floats
  text = str(cell).strip()
  if text in choices:
    return list(choices).index(text)
  folded = [choice.casefold() for choice in choices]
  if folded.count(text.casefold()) == 1:
    return folded.index(text.casefold())
  if len(text) == 1 and text.isascii() and text.isalpha():
    index = ord(text.upper()) - ord('A')
  elif re.fullmatch(r'\d+', text):
    index = int(text) - 1
  else:
    index = -1
  if not 0 <= index < len(choices):
    raise UserError(f'{where}: the answer {text!r:.60} is not among the'
                    f' choices {list(choices)!s:.120}; give its words, its'
                    ' letter, or its number counted from 1')
  return index


def _shares(counts: Any, shares: Any, where: str, columns: Mapping[str, Any],
            ) -> tuple[tuple[float, ...] | None, int | None]:
  """Human shares and the number of people, from counts if they are given."""
  if counts is not None:
    numbers = _numbers(counts, f'{where}, column {columns["counts"]}')
    total = sum(numbers)
    if any(n < 0 or not math.isfinite(n) for n in numbers) or total <= 0:
      raise UserError(f'{where}: human counts {numbers!s:.60} must be zero or'
                      ' more and not all zero; correct them or leave them out')
    human.check_count(total, where)  # before it is rounded, which may not be
    return tuple(n / total for n in numbers), round(total)
  if shares is not None:
    return tuple(_numbers(shares, f'{where}, column {columns["shares"]}')), None
  return None, None


def _count(cell: Any, where: str) -> int:
  """How many people answered, which is one whole number."""
  text = str(cell).strip()
  try:
    number = float(text)
  except ValueError:
    number = math.nan
  if not (number.is_integer() and number >= 0):
    raise UserError(f'{where}: {text!r:.60} is not the number of people, a'
                    ' whole number such as 20; the numbers behind each choice,'
                    ' such as 12|8, go in a column human_counts')
  human.check_count(number, where)
  return int(number)


def _numbers(cell: Any, where: str) -> list[float]:
  return [math.nan if _is_missing(value) else _number(value, where)
          for value in _list(cell, where)]


def _number(value: Any, where: str) -> float:
  text = str(value).strip()
  try:
    return float(text[:-1]) / 100 if text.endswith('%') else float(text)
  except ValueError as error:
    parted = '; | parts numbers, and decimals follow a point' * (',' in text)
    raise UserError(f'{where}: {value!r:.60} is not a number; correct it or'
                    f' leave it out{parted}') from error


def _check_ids(items: Sequence[Item], path: pathlib.Path) -> None:
  seen: set[str] = set()
  for item in items:
    if item.item_id in seen:
      raise UserError(f'{path}: two rows have the item_id {item.item_id};'
                      ' make them differ, or drop the column')
    seen.add(item.item_id)
