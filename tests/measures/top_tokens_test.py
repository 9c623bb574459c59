"""Measures of the likeliest k: equal to the whole's, or missing."""

import jax.numpy as jnp
import numpy as np
import pytest

from uncertainty.measures.next_token import next_token_measures
from uncertainty.measures.top_tokens import top_token_measures


@pytest.mark.parametrize('k', [1, 5, 20, 100])
def test_what_the_k_likeliest_know_is_what_the_whole_says(k):
  rng = np.random.default_rng(k)
  logits_V = rng.normal(size=300) * 4
  logs_V = logits_V - np.logaddexp.reduce(logits_V)
  whole = next_token_measures(jnp.asarray(logits_V[None]))
  top = np.sort(logs_V)[-k:]
  found = top_token_measures(rng.permutation(top))
  for name, value in found.items():
    if np.isnan(value):
      kind, _, number = name.rpartition('_')
      assert (int(number) > k if kind == 'top_k_entropy'
              else np.exp(top).sum() < float(number))
    else:
      np.testing.assert_allclose(value, whole[name][0], rtol=1e-4, atol=1e-6)
  assert not np.isnan(found['top1_logprob'])


def test_by_hand_and_at_the_limits():
  found = top_token_measures(np.log([0.25, 0.5]))
  assert found['top1_logprob'] == pytest.approx(np.log(0.5))
  assert found['nucleus_size_0.75'] == 2
  p = np.array([2, 1]) / 3
  assert found['nucleus_entropy_0.75'] == pytest.approx(
      -(p * np.log(p)).sum() / np.log(2))
  assert found['nucleus_size_0.5'] == 1 and found['nucleus_entropy_0.5'] == 0
  assert np.isnan(found['nucleus_size_0.9'])
  assert all(map(np.isnan, top_token_measures([]).values()))
