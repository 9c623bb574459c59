"""Spearman's rho in every resample, of many measures and signals at once.

A resample weights items with whole numbers, so that doubled ranks within it,
less their mean, are whole numbers too: sums of the weights before and up to an
item's run of ties. With c the weights, x and y these ranks and n = Σ c,

  rho = Σ c x y / sqrt(Σ c x² · Σ c y²),  Σ c x² = (n³ − Σ_g t_g³) / 3

over runs of ties of weight t_g. A measure is ranked once for all signals.
Those that lack some items see ranks x_i − Σ_j c_j (1 + sign(x_i − x_j)), j over
the items they lack; Σ c y = 0, so that only the signs change Σ c x y.
"""

import dataclasses
from collections.abc import Iterator

import numpy as np

from uncertainty.analysis.statistics import grouping, ranking

# Elements of a [N, draws] block. Larger rows drown Python's overhead per item.
_BLOCK = 1_000_000
LIMIT = .9999  # rho beyond which Fisher's z is cut off
_LEAST_DRAWS = 512
_LEAST = 3  # fewer pairs have no correlation
_MOST_LACKING = 1 / 8  # share of items; a signal that lacks more is set apart


@dataclasses.dataclass(frozen=True)
class _Side:
  """Signals that lack the same items of a block.

  Attributes:
    signals: which they are.
    known: places of the items that they have in the block.
    lacking: places of those that they lack.
  """

  signals: np.ndarray
  known: np.ndarray
  lacking: np.ndarray


@dataclasses.dataclass(frozen=True)
class _Block:
  """Measures that know the same items, and signals that know nearly these."""

  items: np.ndarray
  measures: np.ndarray
  sides: list[_Side]


@dataclasses.dataclass(frozen=True)
class _Weights:
  """How often some resamples hold items.

  Attributes:
    counts_NR: c, float32.
    size_R: n.
    cubes_R: Σ c³.
  """

  counts_NR: np.ndarray
  size_R: np.ndarray
  cubes_R: np.ndarray


@dataclasses.dataclass(frozen=True)
class _Drawn:
  """One side's signals in some resamples.

  Attributes:
    side: the side.
    weighted_SNR: c y; 0 where a signal lacks the item.
    spread_SR: Σ c y².
    size_R: n of the items that they know.
  """

  side: _Side
  weighted_SNR: np.ndarray
  spread_SR: np.ndarray
  size_R: np.ndarray


@dataclasses.dataclass(frozen=True)
class _Ranked:
  """One row in some resamples.

  Attributes:
    run_N: each item's run of ties.
    ranks_NR: doubled ranks less their mean.
    tied_GR: t, the weight of each run.
    cubed_R: Σ t³.
  """

  run_N: np.ndarray
  ranks_NR: np.ndarray
  tied_GR: np.ndarray
  cubed_R: np.ndarray


def fisher_error(
    draws_XR: np.ndarray, n_units_X: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
  """Standard error of Fisher's z, and its degrees of freedom.

  Args:
    draws_XR: rho in resamples of whole units; NaN left out.
    n_units_X: items, or clusters of items, that were resampled.

  Returns:
    The error over draws, NaN with fewer than two, and the freedom of Student's
    t, which counts that units and draws are finite.
  """
  z_XR = np.arctanh(np.clip(draws_XR, -LIMIT, LIMIT))
  known_XR = ~np.isnan(z_XR)
  n_draws_X = known_XR.sum(1)
  # `numpy.nanstd` warns of fewer than two draws, and filters of warnings are
  # shared by all threads.
  with np.errstate(divide='ignore', invalid='ignore'):
    mean_X = z_XR.sum(1, dtype=np.float64, where=known_XR) / n_draws_X
    away_XR = np.where(
        known_XR, (z_XR - mean_X[:, None]).astype(z_XR.dtype), 0)
    se_X = np.sqrt((away_XR ** 2).sum(1, dtype=np.float64) / (n_draws_X - 1))
    se_X[n_draws_X < 2] = np.nan
    freedom_X = 1 / (1 / (np.asarray(n_units_X) - 1) + 1 / (n_draws_X - 1))
  return se_X, freedom_X


def cluster_bias(labels_n: np.ndarray) -> float:
  """What a bootstrap of clusters of unequal size misses of the error.

  A large cluster pulls the mean to itself: of clusters whose items are alike,
  Σ n_g² (1 − 2 n_g / n) + (Σ n_g²)² / n² is seen of Σ n_g².

  Args:
    labels_n: each item's cluster.

  Returns:
    A factor of the standard error; 1 where all clusters are equal.
  """
  size_G = np.bincount(np.unique(labels_n, return_inverse=True)[1])
  share_G = size_G / size_G.sum()
  square = (share_G ** 2).sum()
  seen = 1 - 2 * (share_G ** 3).sum() / square + square
  return float(np.sqrt((1 - 1 / len(size_G)) / seen)) if seen > 0 else 1.0


def bootstrap_spearman(
    measures_MN: np.ndarray, signals_SN: np.ndarray, counts_NR: np.ndarray
) -> np.ndarray:
  """Rho of every measure with every signal in every resample.

  Args:
    measures_MN: a measure's values over items; NaN where missing.
    signals_SN: a human signal's values over the same items.
    counts_NR: how often each item is drawn: whole numbers.

  Returns:
    [M, S, R] float32, accurate to about 1e-6; NaN where a resample is
    constant, or the two share fewer than 3 items.

  Raises:
    UserError: the two have different numbers of items, or infinities.
  """
  measures_MN, signals_SN = ranking.checked(measures_MN, signals_SN)
  n_draws = counts_NR.shape[1]
  rho = np.full(
      (len(measures_MN), len(signals_SN), n_draws), np.nan, np.float32)
  for block in _blocks(measures_MN, signals_SN):
    x = ranking.sort_rows(measures_MN[np.ix_(block.measures, block.items)])
    most = max(_LEAST_DRAWS, _BLOCK // len(block.items))
    step = -(-n_draws // -(-n_draws // most))  # of equal length
    for start in range(0, n_draws, step):
      draws = slice(start, min(start + step, n_draws))
      weights = _weights(np.ascontiguousarray(
          counts_NR[block.items, draws], np.float32))
      sides = [_draw(side, signals_SN[np.ix_(side.signals, block.items)],
                     weights) for side in block.sides]
      for i, row in enumerate(block.measures):
        for drawn, found_SR in zip(
            sides, _correlations(x, i, sides, weights), strict=True):
          for s, signal in enumerate(drawn.side.signals):
            rho[row, signal, draws] = found_SR[s]
  return rho


def _weights(counts_NR: np.ndarray) -> _Weights:
  return _Weights(
      counts_NR, counts_NR.sum(0, dtype=np.float64), _cubes(counts_NR))


def _draw(side: _Side, signals_SN: np.ndarray, weights: _Weights) -> _Drawn:
  shape = weights.counts_NR.shape
  if len(side.lacking):
    weights = _weights(weights.counts_NR[side.known])
  y = ranking.sort_rows(signals_SN[:, side.known])
  weighted = np.zeros((len(signals_SN), *shape), np.float32)
  spread_SR = np.empty((len(signals_SN), shape[1]))
  for s in range(len(signals_SN)):
    ranked = _ranks(y, s, weights)
    weighted[s, side.known] = ranked.ranks_NR * weights.counts_NR
    spread_SR[s] = (weights.size_R ** 3 - ranked.cubed_R) / 3
  return _Drawn(side, weighted, spread_SR, weights.size_R)


def _correlations(
    x: ranking.Order, i: int, sides: list[_Drawn], weights: _Weights,
) -> Iterator[np.ndarray]:
  """[S, R] of one measure with each side's signals."""
  ranked = _ranks(x, i, weights)
  for drawn in sides:
    product_SR = np.stack([
        grouping.dot(ranked.ranks_NR, w_NR) for w_NR in drawn.weighted_SNR])
    cubed_R = ranked.cubed_R
    if len(drawn.side.lacking):
      signs_SR, less_R = _lacked(
          ranked.run_N, ranked.tied_GR, drawn, weights.counts_NR)
      product_SR, cubed_R = product_SR + signs_SR, cubed_R - less_R
    square_SR = (drawn.size_R ** 3 - cubed_R) / 3 * drawn.spread_SR
    with np.errstate(invalid='ignore', divide='ignore'):
      yield np.clip(np.where(
          square_SR > 0, product_SR / np.sqrt(square_SR), np.nan), -1, 1)


def _lacked(
    run_N: np.ndarray, tied_GR: np.ndarray, drawn: _Drawn,
    counts_NR: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """What lacking items add to Σ c x y [S, R], and take from Σ t³ [R]."""
  lacking = drawn.side.lacking
  lost, place = np.unique(run_N[lacking], return_inverse=True)
  count_GR = np.zeros((len(lost), counts_NR.shape[1]), np.float32)
  for i, item in zip(place, lacking, strict=True):
    count_GR[i] += counts_NR[item]
  # Runs below, at and between those that lose items.
  cell_N = (np.searchsorted(lost, run_N, 'left')
            + np.searchsorted(lost, run_N, 'right'))
  n_cells = 2 * len(lost) + 1
  n_signals = len(drawn.weighted_SNR)
  sums = grouping.group_sums(
      (cell_N + n_cells * np.arange(n_signals)[:, None]).ravel(),
      n_cells * n_signals, drawn.weighted_SNR.reshape(-1, len(count_GR[0])))
  signs_SR = np.empty((n_signals, counts_NR.shape[1]))
  for s, sums_CR in enumerate(sums.reshape(n_signals, n_cells, -1)):
    total = grouping.running(sums_CR)
    signs_SR[s] = grouping.dot(count_GR, total[1:-1:2] + total[2::2])
  whole_GR = tied_GR[lost].astype(np.float64)
  return signs_SR, _cubes(whole_GR) - _cubes(whole_GR - count_GR)


def _ranks(rows: ranking.Order, i: int, weights: _Weights) -> _Ranked:
  counts_NR = weights.counts_NR
  run_N = grouping.runs(rows.order_MN[i], rows.below_MN[i])
  n_runs = int(run_N[rows.order_MN[i, -1]]) + 1
  if n_runs == len(run_N):
    tied_GR = counts_NR[rows.order_MN[i]]
    cubed_R = weights.cubes_R
  else:
    tied_GR = grouping.group_sums(run_N, n_runs, counts_NR)
    alone = np.bincount(run_N) == 1
    cubed_R = _cubes(tied_GR[alone]) + _cubes(
        tied_GR[~alone].astype(np.float64))
  # Halves are exact, so that the sums start where their mean is 0.
  total = grouping.running(tied_GR, -weights.size_R / 2)
  ranks_NR = np.take(total[1:] + total[:-1], run_N, 0, mode='clip')
  return _Ranked(run_N, ranks_NR, tied_GR, cubed_R)


def _cubes(counts_NR: np.ndarray) -> np.ndarray:
  """[R] Σ c³: of items that tie with none, float32 is exact."""
  return np.einsum(
      'nr,nr,nr->r', counts_NR, counts_NR, counts_NR).astype(np.float64)


def _blocks(
    measures_MN: np.ndarray, signals_SN: np.ndarray) -> Iterator[_Block]:
  signals = ranking.missing_patterns(signals_SN)
  for measure_items, measures in ranking.missing_patterns(measures_MN):
    shared = [(np.intersect1d(measure_items, items, True), rows)
              for items, rows in signals]
    shared = [(items, rows) for items, rows in shared if len(items) >= _LEAST]
    while shared:
      # Of the signals left, those that lack few items of the fullest one's.
      base = max(shared, key=lambda one: len(one[0]))[0]
      sides, apart = [], []
      for items, rows in shared:
        known = np.isin(base, items)
        near = (known.sum() == len(items)
                and len(base) - len(items) <= _MOST_LACKING * len(base))
        if near:
          sides.append(_Side(
              rows, np.flatnonzero(known), np.flatnonzero(~known)))
        else:
          apart.append((items, rows))
      yield _Block(base, measures, sides)
      shared = apart
