"""The stage `steer`: every item again, along each direction at each dose.

A fold's items are steered along directions that were fitted on the other
folds' activations. Rows are those of the results table, with columns that say
how they were steered: DIR/steered/DATASET/MODEL.parquet, beside the directions
themselves. Each dose has shards of its own, whose settings digest holds the
direction and the dose.
"""

import dataclasses
import pathlib
from collections.abc import Callable, Iterator

import jax
import numpy as np
import pandas as pd
from absl import logging

from uncertainty import (
  files,
  inference,
  models,
  plan,
  progress,
  specs,
  steer_settings,
)
from uncertainty.analysis.scores import people
from uncertainty.errors import UserError
from uncertainty.models import steering
from uncertainty.probes import directions as directions_lib
from uncertainty.probes import forward
from uncertainty.probes.directions import Directions
from uncertainty.probes.fits import folds as folds_lib
from uncertainty.results import (
  activations,
  columns,
  digests,
  schema,
  shards,
)
from uncertainty.results import steering_columns as cols
from uncertainty.specs import SteerSpec, StudySpec

FOLDER = 'steered'
_REMEDY = 'run --stages=steer again'


@dataclasses.dataclass(frozen=True)
class Part:
  """One fold's items, steered in one way.

  Attributes:
    name: of its shards' folder.
    columns: what its rows say of how they were steered.
    plan: of its items and tasks.
    steering: what is done to the model.
  """

  name: str
  columns: dict[str, str | float]
  plan: plan.Plan
  steering: steering.Steering


def run(planned: plan.Plan | None, workdir: pathlib.Path,
        load: Callable[[models.Opened], models.Model]) -> None:
  """Steers every model of a scored run; goes on where it was stopped.

  Args:
    planned: the run; `spec.steer` says how. None for answers of others.
    workdir: of the run, scored, with activations of the residual stream.
    load: loads one of its models.

  Raises:
    UserError: nothing to fit directions on, or settings that do not fit.
  """
  if planned is None or jax.process_count() > 1:
    raise UserError('a model is steered in one process, where it was scored: '
                    'leave out config.results_dir, config.data.responses and '
                    '--distributed')
  for opened in planned.each_model():
    path = table_path(workdir, planned.spec, opened.name)
    found = list(parts(planned, opened, workdir))
    counted = progress.Progress(
        workdir / 'progress.jsonl', stage='steer', model=opened.name,
        dataset=planned.spec.data.name,
        total=sum(len(part.plan.items) for part in found))
    with progress.shown(counted):
      tables = [_asked(part, opened, workdir, load, counted) for part in found]
    shards.write_table(pd.concat(tables, ignore_index=True), path)


def table_path(workdir: pathlib.Path, spec: StudySpec, model: str
               ) -> pathlib.Path:
  """Where a model's steered rows are.

  Args:
    workdir: of the run.
    spec: of the run.
    model: its name.

  Returns:
    DIR/steered/DATASET/MODEL.parquet.
  """
  return workdir / FOLDER / spec.data.name / f'{model}.parquet'


def parts(planned: plan.Plan, opened: models.Opened, workdir: pathlib.Path
          ) -> Iterator[Part]:
  """All that is asked of one model: direction by direction, dose by dose.

  Args:
    planned: the run.
    opened: one of its models.
    workdir: of the run.

  Yields:
    Parts of the run.

  Raises:
    UserError: what `directions` raises.
  """
  spec = planned.spec
  frame = _frame(workdir, spec, opened.name)
  folds = _folds(frame, spec)
  found = directions(workdir, spec, opened.name, frame, folds,
                     opened.config.n_layers)
  for name in found.names:
    for how, dose in _ways(spec.steer):
      for fold in range(folds.n_folds):
        yield _part(planned, _Way(name, how, dose, fold), found,
                    frame[columns.ITEM_ID].to_numpy()[folds.test(fold)])


@dataclasses.dataclass(frozen=True)
class _Way:
  """How a part is steered."""

  along: str
  how: str
  dose: float
  fold: int


def _ways(spec: SteerSpec) -> list[tuple[str, float]]:
  found = [(cols.ADDED, dose) for dose in steer_settings.doses(spec)]
  return found + [(cols.REMOVED, np.nan)] * spec.ablate


def _part(planned: plan.Plan, way: _Way, found: Directions,
          item_ids: np.ndarray) -> Part:
  by_id = {item.item_id: item for item in planned.items}
  vectors_LD = found.of(way.along, way.fold)
  added = way.how == cols.ADDED
  steered = (steering.addition(vectors_LD, way.dose) if added
             else steering.ablation(vectors_LD))
  digest = digests.of_value([
      x.tobytes().hex() for x in (steered.added_LD, steered.removed_LD)])
  dose = f'{way.dose:g}' if added else way.how
  return Part(
      f'{way.along}_{dose}_fold-{way.fold}',
      {cols.ALONG: way.along, cols.HOW: way.how, cols.DOSE: way.dose,
       cols.FOLD: way.fold},
      dataclasses.replace(
          planned, items=[by_id[i] for i in item_ids],
          tasks=steer_settings.tasks(planned.spec),
          spec=_without_captures(planned.spec), steered=digest), steered)


def _without_captures(spec: StudySpec) -> StudySpec:
  return dataclasses.replace(
      spec, probe=dataclasses.replace(spec.probe, sites=''))


def _frame(workdir: pathlib.Path, spec: StudySpec, model: str) -> pd.DataFrame:
  """The unsteered results, with people's entropy as the analysis has it."""
  key = spec.data.name, model
  stored = schema.read_results(workdir)
  if key not in stored:
    raise UserError(f'{workdir} has no results of {model} on {spec.data.name} '
                    'to steer from; run --stages=score first')
  return people.estimated({key: stored[key]}, spec)[key]


def _folds(frame: pd.DataFrame, spec: StudySpec) -> folds_lib.Folds:
  """Folds that keep clusters and repeated questions together."""
  return folds_lib.group_k_fold(
      forward.clusters(frame), spec.steer.n_folds, spec.seed)


def directions(
    workdir: pathlib.Path, spec: StudySpec, model: str, frame: pd.DataFrame,
    folds: folds_lib.Folds, n_layers: int) -> Directions:
  """A model's directions: those kept on disk, or fitted and kept.

  What is kept is used again only if it is of the same rows and settings: what
  is fitted anew may differ in its last digits, and with it all rows.

  Args:
    workdir: of the run.
    spec: of the run.
    model: its name.
    frame: its results.
    folds: over the frame's items.
    n_layers: of the model.

  Returns:
    The directions.

  Raises:
    UserError: no activations, or a direction that cannot be fitted.
  """
  path = table_path(workdir, spec, model).with_suffix('.npz')
  chosen = steer_settings.layers(spec.steer, n_layers)
  names = specs.listed(spec.steer.directions)
  key = digests.of_value([
      names, spec.steer.fit, chosen, spec.steer.n_controls, spec.seed,
      folds.test_FB.tolist(), _rows_digest(frame, names)])
  kept = _read(path)
  if kept and kept[0] == key:
    return kept[1]
  folder = (workdir / 'activations' / spec.data.name / model
            / steer_settings.SITE)
  if not folder.is_dir():
    raise UserError(f'directions are fitted on {folder}, which is not there: '
                    'run --stages=score first')
  acts_NLD = activations.read(
      folder, frame[columns.ITEM_ID].tolist()).values_NLD
  found = directions_lib.fit(
      acts_NLD, frame, names, chosen, folds, how=spec.steer.fit,
      n_controls=spec.steer.n_controls, seed=spec.seed)
  logging.info('%s: %s at layer %s', path, ', '.join(found.names), chosen)
  with shards.replacing(path) as file:
    np.savez(file, key=np.array(key), names=np.array(found.names),
             vectors=found.vectors_XFLD)
  return found


def _rows_digest(frame: pd.DataFrame, names: tuple[str, ...]) -> str:
  """Of which answers, and of which labels, directions are."""
  of_rows = [frame[name].tolist() for name in (
      columns.ITEM_ID, columns.ITEM_DIGEST, columns.PROMPT_DIGEST,
      columns.SETTINGS_DIGEST, columns.MODEL_FINGERPRINT)]
  labels = [directions_lib.TARGETS[name](frame).round(9).tolist()
            for name in names if name in directions_lib.TARGETS]
  return digests.of_value([of_rows, labels])


def _read(path: pathlib.Path) -> tuple[str, Directions] | None:
  if not path.is_file():
    return None
  with files.malformed(path, f'delete it and {_REMEDY}'), (
      np.load(path, allow_pickle=False)) as held:
    return str(held['key']), Directions(
        tuple(held['names'].tolist()), held['vectors'])


def _asked(
    part: Part, opened: models.Opened, workdir: pathlib.Path,
    load: Callable[[models.Opened], models.Model],
    counted: progress.Progress) -> pd.DataFrame:
  """A part's rows; what its shards lack is asked."""
  planned, frames = part.plan, {}
  for task in planned.tasks:
    store = shards.ShardStore(shard_folder(part, opened.name, workdir, task))
    source = planned.provenance(opened, task)
    store.sort_out(source)
    done = store.done()
    if any(item.item_id not in done for item in planned.items):
      chunks = inference.TASKS[task](
          load(opened).steered(part.steering), planned.items, planned.spec,
          seed=planned.spec.seed, done=done)
      for chunk in chunks:
        store.append(pd.DataFrame(
            {columns.ITEM_ID: chunk.item_ids} | chunk.columns
            | source.columns(chunk.item_ids)))
    frames[task] = store.read()
  counted.add(len(planned.items))
  return joined(part, frames)


def shard_folder(part: Part, model: str, workdir: pathlib.Path, task: str
                 ) -> pathlib.Path:
  """Where a part's shards are.

  Args:
    part: one of `parts`.
    model: its model's name.
    workdir: of the run.
    task: one of the part's tasks.

  Returns:
    DIR/shards/DATASET/MODEL/steered/PART/TASK.
  """
  return (workdir / 'shards' / part.plan.spec.data.name / model / FOLDER
          / part.name / task)


def joined(part: Part, frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
  """A part's rows as they stand in the table.

  Args:
    part: one of `parts`.
    frames: task → what its shards hold.

  Returns:
    One row an item.
  """
  return schema.merge_tasks(
      schema.item_frame(part.plan.items), frames).assign(**part.columns)


def rows_of(part: Part, table: pd.DataFrame) -> pd.DataFrame:
  """A part's rows of the table.

  Args:
    part: one of `parts`.
    table: of `table_path`.

  Returns:
    Those that say of themselves what the part does.
  """
  said = [table[name].isna() if pd.isna(value) else table[name] == value
          for name, value in part.columns.items()]
  return table.loc[np.logical_and.reduce(said)]
