"""The stages of a study in order: the only file that owns state.

score: items → prompts → batches → shards → one results table per model.
probe, analyze: read the results table (and stored activations), never the
model. report: reads what they wrote.
"""

import contextlib
import functools
import pathlib
import time
import typing
from collections.abc import Iterator, Sequence

from absl import logging

from uncertainty import specs
from uncertainty.errors import UserError
from uncertainty.specs import ModelSpec, StudySpec

# A stage imports what it needs when it runs: --help waits for nothing, and
# the report needs no model.
if typing.TYPE_CHECKING:
  import pandas as pd

  from uncertainty import inference, models
  from uncertainty.types import Item


def run(
    spec: StudySpec, workdir: str | pathlib.Path, stages: Sequence[str], *,
    cluster: bool = False,
) -> None:
  """Runs the stages on a workdir; scoring resumes where a run stopped.

  Args:
    spec: what to run.
    workdir: where all of it goes; made if it is not there.
    stages: some of `STAGES`; they run in that order.
    cluster: first join the processes that were started for one run.

  Raises:
    UserError: bad input, or a workdir that belongs to another config or run.
  """
  unknown = sorted(set(stages) - set(STAGES))
  if unknown:
    raise UserError(
        f'unknown stage {unknown[0]!r}; --stages takes {",".join(STAGES)}')
  import jax

  from uncertainty.models import sharding
  from uncertainty.results import manifest

  if cluster:
    sharding.join_cluster()
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
  import jax
  import numpy as np
  from jax.experimental import multihost_utils

  from uncertainty.results import manifest

  digests = multihost_utils.process_allgather(np.uint32(manifest.digest(spec)))
  if len(np.unique(digests)) > 1:
    raise UserError(
        f'the {jax.process_count()} processes were started with different '
        'configs; give all of them the same flags')


def _barrier(name: str) -> None:
  import jax
  from jax.experimental import multihost_utils

  if jax.process_count() > 1:
    multihost_utils.sync_global_devices(name)


def _score(spec: StudySpec, workdir: pathlib.Path) -> None:
  import jax

  from uncertainty import data, prompts
  from uncertainty.prompts import self_report
  from uncertainty.results import manifest, schema, shards

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


def _said_of_all(
    model: 'models.Model', spec: StudySpec) -> dict[str, object]:
  """Columns that are alike in every row of a results table."""
  import jax

  from uncertainty.models import registry
  from uncertainty.results import columns

  lineage = registry.lineage(model.name, model.config.family)
  n_parameters = sum(x.size for x in jax.tree.leaves(model.params))
  return {
      columns.MODEL: model.name, columns.DATASET: spec.data.name,
      columns.KIND: model.kind, columns.FAMILY: lineage.family,
      columns.SIZE: n_parameters / 1e9, columns.BASE: lineage.base,
      columns.ANSWER_FORMAT: task_names(spec)[0]}


def task_names(spec: StudySpec) -> tuple[str, ...]:
  """The ways of asking, in the config's order.

  Args:
    spec: `prompt.answer` names them, `probe` what is captured in one.

  Returns:
    Keys of `inference.TASKS`, at least one.

  Raises:
    UserError: an unknown one, or two formats for one choice.
  """
  from uncertainty import inference
  from uncertainty.inference import capture_policy

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
  """The models of a run, in the config's order; each is loaded in turn."""
  return specs.listed(spec.source)


@functools.lru_cache(maxsize=1)
def load_model(spec: ModelSpec, source: str) -> 'models.Model':
  """Loads a model over all devices at hand; the last one is kept.

  Args:
    spec: precision, revision, cache and how many devices share a copy.
    source: one of `model_sources(spec)`.

  Returns:
    The model, on the devices.

  Raises:
    UserError: no such model, or files that cannot be read.
  """
  import jax

  from uncertainty import models
  from uncertainty.models import sharding

  mesh = None
  if jax.device_count() > 1:
    mesh = sharding.make_mesh(model=spec.model_axis)
  return models.load(
      source, dtype=spec.dtype, mesh=mesh, revision=spec.revision,
      cache_dir=spec.cache_dir)


def _run_task(
    name: str, model: 'models.Model', items: 'Sequence[Item]',
    spec: StudySpec, workdir: pathlib.Path,
) -> 'pd.DataFrame':
  """Runs what is not yet in the task's shards, and reads them all."""
  import jax
  import pandas as pd

  from uncertainty.probes import collect
  from uncertainty.results import shards

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
    name: str, model: 'models.Model', items: 'Sequence[Item]',
    spec: StudySpec, done: frozenset[str],
) -> 'Iterator[inference.TaskChunk]':
  from uncertainty import inference

  if len(done) < len(items):
    yield from inference.TASKS[name](
        model, items, spec, seed=spec.seed, done=done)


def _probe(spec: StudySpec, workdir: pathlib.Path) -> None:
  if spec.probe.positions == 'all' and spec.probe.store == 'rows':
    logging.info('no probes: they take one row of activations an item')
  elif any((workdir / d).is_dir() for d in ('activations', 'moments')):
    from uncertainty import probes

    probes.run(workdir, spec)


def _analyze(spec: StudySpec, workdir: pathlib.Path) -> None:
  from uncertainty.analysis import run as analysis_run

  analysis_run.run(spec.results_dir or workdir, workdir / 'analysis', spec)


def _report(spec: StudySpec, workdir: pathlib.Path) -> None:
  from uncertainty import report

  print(report.write(workdir, spec))


def measures_table() -> str:
  """Every measure with its columns, as `--list_measures` prints them."""
  from uncertainty.measures import registry

  return registry.table()


STAGES = {
    'score': _score, 'probe': _probe, 'analyze': _analyze, 'report': _report}
