"""RAUQ: by hand, its limits and invariances, and others' code."""

import numpy as np
import pytest

from uncertainty.measures import recurrent_attention

N_RANDOM = 200


def _random(seed):
  """An answer of 2 to 12 tokens, and attention of 3 to 12 layers."""
  rng = np.random.default_rng(seed)
  n, layers, heads = (int(rng.integers(low, 13)) for low in (2, 3, 1))
  return (np.log(rng.uniform(.001, 1, n)),
          rng.beta(.5, .5, (n, layers, heads)))


def test_three_tokens_by_hand():
  # Of two layers both count. In the first the second head attends most
  # (.4, .6 to .5, .1), in the second the first.
  weight_TLN = np.array([[[.5, .4], [.9, 0]], [[.1, .6], [.7, 0]],
                         [[1, 0], [0, 1]]])
  p = np.array([.5, .25, .8])
  first = .2 * .25 + .8 * .4 * .5
  second = .2 * .25 + .8 * .9 * .5
  each = [np.log(.5 * c * (.2 * .8 + .8 * a * c))
          for c, a in ((first, .6), (second, .7))]
  assert recurrent_attention.rauq(np.log(p), weight_TLN) == pytest.approx(
      -min(each) / 3, abs=1e-12)
  assert each[0] < each[1]  # the least confident layer


def test_one_token_is_its_own_surprise():
  assert recurrent_attention.rauq(
      [np.log(.3)], np.ones((1, 4, 2))) == pytest.approx(-np.log(.3))
  assert recurrent_attention.rauq([0.], np.ones((1, 4, 2))) == 0


def test_limits_of_alpha_and_of_attention():
  logprobs_T, weight_TLN = _random(3)
  n = len(logprobs_T)
  # All weight on the tokens' own probability is the log-perplexity.
  assert recurrent_attention.rauq(
      logprobs_T, weight_TLN, alpha=1.) == pytest.approx(-logprobs_T.mean())
  # Without attention nothing is handed on: each token counts α p.
  assert recurrent_attention.rauq(
      logprobs_T, 0 * weight_TLN) == pytest.approx(
          -logprobs_T.mean() - np.log(.2) * (n - 1) / n)
  # A sure answer that attends to itself alone is sure throughout.
  assert recurrent_attention.rauq(
      np.zeros(n), np.ones_like(weight_TLN)) == pytest.approx(0, abs=1e-12)


def test_what_does_not_count():
  for seed in range(20):
    logprobs_T, weight_TLN = _random(seed)
    value = recurrent_attention.rauq(logprobs_T, weight_TLN)
    rng = np.random.default_rng(seed)
    other_TLN = weight_TLN.copy()
    other_TLN[-1] = rng.uniform(size=other_TLN[-1].shape)
    n_layers = weight_TLN.shape[1]
    inside = recurrent_attention.middle_layers(n_layers)
    outside = [i for i in range(n_layers) if i not in inside]
    other_TLN[:, outside] = rng.uniform(size=other_TLN[:, outside].shape)
    heads = rng.permutation(other_TLN.shape[-1])
    assert recurrent_attention.rauq(
        logprobs_T, other_TLN[..., heads]) == pytest.approx(value, abs=1e-12)


def test_an_unlikely_token_stays_finite():
  assert recurrent_attention.rauq(
      [-2000., -1.], np.zeros((2, 3, 1))) == pytest.approx(
          (2000 + 1 - np.log(.2)) / 2)


@pytest.mark.parametrize('n_layers, first, last', [
    (1, 0, 0), (2, 0, 1), (3, 1, 2), (18, 6, 12), (30, 10, 20), (32, 10, 22)])
def test_layers_about_the_middle_third(n_layers, first, last):
  layers = recurrent_attention.middle_layers(n_layers)
  assert (layers[0], layers[-1]) == (first, last)


def test_what_is_no_attention_is_refused():
  with pytest.raises(ValueError, match='one token'):
    recurrent_attention.rauq([], np.ones((0, 3, 1)))
  for bad in (1.001, -.1, np.nan):
    with pytest.raises(ValueError, match=r'\[0, 1\]'):
      recurrent_attention.rauq([-1., -1.], np.full((2, 3, 1), bad))
  with pytest.raises(ValueError, match='shorter'):  # of two passes, not three
    recurrent_attention.rauq([-1., -1., -1.], np.full((1, 3, 1), .5))


@pytest.mark.parity
@pytest.mark.peers
def test_it_agrees_with_lm_polygraph(polygraph):
  for seed in range(N_RANDOM):
    logprobs_T, weight_TLN = _random(seed)
    n, n_layers, n_heads = weight_TLN.shape
    # Theirs has a row for each token that is predicted, a column for each
    # that is attended to.
    every = np.zeros((n_layers * n_heads, n, n))
    for t in range(1, n):
      every[:, t, t - 1] = weight_TLN[t - 1].reshape(-1)
    theirs = polygraph('rauq').RAUQ(n_layers=n_layers, n_heads=n_heads)
    theirs.layers = [i for i in theirs.layers if i < n_layers]
    assert recurrent_attention.rauq(logprobs_T, weight_TLN) == pytest.approx(
        theirs({'attention_all': [every],
                'greedy_log_likelihoods': [logprobs_T]})[0] - 1, abs=1e-6)
