"""Corrections for many tests: Bonferroni, Holm, Benjamini-Hochberg.

All take p-values of any shape as one family, leave NaN (no test) out of the
count, and return adjusted p-values: reject where these are below alpha.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from uncertainty.results import columns


def bonferroni(p: np.ndarray) -> np.ndarray:
  """Bonferroni's correction, n p: familywise error, any dependence.

  Args:
    p: p-values of any shape; NaN is no test.

  Returns:
    Adjusted p, at most 1.

  Source:
    Dunn 1961, Multiple comparisons among means.
  """
  return _adjust(p, lambda sorted_p: sorted_p * len(sorted_p))


def holm(p: np.ndarray) -> np.ndarray:
  """Holm's step-down Bonferroni: familywise error, any dependence.

  Of the sorted p, max over j ≤ i of (n − j + 1) p_j.

  Args:
    p: p-values of any shape; NaN is no test.

  Returns:
    Adjusted p, at most 1.

  Source:
    Holm 1979, A simple sequentially rejective multiple test procedure.
  """
  return _adjust(p, lambda sorted_p: np.maximum.accumulate(
      sorted_p * np.arange(len(sorted_p), 0, -1)))


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
  """Benjamini & Hochberg's step-up: false discovery rate, independent tests.

  Of the sorted p, min over j ≥ i of n p_j / j.

  Args:
    p: p-values of any shape; NaN is no test.

  Returns:
    Adjusted p, at most 1.

  Source:
    Benjamini & Hochberg 1995, Controlling the false discovery rate.
  """
  def step_up(sorted_p):
    scaled = sorted_p * len(sorted_p) / np.arange(1, len(sorted_p) + 1)
    return np.minimum.accumulate(scaled[::-1])[::-1]
  return _adjust(p, step_up)


def benjamini_hochberg_within(
    p_N: npt.ArrayLike, family_N: npt.ArrayLike) -> np.ndarray:
  """`benjamini_hochberg` of several families of tests, each on its own.

  Args:
    p_N: [N] p-values; NaN is no test.
    family_N: [N] which family each belongs to.

  Returns:
    [N] adjusted p, at most 1.
  """
  p_N, family_N = np.asarray(p_N, np.float64), np.asarray(family_N)
  adjusted_N = np.full(p_N.shape, np.nan)
  for family in np.unique(family_N):
    adjusted_N[family_N == family] = benjamini_hochberg(
        p_N[family_N == family])
  return adjusted_N


def with_corrected(frame: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
  """A table of tests with their column `p_bh`, last.

  Args:
    frame: with `p_value`.
    by: columns whose values part the families of tests.

  Returns:
    The table; `p_bh` is Benjamini and Hochberg's within each family.
  """
  family_N = (frame.groupby(list(by), sort=False).ngroup() if len(frame)
              else ())
  return frame.assign(**{columns.P_BH: benjamini_hochberg_within(
      frame[columns.P_VALUE], family_N)})


CORRECTIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    'holm': holm,
    'bh': benjamini_hochberg,
    'bonferroni': bonferroni,
}


def _adjust(
    p: np.ndarray, rule: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
  p = np.asarray(p, np.float64)
  adjusted = np.full(p.shape, np.nan)
  known = ~np.isnan(p)
  values = p[known]
  order = np.argsort(values, kind='stable')
  result = np.empty_like(values)
  result[order] = np.minimum(rule(values[order]), 1.0)
  adjusted[known] = result
  return adjusted
