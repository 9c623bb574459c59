"""Tests of GGUF metadata and tensors turned back into a checkpoint.

Files are written as llama.cpp's convert_hf_to_gguf.py would, from random
weights of each architecture, and must give the params of the original.
"""

import math

import gguf
import jax
import numpy as np
import pytest

from uncertainty.models import checkpoint, families, gguf_model
from uncertainty.models.gguf_file import GgufFile
from uncertainty.types import UserError

SHAPE = {'vocab_size': 40, 'hidden_size': 32, 'num_hidden_layers': 3,
         'intermediate_size': 48, 'num_attention_heads': 4,
         'num_key_value_heads': 2, 'head_dim': 16, 'rms_norm_eps': 1e-6,
         'max_position_embeddings': 8192, 'tie_word_embeddings': True,
         'bos_token_id': 1, 'eos_token_id': [2]}
GEMMA = SHAPE | {'hidden_activation': 'gelu_pytorch_tanh'}
CONFIGS = {
    'llama': SHAPE | {'architectures': ['LlamaForCausalLM'],
                      'rope_theta': 5e5, 'tie_word_embeddings': False},
    'gemma': GEMMA | {'architectures': ['GemmaForCausalLM'],
                      'rope_theta': 10000.0},
    'gemma2': GEMMA | {
        'architectures': ['Gemma2ForCausalLM'], 'rope_theta': 10000.0,
        'sliding_window': 4096, 'attn_logit_softcapping': 50.0,
        'final_logit_softcapping': 30.0, 'query_pre_attn_scalar': 16},
    'gemma3': GEMMA | {
        'architectures': ['Gemma3ForCausalLM'], 'rope_theta': 1e6,
        'rope_local_base_freq': 10000.0, 'sliding_window': 512,
        'query_pre_attn_scalar': 16,
        'rope_scaling': {'rope_type': 'linear', 'factor': 8.0}},
}
_NAMES = {'embed_tokens': 'token_embd', 'norm': 'output_norm',
          'lm_head': 'output', 'input_layernorm': 'attn_norm',
          'q_proj': 'attn_q', 'k_proj': 'attn_k', 'v_proj': 'attn_v',
          'o_proj': 'attn_output', 'q_norm': 'attn_q_norm',
          'k_norm': 'attn_k_norm', 'gate_proj': 'ffn_gate',
          'up_proj': 'ffn_up', 'down_proj': 'ffn_down',
          'post_attention_layernorm': 'ffn_norm'}
_TWO_NORMS = {'pre_feedforward_layernorm': 'ffn_norm',
              'post_attention_layernorm': 'post_attention_norm',
              'post_feedforward_layernorm': 'post_ffw_norm'}


def _originals(architecture, seed=0):
  """Random tensors under transformers' names."""
  hf_config = CONFIGS[architecture]
  family = families.for_architecture(hf_config['architectures'][0])
  config = family.config(hf_config)
  rng = np.random.default_rng(seed)
  shapes = checkpoint.source_shapes(family.mapping(config), config.n_layers)
  return family, config, {
      name: rng.normal(size=shape).astype(np.float32)
      for name, shape in shapes.items()}


def _converted(name, value, architecture):
  """What convert_hf_to_gguf.py does to one tensor, and calls it."""
  parts = name.split('.')
  names = _NAMES | (
      _TWO_NORMS if architecture in ('gemma2', 'gemma3') else {})
  layer = f'blk.{parts[1]}.' if parts[0] == 'layers' else ''
  if architecture == 'llama' and parts[-2] in ('q_proj', 'k_proj'):
    heads = SHAPE['num_attention_heads' if parts[-2] == 'q_proj'
                  else 'num_key_value_heads']
    value = value.reshape(heads, 2, -1, value.shape[1]).swapaxes(
        1, 2).reshape(value.shape)
  if architecture != 'llama' and name.endswith('norm.weight'):
    value = value + np.float32(1)
  return f'{layer}{names[parts[-2]]}.{parts[-1]}', value


def _write(path, architecture, tensors, fields=None):
  writer = gguf.GGUFWriter(path, architecture)
  writer.add_context_length(8192)
  writer.add_embedding_length(32)
  writer.add_block_count(3)
  writer.add_feed_forward_length(48)
  writer.add_head_count(4)
  writer.add_head_count_kv(2)
  writer.add_key_length(16)
  writer.add_value_length(16)
  writer.add_layer_norm_rms_eps(1e-6)
  writer.add_bos_token_id(1)
  writer.add_eos_token_id(2)
  extra = {
      'llama': {'rope.freq_base': 5e5},
      'gemma': {},
      'gemma2': {'attention.sliding_window': 4096,
                 'attn_logit_softcapping': 50.0,
                 'final_logit_softcapping': 30.0},
      'gemma3': {'attention.sliding_window': 512, 'rope.freq_base': 1e6,
                 'rope.scaling.type': 'linear', 'rope.scaling.factor': 8.0},
  }[architecture] | (fields or {})
  for key, value in extra.items():
    key = f'{architecture}.{key}'
    if isinstance(value, str):
      writer.add_string(key, value)
    elif isinstance(value, list):
      writer.add_array(key, value)
    elif isinstance(value, float):
      writer.add_float32(key, value)
    else:
      writer.add_uint32(key, value)
  for name, value in tensors.items():
    writer.add_tensor(name, value)
  writer.write_header_to_file()
  writer.write_kv_data_to_file()
  writer.write_tensors_to_file()
  writer.close()
  return GgufFile(path)


def _file(path, architecture, fields=None, drop=(), add=None):
  _, _, originals = _originals(architecture)
  tensors = dict(_converted(name, value, architecture)
                 for name, value in originals.items())
  tensors = {k: v for k, v in tensors.items() if k not in drop} | (add or {})
  return _write(path, architecture, tensors, fields)


@pytest.mark.parametrize('architecture', CONFIGS)
def test_config_is_the_original(tmp_path, architecture):
  family, config, _ = _originals(architecture)
  file = _file(tmp_path / 'm.gguf', architecture)
  assert family.config(gguf_model.config(file)) == config


@pytest.mark.parametrize('architecture', CONFIGS)
def test_params_are_the_originals(tmp_path, architecture):
  family, config, originals = _originals(architecture)
  file = _file(tmp_path / 'm.gguf', architecture)

  def fill(stored):
    return checkpoint.fill(
        checkpoint.match(stored, family, config, 'm'), family, config,
        'float32', lambda path, shape: checkpoint.single_device())

  found = fill(gguf_model.tensors(file))
  expected = fill({
      name: checkpoint.StoredTensor(
          'm', name, value.shape, lambda a, b, value=value: value[a:b])
      for name, value in originals.items()})
  # 1 + w - 1 rounds; everything else is exact.
  jax.tree.map(lambda a, b: np.testing.assert_allclose(
      a, b, rtol=0, atol=1e-6), found, expected)


def test_llama3_factors_give_llama3_frequencies(tmp_path):
  scaling = {'rope_type': 'llama3', 'factor': 8.0, 'low_freq_factor': 1.0,
             'high_freq_factor': 4.0,
             'original_max_position_embeddings': 1024}
  family, _, _ = _originals('llama')
  expected = family.config(CONFIGS['llama'] | {'rope_scaling': scaling})
  frequencies = 1 / 5e5 ** (np.arange(0, 16, 2) / 16)
  factors = []
  for frequency in frequencies:  # as LlamaModel.generate_extra_tensors
    wavelength = 2 * math.pi / frequency
    if wavelength < 1024 / 4.0:
      factors.append(1)
    elif wavelength > 1024 / 1.0:
      factors.append(8.0)
    else:
      smooth = (1024 / wavelength - 1.0) / (4.0 - 1.0)
      factors.append(1 / ((1 - smooth) / 8.0 + smooth))
  assert {1, 8.0} < set(factors)  # and some between
  file = _file(tmp_path / 'm.gguf', 'llama', add={
      'rope_freqs.weight': np.array(factors, np.float32)})
  rotary, = family.config(gguf_model.config(file)).rotaries
  wanted, = expected.rotaries
  np.testing.assert_allclose(
      rotary.frequencies, wanted.frequencies, rtol=1e-6)
  np.testing.assert_allclose(
      rotary.long_frequencies, wanted.frequencies, rtol=1e-6)
  assert rotary.scale == wanted.scale == 1.0
  assert 'rope_freqs.weight' not in gguf_model.tensors(file)


def test_end_of_turn_ends_a_generation(tmp_path):
  writer = gguf.GGUFWriter(tmp_path / 'm.gguf', 'llama')
  writer.add_eos_token_id(2)
  writer.add_eot_token_id(7)
  writer.write_header_to_file()
  writer.write_kv_data_to_file()
  writer.write_tensors_to_file()
  writer.close()
  assert gguf_model.eos_token_ids(GgufFile(tmp_path / 'm.gguf')) == [2, 7]


@pytest.mark.parametrize('fields, message', [
    ({'expert_count': 8}, 'llama.expert_count = 8 is not implemented'),
    ({'rope.scaling.type': 'yarn'}, "rope.scaling.type is 'yarn'"),
    ({'rope.dimension_count': 8}, 'rope.dimension_count is 8'),
    ({'attention.head_count_kv': [2, 2, 1]}, 'head_count_kv differs by'),
])
def test_fields_that_would_change_the_result_are_named(
    tmp_path, fields, message):
  if 'attention.head_count_kv' in fields:
    file = _file(tmp_path / 'm.gguf', 'llama')
    file.metadata['llama.attention.head_count_kv'] = [2, 2, 1]
  else:
    file = _file(tmp_path / 'm.gguf', 'llama', fields)
  with pytest.raises(UserError, match=message):
    gguf_model.config(file)


def test_missing_fields_and_tensors_are_named(tmp_path):
  file = _file(tmp_path / 'm.gguf', 'llama', drop=('token_embd.weight',))
  with pytest.raises(UserError, match='token_embd.weight is missing'):
    gguf_model.config(file)
  file = _file(tmp_path / 'other.gguf', 'llama')
  del file.metadata['llama.block_count']
  with pytest.raises(UserError, match='has no llama.block_count'):
    gguf_model.config(file)


def test_tensors_without_a_place_are_named(tmp_path):
  file = _file(tmp_path / 'm.gguf', 'llama', add={
      'blk.0.attn_sinks.weight': np.ones(4, np.float32)})
  with pytest.raises(UserError, match='tensor blk.0.attn_sinks.weight has no'):
    gguf_model.tensors(file)


def test_other_architectures_are_named(tmp_path):
  writer = gguf.GGUFWriter(tmp_path / 'm.gguf', 'mamba')
  writer.write_header_to_file()
  writer.write_kv_data_to_file()
  writer.write_tensors_to_file()
  writer.close()
  file = GgufFile(tmp_path / 'm.gguf')
  for read in (gguf_model.config, gguf_model.tensors):
    with pytest.raises(UserError, match="general.architecture is 'mamba'"):
      read(file)
