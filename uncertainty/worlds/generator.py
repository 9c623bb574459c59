"""Whole studies with known truth, as results tables.

An item has a latent contestedness z: people's answers to it are a mixture of
one choice and a random distribution, weighed by Φ(z). A model's latent
uncertainty about it is

  u = a z + sqrt(1 − a²) e,   e = sqrt(s) d + sqrt(1 − s) ε,

with d shared by all models and ε its own; a is the model's alignment. Its
confidence is c = 1/K + (1 − 1/K) Φ(b − u), and it is right with probability
0.6 + i (c − 0.6) − gap: where i = 1 its calibration error is exactly |gap|,
where i = 0 confidence says nothing. The gap may lie in the items of largest u
alone, and is as much larger there. Alignment a, boldness b and gap have
effects of family, model, tuning, and tuning within families.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import scipy.special

from uncertainty.results import columns
from uncertainty.worlds import cells as cells_lib
from uncertainty.worlds import clusters, measures
from uncertainty.worlds import people as people_lib
from uncertainty.worlds import planted as planted_lib
from uncertainty.worlds import stated as stated_lib
from uncertainty.worlds import statements as statements_lib
from uncertainty.worlds import steering as steering_lib

Frames = dict[tuple[str, str], pd.DataFrame]
# Pairs in the six families of the published study.
PUBLISHED_FAMILIES = (2, 2, 3, 2, 2, 4)
_SMALLEST = 0.02  # a gap must leave probabilities in [0, 1]
_CENTRE = 0.6  # the accuracy towards which uninformative confidence shrinks


@dataclasses.dataclass(frozen=True)
class Effects:
  """One property of models: its mean, and how it varies.

  Attributes:
    mean: over base models.
    family: sd of families around it.
    model: sd of models within families.
    tuning: mean difference of tuned from base models.
    tuning_family: sd of that difference over families.
    tuning_seed: sd of that difference over tunings of one model.
  """

  mean: float = 0.0
  family: float = 0.0
  model: float = 0.0
  tuning: float = 0.0
  tuning_family: float = 0.0
  tuning_seed: float = 0.0


@dataclasses.dataclass(frozen=True)
class World:
  """What is true of a simulated study.

  Attributes:
    n_items: N.
    n_choices: K.
    n_raters: people asked about each item.
    counts_published: False hides n_raters, as many data sets do.
    decimals: published shares are rounded to so many; None: exact.
    families: number of base/instruct pairs of each family.
    seeds: models that the study tuned itself from each base model, in place of
      an instruct model; 0: none.
    alignment: a; clipped to ±0.95.
    boldness: b.
    gap: confidence less probability of being right; clipped to
      [−0.02, 1/K − 0.02].
    gap_share: q, the share of items, those of largest u, that the gap lies
      in, where it is gap / sqrt(q).
    informative: i.
    joint: correlation of the families' deviations in a with those in b.
    tied: share of the items, those of smallest u, that a model is equally
      sure of: theirs is the largest of these.
    shared: s, the share of a model's own uncertainty that all models share.
    shared_tuned: how much of d tuned models share among themselves only.
    shared_right: the same for which answers are right.
    cluster_size: items that share a passage or subject.
    large_clusters: sizes of further clusters, which come first.
    cluster_share: share of every latent variance that lies between clusters;
      1 makes a cluster's items copies of one another.
    response_time: standardised slope of people's time on z.
    cells: alignment and calibration of every measure of every model; takes
      the place of measures that follow `alignment` and `gap`.
    planted: what activations hold; None: there are none.
    steered: how models answer to steering; None: they are not steered.
    stated: g, how far stated confidence lies above what models hold; None: it
      is not asked for.
    statements: what models read in place of items; None: items, as above.
  """

  n_items: int = 421
  n_choices: int = 4
  n_raters: int = 50
  counts_published: bool = True
  decimals: int | None = 2
  families: tuple[int, ...] = PUBLISHED_FAMILIES
  seeds: int = 0
  alignment: Effects = Effects()
  boldness: Effects = Effects(0.3, 0.2, 0.1)
  gap: Effects = Effects()
  gap_share: float = 1.0
  informative: float = 1.0
  joint: float = 0.0
  tied: float = 0.0
  shared: float = 0.3
  shared_tuned: float = 0.0
  shared_right: float = 0.3
  cluster_size: int = 1
  large_clusters: tuple[int, ...] = ()
  cluster_share: float = 0.0
  response_time: float = 0.5
  cells: cells_lib.Cells | None = None
  planted: planted_lib.Planted | None = None
  steered: steering_lib.Steered | None = None
  stated: float | None = None
  statements: statements_lib.Statements | None = None


@dataclasses.dataclass(frozen=True)
class Models:
  """The drawn models, each base before those tuned from it; arrays are [M]."""

  names: tuple[str, ...]
  family_M: np.ndarray
  size_M: np.ndarray  # billions
  tuned_M: np.ndarray
  alignment_M: np.ndarray
  boldness_M: np.ndarray
  gap_M: np.ndarray


@dataclasses.dataclass(frozen=True)
class Study:
  """A simulated study: what an analysis sees, and the truth behind it.

  Attributes:
    frames: what an analysis sees.
    models: properties behind it.
    cells: properties of their measures, where the world has such.
    activations: model → [N, L, D], where the world has such.
    steered: as `frames`, of steered models, where the world has such.
  """

  frames: Frames
  models: Models
  cells: cells_lib.Drawn | None = None
  activations: Mapping[str, np.ndarray] = dataclasses.field(
      default_factory=dict)
  steered: Frames = dataclasses.field(default_factory=dict)


def simulate(
    world: World, *, seed: int | Sequence[int], all_measures: bool = True
) -> Study:
  """Draws one study; equal worlds and seeds give equal studies.

  Args:
    world: what is true.
    seed: or several numbers that make one.
    all_measures: False leaves out all but those of the choices.

  Returns:
    frames by ('world', model) with the columns that scoring writes, and the
    models' true properties.
  """
  rng = np.random.default_rng(seed)
  models = draw_models(world, rng)
  n_models = len(models.names)
  if world.statements:
    return _of_statements(world.statements, models, rng)
  cluster_N = clusters.numbers(
      world.n_items, world.cluster_size, world.large_clusters)
  latent = _clustered(rng, world, cluster_N, 4 + 2 * n_models)
  z_N, d_N, t_N, tuned_N = latent[:4]
  own_MN, luck_MN = latent[4:4 + n_models], latent[4 + n_models:]
  part_M1 = (world.shared_tuned * models.tuned_M)[:, None]
  d_MN = np.sqrt(1 - part_M1) * d_N + np.sqrt(part_M1) * tuned_N
  noise_MN = (np.sqrt(world.shared) * d_MN
              + np.sqrt(1 - world.shared) * own_MN)
  a_M1 = models.alignment_M[:, None]
  u_MN = np.maximum(a_M1 * z_N + np.sqrt(1 - a_M1 ** 2) * noise_MN,
                    scipy.special.ndtri(world.tied))
  confidence_MN = confidence(u_MN, models.boldness_M[:, None], world)
  luck_MN = scipy.special.ndtr(
      np.sqrt(world.shared_right) * t_N
      + np.sqrt(1 - world.shared_right) * luck_MN)
  correct_MN = luck_MN < right_probability(
      confidence_MN, gap_at(u_MN, models.gap_M[:, None], world), world)
  people = pd.DataFrame(_people_columns(world, z_N, cluster_N, rng))
  answer_N = people[columns.ANSWER].to_numpy()
  drawn = cells_lib.draw(
      world.cells, models.family_M, rng) if world.cells else None
  if world.planted:
    people = people.assign(**planted_lib.difficulty(z_N, rng))
  frames, activations, steered = {}, {}, {}
  for m, name in enumerate(models.names):
    side = measures.of_choices(
        confidence_MN[m], correct_MN[m], answer_N, world.n_choices, rng)
    if all_measures:
      side |= measures.of_tokens(u_MN[m], rng)
    if drawn:
      side |= cells_lib.of_model(
          drawn, m, u_MN[m], z_N, models.boldness_M[m], world.n_choices, rng)
    if world.planted:
      sampled = (planted_lib.samples(world.planted, u_MN[m], rng)
                 if world.planted.doubt is not None else None)
      side |= sampled.columns if sampled else {}
      activations[name] = planted_lib.activations(
          world.planted, m, u_MN[m], z_N, people, rng,
          sampled.doubt_N if sampled else None)
    if world.stated is not None:
      side |= stated_lib.of_model(
          world.stated, confidence_MN[m], correct_MN[m],
          _clustered(rng, world, cluster_N, 1)[0], rng)
    side |= {columns.DATASET: 'world', columns.MODEL: name,
             **_origin(world, models, m)}
    if world.seeds:
      side |= _own_tuning(models, m, people, side)
    frames['world', name] = pd.concat([people, pd.DataFrame(side)], axis=1)
    if world.steered:
      steered['world', name] = steering_lib.rows(
          world.steered, frames['world', name], _clustered(
              rng, world, cluster_N, 1 + world.steered.n_controls), rng)
  return Study(frames, models, drawn, activations, steered)


def _of_statements(
    world: statements_lib.Statements, models: Models, rng: np.random.Generator,
) -> Study:
  """A study of true and false statements, which nobody is asked about."""
  frames = {('world', name): statements_lib.results(world, name)
            for name in models.names}
  return Study(frames, models, activations={
      name: statements_lib.activations(world, m, frames['world', name], rng)
      for m, name in enumerate(models.names)})


def draw_models(world: World, rng: np.random.Generator) -> Models:
  """Models with their family's, their own and their tuning's effects.

  Args:
    world: how they vary.
    rng: of the draws.

  Returns:
    Base models, each before its instruct model or its tunings.
  """
  pairs_F = np.array(world.families)
  ends = ['', *(f'-seed-{s}' for s in range(world.seeds))]
  if not world.seeds:
    ends.append('_Ins')
  family_M = np.repeat(np.arange(len(pairs_F)), len(ends) * pairs_F)
  size_M = np.concatenate([
      np.repeat(np.arange(1, 1 + pairs), len(ends)) for pairs in pairs_F])
  tuned_M = np.tile([bool(end) for end in ends], pairs_F.sum())
  names = tuple(
      f'{_letters(f)}_{1 + i}B{end}'
      for f, pairs in enumerate(pairs_F) for i in range(pairs) for end in ends)
  normal_F = rng.normal(size=(3, len(pairs_F)))
  # Families that align better may also be bolder.
  normal_F[1] = (world.joint * normal_F[0]
                 + np.sqrt(1 - world.joint ** 2) * normal_F[1])
  found = []
  for effect, normal in zip(
      (world.alignment, world.boldness, world.gap), normal_F, strict=True):
    base_F = effect.mean + effect.family * normal
    tuning_F = effect.tuning + effect.tuning_family * rng.normal(
        size=len(pairs_F))
    found.append(base_F[family_M] + tuned_M * tuning_F[family_M]
                 + effect.model * rng.normal(size=len(family_M)))
    if effect.tuning_seed:
      found[-1] += tuned_M * effect.tuning_seed * rng.normal(size=len(family_M))
  return Models(
      names, family_M, size_M, tuned_M, np.clip(found[0], -0.95, 0.95),
      found[1], np.clip(found[2], -_SMALLEST, 1 / world.n_choices - _SMALLEST))


def confidence(
    u: np.ndarray, boldness: np.ndarray | float, world: World) -> np.ndarray:
  """A model's confidence, its largest choice probability.

  1/K + .02 + (1 − 1/K − .04) Φ(b − u): the margins keep confidence less any
  allowed gap a probability.

  Args:
    u: the model's latent uncertainty.
    boldness: b, of a shape that fits.
    world: of K choices.

  Returns:
    Of u's shape, in (1/K + .02, .98).
  """
  least = 1 / world.n_choices
  share = scipy.special.ndtr(boldness - u)
  return least + _SMALLEST + (1 - least - 2 * _SMALLEST) * share


def gap_at(
    u: np.ndarray, gap: np.ndarray, world: World) -> np.ndarray:
  """Confidence less the probability of being right, of items.

  Args:
    u: the model's latent uncertainty.
    gap: root of its mean square, of a shape that fits.
    world: q is its `gap_share`.

  Returns:
    Of u's shape.
  """
  within = u >= -scipy.special.ndtri(world.gap_share)
  return gap * within / np.sqrt(world.gap_share)


def right_probability(
    confidence: np.ndarray, gap: np.ndarray, world: World) -> np.ndarray:
  """Probability of being right, 0.6 + i (c − 0.6) − gap.

  Args:
    confidence: c.
    gap: of a shape that fits.
    world: i is its `informative`.

  Returns:
    Of c's shape.
  """
  return _CENTRE + world.informative * (confidence - _CENTRE) - gap


def _people_columns(world, z_N, cluster_N, rng) -> dict[str, Any]:
  answers = people_lib.answers(
      z_N, rng, n_choices=world.n_choices, n_raters=world.n_raters,
      decimals=world.decimals)
  entropy_N, shares_NK, mode_N = (
      answers.entropy_N, answers.shares_NK, answers.mode_N)
  if world.cluster_share == 1:  # copies of a question: their people, too
    first_N = np.searchsorted(cluster_N, cluster_N)
    entropy_N, shares_NK, mode_N = (
        x[first_N] for x in (entropy_N, shares_NK, mode_N))
  slope = world.response_time
  time_N = 3000 + 800 * (slope * z_N + np.sqrt(1 - slope ** 2) * rng.normal(
      size=len(z_N)))
  known = world.n_raters if world.counts_published else np.nan
  found = {
      columns.ITEM_ID: [f'world-{i:05d}' for i in range(len(z_N))],
      columns.ANSWER: mode_N.astype(float),
      columns.N_CHOICES: world.n_choices,
      columns.HUMAN_SHARES: list(shares_NK), columns.HUMAN_COUNT: float(known),
      columns.HUMAN_ENTROPY: entropy_N, columns.HUMAN_MC_RT_COMBINED: time_N}
  if world.cluster_size > 1 or world.large_clusters:
    found[columns.CLUSTER] = [f'cluster-{c}' for c in cluster_N]
  return found


def _base(models: Models, m: int) -> str:
  """The model that a model was tuned from; '' if it was not."""
  if not models.tuned_M[m]:
    return ''
  return models.names[np.flatnonzero(~models.tuned_M[:m])[-1]]


def _origin(world: World, models: Models, m: int) -> dict[str, Any]:
  """What results say of where a model comes from."""
  return {
      columns.KIND: 'instruct' if models.tuned_M[m] else 'base',
      columns.FAMILY: _letters(models.family_M[m]),
      columns.SIZE: float(models.size_M[m]),
      columns.BASE: '' if world.seeds else _base(models, m)}


def _own_tuning(models, m, people, side) -> dict[str, Any]:
  """What results say of a study's own tunings, and agreement with people."""
  modes_N = np.argmax(np.stack(list(people[columns.HUMAN_SHARES])), 1)
  return {
      columns.TUNED_FROM: _base(models, m),
      columns.RECIPE: 'tuned' if models.tuned_M[m] else '',
      columns.AGREES: (side[columns.PREDICTION] == modes_N).astype(float)}


def _clustered(rng, world: World, cluster_N, n_rows: int) -> np.ndarray:
  return clusters.normals(rng, cluster_N, world.cluster_share, n_rows)


def _letters(number: int) -> str:
  """A family's name, of letters only, such as 'Famaa'."""
  return 'Fam' + chr(ord('a') + number // 26) + chr(ord('a') + number % 26)
