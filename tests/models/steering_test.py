"""Steering by hand, and what a model without it computes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from uncertainty import models
from uncertainty.models import decoder, steering
from uncertainty.types import Batch, CaptureSpec, UserError

CONFIG = models.DecoderConfig(
    family='llama', n_layers=3, width=8, n_heads=2, n_kv_heads=1, head_dim=4,
    mlp_width=8, vocab_size=11, context_length=8, windows=(0, 0, 0),
    rotaries=(models.Rotary((1.0, 0.1)),), rotary_index=(0, 0, 0),
    attention_scale=0.5)
_RESIDUAL = CaptureSpec(('residual',), 'all')


@pytest.fixture(scope='module', params=['float32', 'bfloat16'])
def made(request):
  """(decoder, params) at random."""
  module = models.Decoder(CONFIG)
  params = module.init(jax.random.key(0), jnp.zeros((1, 2), jnp.int32))
  # Scales of norms stay float32, as loading leaves them.
  return module, jax.tree.map(
      lambda x: (8 * x).astype(request.param) if x.ndim > 2 else x,
      params['params'])


def _read(module, params):
  tokens = jnp.asarray([[3, 1, 4, 1, 5]], jnp.int32)
  positions = jnp.arange(5, dtype=jnp.int32)[None]
  return models.read_hidden(
      module, params, Batch(tokens, positions, jnp.zeros_like(tokens)),
      capture=_RESIDUAL)


def _residual(module, params):
  return np.asarray(_read(module, params).activations['residual'])[:, 0]


def _direction(seed=0, layers=(1,)):
  rows = np.zeros((CONFIG.n_layers, CONFIG.width))
  rows[list(layers)] = np.random.default_rng(seed).normal(size=CONFIG.width)
  return rows


def test_without_steering_the_program_is_the_one_without_the_hook(
    made, monkeypatch):
  module, params = made
  text = jax.jit(_read, static_argnums=0).lower(module, params).as_text()
  assert steering.beside(params, None) is params
  monkeypatch.setattr(decoder.steering_lib, 'steer', lambda module, x: x)
  jax.clear_caches()
  bare = jax.jit(lambda module, params: _read(module, params),
                 static_argnums=0).lower(module, params).as_text()
  named = bare.replace('jit__lambda', 'jit__read')
  assert text == named


def test_a_dose_of_nothing_moves_no_bit(made):
  module, params = made
  still = steering.beside(params, steering.addition(_direction(), 0.0))
  assert np.array_equal(_read(module, still).hidden_BTD,
                        _read(module, params).hidden_BTD)


def test_a_direction_is_added_at_every_token_of_its_layer(made):
  module, params = made
  before = _residual(module, params)
  v = _direction()
  after = _residual(
      module, steering.beside(params, steering.addition(v, -2.0)))
  np.testing.assert_array_equal(after[0], before[0])
  np.testing.assert_allclose(after[1], before[1] - 2 * v[1], atol=1e-5)
  assert abs(after[2] - before[2] + 2 * v[1]).max() > 1e-3  # the layer reads it


def test_a_direction_of_any_length_is_taken_out_and_all_else_stays(made):
  module, params = made
  before = _residual(module, params)
  v = 7 * _direction()
  after = _residual(module, steering.beside(params, steering.ablation(v)))
  u = v[1] / np.linalg.norm(v[1])
  np.testing.assert_allclose(after[1] @ u, 0, atol=1e-5)
  np.testing.assert_allclose(
      after[1], before[1] - np.outer(before[1] @ u, u), atol=1e-5)
  np.testing.assert_array_equal(after[0], before[0])


def test_doses_share_one_program(made):
  module, params = made
  run = jax.jit(lambda params: _read(module, params).hidden_BTD)
  v = _direction()
  found = [np.asarray(run(steering.beside(params, how))) for how in (
      steering.addition(v), steering.addition(v, 2.0),
      steering.ablation(_direction(layers=(0, 2))))]
  assert run._cache_size() == 1
  assert abs(found[0] - found[1]).max() > 1e-3


@pytest.mark.parametrize(('added', 'removed', 'says'), [
    (np.zeros((3, 8)), np.zeros((3, 7)), 'both must be'),
    (np.full((3, 8), np.nan), np.zeros((3, 8)), 'not finite'),
    (np.zeros((3, 8)), np.ones((3, 8)), 'length 1'),
])
def test_what_cannot_steer_is_said(added, removed, says):
  with pytest.raises(UserError, match=says):
    steering.Steering(added, removed)


def test_another_models_directions_are_refused(made):
  with pytest.raises(UserError, match=r'\(2, 8\) of a model with \(3, 8\)'):
    steering.beside(made[1], steering.addition(np.zeros((2, 8))))


def test_a_steered_model_shares_the_weights(tiny_model):
  model = tiny_model
  v = np.ones((model.config.n_layers, model.config.width))
  steered = model.steered(steering.addition(v))
  weights = jax.tree.leaves(model.run_params)
  shared = {id(x) for x in jax.tree.leaves(steered.run_params)}
  assert {id(x) for x in weights} < shared
  assert steered.n_parameters == model.n_parameters
  back = steered.steered(None)
  assert jax.tree.structure(back.run_params) == jax.tree.structure(
      model.run_params)


@pytest.fixture
def tiny_model(made):
  module, params = made
  return models.Model(
      module=module, params=params, config=CONFIG, tokenizer=None, name='t',
      kind='base', source='', revision=None, fingerprint='0')
