"""The analysis stage: results tables in, analysis tables out."""

import pathlib
from collections.abc import Mapping

import pandas as pd

from uncertainty.analysis import study_tables
from uncertainty.analysis.core_tables import core_tables
from uncertainty.analysis.questions import probe_readout as readout
from uncertainty.results import published, schema, shards
from uncertainty.specs import StudySpec


def run(
    results_dir: str | pathlib.Path, out_dir: str | pathlib.Path,
    spec: StudySpec) -> None:
  """Analyses all results under a folder and writes tables under another.

  Writes alignment, calibration, reliability, summary and items (.parquet),
  then the study's tables (`study_tables.study_tables`), and for the paper's
  files or in reproduction mode its figures' cells. Each file is whole or not
  there; equal inputs and seed give equal tables.

  Args:
    results_dir: a workdir, a folder of workdirs, or of the paper's files
      (`spec.analysis.results_format='published'`).
    out_dir: where the tables go.
    spec: `analysis`, `mode` and `seed` are read.

  Raises:
    UserError: no results; results without item_id, with an item twice, or
      with fewer than 3 items.
  """
  source = read(results_dir, spec)
  out = pathlib.Path(out_dir)

  def write(tables: Mapping[str, pd.DataFrame]) -> None:
    for name, table in tables.items():
      shards.write_table(table, out / f'{name}.parquet')

  files = source.activation_files or tuple(filter(None, [spec.probe.published]))
  if files:
    write({'probes_published': readout.published_tables(files)})
  if source.frames:  # the paper's probe tables may stand alone
    write(core_tables(source.frames, spec))
    write(study_tables.study_tables(
        source.frames, spec, probe_readout(results_dir, source)))
  if (spec.mode == 'reproduction'
      or spec.analysis.results_format == 'published'):
    write(study_tables.reproduction_tables(source, results_dir, spec))


def read(
    results_dir: str | pathlib.Path, spec: StudySpec) -> published.Published:
  """Results in the format that the spec names."""
  if spec.analysis.results_format == 'published':
    return published.read(results_dir, spec.data)
  return published.Published(
      frames=schema.read_results(results_dir), columns=pd.DataFrame(),
      activations=None, item_sources={})


def probe_readout(
    results_dir: str | pathlib.Path, source: published.Published,
) -> pd.DataFrame:
  """What probes read out, where they ran or the paper's are at hand."""
  if source.activation_files:
    return readout.of_published(
        readout.published_tables(source.activation_files))
  return readout.of_workdirs(results_dir)
