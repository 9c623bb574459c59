"""Rows of results as the item view reads them.

What is missing is left out. Probabilities are whole numbers of `UNIT`: the
page prints no more digits, and they take half the bytes.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from uncertainty.measures import registry
from uncertainty.report import names
from uncertainty.report.items import source
from uncertainty.results import columns as cols
from uncertainty.results import derived, tokens

UNIT = 1e-4
_PLACES = 4

Row = dict[str, Any]


def _cells(frame: pd.DataFrame, name: str) -> list[Any]:
  """A column's values, None where one is missing or there is no column."""
  if name not in frame:
    return [None] * len(frame)
  column = frame[name]
  if column.dtype == object:
    return [None if v is None or (np.ndim(v) == 0 and pd.isna(v)) else v
            for v in column]
  return [None if pd.isna(v) else v for v in column.tolist()]


def _filled(**fields: Any) -> Row:
  return {k: v for k, v in fields.items() if v is not None and v != ''}


def _shares(values: Any) -> list[int] | None:
  if values is None or np.ndim(values) != 1 or not len(values):
    return None
  whole = np.asarray(values, float)
  if not np.isfinite(whole).all():
    return None
  return np.rint(whole / UNIT).astype(int).tolist()


def _short(value: float | None) -> float | None:
  return None if value is None else float(f'{value:.{_PLACES}g}')


def _whole(value: float | None) -> int | None:
  return None if value is None else int(value)


def percentiles(values: pd.Series) -> list[int | None]:
  """Where each value stands among all.

  Args:
    values: N numbers, some missing.

  Returns:
    0 (the lowest) to 100 (the highest); ties share their mean rank; None
    where a value is missing.
  """
  n = values.notna().sum()
  ranks = (values.rank() - 1) / max(n - 1, 1) * 100
  return [None if pd.isna(r) else round(r) for r in ranks]


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
  signals = [name for name in map(str, frame) if name.startswith('human_')
             and name not in (cols.HUMAN_SHARES, cols.HUMAN_COUNT,
                              cols.HUMAN_ENTROPY, *cols.RATER_LISTS)]
  others = [[_measured(name), *map(_short, _cells(frame, name))]
            for name in signals]
  picked = zip(
      _cells(frame, cols.QUESTION), _cells(frame, cols.CHOICES),
      _cells(frame, cols.ANSWER), _cells(frame, cols.ANSWER_TEXT),
      _cells(frame, cols.GROUP), _cells(frame, cols.HUMAN_SHARES),
      _cells(frame, cols.HUMAN_COUNT), people.tolist(), percentiles(people),
      strict=True)
  return [
      _filled(
          q=question, c=[str(c) for c in choices] if choices is not None
          else None, a=_whole(answer), t=text, g=group, s=_shares(shares),
          n=_whole(count), e=None if pd.isna(entropy) else _short(entropy),
          d=place, o=[[s[0], s[i + 1]] for s in others
                      if s[i + 1] is not None] or None)
      for i, (question, choices, answer, text, group, shares, count, entropy,
              place) in enumerate(picked)]


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
  picked = zip(
      _model_shares(frame, analysed), _cells(frame, cols.PREDICTION),
      _cells(frame, cols.CORRECT), _cells(frame, cols.AGREES), doubt.tolist(),
      percentiles(doubt), _cells(analysed, derived.DISAGREEMENT),
      _cells(frame, cols.FR_ANSWER),
      _cells(frame, cols.FR_CORRECT), strict=True)
  return [
      _filled(s=_shares(shares), p=_whole(choice), r=_whole(right),
              h=_whole(agrees), u=None if pd.isna(value) else _short(value),
              d=place, x=None if apart is None else round(100 * apart),
              w=words, k=_whole(graded))
      for shares, choice, right, agrees, value, place, apart, words, graded
      in picked]


def _measured(name: str) -> str:
  """A human signal in words, with its unit."""
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
  prompts = [(name, _task(name, first)) for name in map(str, frame)
             if name == cols.PROMPT or name.endswith('_prompt')]
  stated = [name for name in map(str, frame) if source.is_stated(name)]
  read = {name: _cells(frame, name) for name in (
      *(name for name, _ in prompts), *stated,
      *(_reply(name) for name in stated), cols.TOP_TOKENS, cols.TOP_LOGPROBS,
      cols.FR_HIT_CAP, cols.FR_REASON, cols.SAMPLE_ANSWERS,
      cols.SEMANTIC_CLUSTERS, registry.P_TRUE,
      cols.P_TRUE_ANSWER)}
  texts = _written(frame) | dict(texts)
  out = []
  for i, generated in enumerate(_generated(frame, texts)):
    cell = {name: values[i] for name, values in read.items()}
    samples = cell[cols.SAMPLE_ANSWERS]
    meanings = cell[cols.SEMANTIC_CLUSTERS]
    judged = cell[registry.P_TRUE]
    out.append(_filled(
        prompts=[[task, cell[name]] for name, task in prompts
                 if cell[name]] or None,
        next=_alternatives(
            cell[cols.TOP_TOKENS], cell[cols.TOP_LOGPROBS], texts),
        tokens=generated, cap=1 if cell[cols.FR_HIT_CAP] else None,
        why=cell[cols.FR_REASON],
        samples=None if samples is None else _filled(
            a=[str(s) for s in samples],
            m=None if meanings is None else [int(m) for m in meanings]),
        stated=[[_wording(name), _short(cell[name]), cell[_reply(name)] or '']
                for name in stated
                if cell[name] is not None or cell[_reply(name)]] or None,
        true=None if judged is None else [
            _short(judged), cell[cols.P_TRUE_ANSWER] or '']))
  return out


def _task(name: str, first: str) -> str:
  if name == cols.PROMPT:
    return first
  return 'free' if name == cols.FR_PROMPT else name.removesuffix('_prompt')


def _wording(name: str) -> str:
  """`verbal_percent_after_confidence` gives 'percent after'."""
  words = name.removeprefix('verbal_').removesuffix('confidence')
  return words.strip('_').replace('_', ' ')


def _reply(name: str) -> str:
  return name.removesuffix('confidence') + 'text'


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
                         for task, text in row.get('prompts', ())]}
      for row in chunk]
