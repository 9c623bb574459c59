"""The stages of a study in order: the only file that owns state.

score: items → prompts → batches → shards → one results table per model.
probe, analyze: read the results table (and stored activations), never the
model. report: reads what they wrote.
"""

import contextlib
import functools
import pathlib
import time
from collections.abc import Iterator, Sequence

import jax
import numpy as np
import pandas as pd
from absl import logging
from jax.experimental import multihost_utils

from uncertainty import (
  analysis,
  data,
  inference,
  models,
  probes,
  prompts,
  report,
  specs,
)
from uncertainty.inference import capture_policy
from uncertainty.models import registry, sharding
from uncertainty.probes import collect
from uncertainty.prompts import self_report
from uncertainty.results import columns, manifest, schema, shards
from uncertainty.specs import ModelSpec, StudySpec
from uncertainty.types import Item, UserError


def run(
    spec: StudySpec, workdir: str | pathlib.Path, stages: Sequence[str]
) -> None:
  """Runs the stages on a workdir; scoring resumes where a run stopped.

  Raises:
    UserError: bad input, or a workdir that belongs to another config or run.
  """
  unknown = sorted(set(stages) - set(STAGES))
  if unknown:
    raise UserError(
        f'unknown stage {unknown[0]!r}; --stages takes {",".join(STAGES)}')
  workdir = pathlib.Path(workdir)
  _agree(spec)
  writes = jax.process_index() == 0
  with manifest.lock(workdir) if writes else contextlib.nullcontext():
    if writes and 'score' in stages and not spec.results_dir:
      manifest.claim(workdir, spec)
    _barrier('claimed')
    for stage in STAGES:
      if stage in stages and (writes or stage == 'score'):
        start = time.perf_counter()
        STAGES[stage](spec, workdir)
        logging.info('%s: %.1f s', stage, time.perf_counter() - start)


def _agree(spec: StudySpec) -> None:
  """Processes that were started otherwise would wait for each other forever.

  Raises:
    UserError: on every process, if their configs would score something else.
  """
  digests = multihost_utils.process_allgather(np.uint32(manifest.digest(spec)))
  if len(np.unique(digests)) > 1:
    raise UserError(
        f'the {jax.process_count()} processes were started with different '
        'configs; give all of them the same flags')


def _barrier(name: str) -> None:
  if jax.process_count() > 1:
    multihost_utils.sync_global_devices(name)


def _score(spec: StudySpec, workdir: pathlib.Path) -> None:
  if spec.results_dir:
    return
  tasks = task_names(spec)
  items = data.load(spec.data)
  if spec.prompt.shuffle_choices:
    items = [prompts.shuffled(item, seed=spec.seed) for item in items]
  for source in model_sources(spec.model):
    model = load_model(spec.model, source)
    if jax.process_index() == 0:
      manifest.update(workdir, models={model.name: {
          'source': source, 'revision': model.revision,
          'fingerprint': model.fingerprint, 'kind': model.kind,
          'family': model.config.family}},
                      judge_prompts=self_report.judge_prompts())
    frames = {}
    for name in tasks:
      frames[name] = _run_task(name, model, items, spec, workdir)
    if jax.process_index() == 0:
      table = schema.merge_tasks(schema.item_frame(items), frames)
      shards.write_table(
          table.assign(**_said_of_all(model, spec)),
          workdir / 'results' / spec.data.name / f'{model.name}.parquet')


def _said_of_all(model: models.Model, spec: StudySpec) -> dict[str, object]:
  """Columns that are alike in every row of a results table."""
  lineage = registry.lineage(model.name, model.config.family)
  n_parameters = sum(x.size for x in jax.tree.leaves(model.params))
  return {
      columns.MODEL: model.name, columns.DATASET: spec.data.name,
      columns.KIND: model.kind, columns.FAMILY: lineage.family,
      columns.SIZE: n_parameters / 1e9, columns.BASE: lineage.base,
      columns.ANSWER_FORMAT: task_names(spec)[0]}


def task_names(spec: StudySpec) -> tuple[str, ...]:
  """The ways of asking, in the config's order.

  Raises:
    UserError: an unknown one, or two formats for one choice.
  """
  names = specs.listed(spec.prompt.answer)
  for name in names:
    if name not in inference.TASKS:
      raise UserError(
          f'config.prompt.answer names {name!r}; known: '
          f'{", ".join(inference.TASKS)}')
  if not names or len(set(names)) < len(names):
    raise UserError(
        f'config.prompt.answer={spec.prompt.answer!r} must name one or more '
        f'different tasks of {", ".join(inference.TASKS)}')
  formats = [n for n in names if n in inference.CHOICE_FORMATS]
  if len(formats) > 1:
    raise UserError(
        f'config.prompt.answer asks for a choice in {len(formats)} ways '
        f'({", ".join(formats)}); keep one and run the other in its own '
        'workdir')
  capture_policy.capturing_task(spec)
  return names


def model_sources(spec: ModelSpec) -> tuple[str, ...]:
  return specs.listed(spec.source)


@functools.lru_cache(maxsize=1)
def load_model(spec: ModelSpec, source: str) -> models.Model:
  """Loads a model over all devices at hand; the last one is kept."""
  mesh = None
  if jax.device_count() > 1:
    mesh = sharding.make_mesh(model=spec.model_axis)
  return models.load(
      source, dtype=spec.dtype, mesh=mesh, revision=spec.revision,
      cache_dir=spec.cache_dir)


def _run_task(
    name: str, model: models.Model, items: Sequence[Item], spec: StudySpec,
    workdir: pathlib.Path,
) -> pd.DataFrame:
  """Runs what is not yet in the task's shards, and reads them all."""
  place = pathlib.Path(spec.data.name) / model.name
  store = shards.ShardStore(workdir / 'shards' / place / name)
  done = store.done()
  _barrier(f'{name} starts')
  if done:
    logging.info('%s: %d of %d items are done', name, len(done), len(items))
  chunks = _fresh(name, model, items, spec, done)
  writes = jax.process_index() == 0
  if writes:
    chunks = collect.keep(chunks, items, spec, workdir, place)
  for chunk in chunks:
    if writes:
      store.append(pd.DataFrame({'item_id': chunk.item_ids} | chunk.columns))
  return store.read()


def _fresh(
    name: str, model: models.Model, items: Sequence[Item], spec: StudySpec,
    done: frozenset[str],
) -> Iterator[inference.TaskChunk]:
  if len(done) < len(items):
    yield from inference.TASKS[name](
        model, items, spec, seed=spec.seed, done=done)


def _probe(spec: StudySpec, workdir: pathlib.Path) -> None:
  if spec.probe.positions == 'all' and spec.probe.store == 'rows':
    logging.info('no probes: they take one row of activations an item')
  elif any((workdir / d).is_dir() for d in ('activations', 'moments')):
    probes.run(workdir, spec)


def _analyze(spec: StudySpec, workdir: pathlib.Path) -> None:
  analysis.run(spec.results_dir or workdir, workdir / 'analysis', spec)


def _report(spec: StudySpec, workdir: pathlib.Path) -> None:
  print(report.write(workdir, spec))


STAGES = {
    'score': _score, 'probe': _probe, 'analyze': _analyze, 'report': _report}
