"""Uncertainty out of how alike sampled answers are, two by two.

The graph measures of Lin, Trivedi and Sun 2024, Generating with confidence
(arXiv 2305.19187); semantic density (Qiu & Miikkulainen 2024, 2405.13845);
shifting attention to relevance, SAR (Duan et al. 2024, 2307.01379); CoCoA
(Vashurin et al. 2025, 2502.04964). Similarities are in [0, 1]. All logarithms
are natural; one item at a time.
"""

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import special

SAR_TEMPERATURE = 0.001  # of Duan et al.'s experiments
_NEAR = 0.9  # Lin et al.: eigenvectors of smaller eigenvalues tell clusters


def degree_uncertainty(similarity_SS: np.ndarray) -> float:
  """Degree matrix: Tr(S I − D) / S², the mean distance of two samples.

  Args:
    similarity_SS: in [0, 1], 1 on the diagonal; both directions are averaged.

  Returns:
    From 0 (all alike) to 1 − 1/S (none is).

  Raises:
    ValueError: similarities outside [0, 1].

  Source:
    Lin et al. 2024.
  """
  return float(1 - _symmetric(similarity_SS).mean())


def eigenvalue_sum(similarity_SS: np.ndarray) -> float:
  """Σ max(0, 1 − λ) of the normalised Laplacian: how many meanings there are.

  Args:
    similarity_SS: as of `degree_uncertainty`.

  Returns:
    At least 1; the number of clusters where similarities are 0 or 1.

  Raises:
    ValueError: similarities outside [0, 1].

  Source:
    Lin et al. 2024.
  """
  values_S = np.linalg.eigvalsh(_normalised(similarity_SS))
  return max(1.0, float(np.maximum(values_S, 0).sum()))


def eccentricity(similarity_SS: np.ndarray) -> float:
  """Spread of samples about their centre in the Laplacian's small eigenvectors.

  √Σ_k Σ_i (u_ik − ū_k)² over eigenvectors u_k whose eigenvalue is below .9.

  Args:
    similarity_SS: as of `degree_uncertainty`.

  Returns:
    From 0 (all alike) to √(S − 1) (none is).

  Raises:
    ValueError: similarities outside [0, 1].

  Source:
    Lin et al. 2024.
  """
  values_S, vectors_SS = np.linalg.eigh(_normalised(similarity_SS))
  near_SK = vectors_SS[:, 1 - values_S < _NEAR]
  return float(np.linalg.norm(near_SK - near_SK.mean(0)))


def _shares(values: npt.ArrayLike) -> np.ndarray:
  values = np.asarray(values, np.float64)
  if not np.all((values >= 0) & (values <= 1)):
    raise ValueError('similarities and relevances must lie in [0, 1]')
  return values


def _symmetric(similarity_SS: np.ndarray) -> np.ndarray:
  similarity_SS = _shares(similarity_SS)
  return (similarity_SS + similarity_SS.T) / 2


def _normalised(similarity_SS: np.ndarray) -> np.ndarray:
  """D^−½ W D^−½, which is one less the normalised Laplacian."""
  weights_SS = _symmetric(similarity_SS)
  root_S = np.sqrt(weights_SS.sum(-1))
  return weights_SS / np.outer(root_S, root_S)


def jaccard(first: Sequence[str], second: Sequence[str]) -> float:
  """Words that two texts share, of all that either has.

  Args:
    first: its words.
    second: its words.

  Returns:
    In [0, 1]; 0 where neither has a word.
  """
  either = set(first) | set(second)
  return len(set(first) & set(second)) / len(either) if either else 0.0


def rouge_l(first: Sequence[str], second: Sequence[str]) -> float:
  """ROUGE-L: F1 of the longest common subsequence of words.

  Args:
    first: words in order.
    second: words in order.

  Returns:
    In [0, 1]; 0 where either has no word.

  Source:
    Lin 2004, ROUGE: a package for automatic evaluation of summaries.
  """
  row = [0] * (len(second) + 1)
  for word in first:
    before = row
    row = [0]
    for j, other in enumerate(second):
      row.append(before[j] + 1 if word == other
                 else max(before[j + 1], row[j]))
  return 2 * row[-1] / max(1, len(first) + len(second))


def lexical_similarity(words_S: Sequence[Sequence[str]]) -> float:
  """Mean ROUGE-L over all pairs of samples.

  Args:
    words_S: the words of each of S ≥ 2 samples.

  Returns:
    In [0, 1]; high is certain.

  Raises:
    ValueError: fewer than two samples.

  Source:
    Fomicheva et al. 2020; ROUGE-L as in Kuhn et al. 2023 and Lin et al. 2024.
  """
  if len(words_S) < 2:
    raise ValueError('lexical similarity needs two samples or more')
  return float(np.mean([
      rouge_l(a, b) for a, b in itertools.combinations(words_S, 2)]))


def semantic_density(
    similarity_S: npt.ArrayLike, mean_logprobs_S: npt.ArrayLike) -> float:
  """Σ p k / Σ p: how much probable meaning lies near one answer.

  k = 1 − d where the semantic distance d = contradiction + ½ neutrality is at
  most 1, which is the similarity entailment + ½ neutrality. p is the
  length-normalised likelihood exp(mean ln p of the tokens).

  Args:
    similarity_S: of the answer to each distinct sample, itself included (1).
    mean_logprobs_S: mean ln p of each one's tokens.

  Returns:
    In [0, 1]; high is certain.

  Raises:
    ValueError: similarities outside [0, 1].

  Source:
    Qiu & Miikkulainen 2024.
  """
  similarity_S = _shares(similarity_S)
  logprobs_S = np.asarray(mean_logprobs_S, np.float64)
  p_S = np.exp(logprobs_S - logprobs_S.max())
  return min(1.0, float(p_S @ similarity_S / p_S.sum()))


def token_sar(
    logprobs_T: npt.ArrayLike, relevance_T: npt.ArrayLike) -> float:
  """Σ_t R_t / ΣR · −ln p_t: tokens weigh as much as they mean.

  Args:
    logprobs_T: ln p of the answer's tokens.
    relevance_T: 1 − similarity of the answer with and without each token, in
      [0, 1]. Where no token changes the meaning they weigh alike.

  Returns:
    Nats, not negative.

  Raises:
    ValueError: no tokens, or relevances outside [0, 1].

  Source:
    Duan et al. 2024.
  """
  relevance_T = _shares(relevance_T)
  if not relevance_T.size:
    raise ValueError('SAR needs at least one token')
  total = relevance_T.sum()
  weight_T = (relevance_T / total if total > 0
              else np.full(relevance_T.shape, 1 / relevance_T.size))
  return float(-weight_T @ np.asarray(logprobs_T, np.float64))


def sentence_sar(
    logprobs_S: npt.ArrayLike, similarity_SS: np.ndarray,
    temperature: float = SAR_TEMPERATURE) -> float:
  """Mean of −ln(p_s + Σ_{k≠s} a(s, k) p_k / t): samples back each other.

  What the logarithm is of is no probability: it may exceed 1 by far (t is
  .001), so that the measure falls below 0. With −`token_sar` of each sample
  in place of `logprobs_S` this is SAR.

  Args:
    logprobs_S: ln p of each sample.
    similarity_SS: a, in [0, 1]; its diagonal is not read.
    temperature: t > 0.

  Returns:
    Nats, of either sign.

  Raises:
    ValueError: similarities outside [0, 1].

  Source:
    Duan et al. 2024.
  """
  similarity_SS = _shares(similarity_SS)
  logprobs_S = np.asarray(logprobs_S, np.float64)
  backing_SS = similarity_SS / temperature
  np.fill_diagonal(backing_SS, 1.0)
  # Answers of a hundred tokens have a p below what a float holds.
  return float(-np.mean(special.logsumexp(
      np.broadcast_to(logprobs_S, backing_SS.shape), 1, backing_SS)))


def cocoa(uncertainty: float, similarity_S: npt.ArrayLike) -> float:
  """An answer's own uncertainty times its mean distance from the others.

  Args:
    uncertainty: −ln p of the answer, or that over its tokens.
    similarity_S: of the answer to each other sample, in [0, 1].

  Returns:
    Not negative; 0 where every sample means the same.

  Raises:
    ValueError: no other sample, or similarities outside [0, 1].

  Source:
    Vashurin et al. 2025.
  """
  similarity_S = np.asarray(similarity_S, np.float64)
  if not similarity_S.size:
    raise ValueError('CoCoA needs another sample')
  if not np.all((similarity_S >= 0) & (similarity_S <= 1)):
    raise ValueError('similarities must lie in [0, 1]')
  return float(uncertainty * np.mean(1 - similarity_S))
