"""The stage score: items → prompts → batches → shards → a table per model.

The only file, beside `study`, that owns state: the last model that was loaded.
"""

import pathlib
from typing import TYPE_CHECKING

import jax
import pandas as pd
from absl import logging

from uncertainty import inference, models, plan, progress
from uncertainty.inference import capture_policy
from uncertainty.models import sharding
from uncertainty.prompts import self_report
from uncertainty.results import columns, manifest, shards, tokens
from uncertainty.specs import ModelSpec

if TYPE_CHECKING:
  from uncertainty import buckets

# For studies that share one.
_LOADED: dict[tuple, models.Model] = {}


def run(planned: plan.Plan, workdir: pathlib.Path,
        mirror: 'buckets.Mirror | None', told: pathlib.Path) -> None:
  """Asks every model every item in every way, and writes their tables.

  What is in the workdir already, and is of these items, prompts and settings,
  stays.

  Args:
    planned: what to ask.
    workdir: of the run.
    mirror: whose copy the workdir is, if any.
    told: where it is said how far the run is.

  Raises:
    UserError: a model that cannot be read, or a prompt that it cannot take.
  """
  for model in planned.each_model():
    if jax.process_index() == 0:
      manifest.update(workdir, models={model.name: plan.model_entry(model)},
                      judge_prompts=self_report.judge_prompts())
    frames = {name: _run_task(name, model, planned, workdir, mirror, told)
              for name in planned.tasks}
    if jax.process_index() == 0:
      table = planned.results(model, frames)
      path = (workdir / 'results' / planned.spec.data.name
              / f'{model.name}.parquet')
      shards.write_table(table, path)
      tokens.write(path, table, model.tokenizer.decode)


def load_model(spec: ModelSpec, opened: models.Opened) -> models.Model:
  """Loads a model over all devices at hand; the last one is kept.

  Args:
    spec: precision, cache and how many devices share a copy.
    opened: one of `Plan.each_model`.

  Returns:
    The model, on the devices.

  Raises:
    UserError: files that cannot be read.
  """
  key = (spec, opened.source, opened.name, opened.fingerprint)
  if key not in _LOADED:
    _LOADED.clear()
    mesh = None
    if jax.device_count() > 1:
      mesh = sharding.make_mesh(model=spec.model_axis)
    _LOADED[key] = models.load(
        opened, dtype=spec.dtype, mesh=mesh, cache_dir=spec.cache_dir)
  return _LOADED[key]


def _run_task(
    name: str, model: models.Opened, planned: plan.Plan, workdir: pathlib.Path,
    mirror: 'buckets.Mirror | None', told: pathlib.Path,
) -> pd.DataFrame:
  """Runs what is not yet in the task's shards, and reads them all."""
  spec, items = planned.spec, planned.items
  place = pathlib.Path(spec.data.name) / model.name
  store = shards.ShardStore(workdir / 'shards' / place / name)
  source = planned.provenance(model, name)
  writes = jax.process_index() == 0
  if writes:
    kept = None
    if capture_policy.capturing_task(spec) == name:
      from uncertainty.probes import collect

      kept = collect.held(spec, workdir, place, source.settings)
    store.sort_out(source, kept)
  if mirror and writes:
    mirror.push()
  sharding.wait_for_all(f'{name} is sorted out')
  if mirror and not writes:
    mirror.bring()
  done = store.done()
  sharding.wait_for_all(f'{name} starts')
  n_done = sum(item.item_id in done for item in items)
  if n_done:
    logging.info('%s: %d of %d items are done', name, n_done, len(items))
  if n_done < len(items):
    counted = progress.Progress(
        told if writes else None, stage='score',
        model=model.name, dataset=spec.data.name, task=name,
        total=len(items), done=n_done)
    with progress.shown(counted):
      chunks = inference.TASKS[name](
          load_model(spec.model, model), items, spec, seed=spec.seed, done=done)
      if writes:
        # Imported here: a start with nothing to ask waits for no scikit-learn.
        from uncertainty.probes import collect

        chunks = collect.store_activations(
            chunks, items, spec, workdir, place, source.settings)
      for chunk in chunks:
        if writes:
          store.append(pd.DataFrame(
              {columns.ITEM_ID: chunk.item_ids} | chunk.columns
              | source.columns(chunk.item_ids)))
        counted.add(len(chunk.item_ids))
        if mirror:
          mirror.check()
  return store.read()
