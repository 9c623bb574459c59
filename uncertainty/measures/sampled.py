"""Every measure of an item's samples that needs how alike they are.

Of what a results table keeps of them (`sample_answers`, `sample_logprobs`,
`sample_lengths`, `sample_entailments`, `sample_similarities`), so that no
model has to run again.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from uncertainty.measures import (
  grading,
  kernels,
  registry,
  semantic,
  similarity,
)


@dataclasses.dataclass(frozen=True)
class Samples:
  """S samples of one item.

  Attributes:
    answers: each answer in words.
    logprobs_S: ln p of each whole sample.
    lengths_S: its tokens.
    entailment_SS: probability that the row's answer entails the column's.
    similarity_SS: the same, neutrality counting ½ where the judge knows it.
  """

  answers: Sequence[str]
  logprobs_S: Sequence[float] | np.ndarray
  lengths_S: Sequence[int] | np.ndarray
  entailment_SS: np.ndarray
  similarity_SS: np.ndarray


def measures(samples: Samples) -> dict[str, float]:
  """Measures by `kernels` and `similarity`.

  Those of one answer (semantic density, CoCoA) are of the commonest, the one
  that is graded.

  Args:
    samples: two or more.

  Returns:
    Name in `registry.MEASURES` → value.

  Raises:
    ValueError: fewer than two samples, or similarities outside [0, 1].
  """
  words_S = [grading.normalise(a) for a in samples.answers]
  modal = semantic.consistency(words_S).modal_answer
  logprobs_S = np.asarray(samples.logprobs_S, np.float64)
  mean_S = logprobs_S / np.maximum(np.asarray(samples.lengths_S), 1)
  entailment_SS = np.asarray(samples.entailment_SS, np.float64)
  similarity_SS = np.asarray(samples.similarity_SS, np.float64)
  first: dict[tuple[str, ...], int] = {}
  for i, words in enumerate(words_S):
    first.setdefault(words, i)
  distinct = list(first.values())
  to_others_S = np.delete(similarity_SS[modal], modal)
  return {
      registry.KERNEL_ENTROPY_HEAT: kernels.kernel_language_entropy(
          similarity_SS, 'heat'),
      registry.KERNEL_ENTROPY_MATERN: kernels.kernel_language_entropy(
          similarity_SS, 'matern'),
      registry.DEGREE_UNCERTAINTY: similarity.degree_uncertainty(
          entailment_SS),
      registry.EIGENVALUE_SUM: similarity.eigenvalue_sum(entailment_SS),
      registry.ECCENTRICITY: similarity.eccentricity(entailment_SS),
      registry.LEXICAL_SIMILARITY: similarity.lexical_similarity(words_S),
      registry.SEMANTIC_DENSITY: similarity.semantic_density(
          similarity_SS[modal, distinct], mean_S[distinct]),
      registry.SENTENCE_SAR: similarity.sentence_sar(
          logprobs_S, similarity_SS),
      registry.COCOA_SEQUENCE: similarity.cocoa(
          -logprobs_S[modal], to_others_S),
      registry.COCOA_PERPLEXITY: similarity.cocoa(
          -mean_S[modal], to_others_S),
  }


def relevance_measures(
    token_logprobs: Sequence[Sequence[float]],
    token_relevances: Sequence[Sequence[float]], similarity_SS: np.ndarray,
) -> dict[str, float]:
  """Token-SAR and SAR, where the relevance of tokens was asked for.

  Args:
    token_logprobs: of each sample, ln p of its tokens.
    token_relevances: of each sample, their relevance in [0, 1].
    similarity_SS: as in `Samples`.

  Returns:
    Name in `registry.MEASURES` → value; token-SAR is the samples' mean.

  Raises:
    ValueError: a sample without tokens, or values outside [0, 1].

  Source:
    Duan et al. 2024.
  """
  each_S = np.array([
      similarity.token_sar(np.asarray(logprobs), np.asarray(relevances))
      for logprobs, relevances in zip(
          token_logprobs, token_relevances, strict=True)])
  return {
      registry.TOKEN_SAR: float(each_S.mean()),
      registry.SAR: similarity.sentence_sar(-each_S, similarity_SS),
  }
