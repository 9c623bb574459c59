"""A tuning from start to end: what is learnt in which step, and what is kept.

The lessons of a step follow from the seed and the step's number alone, so that
a tuning that was killed goes on, from its last checkpoint, as it would have.
"""

import dataclasses
import functools
import pathlib
import time
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from absl import logging

from uncertainty import models
from uncertainty.models import lineage, sharding
from uncertainty.progress import Progress
from uncertainty.results import digests, shards, tuning_columns
from uncertainty.specs import StudySpec, TuneSpec, listed
from uncertainty.tuning import (
  checkpoints,
  export,
  graded,
  lessons,
  packing,
  splits,
  step,
  trained_items,
)
from uncertainty.tuning.lessons import Lesson
from uncertainty.types import Item, UserError

LOG, SPLITS = 'tuning.parquet', 'splits.parquet'  # in the workdir
FOLDER, MODEL, ADAPTER = 'tuning', 'model', 'adapter'


@dataclasses.dataclass(frozen=True)
class Course:
  """What is learnt, and what is asked after.

  Attributes:
    train: lessons.
    held_out: lessons; empty where nothing is held out.
    packing: how both are laid out.
  """

  train: list[Lesson]
  held_out: list[Lesson]
  packing: packing.Packing


def run(model: models.Model, opened: models.Opened, items: Sequence[Item],
        spec: StudySpec, workdir: pathlib.Path, counted: Progress,
        ) -> dict[str, str]:
  """Tunes a model on a data set's items.

  Leaves DIR/model (and DIR/adapter), DIR/splits.parquet, DIR/tuning.parquet,
  and the checkpoints that a killed run resumes from.

  Args:
    model: loaded, on the devices.
    opened: the same, as files.
    items: of the data set, as they are shown.
    spec: the run's.
    workdir: where all of it goes.
    counted: counts steps.

  Returns:
    What the manifest says of it: the tuned model's name, and digests of the
    settings and of who went where.

  Raises:
    UserError: items that the objective cannot learn from, or a workdir that
      holds another tuning.
  """
  lessons.check(spec)
  frame = _split(items, spec, workdir)
  settings = _settings(model, items, spec, frame)
  checkpoints.claim(workdir / FOLDER, settings)
  setting = step.Setting(
      models.Decoder(model.config, model.module.dtype, remat=True),
      opened.family.mapping(model.config), spec.tune, spec.model.dtype)
  state, log = train(
      model, setting, _course(model, items, spec, frame), spec, counted,
      workdir)
  shards.write_table(log, workdir / LOG)
  origin = lineage.Lineage(
      name=f'{opened.name}-{spec.tune.objective}-{settings[:8]}',
      base=lineage.Base(opened.name, opened.source, opened.fingerprint,
                        opened.revision, opened.lineage),
      config_digest=settings, splits_digest=splits.digest(frame),
      package_version=digests.version('uncertainty') or '',
      recipe=recipe(spec))
  trained = trained_items.table(
      {spec.data.name: _of(frame, items, spec, splits.TRAIN)},
      trained_items.read(opened.folder)
      if opened.lineage and opened.folder else None)
  _export(model, opened, setting, state, workdir, origin, trained)
  return {'model': origin.name, 'settings_digest': settings,
          'splits_digest': origin.splits_digest}


def train(model: models.Model, setting: step.Setting, course: Course,
          spec: StudySpec, counted: Progress, workdir: pathlib.Path,
          ) -> tuple[step.State, pd.DataFrame]:
  """All steps that are not done yet.

  Args:
    model: loaded, on the devices.
    setting: of the tuning.
    course: what is learnt.
    spec: the run's.
    counted: counts steps.
    workdir: holds the checkpoints and the log.

  Returns:
    The last state, and the log of every step.
  """
  tune, folder = spec.tune, workdir / FOLDER
  state, frozen = step.start(setting, model.params, jax.random.key(spec.seed))
  place = functools.partial(_place, model)
  held_out = _held_out(setting, course, tune.batch_size, place)
  rows: list[dict[str, Any]] = []
  kept = checkpoints.restore(folder, state)
  if kept:
    state = kept[0]
    rows = [dict(zip(kept[1].columns, row))
            for row in kept[1].itertuples(index=False, name=None)]
    logging.info('tuning goes on after step %d', int(state.step))
    counted.add(int(state.step))
  else:
    rows.append({tuning_columns.STEP: 0, tuning_columns.HELD_OUT_LOSS:
                 held_out(state.weights, frozen)})
  take = step.make(setting)
  for done in range(int(state.step), tune.steps):
    began = time.perf_counter()
    packed = packing.pack(
        chosen(course.train, spec, done), course.packing,
        n_parts=tune.accumulate)
    state, told = take(state, frozen, place(packed))
    row = _row(done + 1, told, packed, began)
    last = done + 1 == tune.steps
    if last or (done + 1) % tune.every == 0:
      row[tuning_columns.HELD_OUT_LOSS] = held_out(state.weights, frozen)
      checkpoints.save(folder, done + 1, state, _table([*rows, row]))
      shards.write_table(_table([*rows, row]), workdir / LOG)
      logging.info('step %d of %d: loss %.4f, held out %.4f', done + 1,
                   tune.steps, row[tuning_columns.LOSS],
                   row[tuning_columns.HELD_OUT_LOSS])
    rows.append(row)
    counted.add(1)
  return state, _table(rows)


def chosen(train_lessons: Sequence[Lesson], spec: StudySpec, done: int
           ) -> list[Lesson]:
  """The lessons of a step: all, in a new order each time round.

  Args:
    train_lessons: of the course.
    spec: the run's; its seed and `tune.batch_size` count.
    done: steps done before.

  Returns:
    `tune.batch_size` lessons.
  """
  n, size = len(train_lessons), spec.tune.batch_size
  places = range(done * size, (done + 1) * size)
  orders = {turn: np.random.default_rng([spec.seed, turn]).permutation(n)
            for turn in {place // n for place in places}}
  return [train_lessons[orders[place // n][place % n]] for place in places]


def shuffled(found: Sequence[Lesson], seed: int) -> list[Lesson]:
  """The control: each target goes to another lesson with as many cells.

  Args:
    found: lessons.
    seed: of the draw.

  Returns:
    The same paths with permuted targets.
  """
  random = np.random.default_rng([seed, 1])
  given = list(found)
  for n_cells in sorted({len(lesson.shares) for lesson in found}):
    alike = [k for k, lesson in enumerate(found)
             if len(lesson.shares) == n_cells]
    for k, other in zip(alike, random.permutation(alike)):
      given[k] = dataclasses.replace(found[k], shares=found[other].shares)
  return given


def _split(items: Sequence[Item], spec: StudySpec, workdir: pathlib.Path
           ) -> pd.DataFrame:
  tune, by_data = spec.tune, {spec.data.name: items}
  frame = splits.table(by_data, by=tune.split_by, held_out=tune.held_out,
                       left_out=listed(tune.left_out), seed=tune.split_seed)
  splits.check(frame, by_data)
  workdir.mkdir(parents=True, exist_ok=True)
  shards.write_table(frame, workdir / SPLITS)
  return frame


def _of(frame: pd.DataFrame, items: Sequence[Item], spec: StudySpec,
        *names: str) -> list[Item]:
  return splits.select(frame, {spec.data.name: items}, *names).get(
      spec.data.name, [])


def _course(model: models.Model, items: Sequence[Item], spec: StudySpec,
            frame: pd.DataFrame) -> Course:
  tune = spec.tune

  def taught(some: Sequence[Item]) -> list[Lesson]:
    if tune.objective != 'calibration':
      return lessons.build(model, some, spec)
    open_ones = [i for i in some if i.answer_text or i.answer is not None]
    return lessons.build(
        model, open_ones, spec, graded.answers(model, open_ones, spec))

  training = taught(_of(frame, items, spec, splits.TRAIN))
  asked = _of(frame, items, spec, splits.HELD_OUT)
  held_out = taught(asked) if asked else []
  if tune.shuffle:
    training = shuffled(training, spec.seed)
  longest = max(len(p.tokens) for lesson in (*training, *held_out)
                for p in lesson.paths)
  if longest > model.config.context_length:
    raise UserError(
        f'a prompt with its answer has {longest} tokens and {model.name} '
        f'reads {model.config.context_length}; turn the worked examples off '
        'with --config.prompt.few_shot=False')
  return Course(training, held_out, packing.Packing(
      spec.score.row_tokens,
      shared=not any(r.long_frequencies for r in model.config.rotaries),
      row_multiple=_n_data(model)))


def _mesh(model: models.Model) -> jax.sharding.Mesh | None:
  placed = jax.tree.leaves(model.params)[0].sharding
  return (placed.mesh if isinstance(placed, jax.sharding.NamedSharding)
          else None)  # pyright: ignore[reportReturnType]


def _n_data(model: models.Model) -> int:
  mesh = _mesh(model)
  return 1 if mesh is None else dict(mesh.shape)['data']


def _place(model: models.Model, packed: packing.Packed) -> packing.Packed:
  """Rows over the mesh's data axis, all else everywhere."""
  mesh = _mesh(model)
  if mesh is None:
    return jax.tree.map(jnp.asarray, packed)
  spec = jax.sharding.PartitionSpec
  everywhere = jax.sharding.NamedSharding(mesh, spec())
  rows = jax.sharding.NamedSharding(mesh, spec(None, 'data'))
  return dataclasses.replace(
      jax.device_put(packed, everywhere),
      batch=jax.device_put(packed.batch, rows))


def _held_out(setting: step.Setting, course: Course, size: int,
              place: Callable[[packing.Packed], packing.Packed],
              ) -> Callable[[Any, Any], float]:
  """What measures the loss of the lessons that are not learnt."""
  measure = step.make_loss(setting)
  found = course.held_out
  parts = [packing.pack(found[k:k + size], course.packing)
           for k in range(0, len(found), size)]
  weights = np.array([sum(lesson.weight for lesson in found[k:k + size])
                      for k in range(0, len(found), size)])

  def mean(state_weights: Any, frozen: Any) -> float:
    if not parts:
      return float('nan')
    losses = [float(measure(state_weights, frozen, place(part)).loss)
              for part in parts]
    return float(np.average(losses, weights=weights))

  return mean


def _row(done: int, told: step.Log, packed: packing.Packed, began: float
         ) -> dict[str, Any]:
  losses = told.losses
  return {
      tuning_columns.STEP: done,
      tuning_columns.LOSS: float(losses.loss),
      tuning_columns.OBJECTIVE_LOSS: float(losses.objective),
      tuning_columns.KL_TO_BASE: float(losses.tie),
      tuning_columns.HELD_OUT_LOSS: float('nan'),
      tuning_columns.LEARNING_RATE: float(told.learning_rate),
      tuning_columns.GRADIENT_NORM: float(told.gradient_norm),
      tuning_columns.TOKENS: packing.n_tokens(packed),
      tuning_columns.SECONDS: time.perf_counter() - began,
  }


def _table(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
  names = [c.name for c in tuning_columns.TABLES['tuning'].columns]
  return pd.DataFrame(list(rows), columns=names).astype(
      {tuning_columns.TOKENS: 'Int64'})


def recipe(spec: StudySpec) -> str:
  """In words, all that was chosen of a tuning but its seed.

  Args:
    spec: the run's.

  Returns:
    Such as `human on 375 items of vader (steps=100)`; fields that keep their
    default are not said.
  """
  plain, data = TuneSpec(), spec.data
  chosen = [f'{field.name}={getattr(spec.tune, field.name)}'
            for field in dataclasses.fields(plain)
            if field.name != 'objective'
            and getattr(spec.tune, field.name) != getattr(plain, field.name)]
  items = 'all items' if data.limit is None else f'{data.limit} items'
  part = f' ({data.subset})' if data.subset else ''
  return (f'{spec.tune.objective} on {items} of {data.name}{part}'
          + (f' ({", ".join(chosen)})' if chosen else ''))


def _settings(model: models.Model, items: Sequence[Item], spec: StudySpec,
              frame: pd.DataFrame) -> str:
  """Digest of all that decides the weights."""
  fields = dataclasses.asdict(spec)
  decides = ('tune', 'prompt', 'seed')
  return digests.of_value([
      {name: fields[name] for name in decides}, spec.score.row_tokens,
      dataclasses.asdict(spec.free), spec.model.dtype, model.fingerprint,
      digests.of_items(items), splits.digest(frame)])


def _export(model: models.Model, opened: models.Opened, setting: step.Setting,
            state: step.State, workdir: pathlib.Path,
            origin: lineage.Lineage, trained: pd.DataFrame) -> None:
  params, weights = (step.tuned(setting, model.params, state.weights),
                     state.weights)
  mesh = _mesh(model)
  if mesh is not None:
    params, weights = jax.tree.map(
        lambda x: sharding.gather(x, mesh), (params, weights))
  export.write_model(workdir / MODEL, opened, params, origin=origin,
                     trained=trained)
  if setting.tune.method == 'lora':
    export.write_adapter(
        workdir / ADAPTER, weights, rank=setting.tune.rank,
        scale=step.scale(setting.tune), source=opened)
