"""Steered rows whose truth is known.

Along a direction, an item's choice entropy moves by dose · (e + j_i): e is the
direction's own, and j_i the item's, which clusters share in part. Directions
of shuffled labels have e ~ N(0, spread); the labelled one has `effect` more.
"""

import dataclasses

import numpy as np
import pandas as pd

from uncertainty.results import columns
from uncertainty.results import steering_columns as cols

ALONG = 'people_entropy'
_DOSE = 1.0


@dataclasses.dataclass(frozen=True)
class Steered:
  """How a model answers to steering.

  Attributes:
    effect: of the labels: mean of e along the labelled direction.
    spread: sd of e over directions.
    item: sd of j over items.
    curve: choice entropy that any steering adds, either way.
    n_controls: directions of shuffled labels.
  """

  effect: float = 0.0
  spread: float = 0.02
  item: float = 0.05
  curve: float = 0.02
  n_controls: int = 5


def rows(steered: Steered, frame: pd.DataFrame, item_XN: np.ndarray,
         rng: np.random.Generator) -> pd.DataFrame:
  """What the stage `steer` would write of one model.

  Args:
    steered: how it answers.
    frame: its results table.
    item_XN: standard normals of each direction and item.
    rng: of the directions.

  Returns:
    Rows of every direction at doses −1 and 1.
  """
  names = [ALONG, *(f'shuffled-{1 + r}' for r in range(steered.n_controls))]
  own_X = steered.spread * rng.normal(size=len(names))
  own_X[0] += steered.effect
  parts = []
  for name, own, item_N in zip(names, own_X, item_XN, strict=True):
    for dose in (-_DOSE, _DOSE):
      parts.append(frame.assign(**{
          cols.ALONG: name, cols.HOW: cols.ADDED, cols.DOSE: dose,
          cols.FOLD: 0, columns.CHOICE_ENTROPY: frame[columns.CHOICE_ENTROPY]
          + dose * (own + steered.item * item_N) + steered.curve}))
  return pd.concat(parts, ignore_index=True)
