"""Corrections for many tests: Bonferroni, Holm, Benjamini-Hochberg.

All take p-values of any shape as one family, leave NaN (no test) out of the
count, and return adjusted p-values: reject where these are below alpha.
"""

from collections.abc import Callable

import numpy as np


def bonferroni(p: np.ndarray) -> np.ndarray:
  """p times the number of tests: familywise error, any dependence."""
  return _adjust(p, lambda sorted_p: sorted_p * len(sorted_p))


def holm(p: np.ndarray) -> np.ndarray:
  """Step-down Bonferroni (Holm 1979): familywise error, any dependence."""
  return _adjust(p, lambda sorted_p: np.maximum.accumulate(
      sorted_p * np.arange(len(sorted_p), 0, -1)))


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
  """Step-up false discovery rate (Benjamini & Hochberg 1995)."""
  def step_up(sorted_p):
    scaled = sorted_p * len(sorted_p) / np.arange(1, len(sorted_p) + 1)
    return np.minimum.accumulate(scaled[::-1])[::-1]
  return _adjust(p, step_up)


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
