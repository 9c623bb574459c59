"""Activations in which directions are planted, and what probes are worth there.

A layer's activations are D independent normals plus, along fixed directions,
the model's latent uncertainty u (which its output shows), the items' difficulty
t (which people's accuracy shows) and what people disagree on, z. The last is
the signal: it tells of people's entropy beyond the other two.
"""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import scipy.special

from uncertainty.probes import forward
from uncertainty.probes.fits import folds as folds_lib
from uncertainty.results import columns

_SHADE = 0.6  # correlation of z with −t
_LAYER_SHARES = (0.2, 0.5, 0.8, 1.0, 0.8, 0.5)  # of z's strength


@dataclasses.dataclass(frozen=True)
class Planted:
  """What activations hold.

  Attributes:
    people: length of z's part where it is longest.
    output: of u's and t's parts.
    width: D.
  """

  people: float = 0.0
  output: float = 1.0
  width: int = 24


def difficulty(z_N: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
  """Share of other people who are right, Φ(t).

  Args:
    z_N: what people disagree on.
    rng: of what else makes items easy.

  Returns:
    A column of a results table.
  """
  t_N = -_SHADE * z_N + np.sqrt(1 - _SHADE ** 2) * rng.normal(size=len(z_N))
  return {columns.HUMAN_MC_PROP_CORRECT: scipy.special.ndtr(t_N)}


def activations(
    planted: Planted, m: int, u_N: np.ndarray, z_N: np.ndarray,
    people: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
  """A model's activations.

  Args:
    planted: what they hold.
    m: which model; its directions are the same in every study.
    u_N: its latent uncertainty.
    z_N: what people disagree on.
    people: table with the column of `difficulty`.
    rng: of the normals.

  Returns:
    [N, L, D].
  """
  t_N = scipy.special.ndtri(people[columns.HUMAN_MC_PROP_CORRECT].to_numpy())
  shape = len(_LAYER_SHARES), planted.width
  found = rng.normal(size=(len(u_N), *shape))
  own = np.random.default_rng((m, 5))
  strengths = (np.full(len(_LAYER_SHARES), planted.output),
               np.full(len(_LAYER_SHARES), planted.output),
               planted.people * np.array(_LAYER_SHARES))
  for latent_N, strength_L in zip((u_N, t_N, z_N), strengths, strict=True):
    way_LD = own.normal(size=shape)
    way_LD /= np.linalg.norm(way_LD, axis=1, keepdims=True)
    found += latent_N[:, None, None] * (strength_L[:, None] * way_LD)
  return found


def worth(
    acts_NLD: np.ndarray, frame: pd.DataFrame, many_MLD: np.ndarray,
    many: pd.DataFrame, seed: int) -> float:
  """What a study's own probes are worth on many other items.

  The fits are those of `probes.forward.table`: the other items are tested
  beside its own, each fold on its own part of them.

  Args:
    acts_NLD: the study's activations.
    frame: its results table.
    many_MLD: activations of other items of the same world.
    many: their results table.
    seed: of the study.

  Returns:
    The partial correlation, averaged over blocks by their items.
  """
  n = len(frame)
  base_NQ = forward.baseline(frame)
  base_MQ = forward.baseline(many, like=frame)
  target_M = many[forward.TARGET].to_numpy(float)
  groups = forward.clusters(frame)
  folds = forward.blocks(groups, seed)
  parts = np.array_split(n + np.arange(len(many)), folds.n_folds)
  found = forward.scores(
      np.concatenate([acts_NLD, many_MLD]),
      np.concatenate([frame[forward.TARGET].to_numpy(float), target_M]),
      np.concatenate([base_NQ, base_MQ]),
      folds_lib.from_splits(
          [(folds.train(f), part) for f, part in enumerate(parts)],
          n + len(many)),
      groups + [f'other {i}' for i in range(len(many))], seed)
  residual_M = forward.residual(target_M, base_MQ)
  r_F = [np.corrcoef(residual_M[part - n], found.score_N[part])[0, 1]
         for part in parts]
  return float(np.average(r_F, weights=folds.n_tests))
