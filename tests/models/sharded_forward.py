"""Run by sharding_test in processes of its own, with virtual devices.

  python sharded_forward.py DATAxMODEL[,DATAxMODEL…] [PORT PROCESS]

Prints one JSON object: mesh → last logits of a batch that has a shared
prefix, one layer's residual stream, and the collectives of the compiled
program; the notices that were given.
"""

import json
import math
import re
import sys

import jax
import jax.numpy as jnp
import numpy as np
from absl import logging
from jax.sharding import NamedSharding, PartitionSpec

from uncertainty import models
from uncertainty.models import families, sharding
from uncertainty.types import Batch, CaptureSpec

CONFIG = {
    'vocab_size': 64, 'hidden_size': 24, 'num_hidden_layers': 3,
    'num_attention_heads': 4, 'num_key_value_heads': 2, 'head_dim': 8,
    'intermediate_size': 40, 'tie_word_embeddings': False,
}


_COLLECTIVE = re.compile(
    r'= (.+?) ((?:all-|collective-|reduce-scatter)[a-z-]+?)(?:-start)?\(')


def _model():
  config = families.for_architecture('LlamaForCausalLM').config(CONFIG)
  module = models.Decoder(config)
  shapes = jax.eval_shape(module.init, jax.random.key(0),
                          jnp.zeros((1, 2), jnp.int32))['params']
  random = np.random.RandomState(0)
  return module, jax.tree.map(lambda x: np.asarray(
      0.3 * random.standard_normal(x.shape), x.dtype), shapes)


def _batch(B, T, start):
  tokens = np.random.RandomState(B).randint(0, 64, (B, T)).astype(np.int32)
  positions = np.broadcast_to(np.arange(start, start + T, dtype=np.int32),
                              (B, T))
  return Batch(tokens, positions, np.zeros((B, T), np.int32))


def _place_params(mesh, params):
  def put(keys, x):
    path = '/'.join(key.key for key in keys)
    return jax.device_put(x, sharding.of_parameter(mesh, path, x.shape))
  return jax.tree_util.tree_map_with_path(put, params)


def _place_batch(mesh, batch):
  """Rows over `data`; a single row everywhere."""
  rows = 'data' if batch.tokens_BT.shape[0] > 1 else None
  return jax.device_put(
      batch, NamedSharding(mesh, PartitionSpec(rows, None)))


def _logits(module, params, mesh):
  params = _place_params(mesh, params)

  def run(params, prefix, batch):
    start = models.read_hidden(module, params, prefix, with_key_values=True)
    out = models.read_hidden(
        module, params, batch, prefix=start.key_values,
        capture=CaptureSpec(('residual',)),
        capture_at_BP=jnp.full((batch.tokens_BT.shape[0], 1), 5, jnp.int32))
    logits = models.unembed(module, params, out.hidden_BTD[:, -1])
    return logits, out.activations['residual']

  program = jax.jit(run).lower(
      params, _place_batch(mesh, _batch(1, 4, 0)),
      _place_batch(mesh, _batch(8, 6, 4))).compile()
  found = program(params, _place_batch(mesh, _batch(1, 4, 0)),
                  _place_batch(mesh, _batch(8, 6, 4)))
  # Weights really are spread: no device holds a whole projection.
  qkv = params['layers']['attention']['qkv']
  share = qkv.addressable_shards[0].data.size / qkv.size
  return {
      **{name: np.asarray(sharding.gather(x, mesh)).ravel().tolist()
         for name, x in zip(('logits', 'residual'), found, strict=True)},
      'share': share, 'collectives': _collectives(program.as_text())}


def _collectives(text):
  """[operation, sizes of its result] of what devices say to each other."""
  return [[operation, [math.prod(map(int, filter(None, shape.split(','))))
                       for shape in re.findall(r'\w\[([\d,]*)\]', result)]]
          for result, operation in _COLLECTIVE.findall(text)]


def _gathered(mesh):
  """The collectives of a program that makes a spread weight whole."""
  weight = jax.device_put(np.ones((64, 3)), NamedSharding(
      mesh, PartitionSpec('model', None)))
  whole = jax.jit(lambda x: 2 * x, out_shardings=NamedSharding(
      mesh, PartitionSpec()))
  return _collectives(whole.lower(weight).compile().as_text())


def main():
  notices = []
  logging.warning = lambda text, *values: notices.append(text % values)
  meshes, *process = sys.argv[1:]
  if process:
    port, index = process
    jax.config.update('jax_cpu_collectives_implementation', 'gloo')
    jax.distributed.initialize(f'localhost:{port}', 2, int(index))
  module, params = _model()
  results = {}
  for name in meshes.split(','):
    data, model = (int(n) for n in name.split('x'))
    devices = None if process else jax.devices()[:data * model]
    mesh = sharding.make_mesh(data, model, devices)
    results[name] = _logits(module, params, mesh)
  results['notices'] = notices
  if not process:
    results['gathered'] = _gathered(sharding.make_mesh(1, len(jax.devices())))
  print(json.dumps(results))


if __name__ == '__main__':
  main()
