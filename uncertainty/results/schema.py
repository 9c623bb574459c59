"""The results table: one row per item, DIR/results/DATASET/MODEL.parquet."""

import pathlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from uncertainty import human
from uncertainty.results import (
    columns,
    manifest,
    raters,
    scale_measures,
    steering_columns,
    text_measures,
    typed_tables,
)
from uncertainty.types import Item, UserError

_REBUILD = 'run --stages=score again to rebuild it'
# What identifies a row, and what every task may say about it: the first task
# in the config's order keeps these, later ones add `TASK_` in front.
PER_TASK_COLUMNS = (
    columns.PROMPT, columns.N_TOKENS, columns.PROMPT_DIGEST)
# Alike in all tasks of a run.
_ONCE = (columns.ITEM_DIGEST, columns.MODEL_FINGERPRINT,
         columns.SETTINGS_DIGEST)
# Which start wrote a row is no part of the results: a run that was killed and
# resumed ends with the same table. Nor is what only tells why rows are redone.
_SHARDS_ONLY = (columns.PACKAGE_VERSION, columns.RUN_ID,
                columns.QUESTION_DIGEST)


def of_task(task: str, name: str) -> str:
  """The column of a task that is not the first to write it.

  Args:
    task: such as `free`.
    name: of `PER_TASK_COLUMNS`.

  Returns:
    Such as `free_n_tokens`.
  """
  return f'{task}_{name}'


def asked_by(name: str) -> str | None:
  """Which task a column of prompts is of.

  Args:
    name: of any column of a results table.

  Returns:
    The task; '' for the first one's, whose column does not say it; None for
    what is no prompt.
  """
  if name in (columns.PROMPT, columns.FR_PROMPT):
    return '' if name == columns.PROMPT else 'free'
  ending = of_task('', columns.PROMPT)
  return name.removesuffix(ending) if name.endswith(ending) else None


def item_frame(items: Sequence[Item]) -> pd.DataFrame:
  """What is known of the items before any model: texts and human columns.

  Args:
    items: in the order that the table keeps.

  Returns:
    The columns of `columns.ITEMS`, every human signal of any item (NaN where
    an item lacks it), and single people's answers where there are any
    (`raters.rater_columns`).
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
        columns.CLUSTER: item.cluster,
        columns.N_CHOICES: len(item.choices),
        columns.HUMAN_SHARES: None if shares is None else list(shares),
        columns.HUMAN_COUNT: _number(item.human_count),
        columns.HUMAN_ENTROPY: (
            np.nan if shares is None else human.entropy(shares)),
    }
    row |= {name: float(item.human.get(name, np.nan)) for name in signals}
    rows.append(row)
  return scale_measures.people(
      pd.DataFrame(rows).assign(**raters.rater_columns(items)))


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
    keeps its name and the others' have their task in front. What
    `scale_measures.measured` and `text_measures.measured` read out of the
    joined table is added.

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
    frame = frame.drop(columns=[
        c for c in frame if c in _SHARDS_ONLY or (
            c in _ONCE and c in merged)])
    clash = (set(frame) & set(merged)) - {columns.ITEM_ID}
    unexpected = clash - set(PER_TASK_COLUMNS)
    if unexpected:
      raise ValueError(f'task {name!r} repeats columns {sorted(unexpected)}')
    frame = frame.rename(columns={c: of_task(name, c) for c in clash})
    merged = merged.merge(
        frame, on=columns.ITEM_ID, how='left', validate='1:1')
  return text_measures.measured(scale_measures.measured(merged))


def result_files(
    results_dir: str | pathlib.Path, folder: str = 'results',
) -> dict[tuple[str, str], pathlib.Path]:
  """Where all result tables under a folder lie.

  Args:
    results_dir: a workdir, its `results` folder, or a folder of workdirs (a
      sweep). Where one (dataset, model) stands in several workdirs, as with
      two prompt profiles, the model's name gets the workdir's name in
      parentheses.
    folder: of the workdirs that holds the tables: `results` or `steered`.

  Returns:
    (dataset, model) → path of DATASET/MODEL.parquet; empty if there are none.
  """
  root = pathlib.Path(results_dir)
  paths = sorted(root.glob(f'**/{folder}/*/*.parquet'))
  if root.name == folder:
    paths += sorted(root.glob('*/*.parquet'))
  keys = [(p.parent.name, p.stem) for p in paths]
  found = {}
  for path, (dataset, model) in zip(paths, keys, strict=True):
    several = keys.count((dataset, model)) > 1
    name = f'{model} ({path.parents[2].name})' if several else model
    found[dataset, name] = path
  return found


def read_table(path: pathlib.Path) -> pd.DataFrame:
  """One results table.

  Args:
    path: DIR/results/DATASET/MODEL.parquet.

  Returns:
    One row an item, at least one.

  Raises:
    UserError: it cannot be read, or is none that this package wrote.
  """
  frame = typed_tables.read(path, _REBUILD, columns.find)
  if frame.empty:
    raise UserError(f'{path} holds no rows; {_REBUILD}')
  if columns.ITEM_ID in frame and frame[columns.ITEM_ID].isna().any():
    raise UserError(f'{path}: a row has no item_id; {_REBUILD}')
  return frame


def read_results(
    results_dir: str | pathlib.Path) -> dict[tuple[str, str], pd.DataFrame]:
  """All result tables under a folder, by (dataset, model).

  Args:
    results_dir: as `result_files` takes it.

  Returns:
    (dataset, model) → one row an item, with the columns `dataset` and
    `model` as in the key, and `variant`: the workdir's name where the key
    holds it, or ''.

  Raises:
    UserError: there are none, one cannot be read or is of a model that its
      workdir's manifest does not know, or two tables disagree about an item of
      their data set.
  """
  found = known_files(results_dir)
  if not found:
    raise UserError(
        f'no results under {results_dir}: expected '
        'results/DATASET/MODEL.parquet; run --stages=score first or point '
        '--config.results_dir at a workdir')
  tables = {}
  for (dataset, name), path in found.items():
    frame = read_table(path)
    tables[dataset, name] = frame.assign(**{
        columns.DATASET: dataset, columns.MODEL: name,
        columns.VARIANT: '' if name == path.stem else path.parents[2].name})
  _check_items(tables)
  return tables


def read_steered(
    results_dir: str | pathlib.Path) -> dict[tuple[str, str], pd.DataFrame]:
  """All tables of steered rows under a folder, by (dataset, model).

  Args:
    results_dir: as `result_files` takes it.

  Returns:
    (dataset, model) → one row an item and way of steering; {} if there are
    none.

  Raises:
    UserError: one cannot be read, or is of a model that its workdir's manifest
      does not know.
  """
  return {key: typed_tables.read(
      path, 'run --stages=steer again to rebuild it', steering_columns.find)
          for key, path in known_files(results_dir, 'steered').items()}


def known_files(
    results_dir: str | pathlib.Path, folder: str = 'results',
) -> dict[tuple[str, str], pathlib.Path]:
  """As `result_files`, if all are of their workdirs' runs.

  Args:
    results_dir: as `result_files` takes it.
    folder: as `result_files` takes it.

  Returns:
    (dataset, model) → path; empty if there are none.

  Raises:
    UserError: one of `strangers`, or a manifest that cannot be read.
  """
  found = result_files(results_dir, folder)
  for stranger in strangers(found.values()):
    raise UserError(stranger)
  return found


def strangers(paths: Iterable[pathlib.Path]) -> Iterator[str]:
  """What is of models or data sets that their workdir's run never asked.

  Args:
    paths: of results, DIR/results/DATASET/MODEL.parquet, or of steered rows,
      or folders such as DIR/shards/DATASET/MODEL; those whose DIR has no
      manifest may be of any model.

  Yields:
    What to say of each such table or folder.

  Raises:
    UserError: a manifest that cannot be read.
  """
  held: dict[pathlib.Path, Mapping[str, Any]] = {}
  for path in paths:
    workdir = path.parents[2]
    if workdir not in held:
      held[workdir] = manifest.read(workdir)
    model = path.name.removesuffix('.parquet')
    for field, name in ('models', model), ('data', path.parent.name):
      known = held[workdir].get(field)
      if known and name not in known:
        yield (f'{path}: manifest.json names no {name!r} among its {field}; '
               f'move the {"folder" if path.is_dir() else "file"} away, or run '
               '--stages=score with what it is of')


def _check_items(tables: Mapping[tuple[str, str], pd.DataFrame]) -> None:
  """Items of one data set are alike in the tables of all its models.

  Analyses take an item's question, its cluster and its people from the first
  table that has it. Where the data were edited and only some models' tables
  were written anew, that would mix two versions.

  Raises:
    UserError: an item that differs.
  """
  # Per data set: each model with the items that no model before it has.
  seen: dict[str, list[tuple[str, pd.DataFrame]]] = {}
  for (dataset, model), frame in tables.items():
    if columns.ITEM_ID not in frame or frame[columns.ITEM_ID].duplicated(
    ).any():
      continue  # which the analysis refuses
    mine = frame.set_index(columns.ITEM_ID)
    for other, known in seen.setdefault(dataset, []):
      shared = known.index.intersection(mine.index)
      for name in filter(_of_items, sorted(map(str, set(known) & set(mine)))):
        differs_N = ~_alike(known.loc[shared, name], mine.loc[shared, name])
        if differs_N.any():
          raise UserError(
              f'results of {other} and {model} on {dataset} differ in {name!r} '
              f'of item {shared[int(np.argmax(differs_N))]!r}: its data were '
              'edited after one of them was written; run --stages=score again '
              'with both in --config.model.source (answers that still hold '
              'are kept), or give different data different names')
      mine = mine.loc[mine.index.difference(known.index, sort=False)]
    if len(mine):
      seen[dataset].append((model, mine))


def _of_items(name: str) -> bool:
  return name in (
      columns.QUESTION, columns.CLUSTER, columns.CHOICE_SCALE) or (
      name.startswith(columns.OF_PEOPLE))


def _alike(one: pd.Series, other: pd.Series) -> np.ndarray:
  """[N]: whether entries are equal; a missing one equals a missing one."""
  if all(pd.api.types.is_numeric_dtype(s) for s in (one, other)):
    # The last bits of people's entropy may change with a version of NumPy.
    return np.isclose(one.to_numpy(float), other.to_numpy(float), rtol=1e-9,
                      atol=0, equal_nan=True)
  return np.array([
      _equal_lists(a, b) if np.ndim(a) or np.ndim(b)
      else a == b or bool(pd.isna(a) and pd.isna(b))
      for a, b in zip(one, other, strict=True)], bool)


def _equal_lists(one: Any, other: Any) -> bool:
  """Whether both are lists of the same; NaN equals NaN."""
  if not np.ndim(one) or not np.ndim(other) or len(one) != len(other):
    return False
  return all(a == b or (a != a and b != b)
             for a, b in zip(one, other, strict=True))
