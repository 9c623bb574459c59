"""Distributions over choices that stand on a scale: how far apart, how far off.

Entropy sees no difference between people split over two neighbours and people
split over both ends of a scale. What is here does: it reads the cumulative
shares F_k = Σ_{j ≤ k} p_j at the K − 1 cuts between neighbouring choices.

Rows may have fewer choices than the arrays are wide: a place whose scale is
NaN is no choice.
"""

from collections.abc import Callable, Mapping

import numpy as np

from uncertainty.measures import registry


def _ordered(shares_NC: np.ndarray, scale_NC: np.ndarray
             ) -> tuple[np.ndarray, np.ndarray]:
  """Shares and places of the choices in ascending order, NaN places last."""
  shares_NC = np.asarray(shares_NC, np.float64)
  scale_NC = np.broadcast_to(np.asarray(scale_NC, np.float64), shares_NC.shape)
  order_NC = np.argsort(scale_NC, axis=-1)  # NaN last
  scale_NC = np.take_along_axis(scale_NC, order_NC, -1)
  shares_NC = np.take_along_axis(shares_NC, order_NC, -1)
  return np.where(np.isnan(scale_NC), 0.0, shares_NC), scale_NC


def _mean_of_cuts(values_NC: np.ndarray, scale_NC: np.ndarray) -> np.ndarray:
  """[N] mean over the cuts between choices; NaN for fewer than two."""
  is_cut_NC = ~np.isnan(scale_NC[..., 1:])
  n_N = is_cut_NC.sum(-1)
  total_N = np.where(is_cut_NC, values_NC[..., :-1], 0.0).sum(-1)
  return np.where(n_N > 0, total_N / np.maximum(n_N, 1), np.nan)


def ordinal_entropy(shares_NC: np.ndarray, scale_NC: np.ndarray) -> np.ndarray:
  """Mean entropy of the cuts, Σ_k h(F_k) / (K − 1).

  Here h(F) = −F log₂ F − (1 − F) log₂(1 − F). It is the binary entropy of "up
  to here or beyond", averaged over the cuts.

  Args:
    shares_NC: rows of shares, each summing to 1.
    scale_NC: where each choice stands, of each row or of all; only the order
      counts. NaN: no choice.

  Returns:
    [N] 0 if all is on one choice to 1 if half is on either end; NaN for fewer
    than two choices.

  Source:
    Vogel & Dobbener 1982, Ein Streuungsmaß für komparative Merkmale; one of
    the family of ordinal measures of Kiesl 2003.
  """
  shares_NC, scale_NC = _ordered(shares_NC, scale_NC)
  below_NC = np.clip(np.cumsum(shares_NC, -1), 0, 1)
  with np.errstate(divide='ignore', invalid='ignore'):
    bits_NC = -np.sum([np.where(f > 0, f * np.log2(f), 0.0)
                       for f in (below_NC, 1 - below_NC)], axis=0)
  return _mean_of_cuts(bits_NC, scale_NC)


def ordinal_variation(shares_NC: np.ndarray, scale_NC: np.ndarray
                      ) -> np.ndarray:
  """Ordinal variation, 4 Σ_k F_k (1 − F_k) / (K − 1).

  It is 1 − l² of Blair & Lacy, the squared distance of the cuts from the
  opposite of consensus (F_k = ½ everywhere).

  Args:
    shares_NC: rows of shares, each summing to 1.
    scale_NC: as `ordinal_entropy` takes it.

  Returns:
    [N] 0 if all is on one choice to 1 if half is on either end; NaN for fewer
    than two choices.

  Source:
    Blair & Lacy 2000, Statistics of ordinal variation. Sociological Methods &
    Research 28; with |·| in place of squares it is 1 − Leik's consensus
    (1966).
  """
  shares_NC, scale_NC = _ordered(shares_NC, scale_NC)
  below_NC = np.clip(np.cumsum(shares_NC, -1), 0, 1)
  return _mean_of_cuts(4 * below_NC * (1 - below_NC), scale_NC)


def scale_sd(shares_NC: np.ndarray, scale_NC: np.ndarray) -> np.ndarray:
  """Standard deviation of the choices' places under the shares.

  Args:
    shares_NC: rows of shares, each summing to 1.
    scale_NC: where each choice stands, of each row or of all; NaN: no choice.

  Returns:
    [N] in units of the scale; NaN for fewer than two choices.
  """
  shares_NC, scale_NC = _ordered(shares_NC, scale_NC)
  place_NC = np.nan_to_num(scale_NC)
  mean_N = (shares_NC * place_NC).sum(-1)
  variance_N = (shares_NC * (place_NC - mean_N[..., None]) ** 2).sum(-1)
  enough_N = (~np.isnan(scale_NC)).sum(-1) > 1
  return np.where(enough_N, np.sqrt(variance_N), np.nan)


def wasserstein(p_NC: np.ndarray, q_NC: np.ndarray, scale_NC: np.ndarray
                ) -> np.ndarray:
  """Wasserstein-1 distance, Σ_k |F_k − G_k| (x_{k+1} − x_k) / (x_K − x_1).

  The least share of probability times way, over the whole scale, that must be
  moved to make one distribution the other.

  Args:
    p_NC: rows of shares, each summing to 1.
    q_NC: rows of shares, each summing to 1.
    scale_NC: where each choice stands, of each row or of all; NaN: no choice.

  Returns:
    [N] 0 if equal to 1 if each is wholly on another end; NaN for fewer than
    two choices.

  Source:
    Vaserstein 1969; in one dimension by the cumulative shares, Vallender 1974.
  """
  p_NC, ordered_NC = _ordered(p_NC, scale_NC)
  q_NC, _ = _ordered(q_NC, scale_NC)
  gap_NC = np.abs(np.cumsum(p_NC - q_NC, -1))
  steps_NC = np.nan_to_num(np.diff(ordered_NC, axis=-1))
  range_N = steps_NC.sum(-1)
  moved_N = (gap_NC[..., :-1] * steps_NC).sum(-1)
  return np.where(range_N > 0, moved_N / np.where(range_N > 0, range_N, 1),
                  np.nan)


# Those of one distribution, by name.
MEASURES: Mapping[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    registry.ORDINAL_ENTROPY: ordinal_entropy,
    registry.ORDINAL_VARIATION: ordinal_variation,
    registry.SCALE_SD: scale_sd,
}
