"""Activations in which directions are planted, and what probes are worth there.

A layer's activations are D independent normals plus, along fixed directions,
the model's latent uncertainty u (which its output shows), the items' difficulty
t (which people's accuracy shows), what people disagree on, z, and what the
model is in doubt about when it writes, w. The last two are the signals: they
tell of people's entropy, and of sampled answers, beyond the others.
"""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import scipy.special

from uncertainty.analysis.statistics import separation
from uncertainty.measures import registry
from uncertainty.probes import doubt, forward
from uncertainty.probes.fits import folds as folds_lib
from uncertainty.results import columns

_SHADE = 0.6  # correlation of z with −t
_LAYER_SHARES = (0.2, 0.5, 0.8, 1.0, 0.8, 0.5)  # of z's and w's strength
_N_SAMPLES, _MEANINGS = 10, 6


@dataclasses.dataclass(frozen=True)
class Planted:
  """What activations hold.

  Attributes:
    people: length of z's part where it is longest.
    output: of u's and t's parts.
    width: D.
    doubt: length of w's part where it is longest; None: no answer is sampled.
    shown: correlation of w with u.
  """

  people: float = 0.0
  output: float = 1.0
  width: int = 24
  doubt: float | None = None
  shown: float = 0.0


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


@dataclasses.dataclass(frozen=True)
class Samples:
  """Sampled answers of a model.

  Attributes:
    doubt_N: w.
    columns: of a results table.
  """

  doubt_N: np.ndarray
  columns: dict[str, Any]


def samples(planted: Planted, u_N: np.ndarray, rng: np.random.Generator,
            ) -> Samples:
  """Ten answers an item: their meanings, and how many are right.

  Of an item in doubt w, each answer is the same one with probability
  1 − Φ(w), else one of six alike; another Φ(−w) of the ten are right.

  Args:
    planted: of `shown`.
    u_N: the model's latent uncertainty.
    rng: of doubt and answers.

  Returns:
    The doubt; semantic_entropy_discrete (nats) and sample_share_correct.
  """
  w_N = planted.shown * u_N + np.sqrt(1 - planted.shown ** 2) * rng.normal(
      size=len(u_N))
  share_N1 = scipy.special.ndtr(w_N)[:, None]
  meanings_NK = rng.multinomial(_N_SAMPLES, (
      (1 - share_N1) * np.eye(_MEANINGS)[0] + share_N1 / _MEANINGS))
  p_NK = meanings_NK / _N_SAMPLES
  return Samples(w_N, {
      registry.SEMANTIC_ENTROPY_DISCRETE: -scipy.special.xlogy(
          p_NK, p_NK).sum(1),
      columns.SAMPLE_SHARE_CORRECT: rng.binomial(
          _N_SAMPLES, scipy.special.ndtr(-w_N)) / _N_SAMPLES})


def activations(
    planted: Planted, m: int, u_N: np.ndarray, z_N: np.ndarray,
    people: pd.DataFrame, rng: np.random.Generator,
    doubt_N: np.ndarray | None = None) -> np.ndarray:
  """A model's activations.

  Args:
    planted: what they hold.
    m: which model; its directions are the same in every study.
    u_N: its latent uncertainty.
    z_N: what people disagree on.
    people: table with the column of `difficulty`.
    rng: of the normals.
    doubt_N: w, where answers are sampled.

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
  latents = [*zip((u_N, t_N, z_N), strengths, strict=True)]
  if doubt_N is not None:
    latents.append((doubt_N, (planted.doubt or 0.0) * np.array(_LAYER_SHARES)))
  for latent_N, strength_L in latents:
    way_LD = own.normal(size=shape)
    way_LD /= np.linalg.norm(way_LD, axis=1, keepdims=True)
    found += latent_N[:, None, None] * (strength_L[:, None] * way_LD)
  return found


def worth(
    acts_NLD: np.ndarray, frame: pd.DataFrame, many_MLD: np.ndarray,
    many: pd.DataFrame, seed: int, name: str = '',
) -> float:
  """What a study's own probes are worth on many other items.

  The fits are those of `probes.forward.table`, or of a probe of doubt in
  `probes.doubt_table.forward_table`: the other items are tested beside its
  own, each fold on its own part of them.

  Args:
    acts_NLD: the study's activations.
    frame: its results table.
    many_MLD: activations of other items of the same world.
    many: their results table.
    seed: of the study.
    name: of a probe of doubt whose target is meant; '': people's entropy.

  Returns:
    The partial correlation, averaged over blocks by their items.
  """
  probe = doubt.PROBES.get(name)
  target = probe.column if probe else forward.TARGET
  if probe:
    base_NQ = doubt.baseline(frame, probe)
    base_MQ = doubt.baseline(many, probe, like=frame)
  else:
    base_NQ = forward.baseline(frame)
    base_MQ = forward.baseline(many, like=frame)
  target_M = many[target].to_numpy(float)
  both = _beside(frame, len(many), seed)
  found = forward.scores(
      np.concatenate([acts_NLD, many_MLD]),
      np.concatenate([frame[target].to_numpy(float), target_M]),
      np.concatenate([base_NQ, base_MQ]), both.folds, both.groups, seed)
  residual_M = forward.residual(target_M, base_MQ)
  n = len(frame)
  r_F = [np.corrcoef(residual_M[part - n], found.score_N[part])[0, 1]
         for part in map(both.folds.test, range(both.folds.n_folds))]
  return float(np.average(r_F, weights=both.weights_F))


def separation_worth(
    acts_NLD: np.ndarray, frame: pd.DataFrame, many_MLD: np.ndarray,
    many: pd.DataFrame, seed: int, name: str, *, whole: bool = False,
) -> float:
  """The AUROC of a study's own probes of doubt on many other items.

  Args:
    acts_NLD: the study's activations, or of the data set that it fits to.
    frame: its results table.
    many_MLD: activations of other items of the same world.
    many: their results table.
    seed: of the study.
    name: of a probe of doubt.
    whole: whether all of its items train one probe, as for another data set;
      else blocks of them, one after another.

  Returns:
    The AUROC, averaged over blocks by their items.
  """
  probe = doubt.PROBES[name]
  both = _beside(frame, len(many), seed, whole=whole)
  found = doubt.read(
      np.concatenate([acts_NLD, many_MLD]),
      np.concatenate([x[probe.column].to_numpy(float) for x in (frame, many)]),
      both.folds, both.groups, probe, seed)
  value_F = [separation.auroc(found.score_N[part], found.label_N[part]).value
             for part in map(both.folds.test, range(both.folds.n_folds))]
  return float(np.average(value_F, weights=both.weights_F))


@dataclasses.dataclass(frozen=True)
class _Beside:
  """Other items, tested in place of a study's own.

  Attributes:
    folds: over both.
    groups: of both.
    weights_F: items that each fold tests in the study.
  """

  folds: folds_lib.Folds
  groups: list[str]
  weights_F: np.ndarray


def _beside(frame: pd.DataFrame, n_others: int, seed: int, *,
            whole: bool = False) -> _Beside:
  n, groups = len(frame), forward.clusters(frame)
  if whole:
    trains, weights_F = [np.arange(n)], np.ones(1)
  else:
    folds = forward.blocks(groups, seed)
    trains = [folds.train(f) for f in range(folds.n_folds)]
    weights_F = folds.n_tests
  parts = np.array_split(n + np.arange(n_others), len(trains))
  return _Beside(
      folds_lib.from_splits(
          list(zip(trains, parts, strict=True)), n + n_others),
      groups + [f'other {i}' for i in range(n_others)], weights_F)
