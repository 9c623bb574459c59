"""The analysis stage: results tables in, analysis tables out."""

import pathlib

import pandas as pd
from absl import logging

from uncertainty.analysis import (
    alignment,
    calibration_tables,
    items,
    resampling,
    stack,
    summary,
)
from uncertainty.results import published, schema, shards
from uncertainty.specs import StudySpec
from uncertainty.types import UserError

_LEAST = 3  # fewer items support no correlation and no calibration


def run(
    results_dir: str | pathlib.Path, out_dir: str | pathlib.Path,
    spec: StudySpec) -> None:
  """Analyses all results under a folder and writes tables under another.

  Writes alignment, calibration, reliability, summary and items (.parquet),
  each whole or not at all; equal inputs and seed give equal tables.

  Args:
    results_dir: a workdir, a folder of workdirs, or of the paper's files
      (`spec.analysis.results_format='published'`).
    out_dir: where the tables go.
    spec: `analysis`, `mode` and `seed` are read.

  Raises:
    UserError: no results; results without item_id, with an item twice, or
      with fewer than 3 items.
  """
  results = read(results_dir, spec)
  out = pathlib.Path(out_dir)
  for name, table in core_tables(results, spec).items():
    shards.write_table(table, out / f'{name}.parquet')


def read(
    results_dir: str | pathlib.Path, spec: StudySpec
) -> dict[tuple[str, str], pd.DataFrame]:
  """Results by (data set, model), in the format that the spec names."""
  if spec.analysis.results_format == 'published':
    return published.read(results_dir, spec.data).frames
  return schema.read_results(results_dir)


def core_tables(
    results: dict[tuple[str, str], pd.DataFrame], spec: StudySpec
) -> dict[str, pd.DataFrame]:
  """The five tables that every run has, by name.

  Raises:
    UserError: as `run`.
  """
  level = spec.analysis.confidence_level
  parts: dict[str, list[pd.DataFrame]] = {
      name: [] for name in
      ('alignment', 'calibration', 'reliability', 'summary', 'items')}
  for data in stack.stack_results(results):
    n_items = len(data.item_ids)
    if n_items < _LEAST:
      raise UserError(
          f'{data.dataset} has results for {n_items} item(s); an analysis '
          f'needs {_LEAST} or more: raise --config.data.limit')
    logging.info('%s: %d models, %d items, %d measures', data.dataset,
                 len(data.models), n_items, len(data.rows))
    # One set of draws per data set: differences between models are paired.
    counts_NR = resampling.bootstrap_counts(
        n_items, spec.analysis.n_bootstrap, seed=spec.seed)
    calibrated = calibration_tables.calibration_tables(
        data, counts_NR, level=level, n_bins=spec.analysis.n_bins,
        seed=spec.seed, reproduction=spec.mode == 'reproduction')
    parts['alignment'].append(
        alignment.alignment_table(data, counts_NR, level=level))
    parts['calibration'].append(calibrated.calibration)
    parts['reliability'].append(calibrated.reliability)
    parts['summary'].append(
        summary.summary_table(data, counts_NR, level=level))
    parts['items'].append(items.item_table(data))
  return {name: _joined(tables) for name, tables in parts.items()}


def _joined(tables: list[pd.DataFrame]) -> pd.DataFrame:
  filled = [t for t in tables if len(t)]
  return pd.concat(filled, ignore_index=True) if filled else tables[0]
