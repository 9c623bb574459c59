"""Rows of results as the item view reads them.

What is missing is left out. Probabilities are whole numbers of `UNIT`: the
page prints no more digits, and they take half the bytes.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from uncertainty.measures import registry
from uncertainty.report import names
from uncertainty.results import answer_columns, derived, schema, tokens
from uncertainty.results import columns as cols

UNIT = 1e-4
_PLACES = 4

Row = dict[str, Any]


def _cells(frame: pd.DataFrame, name: str) -> list[Any]:
  """A column's values, None where one is missing or there is no column."""
  if name not in frame:
    return [None] * len(frame)
  column = frame[name]
  return _blanked(column.to_numpy(object).tolist(), column.isna())


def _blanked(values: list[Any], missing: Any) -> list[Any]:
  """None in the place of what is missing."""
  for place in np.flatnonzero(missing):
    values[place] = None
  return values


def _rows(n_items: int, **fields: list[Any]) -> list[Row]:
  """A row an item, without what is missing; fields hold a value an item."""
  rows: list[Row] = [{} for _ in range(n_items)]
  for name, values in fields.items():
    for row, value in zip(rows, values, strict=True):
      if value is not None and value != '':
        row[name] = value
  return rows


def _shares(rows: Sequence[Any]) -> list[list[int] | None]:
  """Shares of each row in `UNIT`, None where some are missing."""
  out: list[list[int] | None] = [None] * len(rows)
  known = {i: np.asarray(row, float) for i, row in enumerate(rows)
           if row is not None and np.ndim(row) == 1 and len(row)}
  if not known:
    return out
  flat = np.concatenate(list(known.values()))
  finite = np.isfinite(flat)
  whole = np.rint(np.where(finite, flat, 0.0) / UNIT).astype(int).tolist()
  ends = np.cumsum([len(row) for row in known.values()])
  starts = np.concatenate([[0], ends[:-1]])
  whole_rows = np.logical_and.reduceat(finite, starts)
  for i, start, end, is_whole in zip(
      known, starts.tolist(), ends.tolist(), whole_rows, strict=True):
    if is_whole:
      out[i] = whole[start:end]
  return out


def _each(change: Callable[[Any], Any], values: list[Any]) -> list[Any]:
  return [None if v is None else change(v) for v in values]


def short(value: float) -> float:
  """A number as the page needs it.

  Args:
    value: any.

  Returns:
    It to four digits.
  """
  return float(f'{value:.{_PLACES}g}')


def percentiles(values: pd.Series) -> list[int | None]:
  """Where each value stands among all.

  Args:
    values: N numbers, some missing.

  Returns:
    0 (the lowest) to 100 (the highest); ties share their mean rank; None
    where a value is missing.
  """
  n = values.notna().sum()
  ranks_N = ((values.rank() - 1) / max(n - 1, 1) * 100).to_numpy(float)
  missing_N = np.isnan(ranks_N)
  whole_N = np.rint(np.where(missing_N, 0.0, ranks_N)).astype(int)
  return _blanked(whole_N.tolist(), missing_N)


def signals(frame: pd.DataFrame) -> list[str]:
  """What else is known of people than their shares, number and entropy.

  Args:
    frame: results.

  Returns:
    Its columns of such numbers.
  """
  return [name for name in map(str, frame) if name.startswith(cols.OF_PEOPLE)
          and name not in (cols.HUMAN_SHARES, cols.HUMAN_COUNT,
                           cols.HUMAN_ENTROPY, *cols.RATER_LISTS)]


def asked(frame: pd.DataFrame, people: pd.Series) -> list[Row]:
  """What an item is, and what people said.

  Args:
    frame: any model's results, a row an item.
    people: their entropy by item, as analysis took it.

  Returns:
    A row an item: `q` question, `c` choices, `a` place of the right one,
    `t` the right answer in words, `g` group, `s` people's shares of `UNIT`,
    `n` how many people, `e` their entropy, `d` its percentile, `o` other
    signals as [name, value].
  """
  others = [(measured(name), _each(short, _cells(frame, name)))
            for name in signals(frame)]
  told = [[[name, values[i]] for name, values in others
           if values[i] is not None] or None for i in range(len(frame))]
  return _rows(
      len(frame), q=_cells(frame, cols.QUESTION),
      c=_each(lambda choices: [str(c) for c in choices],
              _cells(frame, cols.CHOICES)),
      a=_each(int, _cells(frame, cols.ANSWER)),
      t=_cells(frame, cols.ANSWER_TEXT), g=_cells(frame, cols.GROUP),
      s=_shares(_cells(frame, cols.HUMAN_SHARES)),
      n=_each(int, _cells(frame, cols.HUMAN_COUNT)),
      e=_each(short, _blanked(people.tolist(), people.isna())),
      d=percentiles(people), o=told)


def answered(frame: pd.DataFrame, analysed: pd.DataFrame) -> list[Row]:
  """What one model made of each item, in short.

  Args:
    frame: its results.
    analysed: its rows of the table `items`, in the same order; values are
      missing where analysis left an item out.

  Returns:
    A row an item: `s` shares of the choices in `UNIT`, `p` place of its
    choice, `r` whether that is right, `h` whether it is people's, `u` its
    uncertainty, `d` the percentile of that, `x` how far it is from people
    in hundredths, `w` its answer in words, `k` whether that is right.
  """
  doubt = (analysed[derived.MODEL_UNCERTAINTY].astype(float)
           if derived.MODEL_UNCERTAINTY in analysed
           else pd.Series(np.nan, frame.index))
  return _rows(
      len(frame), s=_shares(_model_shares(frame, analysed)),
      p=_each(int, _cells(frame, cols.PREDICTION)),
      r=_each(int, _cells(frame, cols.CORRECT)),
      h=_each(int, _cells(frame, cols.AGREES)),
      u=_each(short, _blanked(doubt.tolist(), doubt.isna())),
      d=percentiles(doubt),
      x=_each(lambda apart: round(100 * apart),
              _cells(analysed, derived.DISAGREEMENT)),
      w=_cells(frame, cols.FR_ANSWER),
      k=_each(int, _cells(frame, cols.FR_CORRECT)))


def measured(name: str) -> str:
  """A human signal in words.

  Args:
    name: the results column.

  Returns:
    Such as 'response time, multiple choice (ms)'.
  """
  described = cols.find(name)
  unit = described.unit if described else ''
  return f'{names.signal(name)} ({unit})' if unit else names.signal(name)


def _model_shares(frame: pd.DataFrame, analysed: pd.DataFrame) -> list[Any]:
  """As analysis took them; else its choices' probabilities made to sum to 1."""
  known = _cells(analysed, derived.MODEL_SHARES)
  out = []
  for shares, logprobs in zip(
      known, _cells(frame, cols.CHOICE_LOGPROBS), strict=True):
    if shares is None and logprobs is not None and len(logprobs):
      p_C = np.exp(np.asarray(logprobs, float))
      shares = p_C / p_C.sum() if p_C.sum() > 0 else None
    out.append(shares)
  return out


def details(frame: pd.DataFrame, texts: Mapping[int, str]) -> list[Row]:
  """What one model read and wrote, in full.

  Args:
    frame: its results.
    texts: token id → text; those that were generated are known without it.

  Returns:
    A row an item: `prompts` as [task, text]; `next` the most probable next
    tokens as [text, p, text, p, …]; `tokens` of the generated answer: `t`
    texts, `h` entropies in hundredths of a nat and `alt` each step's most
    probable tokens as `next`; `cap` whether the limit ended it; `why` there
    is no plain answer; `samples` with `a` answers and `m` meanings; `stated`
    as [wording, confidence, reply]; `true` as [p(True), answer judged].
  """
  first = next((str(v) for v in _cells(frame, cols.ANSWER_FORMAT) if v), '')
  prompts = [(name, task or first) for name in map(str, frame)
             if (task := schema.asked_by(name)) is not None]
  stated = [name for name in map(str, frame) if registry.is_stated(name)]
  texts = _written(frame) | dict(texts)
  order = range(len(frame))
  asked_as = [(task, _cells(frame, name)) for name, task in prompts]
  sure = [(answer_columns.wording(name).replace('_', ' '),
           _cells(frame, name), _cells(frame, answer_columns.beside(
               name, answer_columns.VERBAL_TEXT)))
          for name in stated]
  return _rows(
      len(frame),
      prompts=[[[task, given[i]] for task, given in asked_as if given[i]]
               or None for i in order],
      next=[_alternatives(top, logprobs, texts) for top, logprobs in zip(
          _cells(frame, cols.TOP_TOKENS), _cells(frame, cols.TOP_LOGPROBS),
          strict=True)],
      tokens=list(_generated(frame, texts)),
      cap=[1 if cut else None for cut in _cells(frame, cols.FR_HIT_CAP)],
      why=_cells(frame, cols.FR_REASON),
      samples=[_samples(answers, meanings) for answers, meanings in zip(
          _cells(frame, cols.SAMPLE_ANSWERS),
          _cells(frame, cols.SEMANTIC_CLUSTERS), strict=True)],
      stated=[[[wording, *_each(short, [value[i]]), reply[i] or '']
               for wording, value, reply in sure
               if value[i] is not None or reply[i]] or None for i in order],
      true=[None if p is None else [short(p), judged or '']
            for p, judged in zip(
                _cells(frame, registry.P_TRUE),
                _cells(frame, cols.P_TRUE_ANSWER), strict=True)])


def _samples(answers: Any, meanings: Any) -> Row | None:
  if answers is None:
    return None
  row = Row(a=[str(s) for s in answers])
  return row if meanings is None else row | Row(m=[int(m) for m in meanings])


def _written(frame: pd.DataFrame) -> dict[int, str]:
  """Texts of the tokens that were generated somewhere in the table."""
  return {int(token): str(text) for strings, ids in zip(
      _cells(frame, cols.FR_TOKENS), _cells(frame, cols.FR_TOKEN_IDS))
          if strings is not None and ids is not None
          for text, token in zip(strings, ids) if text}


def _generated(
    frame: pd.DataFrame, texts: Mapping[int, str]) -> Iterator[Row | None]:
  for strings, ids, top, logprobs, rest in zip(
      _cells(frame, cols.FR_TOKENS), _cells(frame, cols.FR_TOKEN_IDS),
      _cells(frame, cols.FR_STEP_TOP_TOKENS),
      _cells(frame, cols.FR_STEP_TOP_LOGPROBS),
      _cells(frame, cols.FR_STEP_REST_LOGPROB), strict=True):
    if strings is None:
      yield None
      continue
    # The end of the sequence has no text of its own.
    shown = [s or texts.get(int(t), '') for s, t in zip(
        strings, ids if ids is not None else [-1] * len(strings))]
    row: Row = {'t': [str(s) for s in shown]}
    if top is not None and rest is not None and len(rest) == len(shown):
      top_TK = tokens.steps(top, len(rest))
      logp_TK = tokens.steps(logprobs, len(rest)).astype(float)
      row['h'] = np.rint(100 * entropies(logp_TK, rest)).astype(int).tolist()
      row['alt'] = [_alternatives(t, p, texts)
                    for t, p in zip(top_TK, logp_TK, strict=True)]
    yield row


def entropies(logp_TK: np.ndarray, rest_T: Sequence[float]) -> np.ndarray:
  """Entropy of each step from what is kept of it: −Σ p ln p − r ln r.

  Args:
    logp_TK: ln p of the k most probable tokens of T steps.
    rest_T: ln of what all others have together, counted as one outcome.

  Returns:
    T values, nats: at most the entropy over the whole vocabulary.
  """
  all_TK = np.concatenate(
      [logp_TK, np.asarray(rest_T, float)[:, None]], axis=1)
  p_TK = np.exp(all_TK)
  return -np.sum(p_TK * np.where(p_TK > 0, all_TK, 0.0), axis=1)


def _alternatives(
    ids: Any, logprobs: Any, texts: Mapping[int, str]) -> list[Any] | None:
  if ids is None or logprobs is None:
    return None
  out: list[Any] = []
  for token, logp in list(zip(ids, logprobs))[:tokens.SHOWN]:
    out += [texts.get(int(token), int(token)),
            round(float(np.exp(logp)) / UNIT)]
  return out or None


def share_prompts(chunk: list[Row]) -> tuple[dict[str, str], list[Row]]:
  """Takes off what all prompts of a chunk begin with.

  Args:
    chunk: rows of `details`.

  Returns:
    Task → the text that its prompts begin with, and the rows with the rest.
  """
  texts: dict[str, list[str]] = {}
  for row in chunk:
    for task, text in row.get('prompts', ()):
      texts.setdefault(task, []).append(text)
  begins = {task: os.path.commonprefix(found) for task, found in texts.items()}
  return begins, [
      row | {'prompts': [[task, text[len(begins[task]):]]
                         for task, text in row['prompts']]}
      if 'prompts' in row else row for row in chunk]
