"""The texts of the tokens that a results table names by id.

`DIR/tokens/DATASET/MODEL.json` beside `DIR/results/DATASET/MODEL.parquet`: a
reader of results has no tokenizer.
"""

import json
import pathlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from uncertainty import files
from uncertainty.results import columns, shards

SHOWN = 5  # alternatives of a step whose texts are kept


def named(table: pd.DataFrame) -> list[int]:
  """Ids of a table's tokens: those generated, and each step's most probable.

  Args:
    table: of results; its columns of tokens may be missing.

  Returns:
    Distinct ids, ascending.
  """
  found: set[int] = set()
  for first in _column(table, columns.TOP_TOKENS):
    found.update(np.asarray(first)[:SHOWN].tolist())
  for ids in _column(table, columns.FR_TOKEN_IDS):
    found.update(np.asarray(ids).tolist())
  for flat, rest in zip(_column(table, columns.FR_STEP_TOP_TOKENS),
                        _column(table, columns.FR_STEP_REST_LOGPROB)):
    found.update(steps(flat, len(rest))[:, :SHOWN].ravel().tolist())
  return sorted(int(i) for i in found)


def _column(table: pd.DataFrame, name: str) -> Iterable[Sequence]:
  return (v for v in table.get(name, ()) if v is not None and np.ndim(v) == 1)


def steps(flat: Sequence[float], n_steps: int) -> np.ndarray:
  """What is kept flat of every step, step by step.

  Args:
    flat: T·k entries, as in `fr_step_top_tokens`.
    n_steps: T.

  Returns:
    [T, k].
  """
  values = np.asarray(flat)
  return values.reshape(n_steps, -1) if n_steps else values.reshape(0, 0)


def write(
    results: pathlib.Path, table: pd.DataFrame,
    decode: Callable[[list[int]], Any]) -> None:
  """Keeps the texts of a table's tokens.

  Args:
    results: where the table lies.
    table: what it holds.
    decode: ids → text, the tokenizer's.

  Raises:
    UserError: the disk is full.
  """
  texts = {str(i): str(decode([i])) for i in named(table)}
  with shards.replacing(_place(results)) as file:
    file.write(json.dumps(texts, ensure_ascii=False).encode('utf-8'))


def read(results: pathlib.Path) -> Mapping[int, str]:
  """The texts of a table's tokens.

  Args:
    results: where the table lies.

  Returns:
    Id → text; empty where none were kept.

  Raises:
    UserError: the file holds something else.
  """
  path = _place(results)
  if not path.is_file():
    return {}
  remedy = 'run --stages=score again to rebuild it'
  with files.malformed(path, remedy):
    return {int(i): str(text)
            for i, text in files.read_json(path, remedy).items()}


def _place(results: pathlib.Path) -> pathlib.Path:
  return (results.parents[2] / 'tokens' / results.parent.name
          / f'{results.stem}.json')
