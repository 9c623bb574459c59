"""What instruct tuning does: base against instruct over pairs of one model.

All differences are instruct − base (the paper's instruct column in
`cells.parquet` is base − instruct).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from uncertainty.analysis.scores import scores
from uncertainty.analysis.scores.scores import PRIMARY, ModelItems, Score
from uncertainty.analysis.statistics import (
  families,
  multiplicity,
  resampling,
)
from uncertainty.analysis.statistics.signed_rank import signed_rank
from uncertainty.results import columns, derived

# Asked before looking: does tuning change alignment with people's entropy,
# calibration, accuracy and agreement? On the measure nearest to the human
# signal. Everything else is a screen.
HYPOTHESES = (
    (derived.alignment_with(columns.HUMAN_ENTROPY), PRIMARY),
    (derived.CALIBRATION_ERROR, PRIMARY),
    (derived.AUROC, PRIMARY),
    (columns.ACCURACY, ''),
    (derived.AGREEMENT, ''),
)
_KEY = [columns.DATASET, columns.VARIANT, columns.OUTCOME, columns.MEASURE]


def pair_differences(
    found: list[Score], models: Sequence[ModelItems], level: float,
) -> pd.DataFrame:
  """Instruct − base for every pair, over the same items.

  Args:
    found: scores with their draws.
    models: whose scores they are; they say which model was tuned from which.
    level: nominal coverage.

  Returns:
    dataset, variant (a sweep's way of asking; '' without a sweep), outcome,
    measure, base, instruct, family, base_value, instruct_value, difference,
    ci_low, ci_high, p_value (paired bootstrap over items), n.
  """
  table = {(s.dataset, s.outcome, s.measure, s.model): s for s in found}
  family = {(m.dataset, m.model): m.family for m in models}
  variant = {(m.dataset, m.model): m.variant for m in models}
  couples = {dataset: scores.couples(m for m in models if m.dataset == dataset)
             for dataset in dict.fromkeys(m.dataset for m in models)}
  rows, first, second = [], [], []
  for dataset, outcome, measure in dict.fromkeys(k[:3] for k in table):
    for base, tuned in couples[dataset]:
      a = table.get((dataset, outcome, measure, tuned))
      b = table.get((dataset, outcome, measure, base))
      if a is None or b is None:
        continue
      first.append(a.draws_R)
      second.append(b.draws_R)
      rows.append((dataset, variant[dataset, base], outcome, measure, base,
                   tuned, family[dataset, base], b.value, a.value,
                   a.value - b.value, min(a.n, b.n)))
  frame = pd.DataFrame(rows, columns=[
      *_KEY, columns.BASE, derived.INSTRUCT, columns.FAMILY, derived.BASE_VALUE,
      derived.INSTRUCT_VALUE, derived.DIFFERENCE, columns.N])
  if not rows:
    return frame.assign(**{
        columns.CI_LOW: [], columns.CI_HIGH: [], columns.P_VALUE: []})
  paired = resampling.paired_difference(
      frame[derived.INSTRUCT_VALUE].to_numpy(),
      frame[derived.BASE_VALUE].to_numpy(), np.stack(first), np.stack(second),
      level)
  return frame.assign(**{
      columns.CI_LOW: paired.low, columns.CI_HIGH: paired.high,
      columns.P_VALUE: paired.p_value})


def effects(
    differences: pd.DataFrame, level: float, n_draws: int, seed: int = 0,
) -> pd.DataFrame:
  """The effect over pairs; families are the unit.

  Pairs of one family are alike: intervals sum them before they square
  (`families.pooled_interval`), and they change sign together in the test. It is
  exact: of F families, 2^F sign patterns are looked at, and p cannot be below
  2^(1 − F), whatever the number of pairs.

  Args:
    differences: of `pair_differences`.
    level: of the intervals.
    n_draws: random sign patterns, beyond 14 families.
    seed: of these.

  Returns:
    dataset, variant, outcome, measure, n_pairs, n_families, mean_difference,
    ci_low, ci_high (NaN with one family), rank_biserial (of instruct − base),
    p_value (families change sign as wholes), least_p (the smallest that so
    many families can reach), p_signed_rank (Wilcoxon's over pairs, as if they
    were independent), role (hypothesis | screen), n_tests (in that role, data
    set and variant), p_holm (hypotheses), p_bh (screen); both of p_value.
  """
  rows = []
  for key, group in differences.groupby(_KEY, sort=False):
    d = group[derived.DIFFERENCE].to_numpy(float)
    family = group[columns.FAMILY].to_numpy()[np.isfinite(d)]
    d = d[np.isfinite(d)]
    if not len(d):
      continue
    r, p_signed_rank = signed_rank(d)
    labels, member = np.unique(family, return_inverse=True)
    low, high = families.pooled_interval(d, family, level)
    summed = np.bincount(member, d)
    p_value = float(resampling.sign_flip_test(
        summed[None], n_draws, seed=seed)[0])
    least_p = resampling.least_sign_flip_p(len(labels), n_draws)
    rows.append((*key, len(d), len(labels), d.mean(), low, high, r, p_value,
                 least_p, p_signed_rank))
  table = pd.DataFrame(rows, columns=[
      *_KEY, derived.N_PAIRS, columns.N_FAMILIES, derived.MEAN_DIFFERENCE,
      columns.CI_LOW, columns.CI_HIGH, derived.RANK_BISERIAL,
      columns.P_VALUE, derived.LEAST_P, derived.P_SIGNED_RANK])
  return correct_for_many(table)


def correct_for_many(table: pd.DataFrame) -> pd.DataFrame:
  """Adds role, n_tests, p_holm for hypotheses and p_bh for the screen.

  Args:
    table: differences of pairs with their p-values.

  Returns:
    The table with these columns; a family of tests is one role of one way of
    asking on one data set.
  """
  stated = [(o, m) in HYPOTHESES
            for o, m in zip(table[columns.OUTCOME], table[columns.MEASURE])]
  table = table.assign(**{
      derived.ROLE: np.where(stated, 'hypothesis', 'screen'),
      columns.N_TESTS: 0, columns.P_HOLM: np.nan, columns.P_BH: np.nan})
  for (_, _, role), group in table.groupby(
      [columns.DATASET, columns.VARIANT, derived.ROLE]):
    p = group[columns.P_VALUE].to_numpy(float)
    table.loc[group.index, columns.N_TESTS] = int(np.isfinite(p).sum())
    if role == 'hypothesis':
      table.loc[group.index, columns.P_HOLM] = multiplicity.holm(p)
    else:
      table.loc[group.index, columns.P_BH] = multiplicity.benjamini_hochberg(p)
  return table
