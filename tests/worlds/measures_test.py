"""Simulated measures are functions of what the model is meant to hold."""

import numpy as np
import scipy.stats

from uncertainty.worlds import measures


def test_choices_hold_the_confidence_and_the_grade():
  confidence, right = np.array([.7, .4, .25]), np.array([True, False, True])
  answer = np.array([0, 1, 3])
  found = measures.of_choices(
      confidence, right, answer, 4, np.random.default_rng(0))
  shares = np.exp(np.stack(found['choice_logprobs']))
  np.testing.assert_allclose(shares.sum(1), 1)
  np.testing.assert_allclose(
      shares[np.arange(3), found['prediction'].astype(int)], confidence)
  np.testing.assert_array_equal(found['prediction'] == answer, right)
  np.testing.assert_allclose(
      found['mc_choice_entropy'], scipy.stats.entropy(shares, axis=1)
      / np.log(4))


def test_tokens_rise_and_fall_with_the_latent_uncertainty():
  latent = np.random.default_rng(1).normal(size=4000)
  found = measures.of_tokens(latent, np.random.default_rng(2))
  assert len(found) == 15
  for name, values in found.items():
    rho = abs(scipy.stats.spearmanr(latent, values).statistic)
    assert .3 < rho < .99, name
