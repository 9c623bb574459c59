"""Smooth expected calibration error (Błasiok & Nakkiran 2024, smECE).

Residuals (confidence − grade) are smoothed along confidence with a Gaussian
reflected at 0 and 1; smECE_σ integrates the absolute result, and smECE is the
σ where smECE_σ = σ: no bins, and continuous in the confidences.

The reflected Gaussian is the heat kernel on [0, 1], so in the cosine basis
smoothing multiplies coefficient k by exp(−(π k σ)² / 2): one cosine transform
per bandwidth tried, for all rows at once.
"""

import dataclasses

import numpy as np
import scipy.fft

from uncertainty.types import UserError

_GRID = 2048  # intervals that residuals are binned to, linearly
_STEPS = 12  # halvings in search of the bandwidth
_LEAST_WIDTH = 1e-3


@dataclasses.dataclass(frozen=True)
class SmoothECE:
  """The error and the bandwidth it was found at, [M] each."""

  value_M: np.ndarray
  bandwidth_M: np.ndarray


def smooth_ece(
    confidence_MN: np.ndarray, correct_MN: np.ndarray,
    bandwidth_M: np.ndarray | None = None) -> SmoothECE:
  """The smooth calibration error of every row, over items where both are known.

  smECE_σ = ∫ |Σ_i K_σ(t, c_i) (c_i − a_i)| dt / n, K_σ the Gaussian reflected
  at 0 and 1.

  Args:
    confidence_MN: in [0, 1]; NaN left out.
    correct_MN: grades in [0, 1]; NaN left out.
    bandwidth_M: σ to smooth with; None: the σ where smECE_σ = σ.

  Returns:
    value and bandwidth, equal to within 1/4096 where it was looked for; NaN
    for rows without items.

  Raises:
    UserError: a confidence outside [0, 1].

  Source:
    Błasiok & Nakkiran 2024, Smooth ECE: principled reliability diagrams via
    kernel smoothing.
  """
  spectrum = _spectrum(confidence_MN, correct_MN)
  if bandwidth_M is None:
    bandwidth_M = _fixed_point(spectrum)
  value_M = _error(spectrum, np.asarray(bandwidth_M, np.float64))
  empty = np.isnan(spectrum[:, 0])
  return SmoothECE(value_M, np.where(empty, np.nan, bandwidth_M))


def _fixed_point(spectrum: np.ndarray) -> np.ndarray:
  """[M] where smECE_σ falls below σ, by halving."""
  low, high = np.zeros(len(spectrum)), np.ones(len(spectrum))
  for _ in range(_STEPS):
    middle = (low + high) / 2
    small = (middle > _LEAST_WIDTH) & (middle >= _error(spectrum, middle))
    settled = middle <= _LEAST_WIDTH
    high = np.where(small, middle, high)
    low = np.where(small | settled, low, middle)
  return high


def smooth_draws(
    confidence_N: np.ndarray, gap_N: np.ndarray, counts_NR: np.ndarray,
    bandwidth: float) -> np.ndarray:
  """[R] smECE_σ of one row in every resample, at one bandwidth.

  Args:
    confidence_N: in [0, 1], nothing missing.
    gap_N: confidence − grade.
    counts_NR: float32 weights of items in resamples.
    bandwidth: σ.

  Returns:
    [R] in [0, 1].
  """
  width = max(float(bandwidth), _LEAST_WIDTH)
  n_waves = int(np.ceil(4.5 / (np.pi * width))) + 1  # the rest is < 5e-5
  n_points = max(64, int(np.ceil(4 / width)))
  wave = np.arange(n_waves)
  decay = np.exp(-((np.pi * wave * width) ** 2) / 2) * np.where(wave, 2, 1)
  points = (np.arange(n_points) + 0.5) / n_points
  analysis = _waves(np.cos(np.pi * confidence_N), n_waves) * gap_N
  synthesis = _waves(np.cos(np.pi * points), n_waves).T * decay
  if n_waves + n_points < len(confidence_N):
    waves_R = analysis.astype(np.float32) @ counts_NR
    curve = synthesis.astype(np.float32) @ waves_R
  else:
    curve = (synthesis @ analysis).astype(np.float32) @ counts_NR
  np.abs(curve, out=curve)
  return curve.mean(0) / counts_NR.sum(0)


def _waves(cosine_N: np.ndarray, n_waves: int) -> np.ndarray:
  """[K, N] cosines of multiples of an angle, by Chebyshev's recurrence."""
  waves_KN = np.ones((max(n_waves, 2), len(cosine_N)))
  waves_KN[1] = cosine_N
  for k in range(2, n_waves):
    waves_KN[k] = 2 * cosine_N * waves_KN[k - 1] - waves_KN[k - 2]
  return waves_KN[:n_waves]


def _spectrum(confidence_MN, correct_MN) -> np.ndarray:
  """[M, G + 1] cosine coefficients of the mean residual at each confidence."""
  confidence = np.asarray(confidence_MN, np.float64)
  gap = confidence - np.asarray(correct_MN, np.float64)
  known = ~np.isnan(gap)
  if np.any(known & ((confidence < 0) | (confidence > 1))):
    raise UserError(
        'confidence must lie in [0, 1]; map the measure to confidence first')
  place = np.where(known, confidence, 0) * _GRID
  left = np.minimum(place.astype(np.int64), _GRID - 1)
  part = place - left
  gap = np.where(known, gap, 0)
  offset = (_GRID + 1) * np.arange(len(gap))[:, None]
  size = len(gap) * (_GRID + 1)
  mass = np.bincount((left + offset).ravel(), (gap * (1 - part)).ravel(), size)
  mass += np.bincount((left + 1 + offset).ravel(), (gap * part).ravel(), size)
  mass = mass.reshape(len(gap), _GRID + 1)
  # DCT-I doubles what is inside the interval.
  mass[:, 1:-1] /= 2
  n = known.sum(-1, keepdims=True)
  with np.errstate(invalid='ignore', divide='ignore'):
    total = np.asarray(scipy.fft.dct(mass, type=1, axis=-1))
    return total / np.where(n > 0, n, np.nan)


def _error(spectrum, bandwidth_M) -> np.ndarray:
  wave = np.arange(spectrum.shape[1])
  decay = np.exp(-((np.pi * bandwidth_M[:, None] * wave) ** 2) / 2)
  curve = np.abs(np.asarray(
      scipy.fft.dct(spectrum * decay, type=1, axis=-1)))
  inner = curve[:, 1:-1].sum(-1) + (curve[:, 0] + curve[:, -1]) / 2
  return inner / _GRID
