"""Calibration errors of many rows at once, with bootstrap intervals.

A row is one model's measure under one confidence map. A resample keeps what
was chosen on all items: the edges of equal-mass bins, the number of bins of
the sweep, the bandwidth of the smooth error. Its interval is that of the
error over that binning. Sums per bin are then one matrix product for all
resamples.
"""

import dataclasses

import numpy as np

from uncertainty.analysis.calibration import errors, selective
from uncertainty.analysis.calibration import smooth as calibration_smooth
from uncertainty.analysis.statistics import resampling
from uncertainty.analysis.statistics.parallel import in_parallel
from uncertainty.types import UserError

# How an interval is read from the draws. Noise inflates an error that cannot
# be negative, so those are debiased (see `resampling.debiased_interval`), on
# the scale where the inflation is additive.
_SQUARED, _PLAIN, _PERCENTILE = 'squared', 'plain', 'percentile'
INTERVALS = {
    'ece_width_l1': _SQUARED,
    'ece_width_l2': _SQUARED,
    'ece_mass_l1': _SQUARED,
    'ece_mass_l2': _SQUARED,
    'ece_debiased': _SQUARED,
    'ece_sweep_l1': _SQUARED,
    'ece_sweep_l2': _SQUARED,
    'ece_smooth': _SQUARED,
    'brier': _PERCENTILE,
    'brier_reliability': _PLAIN,
    'brier_resolution': _PLAIN,
    'brier_uncertainty': _PERCENTILE,
    'brier_within_variance': _PERCENTILE,
    'brier_within_covariance': _PERCENTILE,
}
ERROR_METRICS = tuple(INTERVALS)
_AT_LEAST_ZERO = ('brier_reliability', 'brier_resolution')
_LEAST = 3  # fewer items have no calibration worth a number


@dataclasses.dataclass(frozen=True)
class Estimates:
  """Metric → [M] arrays: values, interval ends; and the items behind them.

  `draws` holds [M, R] float32 of the metrics that were asked to be kept.
  """

  value: dict[str, np.ndarray]
  low: dict[str, np.ndarray]
  high: dict[str, np.ndarray]
  n_M: np.ndarray
  draws: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Binnings:
  """What is chosen on all items and kept in every resample."""

  width_MN: np.ndarray
  mass_MN: np.ndarray
  sweep_MN: np.ndarray
  smooth: calibration_smooth.SmoothECE


def choose_binnings(
    confidence_MN: np.ndarray, correct_MN: np.ndarray, n_bins: int = 15
) -> Binnings:
  """Bins by width, mass and sweep, and the smoothing bandwidth."""
  pair = (confidence_MN, correct_MN)
  return Binnings(
      errors.width_bins(*pair, n_bins),
      errors.mass_bins(*pair, n_bins), errors.sweep_bins(*pair),
      calibration_smooth.smooth_ece(*pair))


def error_values(
    confidence_MN: np.ndarray, correct_MN: np.ndarray, binnings: Binnings
) -> dict[str, np.ndarray]:
  """metric → [M] float64 for `ERROR_METRICS`; NaN below 3 items."""
  pair = (confidence_MN, correct_MN)
  width = errors.bin_sums(binnings.width_MN, *pair)
  mass = errors.bin_sums(binnings.mass_MN, *pair)
  sweep = errors.bin_sums(binnings.sweep_MN, *pair)
  found = {}
  for name, sums in (('width', width), ('mass', mass), ('sweep', sweep)):
    for norm in ('l1', 'l2'):
      found[f'ece_{name}_{norm}'] = errors.ece(sums, norm)
  found['ece_debiased'] = errors.debiased_ece(mass)
  found['ece_smooth'] = binnings.smooth.value_M
  found |= errors.brier(width)
  few = np.sum(binnings.width_MN >= 0, -1) < _LEAST
  return {name: np.where(few, np.nan, found[name]) for name in ERROR_METRICS}


def error_draws(
    confidence_MN: np.ndarray, correct_MN: np.ndarray, binnings: Binnings,
    counts_NR: np.ndarray) -> dict[str, np.ndarray]:
  """metric → [M, R] float32 for `ERROR_METRICS` in every resample."""
  counts_NR = np.ascontiguousarray(counts_NR, np.float32)
  shape = (len(confidence_MN), counts_NR.shape[1])
  draws = {name: np.full(shape, np.nan, np.float32) for name in ERROR_METRICS}
  for m in range(len(confidence_MN)):
    known = binnings.width_MN[m] >= 0
    if known.sum() < _LEAST:
      continue
    items = slice(None) if known.all() else np.flatnonzero(known)
    row = _row_draws(
        confidence_MN[m, items], correct_MN[m, items],
        binnings.width_MN[m, items], binnings.mass_MN[m, items],
        binnings.sweep_MN[m, items], float(binnings.smooth.bandwidth_M[m]),
        counts_NR[items])
    for name, values in row.items():
      draws[name][m] = values
  return draws


def error_estimates(
    confidence_MN: np.ndarray, correct_MN: np.ndarray,
    counts_NR: np.ndarray, *, level: float, n_bins: int = 15,
    binnings: Binnings | None = None,
    keep: tuple[str, ...] = ()) -> Estimates:
  """Every error of `ERROR_METRICS` with its bootstrap interval.

  Args:
    confidence_MN: in [0, 1]; NaN left out.
    correct_MN: grades in [0, 1]; NaN left out.
    counts_NR: `resampling.bootstrap_counts`.
    level: nominal coverage.
    n_bins: of the width and mass binnings.
    binnings: `choose_binnings` of the same rows, if at hand.
    keep: metrics whose draws are returned.

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
  counts_NR = np.ascontiguousarray(counts_NR, np.float32)
  low = {name: np.full(len(confidence_MN), np.nan) for name in value}
  high = {name: np.full(len(confidence_MN), np.nan) for name in value}
  kept = _room(keep, len(confidence_MN), counts_NR)

  def fill(rows: slice):
    draws = error_draws(
        confidence_MN[rows], correct_MN[rows], _rows_of(binnings, rows),
        counts_NR)
    for name in ERROR_METRICS:
      truth = value['ece_mass_l2' if name == 'ece_debiased' else name]
      interval = read_interval(
          name, draws[name], value[name][rows], truth[rows], level)
      low[name][rows], high[name][rows] = interval.low, interval.high
    for name, values in kept.items():
      values[rows] = draws[name]

  in_parallel(fill, len(confidence_MN))
  return Estimates(
      value, low, high, np.sum(binnings.width_MN >= 0, -1), kept)


def rank_estimates(
    certainty_MN: np.ndarray, correct_MN: np.ndarray,
    counts_NR: np.ndarray, *, level: float,
    keep: tuple[str, ...] = ()) -> Estimates:
  """AUROC, AURC, AUGRC and PRR with percentile intervals.

  Args:
    certainty_MN: high is certain, on any scale; NaN left out.
    correct_MN: as for `error_estimates`.
    counts_NR: as there.
    level: as there.
    keep: as there.

  Returns:
    Rows with fewer than 3 items are NaN.
  """
  certainty_MN = np.asarray(certainty_MN, np.float64)
  correct_MN = np.asarray(correct_MN, np.float64)
  n_M = np.sum(~(np.isnan(certainty_MN) | np.isnan(correct_MN)), -1)
  point = selective.rank_metrics(certainty_MN, correct_MN)
  value = {
      k: np.where(n_M < _LEAST, np.nan, v[:, 0]) for k, v in point.items()}
  counts_NR = np.ascontiguousarray(counts_NR, np.float32)
  low = {name: np.full(len(n_M), np.nan) for name in value}
  high = {name: np.full(len(n_M), np.nan) for name in value}
  kept = _room(keep, len(n_M), counts_NR)

  def fill(rows: slice):
    draws = selective.rank_metrics(
        certainty_MN[rows], correct_MN[rows], counts_NR)
    for name, draw in draws.items():
      interval = resampling.percentile_interval(draw, level)
      undefined = np.isnan(value[name][rows])
      low[name][rows] = np.where(undefined, np.nan, interval.low)
      high[name][rows] = np.where(undefined, np.nan, interval.high)
    for name, values in kept.items():
      values[rows] = draws[name]

  in_parallel(fill, len(n_M))
  return Estimates(value, low, high, n_M, kept)


def _room(
    keep: tuple[str, ...], n_rows: int, counts_NR: np.ndarray,
) -> dict[str, np.ndarray]:
  shape = (n_rows, counts_NR.shape[1])
  return {name: np.full(shape, np.nan, np.float32) for name in keep}


def read_interval(
    metric: str, draws_MR: np.ndarray, point_M: np.ndarray,
    truth_M: np.ndarray, level: float) -> resampling.Interval:
  """The interval of one metric from its draws, as `INTERVALS` says."""
  if INTERVALS[metric] == _PERCENTILE:
    return resampling.percentile_interval(draws_MR, level)
  found = resampling.debiased_interval(
      draws_MR, point_M, level, truth_X=truth_M,
      squared=INTERVALS[metric] == _SQUARED)
  if metric not in _AT_LEAST_ZERO:
    return found
  return resampling.Interval(
      np.maximum(found.low, 0), np.maximum(found.high, 0))


def _rows_of(binnings: Binnings, rows: slice) -> Binnings:
  smooth = calibration_smooth.SmoothECE(
      binnings.smooth.value_M[rows], binnings.smooth.bandwidth_M[rows])
  return Binnings(
      binnings.width_MN[rows], binnings.mass_MN[rows],
      binnings.sweep_MN[rows], smooth)


def _row_draws(
    confidence_N, correct_N, width_N, mass_N, sweep_N, bandwidth, counts_NR
) -> dict[str, np.ndarray]:
  """metric → [R] for one row without missing items."""
  gap_N = confidence_N - correct_N
  ones_N = np.ones_like(gap_N)
  binary = np.all((correct_N == 0) | (correct_N == 1))

  def sums(bins_N, *fields):
    member = bins_N[None, :] == np.arange(bins_N.max() + 1)[:, None]
    design = np.concatenate([member * field for field in fields])
    total = design.astype(np.float32) @ counts_NR
    return total.reshape(len(fields), 1, len(member), -1)

  fields = [ones_N, confidence_N, correct_N, confidence_N ** 2,
            confidence_N * correct_N]
  fields += [] if binary else [correct_N ** 2]
  width = sums(width_N, *fields)
  graded = width[2] if binary else width[5]
  found = errors.brier(errors.BinSums(
      width[0], width[1], width[2], width[3], width[4], graded))
  gaps = {'width': (width[1] - width[2], width[0])}
  fields = [ones_N, gap_N, correct_N] + ([] if binary else [correct_N ** 2])
  mass = sums(mass_N, *fields)
  gaps['mass'] = (mass[1], mass[0])
  found['ece_debiased'] = errors.gap_debiased(
      mass[1], mass[0], mass[2], mass[2] if binary else mass[3])
  sweep = sums(sweep_N, ones_N, gap_N)
  gaps['sweep'] = (sweep[1], sweep[0])
  for name, (gap, count) in gaps.items():
    for norm in ('l1', 'l2'):
      found[f'ece_{name}_{norm}'] = errors.gap_ece(gap, count, norm)
  found['ece_smooth'] = calibration_smooth.smooth_draws(
      confidence_N, gap_N, counts_NR, bandwidth)[None]
  return {name: values[0] for name, values in found.items()}
