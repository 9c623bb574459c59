"""Stated confidence whose distance from what a model holds is known.

Words that would hold c on average say c + g (1 − c), or c + g c where g is
below 0. Items differ around that, clusters in part together, without moving
the mean; what is said is rounded up or down to tenths, at random so that the
mean stays. One reply in ten cannot be read.
"""

import numpy as np
import scipy.special

from uncertainty.measures import registry

_UNREAD = 0.1


def of_model(
    shift: float, confidence_N: np.ndarray, correct_N: np.ndarray,
    item_N: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
  """Columns of the task `verbal`.

  Args:
    shift: g, in [−1, 1].
    confidence_N: c, what the model holds.
    correct_N: whether its answer is right.
    item_N: standard normals, by which items differ.
    rng: of the rounding and of what cannot be read.

  Returns:
    Stated confidence, NaN where it cannot be read, and the answer's grade.
  """
  mean_N = confidence_N + shift * np.where(
      shift > 0, 1 - confidence_N, confidence_N)
  reach_N = np.minimum(mean_N, 1 - mean_N)
  said_N = mean_N + reach_N * (2 * scipy.special.ndtr(item_N) - 1)
  said_N = np.floor(10 * said_N + rng.random(len(said_N))) / 10
  stated = registry.PRIMARY['verbal']
  return {
      stated: np.where(rng.random(len(said_N)) < _UNREAD, np.nan, said_N),
      registry.subject(stated).grade: correct_N.astype(float)}
