"""Uncertainty over meanings of sampled answers.

Semantic entropy: Farquhar, Kossen, Kuhn and Gal, Detecting hallucinations in
large language models using semantic entropy, Nature 630 (2024); clusters and
estimators as in its Methods. Consistency: the same without a judge, on
normalised answers.

All logarithms are natural. Every function takes the samples of one item.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence

import numpy as np

# Named in results: how cluster probabilities are made out of samples.
WEIGHTINGS = ('length_normalised', 'sequence', 'discrete')
CORRECTIONS = ('none', 'miller_madow', 'chao_shen')


def cluster(
    n: int, equivalent: Callable[[int, int], bool],
) -> np.ndarray:
  """Groups samples by meaning, each with the first cluster that agrees.

  A sample is compared with the first member of each cluster, in order of
  appearance (Farquhar et al. 2024, algorithm 1).

  Args:
    n: number of samples.
    equivalent: whether samples i and j mean the same.

  Returns:
    Cluster index of each sample, [n]; clusters are numbered by appearance.
  """
  firsts: list[int] = []
  ids = np.zeros(n, np.int64)
  for i in range(n):
    for k, first in enumerate(firsts):
      if equivalent(first, i):
        ids[i] = k
        break
    else:
      ids[i] = len(firsts)
      firsts.append(i)
  return ids


def cluster_by_entailment(
    entails_SS: np.ndarray, *, strict: bool = True,
    contradicts_SS: np.ndarray | None = None,
) -> np.ndarray:
  """Clusters samples that entail each other.

  Args:
    entails_SS: whether sample i entails sample j, [S, S] bool.
    strict: entailment must hold both ways. If not, one way suffices so long
      as neither way contradicts.
    contradicts_SS: needed when not strict.

  Returns:
    Cluster index of each sample, [S]; clusters are numbered by appearance.

  Raises:
    ValueError: not strict and no contradictions given.

  Source:
    Farquhar et al. 2024, Nature 630, Methods (bidirectional entailment).
  """
  entails_SS = np.asarray(entails_SS, bool)
  if strict:
    return cluster(len(entails_SS), lambda i, j: bool(
        entails_SS[i, j] and entails_SS[j, i]))
  if contradicts_SS is None:
    raise ValueError('clustering that is not strict needs contradicts_SS')
  clash = np.asarray(contradicts_SS, bool)
  return cluster(len(entails_SS), lambda i, j: bool(
      (entails_SS[i, j] or entails_SS[j, i])
      and not (clash[i, j] or clash[j, i])))


def cluster_probabilities(
    clusters_S: Sequence[int] | np.ndarray,
    logprobs_S: Sequence[float] | np.ndarray | None = None,
) -> np.ndarray:
  """Probability of each cluster, Σ of its samples' p over Σ of all.

  Args:
    clusters_S: cluster of each sample.
    logprobs_S: ln p of each sample; None weighs samples alike.

  Returns:
    [C] summing to 1, in the order of cluster indices.

  Raises:
    ValueError: no samples, or a log-probability that is not finite.

  Source:
    Farquhar et al. 2024, Nature 630, Methods.
  """
  clusters_S = np.asarray(clusters_S)
  if clusters_S.size == 0:
    raise ValueError('semantic entropy needs at least one sample')
  _, index = np.unique(clusters_S, return_inverse=True)
  if logprobs_S is None:
    weights = np.ones(len(clusters_S))
  else:
    logprobs = np.asarray(logprobs_S, np.float64)
    if not np.all(np.isfinite(logprobs)):
      raise ValueError('every sample needs a finite log-probability')
    weights = np.exp(logprobs - logprobs.max())
  sums = np.bincount(index, weights)
  return sums / sums.sum()


def entropy(probabilities: np.ndarray) -> float:
  """Shannon entropy −Σ p ln p, with 0 ln 0 = 0.

  Args:
    probabilities: [C] summing to 1.

  Returns:
    Nats, from 0 to ln C.
  """
  p = np.asarray(probabilities, np.float64)
  p = p[p > 0]
  return float(-np.sum(p * np.log(p))) + 0.0


def semantic_entropy(
    clusters_S: Sequence[int] | np.ndarray,
    logprobs_S: Sequence[float] | np.ndarray | None = None,
    lengths_S: Sequence[int] | np.ndarray | None = None, *,
    weighting: str = 'length_normalised', correction: str = 'none',
) -> float:
  """Entropy over clusters of meaning, in nats.

  `length_normalised`: a sample weighs exp(ln p / length) (the mean ln p of its
  tokens), weights are summed within clusters and normalised over clusters:
  the Rao–Blackwellised estimator of Farquhar et al. 2024, eqs. 4 and 5.
  `sequence`: the same with p itself. `discrete`: the share of samples in each
  cluster (their black-box variant).

  Args:
    clusters_S: cluster of each sample.
    logprobs_S: ln p of each whole sample; not needed for `discrete`.
    lengths_S: its number of tokens; needed for `length_normalised`.
    weighting: one of `WEIGHTINGS`.
    correction: for small samples, `discrete` only: `miller_madow` adds
      (clusters − 1) / 2n (Miller 1955); `chao_shen` reweighs by the estimated
      coverage 1 − singletons / n (Chao & Shen 2003).

  Returns:
    In [0, ln S] without correction.

  Raises:
    ValueError: unknown options, or what the weighting needs is missing.
  """
  if weighting not in WEIGHTINGS or correction not in CORRECTIONS:
    raise ValueError(
        f'weighting {weighting!r} must be one of {WEIGHTINGS} and correction '
        f'{correction!r} one of {CORRECTIONS}')
  if weighting == 'discrete':
    return _discrete(np.asarray(clusters_S), correction)
  if correction != 'none':
    raise ValueError(f'correction {correction!r} is for counts; use '
                     "weighting='discrete'")
  if logprobs_S is None:
    raise ValueError(f'weighting {weighting!r} needs log-probabilities')
  logprobs = np.asarray(logprobs_S, np.float64)
  if weighting == 'length_normalised':
    if lengths_S is None:
      raise ValueError('length normalisation needs the lengths')
    logprobs = logprobs / np.maximum(np.asarray(lengths_S, np.float64), 1)
  return entropy(cluster_probabilities(clusters_S, logprobs))


def _discrete(clusters: np.ndarray, correction: str) -> float:
  p = cluster_probabilities(clusters)
  n = len(clusters)
  if correction == 'miller_madow':
    return entropy(p) + (len(p) - 1) / (2 * n)
  if correction == 'chao_shen':
    singletons = int(np.sum(np.isclose(p * n, 1)))
    # All singletons: coverage 0 would lose every cluster; the usual remedy.
    coverage = 1 - min(singletons, n - 1) / n
    q = coverage * p
    # A certain single cluster is seen for sure.
    seen = -np.expm1(n * np.log1p(-np.minimum(q, 1 - 1e-16)))
    return float(-np.sum(q * np.log(q) / seen)) + 0.0
  return entropy(p)


@dataclasses.dataclass(frozen=True)
class Consistency:
  """How far n sampled answers agree, by their words.

  Attributes:
    modal_share: share of the commonest answer.
    modal_answer: index of the first sample that gives it.
    entropy: of the answers' shares, over ln n; 0 for one sample.
    n_distinct: number of different answers.
  """

  modal_share: float
  modal_answer: int
  entropy: float
  n_distinct: int


def consistency(keys_S: Sequence[object]) -> Consistency:
  """Consistency of samples given their normalised answers.

  An empty answer is an answer like any other. Of equally common ones the
  first counts as commonest.

  Args:
    keys_S: an answer each; equal ones are the same answer.

  Returns:
    How far they agree.

  Raises:
    ValueError: no samples.
  """
  ids = cluster(len(keys_S), lambda i, j: keys_S[i] == keys_S[j])
  p = cluster_probabilities(ids)
  modal = int(np.argmax(p))
  n = len(keys_S)
  return Consistency(
      modal_share=float(p[modal]),
      modal_answer=int(np.argmax(ids == modal)),
      entropy=entropy(p) / math.log(n) if n > 1 else 0.0,
      n_distinct=len(p))
