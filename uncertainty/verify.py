"""`--stages=verify`: is what a workdir holds what its run would write?

Everything is hashed again, nothing from a cache: data files, weights, shards,
activations, tables. Every row of a results table is compared with its shards,
and a random sample of rows is asked again, in the very batches that they were
scored in.
"""

import dataclasses
import numbers
import pathlib
import random
from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from absl import logging

from uncertainty import (
    console,
    data,
    inference,
    models,
    plan,
    specs,
    steer,
)
from uncertainty.errors import UserError
from uncertainty.inference.tasks import equivalence
from uncertainty.probes import sums
from uncertainty.results import (
    activations,
    columns,
    digests,
    manifest,
    outputs,
    schema,
    shards,
    steering_columns,
    typed_tables,
)
from uncertainty.specs import StudySpec

# What no stage writes: a changed model, and a file of someone else's.
_MODELS, _STRANGERS = 'models', 'strangers'
SAMPLE = 8  # rows of each model and task that are asked again
# How far a number may move when it is asked again: nothing on the device that
# wrote it; another device or batch size multiplies in another order.
TOLERANCES = {'float64': 1e-5, 'float32': 1e-3, 'bfloat16': 0.1}


def run(spec: StudySpec, workdir: pathlib.Path,
        load: Callable[[models.Opened], models.Model]) -> None:
  """Verifies a finished workdir; changes nothing in it.

  Args:
    spec: of the run.
    workdir: of the run.
    load: loads one of its models.

  Raises:
    UserError: something differs. Each difference has been printed, with the
      file, item and column that it is in.
  """
  held = manifest.read(workdir)
  if not held.get('models'):
    raise UserError(
        f'{workdir}/manifest.json names no models: nothing is scored there; '
        'run --stages=score first')
  redo, n_found = set(), 0
  for stage, difference in _differences(spec, workdir, held, load):
    console.show(f'differs: {difference}')
    redo.add(stage)
    n_found += 1
  if n_found:
    raise UserError(
        f'{n_found} things in {workdir} are not what the run wrote (they '
        f'are named above); {_remedy(redo)}')
  console.show(f'verified: {workdir}')


def _remedy(redo: Collection[str]) -> str:
  """What to do about differences, by the stages that write what differs."""
  stages = [stage for stage in outputs.STAGES if stage in redo]
  said = []
  if _MODELS in redo:
    said.append('put the old models back, or choose another --workdir')
  if _STRANGERS in redo:
    said.append('move away the files that no stage wrote, or run the command '
                'of the run that was stopped before it listed them')
  if stages:
    # The later stages read what the first of them writes anew.
    again = ','.join(outputs.STAGES[outputs.STAGES.index(stages[0]):])
    said.append(f'run --stages={again}, which makes anew what was changed, is '
                'missing, is out of date, or was left unfinished by a run that '
                'was stopped')
  return '; then '.join(said)


def _differences(
    spec: StudySpec, workdir: pathlib.Path, held: Mapping[str, Any],
    load: Callable[[models.Opened], models.Model],
) -> Iterator[tuple[str, str]]:
  """What mends a difference (a stage, or none), and what it is."""
  yield from _files(spec, workdir, held)
  changed = [(_MODELS, found) for found in _models(spec, held)]
  yield from changed
  if changed:
    return  # what another model answers says nothing of these rows
  if 'samples' in plan.task_names(spec):
    # Read anew; what the plan remembers is of now.
    equivalence.digest(spec, remembered=False)
  planned = plan.make(spec, workdir)
  stated = held.get('data', {}).get(spec.data.name, {})
  if digests.of_items(planned.items) != stated.get('digest'):
    yield 'score', (
        f'the items of {spec.data.name} are not those that were asked')
  for model in planned.each_model():
    for found in _of_model(planned, model, workdir, load):
      yield 'score', found
    if steer.table_path(workdir, spec, model.name).exists():
      for found in _steered(planned, model, workdir, load):
        yield 'steer', found


def _files(spec: StudySpec, workdir: pathlib.Path, held: Mapping[str, Any],
           ) -> Iterator[tuple[str, str]]:
  """Data files, and what the later stages wrote."""
  known = held.get('data', {}).get(spec.data.name, {}).get('files', {})
  now = data.source_files(spec.data)
  for name, file in known.items():
    if name not in now or now[name]['digest'] != file['digest']:
      yield 'score', f'the data file {file["path"]} ({name}) was changed'
  there, listed = outputs.standing(workdir), held.get('outputs', {})
  for name, stated in listed.items():
    if name not in there:
      yield outputs.writer(name), f'{workdir / name} is missing'
    elif outputs.digest_of(there[name]) != stated:
      yield outputs.writer(name), f'{workdir / name} was changed'
  for name in sorted(there.keys() - listed.keys()) if listed else ():
    yield _STRANGERS, f'{workdir / name} is in no list of what the run wrote'
  yield from outputs.stale(workdir, held)
  found = [
      *schema.result_files(workdir).values(),
      *schema.result_files(workdir, 'steered').values(),
      *(path for folder in ('shards', 'activations', 'moments')
        for path in sorted((workdir / folder).glob('*/*')) if path.is_dir())]
  for stranger in schema.strangers(found):
    yield _STRANGERS, stranger


def _models(spec: StudySpec, held: Mapping[str, Any]) -> Iterator[str]:
  """Every byte of every model, read anew."""
  for source in specs.listed(spec.model.source):
    model = plan.open_model(spec, source, remembered=False)
    mine = dataclasses.asdict(model.identity)
    stated = next((entry for entry in held['models'].values()
                   if entry['source'] == source), None)
    if stated is None:
      continue
    parts = stated.get('identity', {})
    changed = [part for part in mine if parts.get(part, mine[part])
               != mine[part]]
    for part in changed:
      yield f'the {part.replace("_", " ")} of {source} changed'
    if not changed and stated['fingerprint'] != model.identity.fingerprint:
      yield f'the fingerprint of {source} changed'


def _of_model(
    planned: plan.Plan, model: models.Opened, workdir: pathlib.Path,
    load: Callable[[models.Opened], models.Model],
) -> Iterator[str]:
  spec = planned.spec
  place = pathlib.Path(spec.data.name, model.name)
  yield from _activations(workdir, place)
  frames = {}
  for task in planned.tasks:
    folder = workdir / 'shards' / place / task
    frame = yield from _shards(planned, model, task, folder)
    frames[task] = frame
    yield from _asked_again(planned, load(model), task, frame, str(folder))
  path = workdir / 'results' / f'{place}.parquet'
  try:
    table = schema.read_table(path)
    expected = planned.results(model, frames)
  except (OSError, UserError) as error:
    yield f'{path} cannot be compared ({error})'
    return
  for name in sorted(set(map(str, table)) - set(map(str, expected))):
    yield f'{path} has the column {name!r}, which the run does not write'
  yield from _rows(table, expected, str(path), 0.0, whole=True)


def _steered(
    planned: plan.Plan, model: models.Opened, workdir: pathlib.Path,
    load: Callable[[models.Opened], models.Model],
) -> Iterator[str]:
  """Every steered row, and some of one part asked again."""
  path = steer.table_path(workdir, planned.spec, model.name)
  try:
    table = typed_tables.read(
        path, 'run --stages=steer again', steering_columns.find)
    parts = list(steer.parts(planned, model, workdir))
  except (OSError, UserError) as error:
    yield f'{path} cannot be compared ({error})'
    return
  said = {columns.ITEM_ID}.union(*(part.columns for part in parts))
  if missing := sorted(said - set(table)):
    yield f'{path} has no column {missing[0]}'
    return
  again = random.choice(parts).name if parts else ''
  of_none = table.index
  for part in parts:
    rows = steer.rows_of(part, table)
    of_none = of_none.difference(rows.index)
    frames = {}
    for task in part.plan.tasks:
      folder = steer.shard_folder(part, model.name, workdir, task)
      frame = yield from _shards(part.plan, model, task, folder)
      frames[task] = frame
      if part.name == again:
        yield from _asked_again(
            part.plan, load(model).steered(part.steering), task, frame,
            str(folder))
    try:
      expected = steer.joined(part, frames)
    except UserError as error:
      yield str(error)
      continue
    yield from _rows(
        rows, expected, f'{path} ({part.name})', 0.0, whole=True)
  for item in table.loc[of_none, columns.ITEM_ID]:
    yield f'item {item!r} in {path} is steered as the run did not ask'


def _activations(
    workdir: pathlib.Path, place: pathlib.Path) -> Iterator[str]:
  for folder in sorted((workdir / 'activations' / place).glob('*')):
    for path, problem in activations.damaged(folder).items():
      yield f'the activations {path.with_suffix(".npy")} ({problem})'
  for path in sorted((workdir / 'moments' / place).glob('*.npz')):
    try:
      sums.read(path)
    except UserError as error:
      yield str(error)


def _shards(
    planned: plan.Plan, model: models.Opened, task: str, folder: pathlib.Path,
) -> Generator[str, None, pd.DataFrame]:
  """Yields differences; returns the rows that can be read, by item."""
  source = planned.provenance(model, task)
  tables = []
  for path in shards.ShardStore(folder).paths():
    try:
      table, frame = shards.read(path), shards.frame_of(path)
    except UserError as error:
      yield str(error)
      try:  # what it still holds says which of its rows were changed
        table = shards.read(path, sealed=False)
        frame = shards.frame_of(path, sealed=False)
      except UserError:
        continue
    tables.append(frame)
    for item, doubt in zip(table[columns.ITEM_ID].to_pylist(),
                           source.doubts(table), strict=True):
      if doubt:
        yield f'item {item!r} in {path}: {doubt}'
    if set(tables[-1].get(columns.MODEL_FINGERPRINT, ())) - {source.model}:
      yield f'{path}: rows of another model'
  frame = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(
      {columns.ITEM_ID: pd.Series(dtype=str)})
  twice = frame[columns.ITEM_ID].duplicated()
  for item in frame[columns.ITEM_ID][twice]:
    yield f'item {item!r} stands twice in {folder}'
  frame = frame.loc[~twice, :]
  for item in source.items.keys() - set(frame[columns.ITEM_ID]):
    yield f'item {item!r} is missing in {folder}'
  return frame


def _asked_again(planned: plan.Plan, model: models.Model, task: str,
                 frame: pd.DataFrame, where: str) -> Iterator[str]:
  ids = [i.item_id for i in planned.items]
  # A workdir may hold more items than its run asks now.
  held = sorted(set(frame[columns.ITEM_ID]) & set(ids))
  sample = set(random.sample(held, min(SAMPLE, len(held))))
  logging.info('%s: asking %d of %d items again', where, len(sample), len(ids))
  again = [
      pd.DataFrame({columns.ITEM_ID: chunk.item_ids} | chunk.columns)
      for chunk in inference.TASKS[task](
          model, planned.items, planned.spec, seed=planned.spec.seed,
          done=frozenset(set(ids) - sample))]
  if again:
    yield from _rows(
        frame, pd.concat(again), where, TOLERANCES[planned.spec.model.dtype],
        whole=False)


def _rows(table: pd.DataFrame, expected: pd.DataFrame, where: str,
          tolerance: float, *, whole: bool) -> Iterator[str]:
  """Rows of `expected` that `table` has otherwise, each named once.

  And, where `expected` is `whole`, those that `table` has beside them.
  """
  if columns.ITEM_ID not in table:
    yield f'{where} has no column {columns.ITEM_ID}'
    return
  twice = table[columns.ITEM_ID].duplicated()
  for item in table[columns.ITEM_ID][twice].unique():
    yield f'item {item!r} stands twice in {where}'
  table = table[~twice].set_index(columns.ITEM_ID)
  expected = expected.set_index(columns.ITEM_ID)
  for item in expected.index.difference(table.index):
    yield f'item {item!r} is missing in {where}'
  for item in table.index.difference(expected.index) if whole else ():
    yield f'item {item!r} in {where} is none that the run asked'
  for item in table.index.intersection(expected.index):
    wrong = [
        name for name in map(str, expected)
        if name not in table or not alike(
            table.at[item, name], expected.at[item, name], tolerance)]
    if wrong:
      yield f'item {item!r} in {where}: {", ".join(wrong)}'


def alike(a: Any, b: Any, tolerance: float) -> bool:
  """Whether two entries of a table say the same.

  Args:
    a: a number, text, or list of them.
    b: the like.
    tolerance: how far numbers that are no integers may be apart.

  Returns:
    True if they do; a missing value is equal to a missing value only.
  """
  lists = [isinstance(x, (list, tuple, np.ndarray)) for x in (a, b)]
  if any(lists):
    return all(lists) and len(a) == len(b) and all(
        alike(x, y, tolerance) for x, y in zip(a, b, strict=True))
  if pd.isna(a) or pd.isna(b):
    return bool(pd.isna(a) and pd.isna(b))
  if isinstance(a, (float, np.floating)) and isinstance(b, numbers.Real):
    # First equality: infinities are no number apart.
    return bool(a == b or abs(float(a) - float(b)) <= tolerance)
  return bool(a == b)
