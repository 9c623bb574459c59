"""Entropy of a distribution of which only finitely many answers are known.

The entropy of observed shares is too low by about (K − 1) / 2n nats for n
answers over K choices, and most where the truth is most uncertain. How each
correction does is measured in tests/analysis/statistics/entropy_test.py.
"""

import numpy as np
import scipy.special

_PRIOR = 0.5  # answers per choice before any is seen (Jeffreys)


def plain(counts_NC: np.ndarray, n_choices_N: np.ndarray) -> np.ndarray:
  """Entropy of the observed shares.

  Args:
    counts_NC: answers behind each choice, zero beyond an item's choices.
    n_choices_N: K of each item; not used.

  Returns:
    [N] nats.
  """
  del n_choices_N
  return scipy.special.entr(
      counts_NC / counts_NC.sum(1, keepdims=True)).sum(1)


def miller_madow(counts_NC: np.ndarray, n_choices_N: np.ndarray) -> np.ndarray:
  """Plain entropy and (choices that someone gave − 1) / 2n.

  Args:
    counts_NC: answers behind each choice, zero beyond an item's choices.
    n_choices_N: K of each item; not used.

  Returns:
    [N] nats; may exceed ln K.

  Source:
    Miller 1955.
  """
  given_N = (counts_NC > 0).sum(1)
  return plain(counts_NC, n_choices_N) + (
      given_N - 1) / (2 * counts_NC.sum(1))


def chao_shen(counts_NC: np.ndarray, n_choices_N: np.ndarray) -> np.ndarray:
  """Shares times the estimated coverage, each weighed by its chance to be seen.

  −Σ q ln q / (1 − (1 − q)ⁿ) with q = c p and c = 1 − singletons / n, or
  1 − (n − 1) / n where all are singletons.

  Args:
    counts_NC: answers behind each choice, zero beyond an item's choices.
    n_choices_N: K of each item; not used.

  Returns:
    [N] nats; may exceed ln K.

  Source:
    Chao & Shen 2003.
  """
  del n_choices_N
  n_N1 = counts_NC.sum(1, keepdims=True)
  single_N1 = (counts_NC == 1).sum(1, keepdims=True)
  q_NC = (1 - np.minimum(single_N1, n_N1 - 1) / n_N1) * counts_NC / n_N1
  seen_NC = -np.expm1(n_N1 * np.log1p(-np.minimum(q_NC, 1 - 1e-16)))
  return np.sum(np.where(
      q_NC > 0, scipy.special.entr(q_NC) / np.where(q_NC > 0, seen_NC, 1), 0),
                axis=1)


def dirichlet(counts_NC: np.ndarray, n_choices_N: np.ndarray) -> np.ndarray:
  """Posterior mean under Jeffreys' prior, half an answer per choice.

  With a_k = count + 1/2 and A their sum: ψ(A + 1) − Σ a_k / A ψ(a_k + 1).

  Args:
    counts_NC: answers behind each choice, zero beyond an item's choices.
    n_choices_N: K of each item; the prior covers these choices.

  Returns:
    [N] nats, between 0 and ln K.

  Source:
    Wolpert & Wolf 1995.
  """
  own_NC = np.arange(counts_NC.shape[1]) < np.asarray(n_choices_N)[:, None]
  a_NC = np.where(own_NC, counts_NC + _PRIOR, 0)
  total_N = a_NC.sum(1)
  return scipy.special.digamma(total_N + 1) - np.sum(
      a_NC * scipy.special.digamma(a_NC + 1), 1) / total_N


ESTIMATORS = {
    'plain': plain, 'miller_madow': miller_madow, 'chao_shen': chao_shen,
    'dirichlet': dirichlet}


def normalised(
    counts_NC: np.ndarray, n_choices_N: np.ndarray, estimator: str,
) -> np.ndarray:
  """An estimate over ln K, clipped to [0, 1].

  Args:
    counts_NC: answers behind each choice, zero beyond an item's choices; at
      least one an item.
    n_choices_N: K of each item, 2 or more.
    estimator: of `ESTIMATORS`.

  Returns:
    [N] of ln K.
  """
  counts_NC = np.asarray(counts_NC, np.float64)
  found_N = ESTIMATORS[estimator](counts_NC, n_choices_N)
  return np.clip(found_N / np.log(n_choices_N), 0, 1)
