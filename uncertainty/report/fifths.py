"""How often a model is right where it is surest, and where least sure."""

import dataclasses

import numpy as np
import pandas as pd

from uncertainty.results import columns as cols
from uncertainty.results import derived


@dataclasses.dataclass(frozen=True)
class Fifths:
  """Of one model on one data set.

  Attributes:
    surest: share right among the fifth of items that it doubts least.
    least: the same among those that it doubts most.
    graded: what right means.
  """

  surest: float
  least: float
  graded: str


_LEAST = 10  # items; fewer have no fifths worth the name


def accuracy(items: pd.DataFrame) -> Fifths | None:
  """Shares right on the surest and the least sure fifth of items.

  Right is the right choice, or people's commonest where nothing is right.
  Items that are tied at a fifth's edge count in part, so that no order of
  storage decides.

  Args:
    items: one model's rows of the table `items`.

  Returns:
    The shares; None where fewer than 10 items have all that is needed.
  """
  if items.empty:
    return None
  by_answer = items[cols.ANSWER].notna().any()
  truth = items[cols.ANSWER if by_answer else derived.HUMAN_CHOICE]
  known = (truth.notna() & items[derived.MODEL_CHOICE].notna()
           & items[derived.MODEL_UNCERTAINTY].notna())
  if known.sum() < _LEAST:
    return None
  right_N = (items[derived.MODEL_CHOICE] == truth)[known].to_numpy(float)
  doubt_N = items.loc[known, derived.MODEL_UNCERTAINTY].to_numpy(float)
  return Fifths(
      _lowest(doubt_N, right_N), _lowest(-doubt_N, right_N),
      'Accuracy' if by_answer else "Agreement with people")


def _lowest(doubt_N: np.ndarray, right_N: np.ndarray) -> float:
  """Share right among the lowest fifth, ties at its edge in part."""
  size = len(doubt_N) / 5
  edge = np.sort(doubt_N)[int(np.ceil(size)) - 1]
  below_N, at_N = doubt_N < edge, doubt_N == edge
  weights_N = below_N + at_N * (size - below_N.sum()) / at_N.sum()
  return float(weights_N @ right_N / size)
