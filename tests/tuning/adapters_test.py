"""Adapters beside the fused products, merged, and as peft lays them out."""

import functools
import json
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from uncertainty import models
from uncertainty.models import families
from uncertainty.tuning import adapters
from uncertainty.types import Batch, UserError

_CASES = json.loads((pathlib.Path(__file__).parents[1] / 'testdata' / 'models'
                     / 'cases.json').read_text(encoding='utf-8'))
_NAMES = ('llama3', 'phi3', 'gpt2')
_RANK, _SCALE = 3, 0.5


def _model(name):
  family = families.for_architecture(_CASES[name]['architectures'][0])
  config = family.config(_CASES[name])
  module = models.Decoder(config)
  shapes = jax.eval_shape(module.init, jax.random.key(0),
                          jnp.zeros((1, 2), jnp.int32))['params']
  random = np.random.default_rng(0)
  params = jax.tree.map(
      lambda x: jnp.asarray(0.2 * random.normal(size=x.shape), x.dtype), shapes)
  return module, params, family.mapping(config)


def _adapter(table, n_layers, sites=()):
  maps = adapters.linears(table, sites)
  random = np.random.default_rng(1)
  return jax.tree.map(
      lambda x: jnp.asarray(random.normal(size=x.shape), x.dtype),
      adapters.init(jax.random.key(0), maps, rank=_RANK, n_layers=n_layers))


def _hidden(module, params, adapter=None):
  tokens = jnp.asarray(np.random.default_rng(2).integers(0, 60, (2, 9)),
                       jnp.int32)
  batch = Batch(tokens, jnp.tile(jnp.arange(9, dtype=jnp.int32), (2, 1)),
                jnp.zeros((2, 9), jnp.int32))
  variables = {'params': params} | ({'adapters': adapter} if adapter else {})
  return jax.jit(functools.partial(module.apply, method='hidden'))(
      variables, batch)[0]


@pytest.mark.parametrize('name', _NAMES)
def test_merged_weights_do_what_the_adapter_did(name):
  module, params, table = _model(name)
  adapter = _adapter(table, module.config.n_layers)
  beside = _hidden(module, params, adapters.of_products(table, adapter, _SCALE))
  merged = _hidden(module, adapters.merge(params, adapter, _SCALE, table))
  np.testing.assert_allclose(beside, merged, rtol=2e-4, atol=2e-4)
  assert np.abs(beside - _hidden(module, params)).max() > 0.1


@pytest.mark.parametrize('name', _NAMES)
def test_each_map_of_the_checkpoint_gains_its_own_product(name):
  module, params, table = _model(name)
  n_layers = module.config.n_layers
  adapter = _adapter(table, n_layers)
  maps = {f'{m.name}.weight': m for m in adapters.linears(table)}
  merged = adapters.merge(params, adapter, _SCALE, table)
  seen = set()
  for entry in table:
    sources = [part.source for part in entry.parts]
    if sources[0] not in maps:
      continue
    seen |= set(sources)
    weight, before = merged, params
    for key in entry.path.split('/'):
      weight, before = weight[key], before[key]
    for layer in range(n_layers):
      gains = []
      for source in sources:
        pair = adapter[source.removesuffix('.weight')]
        gain = _SCALE * np.asarray(pair['a'][layer] @ pair['b'][layer])
        gains.append(gain if maps[source].transposed else gain.T)
      np.testing.assert_allclose(
          weight[layer] - before[layer], entry.convert(gains), atol=1e-5)
  assert seen == set(maps)


def test_names_and_widths_are_the_checkpoints():
  _, _, table = _model('gemma3')
  found = {m.site: (m.name, m.n_inputs, m.n_outputs, m.transposed)
           for m in adapters.linears(table)}
  c = _CASES['gemma3']
  heads = c['num_attention_heads'] * c['head_dim']
  assert list(found) == ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj',
                         'up_proj', 'down_proj']
  assert found['q_proj'] == ('layers.{layer}.self_attn.q_proj',
                             c['hidden_size'], heads, False)
  assert found['o_proj'][1:] == (heads, c['hidden_size'], False)
  assert found['down_proj'][1:] == (
      c['intermediate_size'], c['hidden_size'], False)
  _, _, table = _model('gpt2')
  assert all(m.transposed for m in adapters.linears(table))


def test_some_sites_leave_the_others_alone():
  module, params, table = _model('llama3')
  adapter = _adapter(table, module.config.n_layers, ('v_proj', 'down_proj'))
  merged = adapters.merge(params, adapter, _SCALE, table)
  G = module.config.n_groups
  qkv = (merged['layers']['attention']['qkv']
         - params['layers']['attention']['qkv'])
  assert (qkv[..., :G + 1, :] == 0).all() and (qkv[..., G + 1, :] != 0).any()
  assert merged['layers']['mlp']['up'] is params['layers']['mlp']['up']
  with pytest.raises(UserError, match="tune.sites names 'qkv'; this model has"):
    adapters.linears(table, ('qkv',))


def test_a_new_adapter_changes_nothing_and_starts_as_pefts():
  module, params, table = _model('llama3')
  maps = adapters.linears(table)
  adapter = adapters.init(jax.random.key(0), maps, rank=8,
                          n_layers=module.config.n_layers)
  fused = adapters.of_products(table, adapter, _SCALE)
  np.testing.assert_array_equal(_hidden(module, params, fused),
                                _hidden(module, params))
  for linear in maps:
    a = np.asarray(adapter[linear.name]['a'])
    bound = linear.n_inputs ** -0.5
    assert 0.9 * bound < np.abs(a).max() <= bound
    assert abs(a.mean()) < 0.1 * bound
  draws = [np.asarray(adapter[m.name]['a']).ravel()[:5] for m in maps]
  assert len({tuple(d) for d in draws}) == len(maps)
