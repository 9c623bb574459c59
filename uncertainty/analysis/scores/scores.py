"""Every model and measure scored once, with bootstrap draws over items.

The study's tables all start here: how well a measure is aligned with people
(Spearman's rho), how well it is calibrated (the debiased squared error and the
Brier score of the paper's confidence, AUROC), and how often the model is right
or agrees. Draws of items are shared by all models of a data set, so that
differences between models are paired.
"""

import dataclasses
from collections.abc import Iterable

import numpy as np
import pandas as pd

from uncertainty.analysis.calibration import squared_error
from uncertainty.analysis.scores import pairs
from uncertainty.analysis.scores import stack as stacking
from uncertainty.analysis.scores.aligned import Aligned
from uncertainty.analysis.scores.calibrate import RANKING, Calibrated
from uncertainty.measures import registry
from uncertainty.results import columns, derived

SIGNALS = (
    columns.HUMAN_ENTROPY, columns.HUMAN_MC_PROP_CORRECT,
    columns.HUMAN_MC_RT_COMBINED, columns.HUMAN_FR_PROP_CORRECT,
    columns.HUMAN_FR_RT_ANSWERED)
PRIMARY = registry.PRIMARY['letters']


@dataclasses.dataclass(frozen=True)
class ModelItems:
  """One model's items on one data set.

  Attributes:
    frame: the results table, indexed by item_id.
    measures: measure columns that hold a value.
    values_MN: their values, turned so that high is uncertain.
    confidence_MN: the paper's confidence; NaN where it has no map.
    correct_MN: the right correctness for each measure: of the choice for
      multiple choice (agreement with people where nothing is right), of the
      generated answer for free response.
    base: the model it was tuned from, '' if none; None where results do not
      say, and its name is read.
    variant: the workdir within a sweep that it was asked in, '' if none.
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
  base: str | None = None
  variant: str = ''


@dataclasses.dataclass(frozen=True)
class Score:
  """One number per (model, outcome, measure), with its draws [R], float32."""

  dataset: str
  model: str
  outcome: str  # see the table `scores` in docs/results.md
  measure: str  # '' where the outcome has none
  value: float
  p_value: float
  n: int
  draws_R: np.ndarray


@dataclasses.dataclass(frozen=True)
class Asked:
  """How squared calibration errors are estimated.

  Attributes:
    cluster_N: number of each item's cluster.
    n_bins: of equal mass.
    calibrated_below: root of the squared error that p is of.
  """

  cluster_N: np.ndarray
  n_bins: int
  calibrated_below: float


def model_items(stack: stacking.Stack) -> list[ModelItems]:
  """A stack model by model; models without any value are left out.

  Args:
    stack: the data set.

  Returns:
    In the stack's order.
  """
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
          stack.dataset, model, str(pairs.said(frame, columns.KIND) or ''),
          pairs.family_of(model, frame), pairs.size_of(model, frame), frame,
          tuple(stack.rows[i].column for i in rows), uncertain_MN[rows],
          confidence_MN[rows], correct_MN[rows], pairs.base_of(frame),
          pairs.variant_of(frame)))
  return found


def couples(tables: Iterable[ModelItems]) -> list[tuple[str, str]]:
  """The base and instruct pairs among models that were asked alike.

  Args:
    tables: models of one data set.

  Returns:
    (base, instruct) names, in the models' order.
  """
  of = {t.model: t for t in tables}
  return pairs.Origins(
      bases={model: t.base for model, t in of.items()},
      variants={model: t.variant for model, t in of.items()},
  ).pairs(list(of))


def scores(
    stack: stacking.Stack, aligned: Aligned, calibrated: Iterable[Calibrated],
    counts_NR: np.ndarray, asked: Asked) -> list[Score]:
  """Every score of every model on one data set, nothing computed twice.

  Args:
    stack: the data set.
    aligned: of `scores.aligned.align`, with draws; only `SIGNALS` become
      scores.
    calibrated: of `scores.calibrate.calibrate`; AUROC becomes a score, against
      the measure's own grade.
    counts_NR: the resamples behind both.
    asked: how squared calibration errors are estimated.

  Returns:
    Per model: alignment by measure, AUROC and errors by measure, shares right.
    Measures without any value have no score, and none have errors that have
    no confidence, or too few items for their bins.
  """
  alignment = _alignment(stack, aligned)
  calibration = _calibration(stack, calibrated)
  tables = model_items(stack)
  errors = _errors(tables, counts_NR, asked)
  shares = _shares(tables, counts_NR)
  found = []
  for table in tables:
    for by_measure in (alignment, calibration, errors):
      for measure in table.measures:
        found += by_measure.get((table.model, measure), [])
    found += shares.get(table.model, [])
  return found


def _alignment(
    stack: stacking.Stack, aligned: Aligned,
) -> dict[tuple[str, str], list[Score]]:
  known_S = np.isfinite(stack.signals_SN).sum(1) > 2
  found: dict[tuple[str, str], list[Score]] = {}
  order = {signal: i for i, signal in enumerate(SIGNALS)}
  for x, (m, s) in enumerate(zip(aligned.row_X, aligned.signal_X)):
    row, signal = stack.rows[m], stack.signal_names[s]
    if signal in order and known_S[s]:
      found.setdefault((row.model, row.column), []).append(Score(
          stack.dataset, row.model, derived.alignment_with(signal), row.column,
          float(aligned.rho_X[x]), float(aligned.p_value_X[x]),
          int(aligned.n_X[x]), aligned.draws_XR[x]))
  for scored in found.values():
    scored.sort(key=lambda s: order[derived.aligned_signal(s.outcome) or ''])
  return found


def _calibration(
    stack: stacking.Stack, calibrated: Iterable[Calibrated],
) -> dict[tuple[str, str], list[Score]]:
  found: dict[tuple[str, str], list[Score]] = {}
  for one in calibrated:
    if one.confidence_map != RANKING:
      continue
    values = one.estimates.value[derived.AUROC]
    draws_MR = one.estimates.draws[derived.AUROC]
    for i in np.flatnonzero(one.own_M & (one.estimates.n_M > 0)):
      row = stack.rows[one.rows[i]]
      found.setdefault((row.model, row.column), []).append(Score(
          stack.dataset, row.model, derived.AUROC, row.column, float(values[i]),
          np.nan, int(one.estimates.n_M[i]), draws_MR[i]))
  return found


def _errors(
    tables: list[ModelItems], counts_NR: np.ndarray, asked: Asked,
) -> dict[tuple[str, str], list[Score]]:
  """The paper's confidence held against each measure's own grade, squared."""
  keys, p_values, errors, influences, squares = [], [], [], [], []
  for table in tables:
    for measure, confidence_N, correct_N in zip(
        table.measures, table.confidence_MN, table.correct_MN, strict=True):
      known_N = ~np.isnan(confidence_N + correct_N)
      if not squared_error.determined(
          confidence_N, correct_N, asked.cluster_N, asked.n_bins):
        continue
      error = squared_error.squared_error(
          confidence_N, correct_N, asked.cluster_N, asked.n_bins)
      keys.append((table, measure, int(known_N.sum())))
      errors.append(error.estimate)
      p_values.append(squared_error.below_p(
          error, asked.calibrated_below ** 2))
      influences.append(error.influence_N.astype(np.float32))
      squares.append(((confidence_N - correct_N) ** 2).astype(np.float32))
  if not keys:
    return {}
  counts_NR = counts_NR.astype(np.float32)
  error_XR = (np.array(errors, np.float32)[:, None]
              + np.stack(influences) @ counts_NR / len(counts_NR))
  square_XN = np.stack(squares)
  known_XN = ~np.isnan(square_XN)
  with np.errstate(invalid='ignore', divide='ignore'):
    brier_XR = np.nan_to_num(square_XN) @ counts_NR / (
        known_XN.astype(np.float32) @ counts_NR)
  found = {}
  for x, (table, measure, n) in enumerate(keys):
    about = table.dataset, table.model
    found[table.model, measure] = [
        Score(*about, derived.CALIBRATION_ERROR, measure, errors[x],
              p_values[x], n, error_XR[x]),
        Score(*about, derived.BRIER, measure, float(np.nanmean(square_XN[x])),
              np.nan, n, brier_XR[x])]
  return found


def _shares(
    tables: list[ModelItems], counts_NR: np.ndarray) -> dict[str, list[Score]]:
  graded = [
      (table, outcome, hits_N) for table in tables for outcome, column in (
          (columns.ACCURACY, columns.CORRECT),
          (derived.FR_ACCURACY, columns.FR_CORRECT),
          (derived.AGREEMENT, columns.AGREES)) if column in table.frame
      and np.isfinite(hits_N := table.frame[column].to_numpy(float)).any()]
  hits_XN = np.array([hits_N for _, _, hits_N in graded]).reshape(
      len(graded), len(counts_NR))
  known_XN = np.isfinite(hits_XN)
  # One product of all reads the resamples once.
  right_XR, size_XR = np.split(np.concatenate(
      [np.where(known_XN, hits_XN, 0), known_XN]) @ counts_NR.astype(float), 2)
  with np.errstate(invalid='ignore', divide='ignore'):
    draws_XR = (right_XR / size_XR).astype(np.float32)
  found: dict[str, list[Score]] = {}
  for (table, outcome, hits_N), known_N, draws_R in zip(
      graded, known_XN, draws_XR, strict=True):
    found.setdefault(table.model, []).append(Score(
        table.dataset, table.model, outcome, '',
        float(hits_N[known_N].mean()), np.nan, int(known_N.sum()), draws_R))
  return found


def score_frame(found: list[Score], tables: list[ModelItems]) -> pd.DataFrame:
  """Scores as a table, with what is known of each model.

  Args:
    found: scores; their draws are left out.
    tables: the models that they are of.

  Returns:
    dataset, model, kind, family, size (billions of parameters), outcome,
    measure, value, p_value, n; one row per score.
  """
  about = {(t.dataset, t.model): (t.kind, t.family, t.size) for t in tables}
  rows = [(s.dataset, s.model, *about[s.dataset, s.model], s.outcome,
           s.measure, s.value, s.p_value, s.n) for s in found]
  return pd.DataFrame(rows, columns=[
      columns.DATASET, columns.MODEL, columns.KIND, columns.FAMILY,
      columns.SIZE, columns.OUTCOME, columns.MEASURE, columns.VALUE,
      columns.P_VALUE, columns.N])
