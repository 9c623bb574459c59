"""The results table: one row per item, DIR/results/DATASET/MODEL.parquet."""

import pathlib
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from uncertainty.data import human
from uncertainty.results import columns
from uncertainty.types import Item, UserError

# What identifies a row, and what every task may say about it: the first task
# in the config's order keeps these, later ones add `TASK_` in front.
PER_TASK_COLUMNS = (columns.PROMPT, columns.N_TOKENS)


def item_frame(items: Sequence[Item]) -> pd.DataFrame:
  """What is known of the items before any model: texts and human columns.

  Args:
    items: in the order that the table keeps.

  Returns:
    The columns of `columns.ITEMS`, and every human signal of any item; NaN
    where an item lacks it.
  """
  signals = sorted({name for item in items for name in item.human})
  rows = []
  for item in items:
    shares = item.human_shares
    row = {
        columns.ITEM_ID: item.item_id, columns.QUESTION: item.question,
        columns.CHOICES: list(item.choices),
        columns.ANSWER: _number(item.answer),
        columns.ANSWER_TEXT: item.answer_text, columns.GROUP: item.group,
        columns.N_CHOICES: len(item.choices),
        columns.HUMAN_SHARES: None if shares is None else list(shares),
        columns.HUMAN_COUNT: _number(item.human_count),
        columns.HUMAN_ENTROPY: (
            np.nan if shares is None else human.entropy(shares)),
    }
    row |= {name: float(item.human.get(name, np.nan)) for name in signals}
    rows.append(row)
  return pd.DataFrame(rows)


def _number(value: int | None) -> float:
  return np.nan if value is None else float(value)


def merge_tasks(
    items: pd.DataFrame, tasks: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
  """Joins each task's columns to the items, in the items' order.

  Args:
    items: of `item_frame`.
    tasks: task → its columns, one row an item in any order.

  Returns:
    One row an item. Of a column that several tasks write, the first one's
    keeps its name and the others' have their task in front.

  Raises:
    UserError: a task lacks an item.
    ValueError: two tasks write one column that is not of
      `PER_TASK_COLUMNS`.
  """
  merged = items
  for name, frame in tasks.items():
    missing = set(items[columns.ITEM_ID]) - set(frame[columns.ITEM_ID])
    if missing:
      raise UserError(
          f'task {name!r} lacks {len(missing)} of {len(items)} items, such as '
          f'{min(missing)!r}; run --stages=score again to finish it')
    clash = (set(frame) & set(merged)) - {columns.ITEM_ID}
    unexpected = clash - set(PER_TASK_COLUMNS)
    if unexpected:
      raise ValueError(f'task {name!r} repeats columns {sorted(unexpected)}')
    frame = frame.rename(columns={c: f'{name}_{c}' for c in clash})
    merged = merged.merge(
        frame, on=columns.ITEM_ID, how='left', validate='1:1')
  return merged


def read_results(
    results_dir: str | pathlib.Path) -> dict[tuple[str, str], pd.DataFrame]:
  """All result tables under a folder, by (dataset, model).

  Args:
    results_dir: a workdir, its `results` folder, or a folder of workdirs (a
      sweep). Where one (dataset, model) stands in several workdirs, as with
      two prompt profiles, the model's name gets the workdir's name in
      parentheses.

  Returns:
    (dataset, model) → one row an item, with the columns `dataset` and
    `model` as in the key.

  Raises:
    UserError: there are none.
  """
  root = pathlib.Path(results_dir)
  paths = sorted(root.glob('**/results/*/*.parquet'))
  if root.name == 'results':
    paths += sorted(root.glob('*/*.parquet'))
  if not paths:
    raise UserError(
        f'no results under {root}: expected results/DATASET/MODEL.parquet; '
        'run --stages=score first or point --config.results_dir at a workdir')
  keys = [(p.parent.name, p.stem) for p in paths]
  tables = {}
  for path, (dataset, model) in zip(paths, keys, strict=True):
    name = model
    if keys.count((dataset, model)) > 1:
      name = f'{model} ({path.parents[2].name})'
    frame = pq.read_table(path).to_pandas()
    tables[dataset, name] = frame.assign(dataset=dataset, model=name)
  return tables
