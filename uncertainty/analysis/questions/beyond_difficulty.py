"""Alignment beyond difficulty, and calibration given human entropy.

Hard items are uncertain for everyone: a model measure may follow people's
entropy only because both follow difficulty. Partial Spearman correlations
hold correctness, difficulty or the number of choices fixed.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from uncertainty.analysis.calibration import errors as calibration_errors
from uncertainty.analysis.scores.scores import ModelItems
from uncertainty.analysis.statistics import multiplicity, ranking
from uncertainty.analysis.statistics.partial import (
  alike,
  errors_of,
  partial_correlation,
)
from uncertainty.results import columns, derived

# What is held fixed, by results column.
CONTROLS = {
    'correctness': columns.CORRECT,
    'difficulty': columns.HUMAN_MC_PROP_CORRECT,
    'ln K': columns.N_CHOICES,
}
_SIGNAL = columns.HUMAN_ENTROPY


def partial_alignment(
    tables: list[ModelItems], level: float,
    cluster_N: Mapping[str, np.ndarray | None]) -> pd.DataFrame:
  """Spearman of each measure with human entropy, plain and partial.

  Args:
    tables: models with their measures.
    level: nominal coverage.
    cluster_N: data set → each item's cluster; None where each stands alone.

  Returns:
    dataset, model, measure, given (correctness | difficulty | ln K), rho
    (plain, same items), partial_rho, ci_low, ci_high, p_value (both of
    `partial.errors_of`), p_bh (over the data set and control), control_rho (of
    human entropy with what is held fixed), n.
  """
  rows = []
  for table in tables:
    frame = table.frame
    for given, column in CONTROLS.items():
      if _SIGNAL not in frame or column not in frame:
        continue
      people = frame[_SIGNAL].to_numpy(float)
      # Correctness is that of the measure's own task.
      control_MN = table.correct_MN if given == 'correctness' else (
          np.broadcast_to(frame[column].to_numpy(float),
                          table.values_MN.shape))
      for block in alike(table.values_MN, people, control_MN):
        if len(block.items) < 6 or np.ptp(block.control_N) == 0:
          continue
        head = [(table.dataset, table.model, table.measures[m], given)
                for m in block.rows]
        rows += [(*h, *r) for h, r in zip(head, _partial(
            table.values_MN[np.ix_(block.rows, block.items)],
            people[block.items], block.control_N, level,
            _within(cluster_N[table.dataset], block.items)))]
  found = pd.DataFrame(rows, columns=[
      columns.DATASET, columns.MODEL, columns.MEASURE, derived.GIVEN,
      columns.RHO, derived.PARTIAL_RHO, columns.CI_LOW, columns.CI_HIGH,
      columns.P_VALUE, derived.CONTROL_RHO, columns.N])
  return multiplicity.with_corrected(found, (columns.DATASET, derived.GIVEN))


def _within(label_N, items) -> np.ndarray | None:
  return None if label_N is None else label_N[items]


def _partial(x_MN, y_N, z_N, level: float, label_N) -> list[tuple]:
  r_MS = ranking.spearman(x_MN, np.stack([y_N, z_N])).rho_MS
  r_yz = ranking.spearman(y_N[None], z_N[None]).rho_MS[0, 0]
  value_M = partial_correlation(r_MS[:, 0], r_MS[:, 1], r_yz)
  errors = errors_of(value_M, x_MN, y_N, label_N, z_N)
  return [(rho, value, *errors.interval(m, level), p_value, r_yz, len(y_N))
          for m, (rho, value, p_value) in enumerate(zip(
              r_MS[:, 0], value_M, errors.p_value_M, strict=True))]


def calibration_by_people(
    tables: list[ModelItems], cluster_N: Mapping[str, np.ndarray | None],
    n_groups: int = 3, n_bins: int = 15) -> pd.DataFrame:
  """Calibration where people agree, waver and disagree.

  Args:
    tables: models with their measures.
    cluster_N: data set → each item's cluster; None where each stands alone.
    n_groups: of items, by quantiles of human entropy.
    n_bins: of the calibration error.

  Returns:
    dataset, model, measure, people (group of human entropy: 'low', 'middle',
    'high'), human_entropy (its mean), confidence, accuracy, gap (confidence −
    accuracy), ece (width bins, l2), n, gap_rho (Spearman over all items of
    confidence − correctness with human entropy; equal in all groups of a
    cell), gap_p.
  """
  rows = []
  labels = {3: ('low', 'middle', 'high')}.get(
      n_groups, tuple(str(i + 1) for i in range(n_groups)))
  for table in tables:
    if _SIGNAL not in table.frame:
      continue
    people = table.frame[_SIGNAL].to_numpy(float)
    # Grouping by the grades keeps tasks apart; each block has one grade row.
    for block in alike(table.confidence_MN, people, table.correct_MN):
      if len(block.items) < 2 * n_groups:
        continue
      group_N = _groups(people[block.items], n_groups)
      confidence_MN = table.confidence_MN[np.ix_(block.rows, block.items)]
      gap_MN = confidence_MN - block.control_N
      trend_M = ranking.spearman(
          gap_MN, people[block.items][None]).rho_MS[:, 0]
      trend_p_M = errors_of(
          trend_M, gap_MN, people[block.items],
          _within(cluster_N[table.dataset], block.items)).p_value_M
      for g, label in enumerate(labels):
        inside = group_N == g
        if not inside.any():
          continue
        grades_MN = np.broadcast_to(
            block.control_N[inside], (len(block.rows), inside.sum()))
        ece_M = _ece(
            confidence_MN[:, inside], grades_MN, n_bins)
        for i, m in enumerate(block.rows):
          rows.append((
              table.dataset, table.model, table.measures[m], label,
              people[block.items][inside].mean(),
              confidence_MN[i, inside].mean(), grades_MN[i].mean(),
              gap_MN[i, inside].mean(), ece_M[i], int(inside.sum()),
              trend_M[i], trend_p_M[i]))
  return pd.DataFrame(rows, columns=[
      columns.DATASET, columns.MODEL, columns.MEASURE, derived.PEOPLE,
      columns.HUMAN_ENTROPY, columns.CONFIDENCE, columns.ACCURACY, derived.GAP,
      derived.ECE, columns.N, derived.GAP_RHO, derived.GAP_P])


def _groups(people_N: np.ndarray, n_groups: int) -> np.ndarray:
  """Group of each item, cut at quantiles of the value so that ties stay."""
  cuts = np.quantile(people_N, np.linspace(0, 1, n_groups + 1)[1:-1])
  return np.searchsorted(cuts, people_N, side='left')


def _ece(confidence_MN, correct_MN, n_bins) -> np.ndarray:
  bins = calibration_errors.width_bins(confidence_MN, correct_MN, n_bins)
  return calibration_errors.ece(
      calibration_errors.bin_sums(bins, confidence_MN, correct_MN))
