"""Spearman's rho of every measure with every human signal, with its draws."""

import dataclasses
from collections.abc import Sequence
from typing import Self

import numpy as np
import scipy.special

from uncertainty.analysis.scores import stack as stacking
from uncertainty.analysis.statistics import (
  grouping,
  ranking,
  resampling,
  spearman_draws,
)
from uncertainty.analysis.statistics.parallel import in_parallel


@dataclasses.dataclass(frozen=True)
class Aligned:
  """One entry per (row, signal) of a stack that are compared, in that order.

  Attributes:
    row_X: which row of the stack.
    signal_X: which of its signals.
    rho_X: Spearman's rho, the measure turned so that high is uncertain.
    p_value_X: two-sided, of `ranking.spearman`; where items come in clusters,
      of Student's t on Fisher's z over resamples of clusters.
    n_X: items that both know.
    draws_XR: float32, rho in every resample of items.
    error_X: standard error of Fisher's z over resamples of items, or of
      clusters of them; NaN where rho is.
    freedom_X: degrees of freedom of its Student's t.
  """

  row_X: np.ndarray
  signal_X: np.ndarray
  rho_X: np.ndarray
  p_value_X: np.ndarray
  n_X: np.ndarray
  draws_XR: np.ndarray
  error_X: np.ndarray
  freedom_X: np.ndarray

  def at(self, entries: Sequence[int]) -> Self:
    """Some of the entries.

    Args:
      entries: their places.

    Returns:
      Those alone.
    """
    picked = list(entries)
    return type(self)(*(getattr(self, field.name)[picked]
                        for field in dataclasses.fields(self)))


@dataclasses.dataclass(frozen=True)
class Drawn:
  """What scores have made of a data set.

  Attributes:
    counts_NR: resamples of its items.
    aligned: every measure with every signal, over these draws.
  """

  counts_NR: np.ndarray
  aligned: Aligned


def align(stack: stacking.Stack, counts_NR: np.ndarray,
          cluster_N: np.ndarray | None = None) -> Aligned:
  """Every measure with the signals of its kind (`stack.signals_for`).

  Args:
    stack: one data set.
    counts_NR: resamples of its items, shared by all rows, so that differences
      between models are paired.
    cluster_N: number of each item's cluster, which they keep together; None
      where each stands alone.

  Returns:
    Rho, p and draws are NaN where a side is constant or fewer than 3 items
    have both.
  """
  uncertainty_MN = stack.uncertainty()
  pairs = [(m, s) for m, row in enumerate(stack.rows)
           for s in stacking.signals_for(row, stack.signal_names)]
  groups: dict[tuple[int, ...], dict[int, int]] = {}
  for x, (m, _) in enumerate(pairs):
    wanted = tuple(stacking.signals_for(stack.rows[m], stack.signal_names))
    groups.setdefault(wanted, {}).setdefault(m, x)
  row_X, signal_X = np.array(pairs, np.intp).reshape(-1, 2).T
  rho_X, p_value_X = (np.full(len(pairs), np.nan) for _ in range(2))
  n_X = np.zeros(len(pairs), np.int64)
  draws_XR = np.full((len(pairs), counts_NR.shape[1]), np.nan, np.float32)
  for wanted, first in groups.items():
    measures_MN = uncertainty_MN[list(first)]
    signals_SN = stack.signals_SN[list(wanted)]
    # Signals of one measure stand next to each other.
    place_MS = np.array(list(first.values()))[:, None] + np.arange(len(wanted))
    point = ranking.spearman(measures_MN, signals_SN)
    rho_X[place_MS] = point.rho_MS
    p_value_X[place_MS] = point.p_value_MS
    n_X[place_MS] = point.n_MS

    once = grouping.distinct_rows(measures_MN)

    def fill(rows: slice, measures_UN=measures_MN[once.first_U],
             signals_SN=signals_SN, place_US=place_MS[once.first_U]):
      draws_XR[place_US[rows]] = spearman_draws.bootstrap_spearman(
          measures_UN[rows], signals_SN, counts_NR)

    in_parallel(fill, len(once.first_U), chunk=64)
    draws_XR[place_MS] = draws_XR[place_MS[once.first_U[once.kind_M]]]
  if cluster_N is None:
    error_X, freedom_X = _error(draws_XR, n_X)
  else:
    known_MN, known_SN = (
        ~np.isnan(x) for x in (uncertainty_MN, stack.signals_SN))
    labels_X = [cluster_N[known_MN[m] & known_SN[s]] for m, s in pairs]
    error_X, freedom_X = _error(draws_XR, np.array([
        grouping.effective_number(labels_n) for labels_n in labels_X]))
    error_X *= np.array([
        spearman_draws.cluster_bias(labels_n) if len(labels_n) else 1.0
        for labels_n in labels_X])
  found = Aligned(row_X, signal_X, rho_X, p_value_X, n_X, draws_XR, error_X,
                  freedom_X)
  return found if cluster_N is None else dataclasses.replace(
      found, p_value_X=p_value(found))


def interval(found: Aligned, level: float) -> resampling.Interval:
  """Of every rho, by Student's t on Fisher's z, as the claim `aligned` has it.

  Args:
    found: of `align`.
    level: nominal coverage.

  Returns:
    Both ends, NaN where rho is; in clusters those that p inverts.
  """
  reach_X = found.error_X * scipy.special.stdtrit(
      found.freedom_X, (1 + level) / 2)
  z_X = _fisher_z(found.rho_X)
  return resampling.Interval(np.tanh(z_X - reach_X), np.tanh(z_X + reach_X))


def p_value(found: Aligned) -> np.ndarray:
  """Of every rho, two-sided: below 1 − level where `interval` leaves 0 out.

  Args:
    found: of `align`.

  Returns:
    [X]; NaN where rho is.
  """
  return 2 * scipy.special.stdtr(
      found.freedom_X, -np.abs(_fisher_z(found.rho_X)) / found.error_X)


def _error(
    draws_XR: np.ndarray, units_X: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
  error_X, freedom_X = (np.full(len(units_X), np.nan) for _ in range(2))

  def fill(cells: slice):
    error_X[cells], freedom_X[cells] = spearman_draws.fisher_error(
        draws_XR[cells], units_X[cells])

  in_parallel(fill, len(error_X), chunk=64)
  return np.where(error_X > 0, error_X, np.nan), freedom_X


def _fisher_z(rho_X: np.ndarray) -> np.ndarray:
  limit = spearman_draws.LIMIT
  return np.arctanh(np.clip(rho_X, -limit, limit))
