"""The lowest fifth of items, whichever are tied at its edge."""

import numpy as np

from uncertainty.results import derived

_LEAST = 10  # items; fewer have no fifths worth the name


def lowest(values_N: np.ndarray, known_N: np.ndarray) -> np.ndarray:
  """Weights of the items that make up the lowest fifth.

  Items tied at the edge share what is left of it, so that no order of storage
  decides.

  Args:
    values_N: what the items are ordered by.
    known_N: the items that count, at least one.

  Returns:
    [N] weights, summing to 1; 0 outside the fifth.
  """
  known_n = values_N[known_N]
  size = len(known_n) / 5
  edge = np.sort(known_n)[int(np.ceil(size)) - 1]
  below, tied = known_n < edge, known_n == edge
  weights = below + tied * (size - below.sum()) / tied.sum()
  found_N = np.zeros(len(values_N))
  found_N[known_N] = weights / weights.sum()
  return found_N


def means(graded_N: np.ndarray, doubt_N: np.ndarray,
          ) -> list[tuple[str, float, int]]:
  """How often a model is right where it is surest, and where least sure.

  Args:
    graded_N: 1 right, 0 wrong; NaN where not known.
    doubt_N: high where it is unsure; NaN where not known.

  Returns:
    Name, share right and items behind both of `surest_fifth` and
    `least_sure_fifth`; [] of fewer than 10 items.
  """
  known_N = ~np.isnan(graded_N + doubt_N)
  n = int(known_N.sum())
  if n < _LEAST:
    return []
  right_N = np.where(known_N, graded_N, 0)
  return [(name, float(lowest(sign * doubt_N, known_N) @ right_N), n)
          for name, sign in ((derived.SUREST_FIFTH, 1),
                             (derived.LEAST_SURE_FIFTH, -1))]
