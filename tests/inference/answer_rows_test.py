"""Steps of generation on a model whose next token is known: softmax(bias)."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from uncertainty import models
from uncertainty.inference import answer_rows, token_sampling
from uncertainty.types import KeyValues

PROBABILITIES = {'a': 0.5, 'b': 0.3, '}': 0.2}
N_ROWS, SLOTS = 2, 8


@pytest.fixture(scope='module')
def model(tiny):
  """(decoder, weights of zero: nothing but the head's bias is left)."""
  module = models.Decoder(tiny.config(head_bias=True))
  shapes = jax.eval_shape(
      module.init, jax.random.key(0), jnp.zeros((1, 2), jnp.int32))['params']
  params = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), dict(shapes))
  bias_V = np.full(len(tiny.PIECES), -1e9, np.float32)
  for piece, p in PROBABILITIES.items():
    bias_V[tiny.PIECES.index(piece)] = np.log(p)
  return module, params | {'unembedding_bias': jnp.asarray(bias_V)}


@pytest.fixture
def spec(tiny):
  """Greedy, stopped by a brace or after three tokens."""
  return answer_rows.DecodeSpec(
      token_sampling.GREEDY, (tiny.PIECES.index('}'),), max_tokens=3, top_k=2)


def _empty(model, spec):
  return answer_rows.empty_rows(*model, spec, N_ROWS, SLOTS)


def _active(model, spec, steps):
  """Rows that have generated so many tokens."""
  return dataclasses.replace(
      _empty(model, spec), active_B=jnp.ones(N_ROWS, bool),
      steps_B=jnp.asarray(steps, jnp.int32))


def _run(model, spec, rows, enough):
  return answer_rows.run(*model, rows, None, jnp.int32(enough), spec)


def test_a_step_measures_the_distribution_it_draws_from(tiny, model, spec):
  found = answer_rows.measure(
      *model, jnp.zeros((N_ROWS, 16)), jnp.zeros((N_ROWS, 2), jnp.uint32),
      jnp.zeros(N_ROWS, jnp.int32), spec)
  assert [tiny.PIECES[t] for t in found['tokens'].tolist()] == ['a', 'a']
  np.testing.assert_allclose(found['token_logprob'], [np.log(.5)] * 2,
                             rtol=1e-5)
  np.testing.assert_allclose(np.exp(found['top_logprobs'][0]), [.5, .3],
                             rtol=1e-5)
  nats = -sum(p * np.log(p) for p in PROBABILITIES.values())
  np.testing.assert_allclose(
      found['total_entropy'], [nats / np.log(len(tiny.PIECES))] * 2, rtol=1e-5)


def test_without_top_tokens_only_the_drawn_one_is_measured(model, spec):
  found = answer_rows.measure(
      *model, jnp.zeros((N_ROWS, 16)), jnp.zeros((N_ROWS, 2), jnp.uint32),
      jnp.zeros(N_ROWS, jnp.int32), spec.replace(top_k=0))
  assert found.keys() == {'tokens', 'token_logprob', 'finite'}
  np.testing.assert_allclose(found['token_logprob'], [np.log(.5)] * 2,
                             rtol=1e-5)


def test_empty_rows_generate_nothing(model, spec):
  rows = _run(model, spec, _empty(model, spec), N_ROWS)
  assert rows.steps_B.tolist() == [0, 0]
  assert not rows.tokens_BM.any() and not rows.active_B.any()
  assert rows.records['top_logprobs'].shape == (N_ROWS, 3, 2)


def test_it_returns_as_soon_as_enough_rows_have_finished(tiny, model, spec):
  a = tiny.PIECES.index('a')
  rows = _run(model, spec, _active(model, spec, [0, 2]), enough=1)
  assert rows.steps_B.tolist() == [1, 3]
  assert rows.active_B.tolist() == [True, False]
  assert rows.tokens_BM.tolist() == [[a, 0, 0], [0, 0, a]]
  # The last token of a finished row is read but not kept.
  assert rows.cache.lengths_B.tolist() == [1, 0]
  rows = _run(model, spec, rows, enough=1)
  assert rows.steps_B.tolist() == [3, 3]
  assert rows.tokens_BM.tolist() == [[a, a, a], [0, 0, a]]


def test_a_stop_token_ends_a_row_and_is_part_of_it(tiny, model, spec):
  a = tiny.PIECES.index('a')
  rows = _run(model, spec.replace(stop_ids=(a,)),
              _active(model, spec, [0, 1]), enough=N_ROWS)
  assert rows.steps_B.tolist() == [1, 2]
  assert rows.tokens_BM.tolist() == [[a, 0, 0], [0, a, 0]]
  assert not rows.active_B.any()


def test_a_prompt_is_put_into_its_row_and_no_other(model, spec):
  empty = _empty(model, spec)
  L, _, _, K, H = empty.cache.keys_LBSKH.shape
  read_LBSKH = jnp.arange(1, 1 + L * 6 * K * H, dtype=jnp.float32).reshape(
      L, 1, 6, K, H)
  prompt = answer_rows.PrefilledPrompt(
      KeyValues(read_LBSKH, -read_LBSKH, jnp.asarray([6])), row=jnp.int32(0),
      start=jnp.int32(2), length=jnp.int32(3), hidden_D=jnp.arange(16.0))
  rows = answer_rows.insert(
      empty, jnp.int32(1), prompt, jnp.asarray([3, 4], jnp.uint32), room=3)
  assert rows.active_B.tolist() == [False, True]
  assert rows.cache.lengths_B.tolist() == [0, 3]
  assert rows.keys_B2.tolist() == [[0, 0], [3, 4]]
  assert rows.hidden_BD.tolist() == [[0] * 16, list(range(16))]
  for cache, read in ((rows.cache.keys_LBSKH, read_LBSKH),
                      (rows.cache.values_LBSKH, -read_LBSKH)):
    np.testing.assert_array_equal(cache[:, 1, :3], read[:, 0, 2:5])
    assert not cache[:, 0].any() and not cache[:, 1, 3:].any()
