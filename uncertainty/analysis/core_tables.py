"""The five tables that every analysis has."""

from collections.abc import Mapping

import pandas as pd
from absl import logging

from uncertainty.analysis.questions import alignment, items, summary
from uncertainty.analysis.questions import calibrated as calibration_tables
from uncertainty.analysis.scores import stack
from uncertainty.analysis.statistics import resampling
from uncertainty.specs import StudySpec
from uncertainty.types import UserError

_LEAST = 3  # fewer items support no correlation and no calibration


def core_tables(
    results: Mapping[tuple[str, str], pd.DataFrame], spec: StudySpec
) -> dict[str, pd.DataFrame]:
  """The five tables that every run has, by name.

  Args:
    results: (data set, model) → one row per item.
    spec: `analysis`, `mode` and `seed` are read.

  Returns:
    alignment, calibration, reliability, summary, items.

  Raises:
    UserError: a table without item_id, with an item twice, or with fewer than
      3 items.
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
