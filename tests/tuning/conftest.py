"""Hub directories of tiny models of every family."""

import json
import pathlib

import pytest
import tokenizers
from safetensors.numpy import save_file
from tokenizers import models as tokenizer_models
from tokenizers import pre_tokenizers
from transformers import PreTrainedTokenizerFast

from launch import make_goldens
from uncertainty.models import families


def pytest_generate_tests(metafunc):
  if 'case' in metafunc.fixturenames:
    metafunc.parametrize('case', make_goldens.cases())


@pytest.fixture
def goldens():
  """launch/make_goldens.py."""
  return make_goldens


def _tokenizer() -> PreTrainedTokenizerFast:
  """Letters, for vocabularies as small as the goldens'."""
  backend = tokenizers.Tokenizer(tokenizer_models.WordLevel(
      {c: i for i, c in enumerate(['<s>', '</s>', '?', *'abcdefghij'])},
      unk_token='?'))
  backend.pre_tokenizer = pre_tokenizers.Split('', 'isolated')
  return PreTrainedTokenizerFast(
      tokenizer_object=backend, bos_token='<s>', eos_token='</s>',
      unk_token='?', chat_template='{{ messages[0]["content"] }}')


def write_case(path: pathlib.Path, hf_config: dict) -> pathlib.Path:
  """A hub directory of a golden case, with random weights."""
  architecture = hf_config['architectures'][0]
  family = families.for_architecture(architecture)
  config = family.config(hf_config)
  made = make_goldens.tensors(family.mapping(config), config.n_layers)
  path.mkdir(parents=True)
  (path / 'config.json').write_text(
      json.dumps({**hf_config, 'torch_dtype': 'float16'}))
  (path / 'generation_config.json').write_text('{"do_sample": true}')
  save_file({families.hub_name(architecture, name): value
             for name, value in made.items()}, path / 'model.safetensors')
  _tokenizer().save_pretrained(path)
  return path


@pytest.fixture
def make_directory(tmp_path):
  """(config.json's fields, name) → a hub directory of such a model."""
  def make(hf_config, name='base'):
    return write_case(tmp_path / name, hf_config)
  return make
