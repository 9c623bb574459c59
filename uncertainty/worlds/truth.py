"""What a study of infinitely many items would find in a simulated world."""

import dataclasses
import functools

import numpy as np
import scipy.special
import scipy.stats

from uncertainty.analysis.questions import summary
from uncertainty.analysis.statistics import entropy
from uncertainty.results import columns, derived
from uncertainty.specs import AnalysisSpec
from uncertainty.worlds import generator
from uncertainty.worlds import people as people_lib

_ITEMS = 200_000
_FAMILIES = 20_000
_NEW_ITEMS, _PAIRS = 4000, 100
_GRID = np.linspace(-0.95, 0.95, 39)


@dataclasses.dataclass(frozen=True)
class Truth:
  """Population values of each model, [M].

  Attributes:
    rho_M: Spearman of choice entropy with people's entropy, as this world's
      number of raters shows it.
    gap_M: root mean squared calibration error.
    auroc_M: of choice entropy.
    accuracy_M: share of right answers.
    fifths_M: accuracy on the surest less that on the least sure fifth.
  """

  rho_M: np.ndarray
  gap_M: np.ndarray
  auroc_M: np.ndarray
  accuracy_M: np.ndarray
  fifths_M: np.ndarray


def of_models(world: generator.World, models: generator.Models) -> Truth:
  """The population values behind given models.

  Args:
    world: theirs.
    models: as drawn.

  Returns:
    Each value [M].
  """
  # Midpoints of equal shares of items, from the surest to the least sure.
  share_G = (np.arange(4000) + 0.5) / 4000
  u_G = scipy.special.ndtri(np.maximum(share_G, world.tied))
  confidence_MG = generator.confidence(
      u_G, models.boldness_M[:, None], world)
  right_MG = generator.right_probability(
      confidence_MG, generator.gap_at(u_G, models.gap_M[:, None], world), world)
  gap_M = np.sqrt(np.mean((confidence_MG - right_MG) ** 2, 1))
  accuracy_M = right_MG.mean(1)
  wrong_MG = 1 - right_MG
  _, first_U, tie_G = np.unique(u_G, return_index=True, return_inverse=True)
  wrong_MU = np.add.reduceat(wrong_MG, first_U, 1)
  less_sure_MU = wrong_MG.sum(1, keepdims=True) - np.cumsum(wrong_MU, 1)
  pairs_M = (right_MG * (less_sure_MU + wrong_MU / 2)[:, tie_G]).sum(1)
  auroc_M = pairs_M / (right_MG.sum(1) * wrong_MG.sum(1))
  fifths_M = right_MG[:, :800].mean(1) - right_MG[:, -800:].mean(1)
  return Truth(
      rho(models.alignment_M, world), gap_M, auroc_M, accuracy_M,
      fifths_M)


def rho(alignment: np.ndarray, world: generator.World) -> np.ndarray:
  """Population Spearman of a model's uncertainty with people's entropy.

  Args:
    alignment: a, of any shape, within ±0.95.
    world: of n_raters, n_choices, decimals and counts_published.

  Returns:
    Of a's shape; simulated on a grid once, and interpolated.
  """
  people = dataclasses.replace(
      generator.World(), n_choices=world.n_choices, n_raters=world.n_raters,
      decimals=world.decimals, counts_published=world.counts_published)
  return np.interp(alignment, _GRID, _rho_grid(people))


def stated(world: generator.World, models: generator.Models
           ) -> tuple[np.ndarray, np.ndarray]:
  """How far stated confidence lies above two other things, on average.

  Args:
    world: in which it is asked for.
    models: as drawn.

  Returns:
    Stated confidence less what each model holds, [M], and less the share of
    answers that are right, [M].
  """
  held_M, shift = _confidence(world, models), world.stated or 0.0
  gap_M = shift * np.where(shift > 0, 1 - held_M, held_M)
  return gap_M, gap_M + held_M - _accuracy(world, models)


@functools.lru_cache
def tuning_effects(world: generator.World) -> dict[str, float]:
  """Mean over all families, and all tunings, of tuned less base.

  Args:
    world: how families vary.

  Returns:
    Outcome of the table `tuned` → `alignment` (rho), `squared calibration
    error` where confidence informs fully, `accuracy` (share).
  """
  many = dataclasses.replace(
      world, families=(1,) * _FAMILIES, seeds=min(world.seeds, 1))
  models = generator.draw_models(many, np.random.default_rng(1))
  value_M = {
      derived.ALIGNMENT: rho(models.alignment_M, world),
      derived.SQUARED_ERROR: models.gap_M ** 2,
      columns.ACCURACY: _accuracy(world, models)}
  return {name: float(np.mean(v[models.tuned_M] - v[~models.tuned_M]))
          for name, v in value_M.items()}


@functools.lru_cache
def seen_by_people(world: generator.World) -> dict[str, float]:
  """Mean over all items and tunings of tuned less base.

  Args:
    world: with tunings of its own, of base models that are all alike.

  Returns:
    `divergence from people` (Jensen-Shannon from their shares, bits) and
    `agreement` (share of items), simulated.
  """
  many = generator.simulate(
      # Means do not hang on what models and items share; their errors do.
      dataclasses.replace(
          world, n_items=_NEW_ITEMS, families=(1,) * _PAIRS, seeds=1,
          shared=0.0, shared_tuned=0.0, shared_right=0.0, cluster_size=1,
          cluster_share=0.0), seed=(2, 4), all_measures=False)
  value_M2 = np.array([
      (np.mean(summary.distances(
          summary.read_shares(frame), summary.jensen_shannon)),
       frame[columns.AGREES].mean()) for frame in many.frames.values()])
  tuned_M = many.models.tuned_M
  return dict(zip((derived.DIVERGENCE, derived.AGREEMENT), (
      value_M2[tuned_M].mean(0) - value_M2[~tuned_M].mean(0)).tolist()))


def _confidence(world, models) -> np.ndarray:
  """E Φ(b − u) = Φ(b / √2) for standard normal u."""
  ends = generator.confidence(np.array([np.inf, -np.inf]), 0.0, world)
  share_M = scipy.special.ndtr(models.boldness_M / np.sqrt(2))
  return ends[0] + (ends[1] - ends[0]) * share_M


def _accuracy(world, models) -> np.ndarray:
  return generator.right_probability(
      _confidence(world, models), models.gap_M * np.sqrt(world.gap_share),
      world)


@functools.lru_cache
def _rho_grid(people: generator.World) -> np.ndarray:
  rng = np.random.default_rng(0)
  z_N, e_N = rng.normal(size=(2, _ITEMS))
  answers = people_lib.answers(
      z_N, rng, n_choices=people.n_choices, n_raters=people.n_raters,
      decimals=people.decimals)
  entropy_N = answers.entropy_N
  if people.counts_published:  # estimated as a study does by default
    entropy_N = entropy.normalised(
        np.rint(answers.shares_NK * people.n_raters),
        np.full(_ITEMS, people.n_choices), AnalysisSpec().human_entropy)
  y = scipy.stats.rankdata(entropy_N)
  found = []
  for a in _GRID:
    x = scipy.stats.rankdata(a * z_N + np.sqrt(1 - a ** 2) * e_N)
    found.append(np.corrcoef(x, y)[0, 1])
  # Rank correlations are odd in a, and noise is not.
  found = np.array(found)
  return (found - found[::-1]) / 2
