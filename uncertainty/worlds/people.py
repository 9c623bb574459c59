"""What raters answer to the items of a simulated study."""

import dataclasses

import numpy as np
import scipy.special


@dataclasses.dataclass(frozen=True)
class Answers:
  """What is published of them.

  Attributes:
    entropy_N: of the shares, normalised by log K.
    shares_NK: of the choices.
    mode_N: the choice that the latent distribution leans to.
  """

  entropy_N: np.ndarray
  shares_NK: np.ndarray
  mode_N: np.ndarray


def answers(
    z_N: np.ndarray, rng: np.random.Generator, *, n_choices: int,
    n_raters: int, decimals: int | None) -> Answers:
  """Draws answers of raters, each item's from its own latent distribution.

  Args:
    z_N: contestedness.
    rng: of the answers.
    n_choices: K.
    n_raters: people asked about each item.
    decimals: that shares are rounded to; None: exact.

  Returns:
    How much they disagree, and on what.
  """
  n = len(z_N)
  weight_N1 = scipy.special.ndtr(z_N)[:, None]
  mode_N = rng.integers(n_choices, size=n)
  other_NK = rng.dirichlet(np.full(n_choices, 2.0), n)
  latent_NK = ((1 - weight_N1) * np.eye(n_choices)[mode_N]
               + weight_N1 * other_NK)
  shares_NK = rng.multinomial(n_raters, latent_NK) / n_raters
  if decimals is not None:
    shares_NK = np.round(shares_NK, decimals)
  q_NK = shares_NK / shares_NK.sum(1, keepdims=True)
  entropy_N = -scipy.special.xlogy(q_NK, q_NK).sum(1) / np.log(n_choices)
  return Answers(np.clip(entropy_N, 0, 1), q_NK, mode_N)
