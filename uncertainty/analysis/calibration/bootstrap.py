"""Calibration errors of many rows at once, with bootstrap intervals.

A row is one model's measure under one confidence map. A resample keeps what
was chosen on all items: the edges of equal-mass bins, the number of bins of
the sweep, the bandwidth of the smooth error. Its interval is that of the
error over that binning. Sums per bin are then one matrix product for all
resamples.
"""

import dataclasses

import numpy as np

from uncertainty.analysis.calibration import brier as brier_lib
from uncertainty.analysis.calibration import errors, selective
from uncertainty.analysis.calibration import smooth as calibration_smooth
from uncertainty.analysis.statistics import grouping, resampling
from uncertainty.analysis.statistics.parallel import in_parallel
from uncertainty.results import derived
from uncertainty.types import UserError

# How an interval is read from the draws. Noise inflates an error that cannot
# be negative, so those are debiased (see `resampling.debiased_interval`), on
# the scale where the inflation is additive.
_SQUARED, _PLAIN, _PERCENTILE = 'squared', 'plain', 'percentile'
INTERVALS = {
    derived.binned_error('width', 'l1'): _SQUARED,
    derived.binned_error('width', 'l2'): _SQUARED,
    derived.binned_error('mass', 'l1'): _SQUARED,
    derived.binned_error('mass', 'l2'): _SQUARED,
    derived.ECE_DEBIASED: _SQUARED,
    derived.binned_error('sweep', 'l1'): _SQUARED,
    derived.binned_error('sweep', 'l2'): _SQUARED,
    derived.ECE_SMOOTH: _SQUARED,
    derived.BRIER: _PERCENTILE,
    derived.BRIER_RELIABILITY: _PLAIN,
    derived.BRIER_RESOLUTION: _PLAIN,
    derived.BRIER_UNCERTAINTY: _PERCENTILE,
    derived.BRIER_VARIANCE: _PERCENTILE,
    derived.BRIER_COVARIANCE: _PERCENTILE,
    derived.unbiased(derived.BRIER_RELIABILITY): _PLAIN,
    derived.unbiased(derived.BRIER_RESOLUTION): _PLAIN,
    derived.unbiased(derived.BRIER_UNCERTAINTY): _PLAIN,
}
ERROR_METRICS = tuple(INTERVALS)
_AT_LEAST_ZERO = tuple(
    name for part in (derived.BRIER_RELIABILITY, derived.BRIER_RESOLUTION)
    for name in (part, derived.unbiased(part)))
# Of an estimate without bias, draws are of the plain one's value.
_TRUTHS = {derived.ECE_DEBIASED: derived.binned_error('mass', 'l2')} | {
    derived.unbiased(part): part for part in (
        derived.BRIER_RELIABILITY, derived.BRIER_RESOLUTION,
        derived.BRIER_UNCERTAINTY)}
_CHUNK = 64  # rows whose bins one core looks for at a time
_LEAST = 3  # fewer items have no calibration worth a number


@dataclasses.dataclass(frozen=True)
class Estimates:
  """Metric → [M] arrays: values, interval ends; and the items behind them.

  `draws` holds [M, R] float32 of the metrics that were asked to be kept,
  `p_value` what tests of calibration give.
  """

  value: dict[str, np.ndarray]
  low: dict[str, np.ndarray]
  high: dict[str, np.ndarray]
  n_M: np.ndarray
  draws: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)
  p_value: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)

  def of(self, rows: np.ndarray) -> 'Estimates':
    """Estimates of some rows.

    Args:
      rows: their numbers.

    Returns:
      Their estimates.
    """
    value, low, high, draws, p_value = (
        {name: values[rows] for name, values in metrics.items()}
        for metrics in (
            self.value, self.low, self.high, self.draws, self.p_value))
    return Estimates(value, low, high, self.n_M[rows], draws, p_value)


@dataclasses.dataclass(frozen=True)
class Binnings:
  """What is chosen on all items and kept in every resample."""

  width_MN: np.ndarray
  mass_MN: np.ndarray
  sweep_MN: np.ndarray
  smooth: calibration_smooth.SmoothECE

  def of(self, rows: np.ndarray | slice) -> 'Binnings':
    """Binnings of some rows.

    Args:
      rows: their numbers.

    Returns:
      Their binnings.
    """
    smooth = calibration_smooth.SmoothECE(
        self.smooth.value_M[rows], self.smooth.bandwidth_M[rows])
    return Binnings(
        self.width_MN[rows], self.mass_MN[rows], self.sweep_MN[rows], smooth)


def choose_binnings(
    confidence_MN: np.ndarray, correct_MN: np.ndarray, n_bins: int = 15
) -> Binnings:
  """Bins by width, mass and sweep, and the smoothing bandwidth.

  Args:
    confidence_MN: in [0, 1]; NaN left out.
    correct_MN: grades in [0, 1]; NaN left out.
    n_bins: of the width and mass binnings; the sweep finds its own number.

  Returns:
    Bins [M, N], −1 where missing, and a bandwidth for each row.

  Raises:
    UserError: a confidence outside [0, 1], or shapes differ.
  """
  width_MN = errors.width_bins(confidence_MN, correct_MN, n_bins)
  mass_MN, sweep_MN = np.empty_like(width_MN), np.empty_like(width_MN)
  smooth = calibration_smooth.SmoothECE(
      np.empty(len(width_MN)), np.empty(len(width_MN)))

  def fill(rows: slice):
    pair = confidence_MN[rows], correct_MN[rows]
    mass_MN[rows] = errors.mass_bins(*pair, n_bins)
    sweep_MN[rows] = errors.sweep_bins(*pair)
    found = calibration_smooth.smooth_ece(*pair)
    smooth.value_M[rows] = found.value_M
    smooth.bandwidth_M[rows] = found.bandwidth_M

  in_parallel(fill, len(width_MN), chunk=_CHUNK)
  return Binnings(width_MN, mass_MN, sweep_MN, smooth)


def error_values(
    confidence_MN: np.ndarray, correct_MN: np.ndarray, binnings: Binnings
) -> dict[str, np.ndarray]:
  """Every error of `ERROR_METRICS` over given bins.

  Args:
    confidence_MN: in [0, 1]; NaN left out.
    correct_MN: grades in [0, 1]; NaN left out.
    binnings: `choose_binnings` of the same rows.

  Returns:
    metric → [M] float64; NaN where a row knows fewer than 3 items.
  """
  pair = (confidence_MN, correct_MN)
  width = errors.bin_sums(binnings.width_MN, *pair)
  mass = errors.bin_sums(binnings.mass_MN, *pair)
  sweep = errors.bin_sums(binnings.sweep_MN, *pair)
  found = {}
  for name, sums in (('width', width), ('mass', mass), ('sweep', sweep)):
    for norm in ('l1', 'l2'):
      found[derived.binned_error(name, norm)] = errors.ece(sums, norm)
  found[derived.ECE_DEBIASED] = errors.debiased_ece(mass)
  found[derived.ECE_SMOOTH] = binnings.smooth.value_M
  found |= _brier(width)
  few = np.sum(binnings.width_MN >= 0, -1) < _LEAST
  return {name: np.where(few, np.nan, found[name]) for name in ERROR_METRICS}


def error_draws(
    confidence_MN: np.ndarray, correct_MN: np.ndarray, binnings: Binnings,
    counts_NR: np.ndarray) -> dict[str, np.ndarray]:
  """Every error of `ERROR_METRICS` in every resample, over the same bins.

  Args:
    confidence_MN: in [0, 1]; NaN left out.
    correct_MN: grades in [0, 1]; NaN left out.
    binnings: `choose_binnings` of the same rows.
    counts_NR: `resampling.bootstrap_counts`, how often each item is drawn.

  Returns:
    metric → [M, R] float32; NaN where a row knows fewer than 3 items.
  """
  counts_NR = grouping.compact(counts_NR)
  shape = (len(confidence_MN), counts_NR.shape[1])
  draws = {name: np.full(shape, np.nan, np.float32) for name in ERROR_METRICS}
  for m in range(len(confidence_MN)):
    known = binnings.width_MN[m] >= 0
    if known.sum() < _LEAST:
      continue
    items = np.flatnonzero(known)
    # In the order of confidence, bins are slices.
    group = grouping.alike(
        np.stack([confidence_MN[m, items], correct_MN[m, items]], 1),
        counts_NR if known.all() else counts_NR[items])
    items = items[group.first_G]
    row = _row_draws(
        confidence_MN[m, items], correct_MN[m, items],
        np.stack([bins_MN[m, items] for bins_MN in (
            binnings.width_MN, binnings.mass_MN, binnings.sweep_MN)]),
        float(binnings.smooth.bandwidth_M[m]), group.counts_GR)
    for name, values in row.items():
      draws[name][m] = values
  return draws


def error_estimates(
    confidence_MN: np.ndarray, correct_MN: np.ndarray,
    counts_NR: np.ndarray, *, level: float, n_bins: int = 15,
    binnings: Binnings | None = None) -> Estimates:
  """Every error of `ERROR_METRICS` with its bootstrap interval.

  Args:
    confidence_MN: in [0, 1]; NaN left out.
    correct_MN: grades in [0, 1]; NaN left out.
    counts_NR: `resampling.bootstrap_counts`.
    level: nominal coverage.
    n_bins: of the width and mass binnings.
    binnings: `choose_binnings` of the same rows, if at hand.

  Returns:
    Rows with fewer than 3 items are NaN.

  Raises:
    UserError: a confidence outside [0, 1], or shapes that do not fit.
  """
  confidence_MN = np.asarray(confidence_MN, np.float64)
  correct_MN = np.asarray(correct_MN, np.float64)
  if counts_NR.shape[0] != confidence_MN.shape[-1]:
    raise UserError(
        f'resamples cover {counts_NR.shape[0]} items, confidences '
        f'{confidence_MN.shape[-1]}')
  if binnings is None:
    binnings = choose_binnings(confidence_MN, correct_MN, n_bins)
  value = error_values(confidence_MN, correct_MN, binnings)
  counts_NR = grouping.compact(counts_NR)

  def of_rows(rows: slice):
    draws = error_draws(
        confidence_MN[rows], correct_MN[rows], binnings.of(rows),
        counts_NR)
    return draws, {
        name: read_interval(name, draws[name], value[name][rows],
                            value[_TRUTHS.get(name, name)][rows], level)
        for name in ERROR_METRICS}

  return _filled(value, np.sum(binnings.width_MN >= 0, -1), counts_NR,
                 (), of_rows)


def rank_estimates(
    certainty_MN: np.ndarray, correct_MN: np.ndarray,
    counts_NR: np.ndarray, *, level: float,
    with_draws: tuple[str, ...] = ()) -> Estimates:
  """Every metric of `selective.RANK_METRICS` with percentile intervals.

  Args:
    certainty_MN: high is certain, on any scale; NaN left out.
    correct_MN: as for `error_estimates`.
    counts_NR: as there.
    level: as there.
    with_draws: metrics whose draws are returned.

  Returns:
    Rows with fewer than 3 items are NaN.
  """
  certainty_MN = np.asarray(certainty_MN, np.float64)
  correct_MN = np.asarray(correct_MN, np.float64)
  n_M = np.sum(~(np.isnan(certainty_MN) | np.isnan(correct_MN)), -1)
  value = {
      name: np.full(len(n_M), np.nan) for name in selective.RANK_METRICS}
  counts_NR = grouping.compact(counts_NR)

  def of_rows(rows: slice):
    point = selective.rank_metrics(certainty_MN[rows], correct_MN[rows])
    draws = selective.rank_metrics(
        certainty_MN[rows], correct_MN[rows], counts_NR)
    intervals = {}
    for name, draw in draws.items():
      value[name][rows] = np.where(
          n_M[rows] < _LEAST, np.nan, point[name][:, 0])
      interval = resampling.percentile_interval(draw, level)
      undefined = np.isnan(value[name][rows])
      intervals[name] = resampling.Interval(
          np.where(undefined, np.nan, interval.low),
          np.where(undefined, np.nan, interval.high))
    return draws, intervals

  return _filled(value, n_M, counts_NR, with_draws, of_rows)


def _filled(value, n_M, counts_NR, with_draws, of_rows) -> Estimates:
  """Estimates whose intervals and draws `of_rows(slice)` gives, in parallel."""
  low = {name: np.full(len(n_M), np.nan) for name in value}
  high = {name: np.full(len(n_M), np.nan) for name in value}
  shape = (len(n_M), counts_NR.shape[1])
  kept = {name: np.full(shape, np.nan, np.float32) for name in with_draws}

  def fill(rows: slice):
    draws, intervals = of_rows(rows)
    for name, interval in intervals.items():
      low[name][rows], high[name][rows] = interval.low, interval.high
    for name, values in kept.items():
      values[rows] = draws[name]

  in_parallel(fill, len(n_M))
  return Estimates(value, low, high, n_M, kept)


def read_interval(
    metric: str, draws_MR: np.ndarray, point_M: np.ndarray,
    truth_M: np.ndarray, level: float) -> resampling.Interval:
  """The interval of one metric from its draws, as `INTERVALS` says.

  Args:
    metric: one of `ERROR_METRICS`.
    draws_MR: the metric in every resample.
    point_M: the metric on the data.
    truth_M: what it estimates were the data the population; of an estimate
      without bias, the plain one.
    level: nominal coverage.

  Returns:
    Its ends [M], in the metric's unit; at least 0 where the metric is.
  """
  if INTERVALS[metric] == _PERCENTILE:
    return resampling.percentile_interval(draws_MR, level)
  found = resampling.debiased_interval(
      draws_MR, point_M, level, truth_X=truth_M,
      squared=INTERVALS[metric] == _SQUARED)
  if metric not in _AT_LEAST_ZERO:
    return found
  return resampling.Interval(
      np.maximum(found.low, 0), np.maximum(found.high, 0))


def _brier(sums: errors.BinSums) -> dict[str, np.ndarray]:
  parts = brier_lib.brier(sums)
  return parts | {
      derived.unbiased(name): value
      for name, value in brier_lib.brier_unbiased(sums, parts).items()}


def _row_draws(
    confidence_N, correct_N, bins_3N, bandwidth, counts_NR
) -> dict[str, np.ndarray]:
  """Errors [R] by metric, of one row in the order of confidence."""
  gap_N = confidence_N - correct_N
  binary = np.all((correct_N == 0) | (correct_N == 1))
  fields = [np.ones_like(gap_N), gap_N, correct_N]
  fields += [] if binary else [correct_N ** 2]
  width, mass, sweep = (
      np.moveaxis(sums, 1, 0)[:, None] for sums in _sums(
          counts_NR, bins_3N, np.stack(fields)))
  whole_2R = np.stack([confidence_N ** 2, confidence_N * correct_N]).astype(
      np.float32) @ counts_NR
  squared, product = whole_2R[:, None, None]
  found = _brier(errors.BinSums(
      width[0], width[1] + width[2], width[2], squared, product, width[-1]))
  found[derived.ECE_DEBIASED] = errors.gap_debiased(
      mass[1], mass[0], mass[2], mass[-1])
  for name, sums in (('width', width), ('mass', mass), ('sweep', sweep)):
    for norm, values in errors.gap_ece(sums[1], sums[0]).items():
      found[derived.binned_error(name, norm)] = values
  found[derived.ECE_SMOOTH] = calibration_smooth.smooth_draws(
      confidence_N, gap_N, counts_NR, bandwidth)[None]
  return {name: values[0] for name, values in found.items()}


def _sums(
    counts_NR: np.ndarray, bins_3N: np.ndarray, fields_FN: np.ndarray,
) -> list[np.ndarray]:
  """Per binning, the fields' sums [B, F, R] over its bins that hold items.

  Items are in the order of confidence, so that a bin is a slice of them, and
  a union of the slices that all binnings share: one product for each of these
  reads every resample once.
  """
  cut_3N = np.diff(bins_3N, axis=1) != 0
  edges = [0, *(np.flatnonzero(cut_3N.any(0)) + 1), len(counts_NR)]
  slices_SFR = np.empty(
      (len(edges) - 1, len(fields_FN), counts_NR.shape[1]), np.float32)
  fields_FN = fields_FN.astype(np.float32)
  for out, start, stop in zip(slices_SFR, edges, edges[1:], strict=False):
    np.matmul(fields_FN[:, start:stop], counts_NR[start:stop], out=out)
  # Bins of the three binnings, one after another.
  new_3S = np.diff(bins_3N[:, edges[:-1]], axis=1, prepend=-1) != 0
  bin_3S = np.cumsum(new_3S).reshape(new_3S.shape) - 1
  n_slices = new_3S.shape[1]
  sums = grouping.group_sums(
      bin_3S.ravel(), int(bin_3S[-1, -1]) + 1,
      slices_SFR.reshape(n_slices, -1), np.tile(np.arange(n_slices), 3))
  return np.split(sums.reshape(len(sums), len(fields_FN), -1), bin_3S[1:, 0])
