"""Writes `report/items`: what the page loads when an item is opened.

    DATA/ids.js           ids, to find an item's place by
    DATA/find.js          questions, to search
    DATA/scan-M.js        model M's doubt and correctness, to pick by
    DATA/numbers.js       people's signals, to draw items by
    DATA/numbers-M.js     model M's measures, to draw items by
    DATA/asked-P.js       part P of the items, with every model's answer
    DATA/told-M-P.js      what model M read and wrote, part P

The page itself holds only the catalogue, so that it opens as fast with ten
thousand items as with ten.
"""

import hashlib
import json
import os
import pathlib
import shutil
from typing import Any

import pandas as pd

from uncertainty import files
from uncertainty.analysis.statistics.parallel import in_parallel
from uncertainty.report import lineage, names
from uncertainty.report.items import chunks, numbers, rows, source
from uncertainty.report.tables import AnalysisTables
from uncertainty.results import columns as cols
from uncertainty.results import shards
from uncertainty.specs import StudySpec
from uncertainty.types import UserError

_NAME = 'items'
_CATALOGUE = 'catalogue.json'


def write(tables: AnalysisTables, spec: StudySpec) -> list[dict[str, Any]]:
  """Writes every item of every data set; what stood there before goes.

  Where it was written from the same files by the same code, it stays.

  Args:
    tables: the analysis.
    spec: says where results are.

  Returns:
    The catalogue, an entry a data set: `name`, `title`, `folder`, `n` items,
    `step` items a part, and `models`: `name`, `kind`, `family`, `size`
    (billions), `step`, `bars` (what its shares of choices are). Empty
    without results.

  Raises:
    UserError: results that cannot be read, or no space.
  """
  report = tables.workdir / 'report'
  stamp = _stamp(tables, spec)
  before = _catalogue(report / _NAME / _CATALOGUE, stamp)
  if before is not None:
    return before
  fresh = report / f'{_NAME}{shards.TEMPORARY}'
  shutil.rmtree(fresh, ignore_errors=True)
  catalogue = []
  who = lineage.known(tables)
  analysed = _by_model(tables.get('items'))
  for dataset, models in source.answered(tables.workdir, spec).items():
    catalogue.append(_dataset(
        dataset, models, analysed, who, tables.manifest.get('config'), fresh))
  shutil.rmtree(report / _NAME, ignore_errors=True)
  if catalogue:
    with files.writing(fresh / _CATALOGUE):
      (fresh / _CATALOGUE).write_text(json.dumps(
          {'stamp': stamp, 'catalogue': catalogue}), encoding='utf-8')
    os.replace(fresh, report / _NAME)
  return catalogue


def _stamp(tables: AnalysisTables, spec: StudySpec) -> str:
  """A digest of what items are written from: files as they are, and code."""
  root = pathlib.Path(spec.results_dir or tables.workdir)
  patterns = (['**/*.parquet'] if spec.analysis.results_format == 'published'
              else ['results/**/*.parquet', 'tokens/**/*.json'])
  read = {path for pattern in patterns for path in root.glob(pattern)}
  read.update((tables.workdir / 'analysis').glob('*.parquet'))
  digest = hashlib.sha256()
  for path in sorted(read):
    about = path.stat()
    digest.update(repr((*path.parts[-3:], about.st_size,
                        about.st_mtime_ns)).encode())
  for source_file in sorted(pathlib.Path(__file__).parent.glob('*.py')):
    digest.update(source_file.read_bytes())
  return digest.hexdigest()


def _catalogue(
    path: pathlib.Path, stamp: str) -> list[dict[str, Any]] | None:
  """What was written from the same, else None."""
  if not path.exists():
    return None
  found = files.read_json(path, 'delete the folder and report again')
  return found.get('catalogue') if found.get('stamp') == stamp else None


def _by_model(items: pd.DataFrame) -> dict[tuple[str, str], pd.DataFrame]:
  if items.empty:
    return {}
  twice = items[items.duplicated([cols.DATASET, cols.MODEL, cols.ITEM_ID])]
  if len(twice):
    raise UserError(
        f'analysis/items.parquet holds item {twice[cols.ITEM_ID].iloc[0]!r} of '
        f'{twice[cols.MODEL].iloc[0]} twice; run --stages=analyze again')
  return {(str(dataset), str(model)): part.set_index(cols.ITEM_ID)
          for (dataset, model), part in items.groupby(
              [cols.DATASET, cols.MODEL], sort=False)}


def _dataset(
    dataset: str, models: list[source.Answered],
    analysed: dict[tuple[str, str], pd.DataFrame],
    who: dict[str, lineage.Lineage], config: dict[str, Any] | None,
    folder: pathlib.Path,
) -> dict[str, Any]:
  place = files.stem(dataset)
  ids, asked, people = _items(models)
  known = [analysed[dataset, m.model] for m in models
           if (dataset, m.model) in analysed]
  if known:
    people = known[0][cols.HUMAN_ENTROPY].reindex(ids)
  shared = rows.asked(asked, people)
  chunks.write(folder, f'{place}/ids', {'id': ids})
  chunks.write(folder, f'{place}/find', {
      'q': [_searched(row) for row in shared],
      'd': [row.get('d') for row in shared]})
  chunks.write(folder, f'{place}/numbers', {
      'columns': numbers.of_people(asked, people)})
  answers: list[list[rows.Row]] = [[] for _ in models]
  entries: list[dict[str, Any]] = [{} for _ in models]

  def write_model(places: slice) -> None:
    for i in range(places.start, places.stop):
      model = models[i].model
      frame = models[i].read().set_index(cols.ITEM_ID).reindex(ids)
      of_model = analysed.get((dataset, model), pd.DataFrame()).reindex(ids)
      answers[i] = rows.answered(frame, of_model)
      entries[i] = _about(model, who.get(model, lineage.Lineage())) | {
          'step': _told(folder, f'{place}/told-{i}',
                        rows.details(frame, models[i].texts)),
          'bars': _bars(frame, config)}
      _scan(folder, f'{place}/scan-{i}', answers[i])
      chunks.write(folder, f'{place}/numbers-{i}', {
          'columns': numbers.of_model(frame, of_model)})

  in_parallel(write_model, len(models), chunk=1)
  step = chunks.rows_a_chunk(
      [[row, *(a[i] for a in answers)] for i, row in enumerate(shared[:64])])

  def write_part(items: slice) -> None:
    chunks.write(folder, f'{place}/asked-{items.start // step}', {
        'items': shared[items], 'models': [a[items] for a in answers]})

  in_parallel(write_part, len(ids), chunk=step)
  return {'name': dataset, 'title': names.dataset(dataset), 'folder': place,
          'n': len(ids), 'step': step, 'models': entries}


def _items(
    models: list[source.Answered],
) -> tuple[list[str], pd.DataFrame, pd.Series]:
  """Every item that any model has, and people's entropy, in the files' order.

  An item's own columns come from the first model that has it.
  """
  own = (cols.ITEM_ID, cols.QUESTION, cols.CHOICES, cols.ANSWER,
         cols.ANSWER_TEXT, cols.GROUP)
  found: list[pd.DataFrame] = []
  have: set[str] = set()
  for model in models:
    frame = model.read()
    new = frame[~frame[cols.ITEM_ID].isin(have)]
    if len(new):
      found.append(new[[c for c in new if c in own
                        or str(c).startswith(cols.OF_PEOPLE)]])
      have.update(new[cols.ITEM_ID])
  items = pd.concat(found, ignore_index=True)
  people = (items[cols.HUMAN_ENTROPY] if cols.HUMAN_ENTROPY in items
            else pd.Series(float('nan'), items.index))
  return items[cols.ITEM_ID].astype(str).tolist(), items, people


def _searched(row: rows.Row) -> str:
  """Text that an item is found by: its question, choices and answer."""
  return '\n'.join(
      [row.get('q', ''), ' / '.join(row.get('c', ())), row.get('t', '')])


def _about(model: str, who: lineage.Lineage) -> dict[str, Any]:
  return {'name': model, 'kind': who.kind, 'family': who.family,
          'size': who.size}


def _bars(frame: pd.DataFrame, config: dict[str, Any] | None) -> str:
  """What the model's shares of the choices are, in words."""
  asked = frame.get(cols.ANSWER_FORMAT, pd.Series(dtype=object)).dropna()
  return names.shares(str(asked.iloc[0]) if len(asked) else '', config)


def _scan(folder: pathlib.Path, name: str, answers: list[rows.Row]) -> None:
  """Writes what one model's items are picked by."""
  chunks.write(folder, name, {
      key: [row.get(key) for row in answers]
      for key in ('d', 'r', 'h', 'k', 'x')})


def _told(folder: pathlib.Path, name: str, told: list[rows.Row]) -> int:
  """Writes one model's details in parts; the rows of a part."""
  step = chunks.rows_a_chunk(rows.share_prompts(told[:64])[1])
  for part, start in enumerate(range(0, len(told), step)):
    begins, chunk = rows.share_prompts(told[start:start + step])
    chunks.write(folder, f'{name}-{part}', {'begin': begins, 'items': chunk})
  return step
