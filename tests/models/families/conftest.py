"""Tiny models of every family, with the goldens' parameters."""

import importlib.util
import pathlib
import types

import jax
import jax.numpy as jnp
import pytest

from uncertainty import models
from uncertainty.models import families

_ROOT = pathlib.Path(__file__).resolve().parents[3]


def _load_goldens() -> types.ModuleType:
  path = _ROOT / 'launch' / 'make_goldens.py'
  spec = importlib.util.spec_from_file_location('make_goldens', path)
  assert spec is not None and spec.loader is not None
  module = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(module)
  return module


GOLDENS = _load_goldens()


def pytest_generate_tests(metafunc):
  if 'case' in metafunc.fixturenames:
    metafunc.parametrize('case', GOLDENS.cases())


@pytest.fixture
def goldens() -> types.ModuleType:
  """launch/make_goldens.py."""
  return GOLDENS


def tiny(hf_config, seed=0):
  """(decoder, params, source tensors) of a case."""
  family = families.for_architecture(hf_config['architectures'][0])
  config = family.config(hf_config)
  made = GOLDENS.tensors(family.mapping(config), config.n_layers, seed)
  params = jax.tree.map(jnp.asarray, GOLDENS.params(
      family.mapping(config), config.n_layers, made))
  return models.Decoder(config), params, made


@pytest.fixture
def make_tiny():
  """The function `tiny`."""
  return tiny


@pytest.fixture
def llama_fields():
  """The smallest config.json of a Llama."""
  return {
      'architectures': ['LlamaForCausalLM'], 'vocab_size': 64,
      'hidden_size': 32, 'num_hidden_layers': 4, 'num_attention_heads': 4,
      'num_key_value_heads': 2, 'intermediate_size': 48,
  }


@pytest.fixture
def llama_config(llama_fields):
  """(architecture, changed fields) to the decoder's config."""
  def config(architecture='LlamaForCausalLM', **changes):
    return families.for_architecture(architecture).config(
        {**llama_fields, **changes})
  return config
