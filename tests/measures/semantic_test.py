import math

import numpy as np
import pytest
import scipy.stats

from uncertainty.measures import semantic

TIGHT = {'rtol': 0, 'atol': 1e-9}


def test_all_the_same_is_zero():
  for weighting in semantic.WEIGHTINGS:
    value = semantic.semantic_entropy(
        [0, 0, 0], [-1., -2., -3.], [1, 2, 3], weighting=weighting)
    np.testing.assert_allclose(value, 0, **TIGHT)
    assert not np.signbit(value)


def test_all_different_is_plain_entropy():
  logprobs = np.log([.5, .2, .1])
  p = np.array([.5, .2, .1]) / .8
  want = -np.sum(p * np.log(p))
  got = semantic.semantic_entropy(
      [0, 1, 2], logprobs, weighting='sequence')
  np.testing.assert_allclose(got, want, **TIGHT)
  got = semantic.semantic_entropy([0, 1, 2], weighting='discrete')
  np.testing.assert_allclose(got, math.log(3), **TIGHT)


def test_paraphrases_by_hand():
  # Two paraphrases of probability .3 and .2, one other answer of .25.
  clusters = [0, 1, 0]
  got = semantic.semantic_entropy(
      clusters, np.log([.3, .25, .2]), weighting='sequence')
  p, q = 2 / 3, 1 / 3
  want = -p * math.log(p) - q * math.log(q)
  np.testing.assert_allclose(got, want, **TIGHT)
  # Length normalisation: .25 of two tokens weighs .5, .09 of two .3, .008 of
  # three .2.
  got = semantic.semantic_entropy(
      clusters, np.log([.09, .25, .008]), [2, 2, 3])
  np.testing.assert_allclose(got, math.log(2), **TIGHT)
  # A token alone weighs what it has.
  got = semantic.semantic_entropy([0, 1], np.log([.5, .25]), [1, 2])
  np.testing.assert_allclose(got, math.log(2), **TIGHT)
  got = semantic.semantic_entropy(clusters, weighting='discrete')
  np.testing.assert_allclose(got, want, **TIGHT)


def test_one_contradiction_by_hand():
  # Sample 3 contradicts the rest, which entail one another.
  entails = np.ones((4, 4), bool)
  entails[3, :3] = entails[:3, 3] = False
  clusters = semantic.cluster_by_entailment(entails)
  np.testing.assert_array_equal(clusters, [0, 0, 0, 1])
  got = semantic.semantic_entropy(clusters, weighting='discrete')
  np.testing.assert_allclose(
      got, -.75 * math.log(.75) - .25 * math.log(.25), **TIGHT)


def test_entailment_must_hold_both_ways_unless_not_strict():
  entails = np.array([[1, 1], [0, 1]], bool)
  np.testing.assert_array_equal(
      semantic.cluster_by_entailment(entails), [0, 1])
  none = np.zeros((2, 2), bool)
  np.testing.assert_array_equal(
      semantic.cluster_by_entailment(
          entails, strict=False, contradicts_SS=none), [0, 0])
  np.testing.assert_array_equal(
      semantic.cluster_by_entailment(
          entails, strict=False, contradicts_SS=~none), [0, 1])
  with pytest.raises(ValueError, match='contradicts'):
    semantic.cluster_by_entailment(entails, strict=False)


def test_clusters_compare_with_their_first_member():
  # 0 ~ 1 and 1 ~ 2 but not 0 ~ 2: the chain does not carry 2 along.
  pairs = {(0, 1), (1, 2)}
  clusters = semantic.cluster(3, lambda i, j: (i, j) in pairs)
  np.testing.assert_array_equal(clusters, [0, 0, 1])


def test_published_identities():
  rng = np.random.default_rng(0)
  for _ in range(50):
    n = int(rng.integers(1, 9))
    clusters = rng.integers(0, n, n)
    logprobs = rng.normal(-5, 3, n)
    lengths = rng.integers(1, 9, n)
    for weighting in semantic.WEIGHTINGS:
      value = semantic.semantic_entropy(
          clusters, logprobs, lengths, weighting=weighting)
      assert -1e-12 <= value <= math.log(n) + 1e-12
      relabelled = semantic.semantic_entropy(
          n - clusters, logprobs, lengths, weighting=weighting)
      np.testing.assert_allclose(value, relabelled, **TIGHT)
    singletons = semantic.semantic_entropy(
        np.arange(n), logprobs, weighting='sequence')
    np.testing.assert_allclose(
        singletons, scipy.stats.entropy(np.exp(logprobs)), **TIGHT)


def test_no_underflow_for_long_samples():
  got = semantic.semantic_entropy(
      [0, 1], [-5000., -5000.], weighting='sequence')
  np.testing.assert_allclose(got, math.log(2), **TIGHT)


def test_small_sample_corrections():
  clusters = [0, 0, 0, 1, 2]
  p = np.array([.6, .2, .2])
  plain = -np.sum(p * np.log(p))
  got = semantic.semantic_entropy(
      clusters, weighting='discrete', correction='miller_madow')
  np.testing.assert_allclose(got, plain + 2 / 10, **TIGHT)
  q = (1 - 2 / 5) * p
  want = -np.sum(q * np.log(q) / (1 - (1 - q)**5))
  got = semantic.semantic_entropy(
      clusters, weighting='discrete', correction='chao_shen')
  np.testing.assert_allclose(got, want, **TIGHT)
  # All singletons: coverage 1 / n, here q = 1/4 twice.
  got = semantic.semantic_entropy(
      [0, 1], weighting='discrete', correction='chao_shen')
  np.testing.assert_allclose(got, math.log(4) / 2 * 16 / 7, **TIGHT)
  got = semantic.semantic_entropy(
      [0, 0, 0], weighting='discrete', correction='chao_shen')
  np.testing.assert_allclose(got, 0, **TIGHT)


def test_bad_input_is_refused():
  with pytest.raises(ValueError, match='at least one'):
    semantic.semantic_entropy([], weighting='discrete')
  with pytest.raises(ValueError, match='finite'):
    semantic.semantic_entropy([0], [-np.inf], weighting='sequence')
  with pytest.raises(ValueError, match='must be one of'):
    semantic.semantic_entropy([0], weighting='other')
  with pytest.raises(ValueError, match='for counts'):
    semantic.semantic_entropy([0], [-1.], [1], correction='chao_shen')
  with pytest.raises(ValueError, match='lengths'):
    semantic.semantic_entropy([0], [-1.])
  with pytest.raises(ValueError, match='log-probabilities'):
    semantic.semantic_entropy([0])


def test_consistency_by_hand():
  got = semantic.consistency(['a', 'b', 'b', '', 'b'])
  assert got.modal_share == pytest.approx(.6)
  assert (got.modal_answer, got.n_distinct) == (1, 3)
  p = np.array([.6, .2, .2])
  np.testing.assert_allclose(
      got.entropy, -np.sum(p * np.log(p)) / math.log(5), **TIGHT)
  assert semantic.consistency(['a']) == semantic.Consistency(1., 0, 0., 1)
  tie = semantic.consistency(['a', 'b'])
  assert (tie.modal_answer, tie.entropy) == (0, pytest.approx(1.))
