"""Alignment beyond difficulty, and calibration given human entropy.

Hard items are uncertain for everyone: a model measure may follow people's
entropy only because both follow difficulty. Partial Spearman correlations
hold correctness, difficulty or the number of choices fixed.
"""

import numpy as np
import pandas as pd
from scipy import stats

from uncertainty.analysis import calibration, multiplicity, ranking
from uncertainty.analysis.study_scores import ModelItems

# What is held fixed, by results column.
CONTROLS = {
    'correctness': 'correct',
    'difficulty': 'human_mc_prop_correct',
    'ln K': 'n_choices',
}
_SIGNAL = 'human_entropy'


def partial_correlation(
    r_xy: np.ndarray, r_xz: np.ndarray, r_yz: np.ndarray) -> np.ndarray:
  """Correlation of x and y with one z held fixed, from plain ones."""
  with np.errstate(invalid='ignore', divide='ignore'):
    return (r_xy - r_xz * r_yz) / np.sqrt((1 - r_xz**2) * (1 - r_yz**2))


def partial_p_value(r: np.ndarray, n: int, n_controls: int = 1) -> np.ndarray:
  """Two-sided p by Student's t with n − 2 − controls degrees of freedom."""
  freedom = n - 2 - n_controls
  with np.errstate(invalid='ignore', divide='ignore'):
    t = np.abs(r) * np.sqrt(freedom / (1 - r**2))
  return 2 * stats.t.sf(t, freedom)


def partial_alignment(
    tables: list[ModelItems], level: float) -> pd.DataFrame:
  """Spearman of each measure with human entropy, plain and partial.

  Returns:
    dataset, model, measure, given (correctness | difficulty | ln K), rho
    (plain, same items), partial_rho, ci_low, ci_high (Fisher z, Bonett and
    Wright's standard error), p_value, p_bh (over the data set and control), n.
  """
  rows = []
  for table in tables:
    for given, column in CONTROLS.items():
      frame = table.frame
      if _SIGNAL not in frame or column not in frame:
        continue
      pair = frame[[_SIGNAL, column]].to_numpy(float)
      for m, measure in enumerate(table.measures):
        values = table.values_MN[m]
        control = pair[:, 1]
        if given == 'correctness':
          control = table.correct_MN[m]  # of the measure's own task
        known = np.isfinite(values + pair[:, 0] + control)
        if known.sum() < 6 or np.ptp(control[known]) == 0:
          continue
        rows.append((table.dataset, table.model, measure, given, *_partial(
            values[known], pair[known, 0], control[known], level)))
  found = pd.DataFrame(rows, columns=[
      'dataset', 'model', 'measure', 'given', 'rho', 'partial_rho', 'ci_low',
      'ci_high', 'p_value', 'n'])
  if len(found):
    found['p_bh'] = found.groupby(['dataset', 'given'])['p_value'].transform(
        lambda p: multiplicity.benjamini_hochberg(p.to_numpy(float)))
  return found


def _partial(x_N, y_N, z_N, level: float) -> tuple:
  rows = np.stack([x_N, y_N, z_N])
  r = ranking.spearman(rows, rows).rho_MS
  n = len(x_N)
  value = float(partial_correlation(r[0, 1], r[0, 2], r[1, 2]))
  low, high = fisher_interval(value, n - 1, level)
  p_value = float(partial_p_value(np.array(value), n))
  return float(r[0, 1]), value, low, high, p_value, n


def fisher_interval(
    r: float, n: int, level: float) -> tuple[float, float]:
  """Fisher z interval of a rank correlation.

  Standard error sqrt((1 + r²/2)/(n − 3)) (Bonett & Wright 2000).
  """
  if n <= 3 or not np.isfinite(r) or abs(r) >= 1:
    return float('nan'), float('nan')
  half = stats.norm.ppf((1 + level) / 2) * np.sqrt((1 + r**2 / 2) / (n - 3))
  return float(np.tanh(np.arctanh(r) - half)), float(
      np.tanh(np.arctanh(r) + half))


def calibration_by_people(
    tables: list[ModelItems], n_groups: int = 3) -> pd.DataFrame:
  """Calibration where people agree, waver and disagree.

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
    for m, measure in enumerate(table.measures):
      known = np.isfinite(
          people + table.confidence_MN[m] + table.correct_MN[m])
      if known.sum() < 2 * n_groups:
        continue
      confidence, correct = (
          v[m][known] for v in (table.confidence_MN, table.correct_MN))
      found = ranking.spearman(
          (confidence - correct)[None], people[known][None])
      # Ties go together: groups are cut at quantiles of the value.
      cuts = np.quantile(people[known], np.linspace(0, 1, n_groups + 1)[1:-1])
      group = np.searchsorted(cuts, people[known], side='left')
      for g, label in enumerate(labels):
        inside = group == g
        if inside.any():
          rows.append((
              table.dataset, table.model, measure, label,
              people[known][inside].mean(), confidence[inside].mean(),
              correct[inside].mean(),
              confidence[inside].mean() - correct[inside].mean(),
              _ece(confidence[inside], correct[inside]), int(inside.sum()),
              found.rho_MS[0, 0], found.p_value_MS[0, 0]))
  return pd.DataFrame(rows, columns=[
      'dataset', 'model', 'measure', 'people', 'human_entropy', 'confidence',
      'accuracy', 'gap', 'ece', 'n', 'gap_rho', 'gap_p'])


def _ece(confidence_N, correct_N) -> float:
  bins = calibration.width_bins(confidence_N[None], correct_N[None])
  sums = calibration.bin_sums(bins, confidence_N[None], correct_N[None])
  return float(calibration.ece(sums)[0])
