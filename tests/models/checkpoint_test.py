"""Tests of matching tensors with the mapping table and filling params."""

import json

import jax
import numpy as np
import pytest

from uncertainty import models
from uncertainty.models import checkpoint, families, safetensors_file
from uncertainty.types import UserError

FAMILY = families.FAMILIES['llama']


def _opened(path):
  config = FAMILY.config(json.loads((path / 'config.json').read_text()))
  return safetensors_file.tensors(path), config


def test_every_parameter_of_the_module_is_filled_once(write_tiny):
  stored, config = _opened(write_tiny())
  matched = checkpoint.match(stored, FAMILY, config, 'tiny')
  params = checkpoint.fill(
      matched, FAMILY, config, 'float32',
      lambda path, shape: checkpoint.single_device())
  module = models.Decoder(config)
  tokens = np.zeros((1, 3), np.int32)
  wanted = jax.eval_shape(module.init, jax.random.key(0), tokens)['params']
  assert jax.tree.structure(params) == jax.tree.structure(wanted)
  jax.tree.map(
      lambda a, b: np.testing.assert_equal((a.shape, a.dtype),
                                           (b.shape, b.dtype)),
      params, wanted)


def test_abstract_is_the_shape_of_fill(write_tiny):
  stored, config = _opened(write_tiny())
  place = lambda path, shape: checkpoint.single_device()  # noqa: E731
  matched = checkpoint.match(stored, FAMILY, config, 'tiny')
  params = checkpoint.fill(matched, FAMILY, config, 'bfloat16', place)
  tree = checkpoint.abstract(
      FAMILY.mapping(config), config, 'bfloat16', place)
  jax.tree.map(
      lambda a, b: np.testing.assert_equal(
          (a.shape, a.dtype, a.sharding), (b.shape, b.dtype, b.sharding)),
      params, tree)


@pytest.mark.parametrize('chunk_bytes', [1, 500, 1 << 22])
def test_chunks_do_not_show(write_tiny, tiny, monkeypatch, chunk_bytes):
  monkeypatch.setattr(checkpoint, '_CHUNK_BYTES', chunk_bytes)
  model = models.load(str(write_tiny()), dtype='float32')
  at = 'model.layers.1.self_attn.'
  qkv = np.asarray(model.params['layers']['attention']['qkv'][1])
  width, kv, slots, dim = qkv.shape
  q = tiny[at + 'q_proj.weight'].T.reshape(width, kv, slots - 2, dim)
  np.testing.assert_array_equal(qkv[:, :, :-2], q)
  for slot, name in ((-2, 'k_proj'), (-1, 'v_proj')):
    np.testing.assert_array_equal(
        qkv[:, :, slot], tiny[f'{at}{name}.weight'].T.reshape(width, kv, dim))
  up = np.asarray(model.params['layers']['mlp']['up'][0])
  for way, name in enumerate(('gate_proj', 'up_proj')):
    np.testing.assert_array_equal(
        up[:, way], tiny[f'model.layers.0.mlp.{name}.weight'].T)


@pytest.mark.parametrize('index', [
    (slice(1, 2), slice(4, 20), slice(0, 1), slice(1, 4), slice(2, 7)),
    (slice(0, 2), slice(0, 32), slice(1, 2), slice(0, 2), slice(0, 8)),
    (slice(0, 1), slice(31, 32), slice(0, 2), slice(3, 4), slice(0, 1)),
])
def test_a_shard_is_a_slice_of_the_whole(write_tiny, index):
  stored, config = _opened(write_tiny())
  matched = checkpoint.match(stored, FAMILY, config, 'tiny')
  entry = next(m for m in FAMILY.mapping(config) if m.path.endswith('qkv'))
  whole = (config.n_layers, *entry.shape)
  bounds = tuple(s.indices(n)[:2] for s, n in zip(index, whole))
  everything = checkpoint.read_shard(
      entry, tuple((0, n) for n in whole), np.dtype(np.float32), matched)
  shard = checkpoint.read_shard(
      entry, bounds, np.dtype(np.float32), matched)
  np.testing.assert_array_equal(shard, everything[index])


def _match(write_tiny, tensors):
  path = write_tiny(None, tensors)
  stored, config = _opened(path)
  return checkpoint.match(stored, FAMILY, config, str(path))


def test_removing_adding_or_renaming_any_tensor_names_it(write_tiny, tiny):
  stored, config = _opened(write_tiny())
  for name in tiny:
    canonical = families.canonical_name(FAMILY, name)
    less = {k: v for k, v in stored.items() if k != name}
    with pytest.raises(UserError, match=f'tiny: lacks tensor {canonical};'):
      checkpoint.match(less, FAMILY, config, 'tiny')
    renamed = less | {name + '_': stored[name]}
    with pytest.raises(UserError, match=f'lacks tensor {canonical} and holds'):
      checkpoint.match(renamed, FAMILY, config, 'tiny')
  more = stored | {'model.layers.0.new.weight': stored['lm_head.weight']}
  with pytest.raises(UserError, match='model.safetensors: holds tensor'):
    checkpoint.match(more, FAMILY, config, 'tiny')


def test_a_misshapen_tensor_is_named_with_both_shapes(write_tiny, tiny):
  tiny['model.norm.weight'] = np.ones(31, np.float32)
  with pytest.raises(UserError, match=(
      r'model.safetensors: tensor model.norm.weight has shape \[31\], the '
      r'config asks for \[32\]')):
    _match(write_tiny, tiny)


def test_the_same_parameter_twice_is_an_error(write_tiny, tiny):
  tiny['norm.weight'] = tiny['model.norm.weight']
  with pytest.raises(UserError, match='are the same parameter'):
    _match(write_tiny, tiny)


def test_rotary_buffers_are_ignored(write_tiny, tiny):
  tiny['model.layers.0.self_attn.rotary_emb.inv_freq'] = np.ones(
      4, np.float32)
  assert 'norm.weight' in _match(write_tiny, tiny)
