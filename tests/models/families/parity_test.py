"""Every family, steered, against PyTorch's forward hooks.

Directions are added and taken out at some layers, at every token: read whole,
and read as a prefix, rows behind it and tokens out of a cache.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from uncertainty import models
from uncertainty.models import families, steering
from uncertainty.types import Batch

pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings('ignore')]


def _steering(n_layers, width):
  rng = np.random.default_rng(0)
  added, removed = rng.normal(size=(2, n_layers, width))
  added[1:] = 0
  removed[0] = 0
  removed /= np.maximum(np.linalg.norm(removed, axis=1, keepdims=True), 1e-9)
  return steering.Steering(added.astype(np.float32),
                           removed.astype(np.float32))


def _hooked(model, how):
  """PyTorch's model with the same done to each block's output."""
  import torch

  def hook(layer):
    added, removed = (torch.tensor(x[layer])
                      for x in (how.added_LD, how.removed_LD))

    def change(module, arguments, output):
      h = output[0] if isinstance(output, tuple) else output
      h = h - (h @ removed)[..., None] * removed + added
      return (h, *output[1:]) if isinstance(output, tuple) else h
    return change

  body = model.base_model
  for layer, block in enumerate(body.h if hasattr(body, 'h') else body.layers):
    block.register_forward_hook(hook(layer))
  return model


def _batch(tokens, start=0):
  shape = 1, len(tokens)
  return Batch(jnp.asarray([tokens], jnp.int32),
               start + jnp.arange(len(tokens), dtype=jnp.int32)[None],
               jnp.zeros(shape, jnp.int32))


def _in_parts(module, params, row):
  """Logits of a prefix's last token, and of the tokens behind it."""
  start = models.read_hidden(
      module, params, _batch(row[:4]), with_key_values=True)
  some = models.read_hidden(
      module, params, _batch(row[4:-2], 4), prefix=start.key_values,
      with_key_values=True)
  last, _ = models.decode(
      module, params, jnp.asarray([row[-2:]]),
      len(row) - 2 + jnp.arange(2, dtype=jnp.int32)[None],
      models.extend_cache(some.key_values, len(row)), prefix=start.key_values)
  hidden = jnp.concatenate(
      [start.hidden_BTD, some.hidden_BTD, last.hidden_BTD], 1)
  return models.unembed(module, params, hidden)[0]


def test_logits_are_those_of_forward_hooks(case, goldens, make_tiny):
  hf_config = goldens.cases()[case]
  module, params, made = make_tiny(hf_config)
  family = families.for_architecture(hf_config['architectures'][0])
  config = module.config
  how = _steering(config.n_layers, config.width)
  row = goldens.rows(config)[0]
  plain = goldens.reference(hf_config, family.name, made)
  before, _ = goldens.read(plain, row)
  expected, _ = goldens.read(_hooked(plain, how), row)
  assert abs(expected - before).max() > 1e-2
  steered = steering.beside(params, how)
  np.testing.assert_allclose(
      module.apply({'params': steered}, jnp.asarray(row[None]))[0], expected,
      atol=1e-4)
  if not any(r.long_frequencies for r in config.rotaries):
    np.testing.assert_allclose(
        jax.jit(_in_parts, static_argnums=0)(module, steered, row), expected,
        atol=1e-4)
