"""The decoder by hand: masks, the residual stream, the head."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from uncertainty import models
from uncertainty.models import decoder
from uncertainty.types import Batch

CONFIG = models.DecoderConfig(
    family='llama', n_layers=2, width=2, n_heads=1, n_kv_heads=1, head_dim=2,
    mlp_width=2, vocab_size=3, context_length=8, windows=(0, 0), rotaries=(),
    rotary_index=(-1, -1), attention_scale=1.0, norm_eps=0.0,
    tie_embeddings=True)
EMBEDDING_VD = np.array([[1, 7], [3, 4], [-1, 1]], np.float32)


def _changed(**fields):
  return dataclasses.replace(CONFIG, **fields)


def _batch(tokens, positions=None, segments=None):
  n = len(tokens)
  return Batch(*(jnp.asarray([row], jnp.int32) for row in (
      tokens, range(n) if positions is None else positions,
      [0] * n if segments is None else segments)))


def _masks(config, batch):
  shared = decoder.shared_by_layers(config, batch, (), None)
  return [np.asarray(mask[:, 0], int).tolist() for mask in shared.masks][0]


def test_a_token_sees_itself_and_what_is_before_it():
  assert _masks(CONFIG, _batch([0, 1, 2])) == [
      [[1, 0, 0], [1, 1, 0], [1, 1, 1]]]


def test_a_window_ends_what_is_seen_and_layers_name_theirs():
  config = _changed(windows=(2, 0))
  batch = _batch([0, 1, 2])
  assert _masks(config, batch) == [
      [[1, 0, 0], [1, 1, 0], [1, 1, 1]], [[1, 0, 0], [1, 1, 0], [0, 1, 1]]]
  assert decoder.per_layer(config, batch, ()).window_index.tolist() == [1, 0]
  # A window that nothing is beyond needs no mask of its own.
  short = decoder.per_layer(config, _batch([0, 1]), ())
  assert short.window_index.tolist() == [0, 0]


def test_branches_see_the_stem_and_themselves_and_padding_sees_none():
  batch = _batch([0] * 5, [0, 1, 1, 0, 0], [0, 1, 2, -1, -1])
  [mask] = _masks(CONFIG, batch)
  assert mask[:3] == [[1, 0, 0, 0, 0], [1, 1, 0, 0, 0], [1, 0, 1, 0, 0]]
  assert [row[3:] for row in mask] == [[0, 0]] * 5


def test_layers_without_rotation_point_behind_the_tables():
  config = _changed(rotaries=(models.Rotary((1.0,)),), rotary_index=(0, -1))
  index = decoder.per_layer(config, _batch([0]), ()).rotary_index
  assert index.tolist() == [0, 1]


def test_without_sublayers_the_logits_are_the_normed_embedding_s():
  module = models.Decoder(CONFIG)
  shapes = jax.eval_shape(
      module.init, jax.random.key(0), jnp.zeros((1, 2), jnp.int32))['params']
  params = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), dict(shapes))
  params['token_embedding'] = jnp.asarray(EMBEDDING_VD)
  params['final_norm'] = {'scale': jnp.asarray([2.0, 1.0])}
  logits = module.apply({'params': params}, jnp.asarray([[0, 1]]))
  # RMS of (1, 7) is 5, of (3, 4) √12.5.
  hidden = np.array([[2 / 5, 7 / 5], [6 / 12.5**.5, 4 / 12.5**.5]])
  np.testing.assert_allclose(logits[0], hidden @ EMBEDDING_VD.T, rtol=1e-6)


def test_the_head_adds_its_bias_before_the_cap():
  module = models.Decoder(_changed(head_bias=True, logit_cap=2.0))
  params = {'token_embedding': jnp.asarray(EMBEDDING_VD),
            'unembedding_bias': jnp.asarray([0.5, -7.0, 0.0])}
  logits = module.apply({'params': params}, jnp.asarray([1.0, 0.0]),
                        method='unembed')
  np.testing.assert_allclose(
      logits, 2 * np.tanh(np.array([1.5, -4.0, -1.0]) / 2), rtol=1e-6)


@pytest.mark.parametrize(('gated', 'wanted'), [
    (True, [2 / (1 + np.exp(-2)) * 3, 0.0]),
    (False, [2 / (1 + np.exp(-2)), 0.0])])
def test_the_mlp_gates_its_way_up(gated, wanted):
  mlp = decoder.MLP(_changed(gated=gated))
  # x = (2, 1): the gate is x₀, the way up 3 x₁; unit 2 is off.
  ways = np.zeros((2, 2 if gated else 1, 2), np.float32)
  ways[0, 0, 0] = 1
  if gated:
    ways[1, 1, 0] = 3
  params = {'up': jnp.asarray(ways), 'down': jnp.eye(2)}
  out = mlp.apply({'params': params}, jnp.asarray([[[2.0, 1.0]]]))
  np.testing.assert_allclose(out[0, 0], wanted, rtol=1e-6)
