"""Partial rank correlations, and blocks of rows that share a control."""

import dataclasses
from collections.abc import Iterator

import numpy as np
from scipy import special

from uncertainty.analysis.statistics import grouping, ranking


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
class Errors:
  """Of (partial) rank correlations.

  Attributes:
    r_M: the correlations.
    error_M: standard errors of their Fisher z; NaN where there is none.
    freedom: degrees of freedom of their Student's t.
    p_value_M: two-sided, of no correlation.
  """

  r_M: np.ndarray
  error_M: np.ndarray
  freedom: float
  p_value_M: np.ndarray

  def interval(self, m: int, level: float) -> tuple[float, float]:
    """Of one of the correlations: tanh(artanh r ± t error).

    Args:
      m: which.
      level: nominal coverage.

    Returns:
      The ends; NaN without an error, and at |r| = 1.
    """
    r, error = float(self.r_M[m]), float(self.error_M[m])
    if not (error > 0 and abs(r) < 1):
      return float('nan'), float('nan')
    half = error * (special.ndtri((1 + level) / 2) if np.isinf(self.freedom)
                    else special.stdtrit(self.freedom, (1 + level) / 2))
    return _ends(r, half)


def errors_of(
    r_M: np.ndarray, x_MN: np.ndarray, y_N: np.ndarray,
    label_N: np.ndarray | None, z_N: np.ndarray | None = None) -> Errors:
  """Errors of (partial) rank correlations, over whole clusters of items.

  Of items that stand alone, those of `fisher_interval` and `partial_p_value`.
  Of clusters: a pair of standardised ranks u and v, less what z's ranks tell of
  them, moves their correlation by (u v − r (u² + v²) / 2) / N; what a cluster's
  items move it by is summed first.

  Args:
    r_M: correlations of each measure with the signal.
    x_MN: the measures, no value missing.
    y_N: the signal over the same items.
    label_N: each item's cluster; None where each stands alone.
    z_N: what is held fixed; None: nothing.

  Returns:
    The errors; NaN with fewer than 3 clusters.
  """
  n, held = len(y_N), int(z_N is not None)
  with np.errstate(invalid='ignore', divide='ignore'):
    # Bonett & Wright's (2000) factor for ranks.
    factor_M = 1 + np.square(r_M) / 2
    if label_N is None:
      error_M = np.sqrt(factor_M / max(n - held - 3, 0))
      return Errors(r_M, np.where(np.isinf(error_M), np.nan, error_M), np.inf,
                    partial_p_value(r_M, n, held))
    ranks_XN = _standard(ranking.midranks(np.vstack([x_MN, y_N])))
    if z_N is not None:
      held_N = _standard(ranking.midranks(z_N[None]))[0]
      ranks_XN = _standard(
          ranks_XN - np.outer(ranks_XN @ held_N / n, held_N))
    u_MN, v_N = ranks_XN[:-1], ranks_XN[-1]
    moved_MN = u_MN * v_N - r_M[:, None] * (u_MN ** 2 + v_N ** 2) / 2
    place_N = np.unique(label_N, return_inverse=True)[1]
    n_clusters = int(place_N.max()) + 1
    moved_MG = np.zeros((len(u_MN), n_clusters))
    np.add.at(moved_MG.T, place_N, moved_MN.T)
    square_M = (moved_MG ** 2).sum(1) * n_clusters / max(n_clusters - 1, 1)
    error_M = np.sqrt(square_M * factor_M) / n / (1 - np.square(r_M))
    if n_clusters < 3:
      error_M = np.full(len(r_M), np.nan)
    freedom = max(grouping.effective_number(label_N) - 1, 1.0)
    return Errors(r_M, error_M, freedom, 2 * special.stdtr(
        freedom, -np.abs(np.arctanh(r_M)) / error_M))


def _standard(values_XN: np.ndarray) -> np.ndarray:
  rest_XN = values_XN - values_XN.mean(1, keepdims=True)
  return rest_XN / np.sqrt(np.mean(rest_XN ** 2, 1, keepdims=True))


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
  return _ends(r, half)


def _ends(r: float, half: float) -> tuple[float, float]:
  """Of an interval that reaches so far on Fisher's z."""
  z = np.arctanh(r)
  return float(np.tanh(z - half)), float(np.tanh(z + half))
