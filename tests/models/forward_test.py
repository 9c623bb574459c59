"""The same numbers however rows are packed, cached, looped or captured."""

import functools
import json
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from uncertainty import models
from uncertainty.models import decoder as decoder_lib
from uncertainty.models import families
from uncertainty.types import Batch, CaptureSpec, UserError

_CASES = json.loads((pathlib.Path(__file__).parents[1] / 'testdata' / 'models'
                     / 'cases.json').read_text(encoding='utf-8'))
_SITES = ('embedding', 'attention_out', 'mlp_out', 'residual', 'final_norm')


@functools.cache
def _model(name, dtype='float32'):
  """A decoder with every parameter random, norm scales and biases too."""
  hf_config = _CASES[name]
  family = families.for_architecture(hf_config['architectures'][0])
  config = family.config(hf_config)
  module = models.Decoder(config, jnp.dtype(dtype))
  shapes = jax.eval_shape(module.init, jax.random.key(0),
                          jnp.zeros((1, 2), jnp.int32))['params']
  random = np.random.RandomState(0)

  def make(path, x):
    values = 0.2 * random.standard_normal(x.shape)
    return jnp.asarray(values + (path[-1].key == 'scale'), x.dtype)

  return module, jax.tree_util.tree_map_with_path(make, shapes)


def _tokens(shape, seed=0):
  random = np.random.RandomState(seed)
  return jnp.asarray(random.randint(0, 67, shape), jnp.int32)


def _batch(tokens_BT, positions=None, segments=None):
  B, T = tokens_BT.shape
  if positions is None:
    positions = np.broadcast_to(np.arange(T), (B, T))
  if segments is None:
    segments = np.zeros((B, T))
  return Batch(tokens_BT, jnp.asarray(positions, jnp.int32),
               jnp.asarray(segments, jnp.int32))


_encode = jax.jit(models.read_hidden,
                  static_argnames=('module', 'capture', 'with_key_values'))


def _close(x, y):
  np.testing.assert_allclose(x, y, atol=2e-5, rtol=2e-5)


@pytest.mark.parametrize('name', ['gemma3', 'gpt2'])
def test_packed_branches_equal_separate_rows(name):
  module, params = _model(name)
  stem, first, second = _tokens((6,)), _tokens((4,), 1), _tokens((4,), 2)
  tokens = jnp.concatenate([stem, first, second, stem[:2]])[None]
  positions = [[*range(6), *range(6, 10), *range(6, 10), 0, 0]]
  segments = [[0] * 6 + [1] * 4 + [2] * 4 + [-1] * 2]
  packed = _encode(module, params, _batch(tokens, positions, segments))
  for branch, start in ((first, 6), (second, 10)):
    row = jnp.concatenate([stem, branch])[None]
    alone = _encode(module, params, _batch(row)).hidden_BTD[0]
    _close(packed.hidden_BTD[0, :6], alone[:6])
    _close(packed.hidden_BTD[0, start:start + len(branch)], alone[6:])


@pytest.mark.parametrize('name', ['gemma3', 'smollm3', 'neox_serial'])
def test_scan_equals_a_loop_over_layers(name):
  module, params = _model(name)
  config, batch = module.config, _batch(_tokens((2, 12)))
  x_BTD = params['token_embedding'][batch.tokens_BT]
  x_BTD = x_BTD * config.embedding_scale
  per_layer = decoder_lib.per_layer(config, batch, ())
  shared = decoder_lib.shared_by_layers(config, batch, (), None)
  block = decoder_lib.Block(config)
  step = jax.jit(lambda p, x, layer: block.apply({'params': p}, x, layer,
                                                 shared)[0])
  looped, stacked = [], jax.tree.map(np.asarray, (params['layers'],
                                                  per_layer))
  for i in range(config.n_layers):
    one, layer = jax.tree.map(lambda x, i=i: x[i], stacked)
    x_BTD = step(one, x_BTD, layer)
    looped.append(x_BTD)
  out = _encode(module, params, batch,
                capture=CaptureSpec(('residual',), 'all'))
  _close(out.activations['residual'], jnp.stack(looped))


@pytest.mark.parametrize('name', ['gemma2', 'olmo2', 'pythia'])
def test_capture_inside_the_scan_equals_flax_intermediates(name):
  module, params = _model(name)
  batch = _batch(_tokens((2, 9)))
  at_BP = jnp.asarray([[8, 0], [3, 3]], jnp.int32)
  out = _encode(module, params, batch, capture=CaptureSpec(_SITES),
                capture_at_BP=at_BP)
  L, D = module.config.n_layers, module.config.width
  logits, state = jax.jit(lambda p, tokens: module.apply(
      {'params': p}, tokens, capture_intermediates=True,
      mutable=['intermediates']))(params, batch.tokens_BT)
  found = state['intermediates']
  (residual_LBTD, _), = found['layers']['__call__']
  assert residual_LBTD.shape == (L, 2, 9, D)
  rows = np.arange(2)[:, None]
  _close(out.activations['residual'], residual_LBTD[:, rows, at_BP])
  _close(out.activations['final_norm'],
         found['final_norm']['__call__'][0][rows, at_BP])
  # The stream is the embedding plus everything that was added to it.
  added = (out.activations['attention_out'] + out.activations['mlp_out'])
  _close(out.activations['embedding'] + added.sum(0),
         out.activations['residual'][-1])
  _close(logits, models.unembed(module, params, out.hidden_BTD))


def test_bfloat16_bits_change_nothing_and_stay_near_float32():
  module, params = _model('gemma3', 'bfloat16')
  assert params['layers']['attention']['qkv'].dtype == jnp.bfloat16
  assert params['final_norm']['scale'].dtype == jnp.float32
  batch = _batch(_tokens((2, 12)))
  narrow = _encode(module, params, batch)
  bits = _encode(module, models.raw_bits(params), batch)
  np.testing.assert_array_equal(narrow.hidden_BTD, bits.hidden_BTD)
  if jax.default_backend() == 'cpu':
    up, view = (x['layers']['mlp']['up']
                for x in (params, models.raw_bits(params)))
    assert view.unsafe_buffer_pointer() == up.unsafe_buffer_pointer()
  plain = jax.jit(module.apply)({'params': params}, batch.tokens_BT)
  _close(plain, models.unembed(module, params, narrow.hidden_BTD))
  wide = _encode(module, jax.tree.map(lambda x: x.astype(jnp.float32),
                                      params), batch)
  error = np.abs(np.asarray(wide.hidden_BTD - narrow.hidden_BTD)).max()
  assert 0 < error < 0.2 * np.abs(np.asarray(wide.hidden_BTD)).max()


@pytest.mark.parametrize('name', ['gemma2', 'gpt2', 'olmo2', 'smollm3'])
@pytest.mark.usefixtures('float64_arrays')
def test_float64_weights_are_float64_throughout(name):
  """A cache shows no more than its rounding: no sum is narrower anywhere."""
  module, params = _model(name, 'float64')
  tokens = _tokens((2, 9))
  whole = _encode(module, params, _batch(tokens))
  assert whole.hidden_BTD.dtype == jnp.float64
  cache = models.empty_cache(module.config, 2, 9, jnp.float64)
  parts = []
  for start, stop in ((0, 5), (5, 9)):
    positions = jnp.broadcast_to(
        jnp.arange(start, stop, dtype=jnp.int32)[None], (2, stop - start))
    out, cache = jax.jit(models.decode, static_argnames='module')(
        module, params, tokens[:, start:stop], positions, cache)
    parts.append(out.hidden_BTD)
  np.testing.assert_allclose(
      np.concatenate(parts, 1), whole.hidden_BTD, rtol=1e-11, atol=1e-11)
  narrow, single = _model(name)
  np.testing.assert_array_equal(single['final_norm']['scale'],
                                params['final_norm']['scale'])
  _close(models.unembed(narrow, single, _encode(
      narrow, single, _batch(tokens)).hidden_BTD),
         models.unembed(module, params, whole.hidden_BTD))


def test_jit_equals_eager():
  module, params = _model('llama3')
  batch = _batch(_tokens((2, 5)))
  with jax.disable_jit():
    eager = models.read_hidden(module, params, batch).hidden_BTD
  _close(_encode(module, params, batch).hidden_BTD, eager)


def test_rows_without_tokens_stay_finite():
  module, params = _model('llama3')
  batch = _batch(_tokens((2, 5)), segments=[[0] * 5, [-1] * 5])
  out = _encode(module, params, batch, with_key_values=True)
  assert np.isfinite(np.asarray(out.hidden_BTD)).all()
  assert out.key_values.lengths_B.tolist() == [5, 0]


def test_empty_cache_decodes_from_the_start():
  module, params = _model('llama3')
  tokens = _tokens((2, 4))
  cache = models.empty_cache(module.config, 2, 6, jnp.float32)
  positions = jnp.broadcast_to(jnp.arange(4, dtype=jnp.int32)[None], (2, 4))
  out, cache = jax.jit(models.decode, static_argnames='module')(
      module, params, tokens, positions, cache)
  _close(out.hidden_BTD, _encode(module, params, _batch(tokens)).hidden_BTD)
  assert cache.lengths_B.tolist() == [4, 4]
  assert not np.asarray(cache.keys_LBSKH[:, :, 4:]).any()


def test_bfloat16_cache_may_travel_as_bits():
  module, params = _model('gemma3', 'bfloat16')
  tokens = _tokens((2, 3))
  positions = jnp.broadcast_to(jnp.arange(3, dtype=jnp.int32)[None], (2, 3))
  cache = models.empty_cache(module.config, 2, 4, jnp.bfloat16)
  decode = jax.jit(models.decode, static_argnames='module')
  out, after = decode(module, params, tokens, positions, cache)
  raw_out, raw_after = decode(module, params, tokens, positions,
                              models.raw_bits(cache))
  np.testing.assert_array_equal(out.hidden_BTD, raw_out.hidden_BTD)
  assert after.keys_LBSKH.dtype == jnp.bfloat16
  if jax.default_backend() == 'cpu':
    assert raw_after.keys_LBSKH.dtype == jnp.uint16
  np.testing.assert_array_equal(
      models.raw_bits(after).values_LBSKH, raw_after.values_LBSKH)


def test_program_does_not_grow_with_depth():
  def n_lines(n_layers):
    config = families.for_architecture('LlamaForCausalLM').config(
        {**_CASES['llama3'], 'num_hidden_layers': n_layers})
    module = models.Decoder(config)
    params = jax.eval_shape(module.init, jax.random.key(0),
                            jnp.zeros((1, 2), jnp.int32))['params']
    lowered = jax.jit(module.apply).lower(
        {'params': params}, jax.ShapeDtypeStruct((2, 8), jnp.int32))
    return len(lowered.as_text().splitlines())

  assert n_lines(32) == n_lines(4)


def test_unknown_site_is_named():
  module, params = _model('llama3')
  with pytest.raises(UserError, match="'mlp_in'; did you mean mlp_out"):
    models.read_hidden(module, params, _batch(_tokens((1, 3))),
                       capture=CaptureSpec(('mlp_in',), 'all'))


def test_capture_needs_positions():
  module, params = _model('llama3')
  with pytest.raises(UserError, match='capture_at_BP'):
    models.read_hidden(module, params, _batch(_tokens((1, 3))),
                       capture=CaptureSpec(('residual',)))


def test_site_that_yields_nothing_is_an_error():
  module, params = _model('llama3')
  with pytest.raises(UserError, match='yielded nothing'):
    models.read_hidden(module, params, _batch(_tokens((1, 3))),
                       capture=CaptureSpec(('residual',)),
                       capture_at_BP=jnp.zeros((1, 0), jnp.int32))


def test_capture_memory_does_not_grow_with_tokens():
  """32 layers × 512 tokens: what capture adds is far below [L, B, T, D]."""
  config = families.for_architecture('LlamaForCausalLM').config({
      **_CASES['llama3'], 'num_hidden_layers': 32, 'hidden_size': 64,
      'num_attention_heads': 2, 'num_key_value_heads': 1, 'head_dim': 32})
  module = models.Decoder(config)
  params = jax.eval_shape(module.init, jax.random.key(0),
                          jnp.zeros((1, 2), jnp.int32))['params']
  at_BP = jax.ShapeDtypeStruct((2, 1), jnp.int32)

  def peak(T, sites):
    batch = Batch(*[jax.ShapeDtypeStruct((2, T), jnp.int32)] * 3)

    def run(params, batch, at_BP):
      out = models.read_hidden(
          module, params, batch, capture=CaptureSpec(sites),
          capture_at_BP=at_BP)
      return out.hidden_BTD[:, -1], out.activations

    memory = jax.jit(run).lower(params, batch, at_BP).compile(
        ).memory_analysis()
    return memory.temp_size_in_bytes + memory.output_size_in_bytes

  added = [peak(T, _SITES) - peak(T, ()) for T in (128, 512)]
  everything = 32 * 2 * 512 * 64 * 4
  assert max(added) < everything / 8
  assert added[1] - added[0] < everything / 16
