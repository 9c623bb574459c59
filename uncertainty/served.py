"""Answers of a server that speaks as OpenAI's, such as vLLM, as results.

`config.data.responses` names a JSONL file, a response a line: the body of a
chat or completion with `logprobs` and `top_logprobs`, bare or as the batch
interface wraps it. A line belongs to the item that its `custom_id` or `item_id`
names; without either, lines are in the items' order. A server gives the k
likeliest tokens only: what they leave open is missing.
"""

import dataclasses
import datetime
import hashlib
import json
import math
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from absl import logging

from uncertainty import data, files, plugins
from uncertainty.errors import UserError
from uncertainty.inference.tasks import choice_rows, free
from uncertainty.measures import registry as measures
from uncertainty.measures import sequence
from uncertainty.measures.top_tokens import top_token_measures
from uncertainty.models import registry as models
from uncertainty.prompts.labels import LABELS
from uncertainty.results import columns, digests, manifest, schema, shards
from uncertainty.specs import StudySpec
from uncertainty.types import Item

_AROUND = ' ().,:。\n'  # of a label, as `prompts.letter_tokens` counts them


@dataclasses.dataclass(frozen=True)
class Token:
  """One token of an answer.

  Attributes:
    text: of the token.
    logprob: ln p of it.
    top: the likeliest tokens there, text → ln p.
  """

  text: str
  logprob: float
  top: Mapping[str, float]


@dataclasses.dataclass(frozen=True)
class Answer:
  """One response.

  Attributes:
    model: as the server names it.
    text: the whole answer.
    tokens: of the answer, in order.
    cut_off: whether it reached the greatest length.
    chat: whether it answers a chat.
    line: as it stands in the file.
  """

  model: str
  text: str
  tokens: Sequence[Token]
  cut_off: bool
  chat: bool
  line: str


def write(spec: StudySpec, workdir: pathlib.Path) -> None:
  """Writes the results table of each model that the responses are of.

  Args:
    spec: `data` names the items and the responses, `prompt.answer` says what
      was asked for: letters, numbers or free.
    workdir: of the run.

  Raises:
    UserError: another way of asking, responses that cannot be read or that are
      not of the items, or a workdir of another run.
  """
  task = spec.prompt.answer
  if task not in ('letters', 'numbers', 'free'):
    raise UserError(f'config.prompt.answer={task!r}: responses of a server '
                    'answer one of letters, numbers, free')
  items = data.load(spec.data)
  bare = [item.item_id for item in items if len(item.choices) < 2]
  if task != 'free' and bare:
    raise UserError(f'item {bare[0]} has no choices to answer with {task}; '
                    'written answers are read by --config=served:free')
  by_model: dict[str, dict[str, Answer]] = {}
  for item_id, answer in read(spec.data.responses or '', items).items():
    by_model.setdefault(answer.model, {})[item_id] = answer
  found: dict[str, Any] = {}
  tables = {}
  for model, answers in by_model.items():
    missing = [item.item_id for item in items if item.item_id not in answers]
    if missing:
      raise UserError(
          f'{spec.data.responses}: no response of {model} to {len(missing)} of '
          f'{len(items)} items, such as {missing[0]!r}; ask for it, or leave '
          'the item out')
    name = model.replace('/', '--')
    fingerprint = hashlib.blake2b(
        f'served {model}'.encode(), digest_size=16).hexdigest()
    source = digests.provenance(
        fingerprint, spec, items, [[answers[i.item_id].line] for i in items],
        datetime.datetime.now(datetime.UTC).isoformat())
    rows = _rows(items, answers, task)
    tables[name] = schema.merge_tasks(schema.item_frame(items), {
        task: rows.assign(**source.columns(list(rows[columns.ITEM_ID])))},
    ).assign(**_of_model(name, model, next(iter(answers.values())), spec))
    tables[name] = plugins.measured(tables[name])
    found[name] = {'source': model, 'kind': tables[name][columns.KIND][0],
                   'family': tables[name][columns.FAMILY][0],
                   'fingerprint': fingerprint, 'revision': None}
    _say_what_is_missing(name, tables[name])
  manifest.claim(workdir, spec, {'models': found, 'data': {spec.data.name: {
      'path': spec.data.path, 'subset': spec.data.subset,
      'limit': spec.data.limit, 'items': len(items),
      'digest': digests.of_items(items),
      'files': data.source_files(spec.data)}}})
  for name, table in tables.items():
    shards.write_table(
        table, workdir / 'results' / spec.data.name / f'{name}.parquet')


def read(path: str, items: Sequence[Item]) -> dict[str, Answer]:
  """Responses by the item that they answer.

  Args:
    path: of the JSONL file.
    items: in the order in which they were asked.

  Returns:
    Item id → its response.

  Raises:
    UserError: no such file, a line that is no response or is without
      probabilities, one of no item, or two of one.
  """
  file = pathlib.Path(path).expanduser()
  if not file.is_file():
    raise UserError(f'data.responses={path}: there is no such file')
  lines = [(n, line) for n, line in enumerate(
      file.read_text(encoding='utf-8').split('\n'), 1) if line.strip()]
  known = [item.item_id for item in items]
  found: dict[str, Answer] = {}
  for place, (number, line) in enumerate(lines):
    where = f'{path}, line {number}'
    with files.malformed(where, 'give responses with logprobs, one a line'):
      wrapped = json.loads(line)
      item_id = wrapped.get('custom_id', wrapped.get(columns.ITEM_ID))
      answer = _answer(wrapped, line, where)
    if item_id is None and len(lines) != len(known):
      raise UserError(
          f'{where}: says not which item it answers, and {len(lines)} lines '
          f'are not {len(known)} items; give each a custom_id')
    item_id = known[place] if item_id is None else str(item_id)
    if item_id not in known or item_id in found:
      raise UserError(f'{where}: {item_id!r} is ' + (
          'answered twice' if item_id in found else 'no item of the data set'))
    found[item_id] = answer
  return found


def _answer(wrapped: Mapping[str, Any], line: str, where: str) -> Answer:
  body = wrapped.get('response') or wrapped
  body = body.get('body') or body
  if not body.get('choices'):
    raise UserError(f'{where}: is an error of the server or no response: '
                    f'{line[:120]}')
  first = body['choices'][0]
  said, chat = first.get('logprobs') or {}, 'message' in first
  if chat and said.get('content'):
    tokens = [Token(t['token'], float(t['logprob']), {
        top['token']: float(top['logprob'])
        for top in t.get('top_logprobs') or ()}) for t in said['content']]
  elif said.get('tokens'):
    tops = said.get('top_logprobs') or [{}] * len(said['tokens'])
    tokens = [Token(text, float(logprob), {k: float(v) for k, v in (
        top or {}).items()}) for text, logprob, top in zip(
            said['tokens'], said['token_logprobs'], tops, strict=True)]
  else:
    raise UserError(f'{where}: holds no probabilities; ask the server with '
                    'logprobs=true and top_logprobs=20')
  text = (first['message'].get('content') if chat else first['text']) or ''
  return Answer(str(body.get('model') or 'served'), text, tokens,
                first.get('finish_reason') == 'length', chat, line)


def _rows(items: Sequence[Item], answers: Mapping[str, Answer],
          task: str) -> pd.DataFrame:
  make = _written if task == 'free' else _chosen
  return pd.DataFrame([
      {columns.ITEM_ID: item.item_id,
       columns.N_TOKENS: 0,  # of the prompt, which the server keeps to itself
       columns.PROMPT: '', **make(item, answers[item.item_id], task)}
      for item in items])


def _chosen(item: Item, answer: Answer, task: str) -> dict[str, Any]:
  """A choice by its label: what the first token's likeliest leave open is NaN.

  A label's probability is that of its spellings among them.
  """
  label, top = LABELS[task], answer.tokens[0].top
  logprobs_C = np.full(len(item.choices), -np.inf)
  for text, logprob in top.items():
    said = text.strip(_AROUND).upper()
    for i in range(len(item.choices)):
      if said == label(i):
        logprobs_C[i] = np.logaddexp(logprobs_C[i], logprob)
  next_token = top_token_measures(list(top.values()))
  reply = choice_rows.Reply(
      '', 0, logprobs_C, float(np.logaddexp.reduce(logprobs_C)), next_token)
  row = {name: values[0] for name, values in choice_rows.chunk(
      [item], [[reply]]).columns.items()}
  seen = np.isfinite(logprobs_C)
  row[columns.CHOICE_LOGPROBS] = np.where(seen, logprobs_C, np.nan).tolist()
  unknown = []
  if not seen.all():  # whatever needs all of them
    unknown = [measures.CHOICE_ENTROPY, measures.CHOICE_LOG_MASS]
    if seen.sum() < 2:
      unknown.append(measures.CHOICE_LOG_MARGIN)
    if not seen.any():
      unknown.append(measures.CHOICE_LOGPROB)
      row |= dict.fromkeys([columns.PREDICTION, columns.CORRECT,
                            columns.AGREES], math.nan)
  return row | {
      measures.column(measures.MC, name): math.nan for name in unknown}


def _written(item: Item, answer: Answer, task: str) -> dict[str, Any]:
  del task
  texts = [token.text for token in answer.tokens]
  bracket = sequence.find_bracket(texts, answer.text, answer.cut_off)
  each = [top_token_measures(list(t.top.values())) for t in answer.tokens]
  steps = {name: np.array([step[name] for step in each]) for name in each[0]}
  steps['token_logprob'] = np.array([t.logprob for t in answer.tokens])
  row: dict[str, Any] = sequence.columns(steps, len(texts), bracket)
  for name in list(row):  # a step that is open leaves their ratio open
    size = name.replace(measures.NUCLEUS_ENTROPY, measures.NUCLEUS_SIZE)
    if size != name and math.isnan(row[size]):
      row[name] = math.nan
  return row | free.grades(item, bracket.answer) | {
      columns.FR_ANSWER: bracket.answer, columns.FR_TOKENS: texts,
      columns.FR_N_TOKENS: len(texts), columns.FR_HIT_CAP: answer.cut_off,
      columns.FR_BRACKET_FOUND: bracket.found,
      columns.FR_BRACKET_INFERRED: bracket.inferred,
      columns.FR_REASON: bracket.reason}


def _of_model(name: str, model: str, answer: Answer,
              spec: StudySpec) -> dict[str, Any]:
  entry = models.by_hub_id(model)
  lineage = models.lineage(entry.name if entry else name, name)
  return {
      columns.MODEL: name, columns.DATASET: spec.data.name,
      columns.KIND: entry.kind if entry else (
          'instruct' if answer.chat else 'base'),
      columns.FAMILY: lineage.family, columns.BASE: lineage.base,
      columns.SIZE: float(entry.size) if entry else math.nan,
      columns.ANSWER_FORMAT: spec.prompt.answer}


def _say_what_is_missing(name: str, table: pd.DataFrame) -> None:
  shares = {column: table[column].isna().mean() for column in table
            if measures.is_measure(str(column))}
  partly = [f'{column} of {share:.0%}' for column, share in shares.items()
            if share]
  logging.warning(
      '%s: the whole distribution is not known, so that total_entropy, '
      'varentropy and activations are missing%s', name,
      f'; of the items: {", ".join(partly)}' if partly else '')
