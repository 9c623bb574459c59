"""All measures of an item's samples, from what results keep of them."""

import numpy as np
import pytest

from uncertainty.measures import registry, sampled, similarity


def _samples(answers, alike_SS):
  n = len(answers)
  return sampled.Samples(
      answers, np.log(np.linspace(.5, .1, n)), [2] * n,
      np.asarray(alike_SS) ** 2, np.asarray(alike_SS))


def test_every_measure_is_in_the_registry_and_in_its_range():
  rng = np.random.default_rng(0)
  for n in range(2, 12):
    alike_SS = rng.uniform(0, 1, (n, n))
    np.fill_diagonal(alike_SS, 1)
    found = sampled.measures(_samples(
        [f'answer {i % 3}' for i in range(n)], alike_SS))
    found |= sampled.relevance_measures(
        rng.uniform(-3, 0, (n, 4)), rng.uniform(0, 1, (n, 4)), alike_SS)
    for name, value in found.items():
      low, high = registry.MEASURES[name].range
      assert low <= value <= high, name
  assert set(found) == {
      m.name for m in registry.MEASURES.values() if m.name in (
          'kernel_entropy_heat', 'kernel_entropy_matern',
          'degree_uncertainty', 'eigenvalue_sum', 'eccentricity',
          'lexical_similarity', 'semantic_density', 'sentence_sar',
          'token_sar', 'sar', 'cocoa_sequence', 'cocoa_perplexity')}


def test_those_of_one_answer_are_of_the_commonest():
  alike_SS = np.array([[1, .1, .1], [.1, 1, 1], [.1, 1, 1]])
  found = sampled.measures(_samples(['Rome', 'The Hague', 'hague'], alike_SS))
  logprobs_S = np.log([.5, .3, .1])
  # The Hague is said twice; the first time with probability .3 of 2 tokens.
  assert found['cocoa_sequence'] == pytest.approx(
      -np.log(.3) * (.9 + 0) / 2)
  assert found['cocoa_perplexity'] == pytest.approx(
      -np.log(.3) / 2 * .9 / 2)
  # Of the same words the first counts.
  assert found['semantic_density'] == pytest.approx(
      similarity.semantic_density([.1, 1], logprobs_S[:2] / 2))
  assert found['lexical_similarity'] == pytest.approx(1 / 3)


def test_probabilities_of_entailment_and_of_likeness_go_where_they_belong():
  alike_SS = np.array([[1, .5], [.5, 1]])
  found = sampled.measures(_samples(['a1', 'b1'], alike_SS))
  assert found['degree_uncertainty'] == similarity.degree_uncertainty(
      alike_SS ** 2)
  assert found['sentence_sar'] == similarity.sentence_sar(
      np.log([.5, .1]), alike_SS)


def test_sar_is_sentence_sar_of_token_sar():
  found = sampled.relevance_measures(
      [[-1., -2.], [-3.]], [[1, 0], [1]], np.eye(2))
  assert found == {'token_sar': 2., 'sar': 2.}
