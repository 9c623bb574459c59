"""Scores of every model and measure, with bootstrap draws over items.

The tables of the study all start here: how well a measure is aligned with
people (Spearman's rho), how well it is calibrated (ECE of the paper's
confidence, AUROC), and how often the model is right or agrees. Draws of items
are shared by all models of a data set, so that differences between models are
paired.
"""

import dataclasses
import os
from collections.abc import Mapping
from concurrent import futures

import numpy as np
import pandas as pd

from uncertainty.analysis.calibration import errors, selective
from uncertainty.analysis.scores import pairs
from uncertainty.analysis.scores import stack as stacking
from uncertainty.analysis.statistics import ranking, resampling

Results = Mapping[tuple[str, str], pd.DataFrame]

SIGNALS = (
    'human_entropy', 'human_mc_prop_correct', 'human_mc_rt_combined',
    'human_fr_prop_correct', 'human_fr_rt_answered')
PRIMARY = 'mc_choice_entropy'


@dataclasses.dataclass(frozen=True)
class ModelItems:
  """One model's items on one data set.

  Attributes:
    frame: the results table, indexed by item_id.
    measures: measure columns.
    values_MN: their values, turned so that high is uncertain.
    confidence_MN: the paper's confidence; NaN where it has no map.
    correct_MN: the right correctness for each measure: of the choice for
      multiple choice (agreement with people where nothing is right), of the
      generated answer for free response.
  """

  dataset: str
  model: str
  kind: str
  family: str
  size: float
  frame: pd.DataFrame
  measures: tuple[str, ...]
  values_MN: np.ndarray
  confidence_MN: np.ndarray
  correct_MN: np.ndarray


@dataclasses.dataclass(frozen=True)
class Score:
  """One number per (model, outcome, measure), with its draws."""

  dataset: str
  model: str
  outcome: str  # alignment:SIGNAL, ece, auroc, accuracy, fr_accuracy, agreement
  measure: str  # '' where the outcome has none
  value: float
  p_value: float
  n: int
  draws_R: np.ndarray


def gather(results: Results) -> list[ModelItems]:
  """Results tables with their measures read out, items aligned by item_id."""
  return [t for stack in stacking.stack_results(results)
          for t in _of_stack(stack)]


def _of_stack(stack: stacking.Stack) -> list[ModelItems]:
  uncertain_MN = stack.uncertainty()
  confidence_MN = stacking.paper_confidence(stack)
  correct_MN = np.full(uncertain_MN.shape, np.nan)
  for rows, grades in stacking.correctness(stack).values():
    correct_MN[rows] = grades
  found = []
  for model, frame in stack.frames.items():
    rows = [i for i, row in enumerate(stack.rows) if row.model == model
            and np.isfinite(uncertain_MN[i]).any()]
    if rows:
      found.append(ModelItems(
          stack.dataset, model, str(_first(frame, 'kind', '')),
          pairs.family_of(model, frame), pairs.size_of(model, frame), frame,
          tuple(stack.rows[i].column for i in rows), uncertain_MN[rows],
          confidence_MN[rows], correct_MN[rows]))
  return found


def _first(frame: pd.DataFrame, column: str, default):
  """The column's first known value; all rows of one model share it."""
  known = frame[column].dropna().tolist() if column in frame else []
  return known[0] if known else default


def scores(
    tables: list[ModelItems], n_draws: int, seed: int = 0) -> list[Score]:
  """Every score of every model, with draws over the data set's items."""
  counts = {}
  for table in tables:
    key = (table.dataset, len(table.frame))
    if key not in counts:
      counts[key] = resampling.bootstrap_counts(key[1], n_draws, seed=seed)

  def of_model(table: ModelItems) -> list[Score]:
    counts_NR = counts[table.dataset, len(table.frame)]
    return [*_alignment(table, counts_NR), *_calibration(table, counts_NR),
            *_shares(table, counts_NR)]

  # NumPy's large operations run outside the interpreter's lock.
  with futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    return [s for found in pool.map(of_model, tables) for s in found]


def _alignment(table: ModelItems, counts_NR: np.ndarray) -> list[Score]:
  names = [s for s in SIGNALS if s in table.frame
           and np.isfinite(table.frame[s].to_numpy(float)).sum() > 2]
  if not names:
    return []
  signals_SN = np.stack([table.frame[s].to_numpy(float) for s in names])
  point = ranking.spearman(table.values_MN, signals_SN)
  draws_MSR = ranking.bootstrap_spearman(
      table.values_MN, signals_SN, counts_NR)
  return [
      Score(table.dataset, table.model, f'alignment:{signal}', measure,
            float(point.rho_MS[m, s]), float(point.p_value_MS[m, s]),
            int(point.n_MS[m, s]), draws_MSR[m, s])
      for m, measure in enumerate(table.measures)
      for s, signal in enumerate(names)]


def _calibration(table: ModelItems, counts_NR: np.ndarray) -> list[Score]:
  ones = np.ones((len(table.frame), 1), np.int32)
  rank = [selective.rank_metrics(
      -table.values_MN, table.correct_MN, c)['auroc']
          for c in (ones, counts_NR)]
  found = []
  for m, measure in enumerate(table.measures):
    known = np.isfinite(table.values_MN[m] + table.correct_MN[m])
    if known.any():
      found.append(Score(
          table.dataset, table.model, 'auroc', measure, float(rank[0][m, 0]),
          np.nan, int(known.sum()), rank[1][m].astype(np.float32)))
    known = np.isfinite(table.confidence_MN[m] + table.correct_MN[m])
    if known.any():
      value, draws = (_ece(table, m, c) for c in (ones, counts_NR))
      found.append(Score(
          table.dataset, table.model, 'ece', measure, float(value[0]), np.nan,
          int(known.sum()), draws.astype(np.float32)))
  return found


def _ece(table: ModelItems, m: int, counts_NR: np.ndarray) -> np.ndarray:
  """[R] width-binned L2 error; bins are fixed, items are drawn."""
  confidence, correct = table.confidence_MN[m], table.correct_MN[m]
  known = np.isfinite(confidence + correct)
  confidence, correct = confidence[known], correct[known]
  bins = errors.width_bins(confidence[None], correct[None])[0]
  member_BN = (np.arange(bins.max() + 1)[:, None] == bins).astype(np.float32)
  counts = counts_NR[known].astype(np.float32)
  gap_BR = (member_BN * (confidence - correct).astype(np.float32)) @ counts
  return errors.gap_ece(gap_BR.T, (member_BN @ counts).T, 'l2')


def _shares(table: ModelItems, counts_NR: np.ndarray) -> list[Score]:
  found = []
  for outcome, column in (('accuracy', 'correct'),
                          ('fr_accuracy', 'fr_correct'),
                          ('agreement', 'agrees')):
    if column not in table.frame:
      continue
    hits = table.frame[column].to_numpy(float)
    known = np.isfinite(hits)
    if known.any():
      counts = counts_NR[known]
      with np.errstate(invalid='ignore', divide='ignore'):
        draws = hits[known] @ counts / counts.sum(0)
      found.append(Score(
          table.dataset, table.model, outcome, '', float(hits[known].mean()),
          np.nan, int(known.sum()), draws.astype(np.float32)))
  return found


def score_frame(found: list[Score], tables: list[ModelItems]) -> pd.DataFrame:
  """One row per score, without draws, with what is known of the model."""
  about = {(t.dataset, t.model): (t.kind, t.family, t.size) for t in tables}
  rows = [(s.dataset, s.model, *about[s.dataset, s.model], s.outcome,
           s.measure, s.value, s.p_value, s.n) for s in found]
  return pd.DataFrame(rows, columns=[
      'dataset', 'model', 'kind', 'family', 'size', 'outcome', 'measure',
      'value', 'p_value', 'n'])
