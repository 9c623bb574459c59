"""Where to cut numbers into low and high ones."""

import numpy as np


def best_split(values_N: np.ndarray) -> float:
  """The threshold that leaves the least squared error within both groups.

  γ* = argmin_γ Σ_{x ≤ γ} (x − mean of these)² + Σ_{x > γ} (x − mean of
  those)², over all cuts between neighbouring values, in their middle.

  Args:
    values_N: numbers, none missing.

  Returns:
    γ*; the value itself where all are equal.

  Source:
    Kossen et al. 2024, Semantic entropy probes (arXiv 2406.15927), section 4
    and appendix, who search a grid of 100 thresholds.
  """
  x_N = np.sort(np.asarray(values_N, np.float64))
  cut = np.flatnonzero(x_N[1:] > x_N[:-1])  # the last one below
  if not len(cut):
    return float(x_N[0])
  centred_N = x_N - x_N.mean()
  below_N = np.cumsum(centred_N)[:-1]
  n_below_N = np.arange(1, len(x_N))
  # Σ (x − mean)² less what the two means explain; all else is fixed.
  explained_N = below_N**2 / n_below_N + below_N**2 / (len(x_N) - n_below_N)
  best = cut[np.argmax(explained_N[cut])]
  return float((x_N[best] + x_N[best + 1]) / 2)
