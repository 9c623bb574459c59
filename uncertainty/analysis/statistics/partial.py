"""Partial rank correlations, and blocks of rows that share a control."""

import dataclasses
from collections.abc import Iterator

import numpy as np
from scipy import special


def partial_correlation(
    r_xy: np.ndarray, r_xz: np.ndarray, r_yz: np.ndarray) -> np.ndarray:
  """Correlation of x and y with one z held fixed, from plain ones.

  (r_xy − r_xz r_yz) / √((1 − r_xz²)(1 − r_yz²)).

  Args:
    r_xy: of any shape, as the others.
    r_xz: of x with what is held fixed.
    r_yz: of y with it.

  Returns:
    NaN or infinite where z determines x or y.
  """
  with np.errstate(invalid='ignore', divide='ignore'):
    return (r_xy - r_xz * r_yz) / np.sqrt((1 - r_xz**2) * (1 - r_yz**2))


def partial_p_value(r: np.ndarray, n: int, n_controls: int = 1) -> np.ndarray:
  """Two-sided p by Student's t with n − 2 − controls degrees of freedom.

  Args:
    r: partial correlations, any shape.
    n: items behind them.
    n_controls: variables held fixed.

  Returns:
    p, of r's shape; NaN where r is.
  """
  freedom = n - 2 - n_controls
  with np.errstate(invalid='ignore', divide='ignore'):
    t = np.abs(r) * np.sqrt(freedom / (1 - np.square(r)))
  return 2 * special.stdtr(freedom, -t)


@dataclasses.dataclass(frozen=True)
class Block:
  """Measures that know the same items and meet the same control."""

  rows: np.ndarray
  items: np.ndarray
  control_N: np.ndarray  # over `items`


def alike(
    values_MN: np.ndarray, people_N: np.ndarray, control_MN: np.ndarray,
) -> Iterator[Block]:
  """Groups measures whose correlations can be taken in one block.

  Args:
    values_MN: measures; NaN where missing.
    people_N: the human signal.
    control_MN: what is held fixed, for each measure.

  Yields:
    A block per set of known items and values of the control.
  """
  known_MN = np.isfinite(values_MN + people_N + control_MN)
  groups: dict[tuple[bytes, bytes], list[int]] = {}
  for m, known in enumerate(known_MN):
    key = known.tobytes(), control_MN[m, known].tobytes()
    groups.setdefault(key, []).append(m)
  for rows in groups.values():
    items = np.flatnonzero(known_MN[rows[0]])
    yield Block(np.array(rows), items, control_MN[rows[0], items])


def fisher_interval(
    r: float, n: float, level: float) -> tuple[float, float]:
  """Fisher z interval of a rank correlation.

  tanh(artanh r ± z √((1 + r²/2)/(n − 3))).

  Args:
    r: the correlation.
    n: items behind it; one less for each variable held fixed.
    level: nominal coverage.

  Returns:
    The ends; NaN with 3 items or fewer, and at |r| = 1.

  Source: Bonett & Wright 2000.
  """
  if n <= 3 or not np.isfinite(r) or abs(r) >= 1:
    return float('nan'), float('nan')
  half = special.ndtri((1 + level) / 2) * np.sqrt((1 + r**2 / 2) / (n - 3))
  return float(np.tanh(np.arctanh(r) - half)), float(
      np.tanh(np.arctanh(r) + half))
