"""Calibration of every measure under every confidence map, as tables."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pandas as pd

from uncertainty.analysis.calibration import (
  bootstrap,
  confidence_maps,
  errors,
  reliability,
)
from uncertainty.analysis.scores import stack as stacking

COLUMNS = (
    'model', 'dataset', 'measure', 'confidence_map', 'correctness', 'metric',
    'value', 'ci_low', 'ci_high', 'n')
RANKING = 'none'  # the map of metrics that only look at the order
_N_FOLDS = 10


@dataclasses.dataclass(frozen=True)
class Tables:
  """calibration.parquet and reliability.parquet of one data set."""

  calibration: pd.DataFrame
  reliability: pd.DataFrame


def calibration_tables(
    stack: stacking.Stack, counts_NR: np.ndarray, *, level: float,
    n_bins: int = 15, seed: int = 0, reproduction: bool = False) -> Tables:
  """All cells of one data set.

  Args:
    stack: the data set.
    counts_NR: resamples of its items.
    level: nominal coverage.
    n_bins: of the width and mass binnings.
    seed: of the folds behind the learned confidence maps.
    reproduction: also what the paper did: free response held against the
      multiple choice's grade, and a sweep that splits ties (value only).

  Returns:
    Rows are there for every measure with a grade; a measure that is all
    missing has NaN and n = 0. Measures that a map has no formula for have no
    rows for that map.
  """
  paper_MN = stacking.paper_confidence(stack)
  mapped_M = np.array(
      [_has_map(row.measure) for row in stack.rows], bool)
  tables, curves = [], []
  grades = stacking.correctness(stack, reproduction=reproduction)
  for name, (rows, correct_MN) in grades.items():
    certainty_MN = -stack.uncertainty()[rows]
    ranks = bootstrap.rank_estimates(
        certainty_MN, correct_MN, counts_NR, level=level)
    tables.append(_frame(stack, rows, RANKING, name, ranks))
    for map_name, fit in MAPS.items():
      fits = mapped_M[rows] if map_name == 'paper' else np.full(
          len(rows), True)
      chosen, grade_MN = rows[fits], correct_MN[fits]
      if not len(chosen):
        continue
      confidence_MN = fit(
          paper_MN[chosen], certainty_MN[fits], grade_MN, seed)
      binnings = bootstrap.choose_binnings(
          confidence_MN, grade_MN, n_bins)
      found = bootstrap.error_estimates(
          confidence_MN, grade_MN, counts_NR, level=level, n_bins=n_bins,
          binnings=binnings)
      if reproduction and map_name == 'paper':
        found = _with_split_sweep(found, confidence_MN, grade_MN)
      tables.append(_frame(stack, chosen, map_name, name, found))
      curves.append(reliability.reliability_table(
          stack, chosen, map_name, name, confidence_MN, grade_MN, binnings,
          level))
  if not tables:
    return Tables(pd.DataFrame(columns=list(COLUMNS)),
                  pd.DataFrame(columns=list(reliability.COLUMNS)))
  return Tables(
      pd.concat(tables, ignore_index=True),
      pd.concat(curves, ignore_index=True))


def _has_map(measure) -> bool:
  return confidence_maps.paper_kind(
      measure.name, measure.orientation, measure.range) is not None


def _paper(paper_MN, certainty_MN, correct_MN, seed):
  del certainty_MN, correct_MN, seed
  return paper_MN


def _isotonic(paper_MN, certainty_MN, correct_MN, seed):
  del paper_MN
  return confidence_maps.crossfit_isotonic(
      certainty_MN, correct_MN, _folds(correct_MN, seed))


def _platt(paper_MN, certainty_MN, correct_MN, seed):
  del paper_MN
  return confidence_maps.crossfit_platt(
      certainty_MN, correct_MN, _folds(correct_MN, seed))


MAPS: dict[str, Callable[..., np.ndarray]] = {
    'paper': _paper, 'isotonic': _isotonic, 'platt': _platt}


def _folds(correct_MN, seed):
  n_items = correct_MN.shape[1]
  return confidence_maps.item_folds(
      n_items, max(2, min(_N_FOLDS, n_items)), seed=seed)


def _with_split_sweep(found, confidence_MN, correct_MN):
  bins = errors.sweep_bins(confidence_MN, correct_MN, split_ties=True)
  sums = errors.bin_sums(bins, confidence_MN, correct_MN)
  name = 'ece_sweep_split_l2'
  nothing = np.full(len(bins), np.nan)
  return dataclasses.replace(
      found, value=found.value | {name: errors.ece(sums, 'l2')},
      low=found.low | {name: nothing}, high=found.high | {name: nothing})


def _frame(stack, rows, map_name, correctness_name, found) -> pd.DataFrame:
  """Long: all metrics of the first row, then of the next."""
  metrics = list(found.value)

  def long(values: dict[str, np.ndarray]) -> np.ndarray:
    return np.stack([values[k] for k in metrics], 1).ravel()

  repeated = np.repeat(rows, len(metrics))
  return pd.DataFrame({
      'model': [stack.rows[m].model for m in repeated],
      'dataset': stack.dataset,
      'measure': [stack.rows[m].column for m in repeated],
      'confidence_map': map_name, 'correctness': correctness_name,
      'metric': np.tile(np.array(metrics, object), len(rows)),
      'value': long(found.value), 'ci_low': long(found.low),
      'ci_high': long(found.high), 'n': np.repeat(found.n_M, len(metrics))})
