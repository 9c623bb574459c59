"""Uncertainty of one distribution, given as plain probabilities."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from uncertainty import arrays
from uncertainty.errors import UserError
from uncertainty.measures import choice, next_token, registry

_MASS_TOLERANCE = 1e-3  # of float16 and of printed percentages


@dataclasses.dataclass(frozen=True)
class Nucleus:
  """The smallest set of most probable outcomes that holds a mass.

  Attributes:
    size: how many they are.
    entropy: of their renormalised probabilities over ln size, in [0, 1]; 0
      for one.
  """

  size: int
  entropy: float


def choice_entropy(probabilities: npt.ArrayLike) -> float:
  """Entropy of a distribution over K choices, over its largest value ln K.

  −Σ p ln p / ln K: what the results call `mc_choice_entropy` for a model and
  `human_entropy` for people's shares.

  Args:
    probabilities: [K], summing to 1; a choice that nobody takes counts in K.

  Returns:
    In [0, 1], computed in float32; 0 for a certain choice, 1 for a uniform
    one.

  Raises:
    UserError: not one-dimensional, empty, missing or negative values, or a
      sum that is not 1.

  Source:
    Moore et al. 2026 (arXiv 2605.30675), section 3.

  Example:
    >>> choice_entropy([0.5, 0.5])
    1.0
  """
  p_C = _distribution(probabilities)
  found = choice.choice_measures(
      jnp.asarray(_log(p_C))[None], jnp.ones((1, len(p_C)), bool))
  return float(found[registry.CHOICE_ENTROPY][0])


def nucleus(probabilities: npt.ArrayLike, mass: float = 0.9) -> Nucleus:
  """Size and entropy of the nucleus that holds a probability mass.

  Args:
    probabilities: [V], summing to 1, such as a next-token distribution.
    mass: one of `registry.NUCLEUS_MASSES`: .95, .9, .75, .5.

  Returns:
    Size and normalised entropy, computed in float32.

  Raises:
    UserError: not one-dimensional, empty, missing or negative values, a sum
      that is not 1, or another mass.

  Source:
    Moore et al. 2026 (arXiv 2605.30675), section 3; nucleus: Holtzman et al.
    2020.

  Example:
    >>> nucleus([0.6, 0.2, 0.1, 0.1], mass=0.75).size
    2
  """
  if mass not in registry.NUCLEUS_MASSES:
    raise UserError(
        f'no nucleus of mass {mass}; there are '
        f'{", ".join(map(str, registry.NUCLEUS_MASSES))}')
  p_V = _distribution(probabilities)
  # A float32 stand-in for ln 0 that keeps the logits finite: exp of it is 0.
  logits_V = np.maximum(_log(p_V), np.float32(-1e4))
  found = next_token.next_token_measures(jnp.asarray(logits_V))
  return Nucleus(int(found[f'{registry.NUCLEUS_SIZE}{mass}']),
                 float(found[f'{registry.NUCLEUS_ENTROPY}{mass}']))


def _log(probabilities: np.ndarray) -> np.ndarray:
  with np.errstate(divide='ignore'):
    return np.log(probabilities).astype(np.float32)


def _distribution(probabilities: npt.ArrayLike) -> np.ndarray:
  """[K] float64, checked and summing to 1 to rounding."""
  p = arrays.vector('probabilities', probabilities)
  if p.min() < 0:
    raise UserError(
        'probabilities must be at least 0; if these are log-probabilities, '
        'take exp first')
  if abs(p.sum() - 1) > _MASS_TOLERANCE:
    raise UserError(
        f'probabilities sum to {p.sum():g}, not 1; divide them by their sum')
  return p / p.sum()
