"""What a simulated model's latent uncertainty looks like in each measure."""

import numpy as np
import scipy.special

# How much of a measure's variance the latent uncertainty explains; the rest
# is shared within a kind of measure, as nucleus sizes share theirs.
_LOADING = 0.7
_TOP_K = (5, 10, 25, 50, 100)
_NUCLEI = (0.95, 0.9, 0.75, 0.5)
_LARGEST = 12  # nucleus of the largest threshold


def columns(
    u_N: np.ndarray, confidence_N: np.ndarray, correct_N: np.ndarray,
    answer_N: np.ndarray, n_choices: int, rng: np.random.Generator
) -> dict[str, object]:
  """A model's columns of a results table: 17 measures, choice and grade.

  Args:
    u_N: latent uncertainty, standard normal over items.
    confidence_N: probability of the chosen choice.
    correct_N: whether it is right.
    answer_N: the right choice.
    n_choices: K.
    rng: of what each kind of measure adds.

  Returns:
    `mc_choice_entropy` and `mc_choice_logprob` are functions of confidence;
    the others are noisy, sizes are whole numbers with ties.
  """
  n = len(u_N)
  wrong_N = (answer_N + rng.integers(1, n_choices, n)) % n_choices
  chosen_N = np.where(correct_N, answer_N, wrong_N)
  rest_N = (1 - confidence_N) / (n_choices - 1)
  p_NK = np.repeat(rest_N[:, None], n_choices, 1)
  p_NK[np.arange(n), chosen_N.astype(int)] = confidence_N
  entropy_N = -(scipy.special.xlogy(confidence_N, confidence_N)
                + (n_choices - 1) * scipy.special.xlogy(rest_N, rest_N))
  found = {
      'prediction': chosen_N, 'correct': correct_N.astype(float),
      'choice_logprobs': list(np.log(p_NK)),
      'mc_choice_entropy': entropy_N / np.log(n_choices),
      'mc_choice_logprob': np.log(confidence_N)}
  kinds_4N = (np.sqrt(_LOADING) * u_N
              + np.sqrt(1 - _LOADING) * rng.normal(size=(4, n)))
  level_4N = scipy.special.ndtr(kinds_4N)
  found['mc_total_entropy'] = level_4N[0] * 0.5
  found['mc_top1_logprob'] = np.log(1 - 0.95 * level_4N[0])
  for k in _TOP_K:
    found[f'mc_top_k_entropy_{k}'] = level_4N[1] ** (1 + k / 100)
  for p in _NUCLEI:
    size_N = 1 + np.floor(_LARGEST * p * level_4N[2] ** (3 - 2 * p))
    found[f'mc_nucleus_size_{p}'] = size_N
    found[f'mc_nucleus_entropy_{p}'] = np.where(size_N > 1, level_4N[3], 0)
  return found
