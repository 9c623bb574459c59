"""Measures of a next-token distribution whose likeliest k tokens are known."""

from collections.abc import Sequence

import numpy as np

from uncertainty.measures import registry
from uncertainty.measures.registry import (
    NUCLEUS_ENTROPY,
    NUCLEUS_MASSES,
    NUCLEUS_SIZE,
    TOP_K_ENTROPY,
    TOP_KS,
)


def top_token_measures(logprobs_K: Sequence[float]) -> dict[str, float]:
  """What the k likeliest tokens say, as `next_token_measures` says it.

  A nucleus is known if the k tokens hold its mass; the entropy of the top n if
  n ≤ k. What needs the whole vocabulary, total_entropy and varentropy, is not
  among the measures.

  Args:
    logprobs_K: ln p of the k likeliest tokens, in any order.

  Returns:
    top1_logprob, top_k_entropy_N, nucleus_size_P and nucleus_entropy_P by name;
    NaN for what the k tokens leave open, and for all where there are none.
  """
  names = [f'{TOP_K_ENTROPY}{k}' for k in TOP_KS] + [
      f'{stem}{share}' for share in NUCLEUS_MASSES
      for stem in (NUCLEUS_SIZE, NUCLEUS_ENTROPY)]
  out = dict.fromkeys([registry.TOP1_LOGPROB, *names], float('nan'))
  logs_K = -np.sort(-np.asarray(logprobs_K, np.float64))
  if not logs_K.size:
    return out
  out[registry.TOP1_LOGPROB] = float(logs_K[0])
  mass_K = np.exp(logs_K).cumsum()
  for k in TOP_KS:
    if k <= logs_K.size:
      out[f'{TOP_K_ENTROPY}{k}'] = _entropy(logs_K[:k]) / np.log(k)
  for share in NUCLEUS_MASSES:
    if mass_K[-1] >= share:
      n = int((mass_K < share).sum()) + 1
      out[f'{NUCLEUS_SIZE}{share}'] = float(n)
      out[f'{NUCLEUS_ENTROPY}{share}'] = (
          _entropy(logs_K[:n]) / np.log(n) if n > 1 else 0.0)
  return out


def _entropy(logs_K: np.ndarray) -> float:
  logs_K = logs_K - np.logaddexp.reduce(logs_K)
  return float(max(-(np.exp(logs_K) * logs_K).sum(), 0.0))
