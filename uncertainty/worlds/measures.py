"""What a simulated model's latent uncertainty looks like in each measure."""

from typing import Any

import numpy as np
import scipy.special

from uncertainty.measures import registry
from uncertainty.results import columns as cols

# How much of a measure's variance the latent uncertainty explains; the rest
# is shared within a kind of measure, as nucleus sizes share theirs.
_LOADING = 0.7
_LARGEST = 12  # nucleus of the largest threshold


def of_choices(
    confidence_N: np.ndarray, correct_N: np.ndarray, answer_N: np.ndarray,
    n_choices: int, rng: np.random.Generator) -> dict[str, Any]:
  """A model's choices in a results table: shares, grade and two measures.

  Args:
    confidence_N: probability of the chosen choice.
    correct_N: whether it is right.
    answer_N: the right choice.
    n_choices: K.
    rng: of which choice is taken where it is not the right one.

  Returns:
    Columns; `mc_choice_entropy` and `mc_choice_logprob` are functions of
    confidence.
  """
  n = len(confidence_N)
  wrong_N = (answer_N + rng.integers(1, n_choices, n)) % n_choices
  chosen_N = np.where(correct_N, answer_N, wrong_N)
  rest_N = (1 - confidence_N) / (n_choices - 1)
  p_NK = np.repeat(rest_N[:, None], n_choices, 1)
  p_NK[np.arange(n), chosen_N.astype(int)] = confidence_N
  entropy_N = -(scipy.special.xlogy(confidence_N, confidence_N)
                + (n_choices - 1) * scipy.special.xlogy(rest_N, rest_N))
  return {
      cols.PREDICTION: chosen_N, cols.CORRECT: correct_N.astype(float),
      cols.CHOICE_LOGPROBS: list(np.log(p_NK)),
      cols.CHOICE_ENTROPY: entropy_N / np.log(n_choices),
      cols.CHOICE_LOGPROB: np.log(confidence_N)}


def of_tokens(u_N: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
  """A model's other 15 measures: noisy, and sizes whole numbers with ties.

  Args:
    u_N: latent uncertainty, standard normal over items.
    rng: of what each kind of measure adds.

  Returns:
    Columns of a results table.
  """
  kinds_4N = (np.sqrt(_LOADING) * u_N
              + np.sqrt(1 - _LOADING) * rng.normal(size=(4, len(u_N))))
  level_4N = scipy.special.ndtr(kinds_4N)
  found: dict[str, Any] = {
      cols.TOTAL_ENTROPY: level_4N[0] * 0.5,
      cols.TOP1_LOGPROB: np.log(1 - 0.95 * level_4N[0])}
  for k in registry.TOP_KS:
    name = registry.column(registry.MC, f'{registry.TOP_K_ENTROPY}{k}')
    found[name] = level_4N[1] ** (1 + k / 100)
  for p in registry.NUCLEUS_MASSES:
    size_N = 1 + np.floor(_LARGEST * p * level_4N[2] ** (3 - 2 * p))
    size, entropy = (registry.column(registry.MC, f'{stem}{p}') for stem in (
        registry.NUCLEUS_SIZE, registry.NUCLEUS_ENTROPY))
    found[size] = size_N
    found[entropy] = np.where(size_N > 1, level_4N[3], 0)
  return found
