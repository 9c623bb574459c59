"""Spearman correlations of many measures with many signals at once.

Ranks are midranks (ties share their mean rank). Pairs with a missing value
are deleted pair by pair, as `scipy.stats.spearmanr(nan_policy='omit')` does:
measures and signals are grouped by which items they miss, and each
combination of two such groups is one block without gaps.
"""

import dataclasses
import itertools
from collections.abc import Iterator

import numpy as np
import scipy.special

from uncertainty.types import UserError

# Elements of a [N, draws] block: a handful of blocks stay in a core's cache.
_BLOCK = 400_000
_LEAST = 3  # fewer pairs have no p-value
_EXACT = 6  # pairs up to which all orders are tried: 720


@dataclasses.dataclass(frozen=True)
class Correlations:
  """Spearman's rho with its two-sided p-value and number of pairs."""

  rho_MS: np.ndarray
  p_value_MS: np.ndarray
  n_MS: np.ndarray


@dataclasses.dataclass(frozen=True)
class Order:
  """Rows sorted once, with runs of ties, for ranking under any weights.

  Attributes:
    order_MN: items from the lowest value to the highest.
    below_MN: per item, how many values are lower: the start of its tie run.
    upto_MN: per item, how many values are not higher: the end of its run.
  """

  order_MN: np.ndarray
  below_MN: np.ndarray
  upto_MN: np.ndarray


@dataclasses.dataclass(frozen=True)
class _Block:
  """Rows of measures and signals that know the same items together."""

  items: np.ndarray
  measures: np.ndarray
  signals: np.ndarray


def sort_rows(values_MN: np.ndarray) -> Order:
  """Sorts rows without missing values and finds their ties.

  Args:
    values_MN: nothing missing.

  Returns:
    Orders that are stable among ties.
  """
  n = values_MN.shape[-1]
  order = np.argsort(values_MN, axis=-1, kind='stable')
  sorted_values = np.take_along_axis(values_MN, order, -1)
  new = np.ones(values_MN.shape, bool)
  new[:, 1:] = sorted_values[:, 1:] != sorted_values[:, :-1]
  place = np.arange(n)
  below = np.maximum.accumulate(np.where(new, place, 0), axis=-1)
  last = np.ones(values_MN.shape, bool)
  last[:, :-1] = new[:, 1:]
  upto = np.minimum.accumulate(
      np.where(last, place + 1, n)[:, ::-1], axis=-1)[:, ::-1]
  below_MN, upto_MN = np.empty_like(order), np.empty_like(order)
  np.put_along_axis(below_MN, order, below, -1)
  np.put_along_axis(upto_MN, order, upto, -1)
  return Order(order, below_MN, upto_MN)


def midranks(values_MN: np.ndarray) -> np.ndarray:
  """Ranks from 1 among a row's known values; ties share their mean rank.

  Args:
    values_MN: rows over items, or one row [N].

  Returns:
    float64 of the same shape; NaN stays NaN.
  """
  values = np.atleast_2d(np.asarray(values_MN, np.float64))
  ranks = np.full(values.shape, np.nan)
  for items, rows in missing_patterns(values):
    sorted_rows = sort_rows(values[np.ix_(rows, items)])
    ranks[np.ix_(rows, items)] = (
        sorted_rows.below_MN + sorted_rows.upto_MN + 1) / 2
  return ranks.reshape(np.shape(values_MN))


def finite(values_MN: np.ndarray) -> np.ndarray:
  """Infinities one beyond a row's finite extremes, where they keep their rank.

  A measure may be infinite with a meaning: the log of a zero margin.

  Args:
    values_MN: rows over items; NaN stays NaN.

  Returns:
    The same where nothing is infinite; −1 and 1 in rows without finite values.
  """
  if not np.isinf(values_MN).any():
    return values_MN
  known = np.isfinite(values_MN)
  lowest = np.where(known, values_MN, np.inf).min(-1, keepdims=True)
  highest = np.where(known, values_MN, -np.inf).max(-1, keepdims=True)
  none = ~known.any(-1, keepdims=True)
  lowest, highest = (np.where(none, 0.0, end) for end in (lowest, highest))
  values_MN = np.where(values_MN == -np.inf, lowest - 1, values_MN)
  return np.where(values_MN == np.inf, highest + 1, values_MN)


def spearman(measures_MN: np.ndarray, signals_SN: np.ndarray) -> Correlations:
  """Spearman's rho of every measure with every signal.

  Args:
    measures_MN: a measure's values over items; NaN where missing.
    signals_SN: a human signal's values over the same items.

  Returns:
    rho, p (Student's t with n − 2 degrees of freedom, as SciPy; with 6 pairs
    or fewer, where t would call any perfect order significant, the share of
    all orders that are as extreme) and n. Rho and p are NaN where either side
    is constant or n < 3.

  Raises:
    UserError: the two have different numbers of items, or infinities.
  """
  measures_MN, signals_SN = checked(measures_MN, signals_SN)
  shape = (len(measures_MN), len(signals_SN))
  rho, n = np.full(shape, np.nan), np.zeros(shape, np.int64)
  exact = np.full(shape, np.nan)
  for block in _blocks(measures_MN, signals_SN):
    cell = np.ix_(block.measures, block.signals)
    n[cell] = len(block.items)
    if len(block.items) >= _LEAST:
      x = _unit_ranks(measures_MN[np.ix_(block.measures, block.items)])
      y = _unit_ranks(signals_SN[np.ix_(block.signals, block.items)])
      rho[cell] = np.clip(x @ y.T, -1, 1)
      if len(block.items) <= _EXACT:
        exact[cell] = _exact_p_value(x, y)
  p_value = np.where(np.isnan(exact), spearman_p_value(rho, n), exact)
  return Correlations(rho, p_value, n)


def _exact_p_value(x_MN: np.ndarray, y_SN: np.ndarray) -> np.ndarray:
  """[M, S] shares of all orders with |ρ| no smaller; NaN where constant."""
  orders = np.array(list(itertools.permutations(range(x_MN.shape[1]))))
  null_MSP = np.abs(np.einsum('mn,spn->msp', x_MN, y_SN[:, orders]))
  observed_MS = null_MSP[..., 0]  # the order that was found
  return np.where(
      np.isnan(observed_MS), np.nan,
      np.mean(null_MSP >= observed_MS[..., None] - 1e-12, -1))


def spearman_p_value(rho: np.ndarray, n: np.ndarray) -> np.ndarray:
  """Two-sided p of Spearman's rho by Student's t.

  t = ρ sqrt((n − 2) / ((1 + ρ) (1 − ρ))) with n − 2 degrees of freedom.

  Args:
    rho: of any shape.
    n: pairs behind each, of a shape that fits.

  Returns:
    p, NaN below 3 pairs.
  """
  freedom = np.asarray(n, np.float64) - 2
  with np.errstate(divide='ignore', invalid='ignore'):
    t = np.abs(rho) * np.sqrt(freedom / ((1 + rho) * (1 - rho)))
    p = 2 * scipy.special.stdtr(freedom, -t)
  return np.where(freedom > 0, p, np.nan)


def permutation_spearman(
    measures_MN: np.ndarray, signals_SN: np.ndarray, n_draws: int, *,
    seed: int) -> np.ndarray:
  """Two-sided permutation p-values of Spearman's rho.

  (1 + #{|ρ of a shuffle| ≥ |ρ|}) / (1 + R). Signals are shuffled over the items
  that both sides know; all measures of a block meet the same shuffles.

  Args:
    measures_MN: a measure's values over items; NaN where missing.
    signals_SN: a human signal's values over the same items.
    n_draws: R.
    seed: of the shuffles.

  Returns:
    [M, S]; NaN where either side is constant or n < 3.

  Raises:
    UserError: the two have different numbers of items, or infinities.
  """
  measures_MN, signals_SN = checked(measures_MN, signals_SN)
  p_value = np.full((len(measures_MN), len(signals_SN)), np.nan)
  for index, block in enumerate(_blocks(measures_MN, signals_SN)):
    n = len(block.items)
    if n < _LEAST:
      continue
    rng = np.random.default_rng((seed, index))
    x = _unit_ranks(measures_MN[np.ix_(block.measures, block.items)])
    y = _unit_ranks(signals_SN[np.ix_(block.signals, block.items)])
    observed = np.abs(x @ y.T)
    extreme = np.zeros(observed.shape)
    step = max(1, _BLOCK // n)
    for start in range(0, n_draws, step):
      size = min(step, n_draws - start)
      shuffle = np.argsort(rng.random((size, n)), axis=-1)
      for s in range(len(y)):
        null = np.abs(x @ y[s][shuffle].T)
        extreme[:, s] += np.sum(null >= observed[:, s, None] - 1e-12, -1)
    found = (1 + extreme) / (1 + n_draws)
    p_value[np.ix_(block.measures, block.signals)] = np.where(
        np.isnan(observed), np.nan, found)
  return p_value


def _unit_ranks(values_MN: np.ndarray) -> np.ndarray:
  """Centred midranks of length one; NaN rows where constant."""
  rows = sort_rows(values_MN)
  n = values_MN.shape[-1]
  centred = (rows.below_MN + rows.upto_MN - n) / 2
  length = np.sqrt(np.sum(centred ** 2, -1, keepdims=True))
  with np.errstate(invalid='ignore'):
    return np.where(length > 0, centred / np.where(length > 0, length, 1),
                    np.nan)


def checked(
    measures_MN: np.ndarray, signals_SN: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
  """Both sides as float64, fit to be ranked.

  Args:
    measures_MN: rows over items; NaN where missing.
    signals_SN: rows over the same items.

  Returns:
    The same values.

  Raises:
    UserError: the two have different numbers of items, or infinities.
  """
  measures_MN = np.asarray(measures_MN, np.float64)
  signals_SN = np.asarray(signals_SN, np.float64)
  if measures_MN.ndim != 2 or signals_SN.ndim != 2:
    raise UserError(
        'measures and signals must be rows over items, got shapes '
        f'{measures_MN.shape} and {signals_SN.shape}')
  if measures_MN.shape[1] != signals_SN.shape[1]:
    raise UserError(
        f'measures cover {measures_MN.shape[1]} items and signals '
        f'{signals_SN.shape[1]}; align them on item_id first')
  for side, values in (('measures', measures_MN), ('signals', signals_SN)):
    row, item = np.nonzero(np.isinf(values))
    if len(row):
      raise UserError(
          f'{side} hold infinities (row {row[0]}, item {item[0]}); rank them '
          'with `finite`, or give NaN if they are not known')
  return measures_MN, signals_SN


def missing_patterns(
    values_MN: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
  """Rows by the items that they know.

  Args:
    values_MN: NaN where missing.

  Returns:
    (items known, rows) for every distinct set of known items.
  """
  known = ~np.isnan(values_MN)
  # `numpy.unique` over rows would make a field of every item.
  rows: dict[bytes, list[int]] = {}
  for row, pattern in enumerate(known):
    rows.setdefault(pattern.tobytes(), []).append(row)
  return [(np.flatnonzero(known[rows[key][0]]), np.array(rows[key]))
          for key in sorted(rows)]


def _blocks(
    measures_MN: np.ndarray, signals_SN: np.ndarray) -> Iterator[_Block]:
  for measure_items, measures in missing_patterns(measures_MN):
    joint: dict[bytes, tuple[np.ndarray, list[np.ndarray]]] = {}
    for signal_items, signals in missing_patterns(signals_SN):
      items = np.intersect1d(measure_items, signal_items, True)
      joint.setdefault(items.tobytes(), (items, []))[1].append(signals)
    for items, signals in joint.values():
      yield _Block(items, measures, np.concatenate(signals))
