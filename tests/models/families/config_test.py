"""Configs in both spellings, and the refusal of what would change results."""

import numpy as np
import pytest

from uncertainty.models import families
from uncertainty.models.families import rope
from uncertainty.types import UserError

_LLAMA = {
    'architectures': ['LlamaForCausalLM'], 'vocab_size': 64,
    'hidden_size': 32, 'num_hidden_layers': 4, 'num_attention_heads': 4,
    'num_key_value_heads': 2, 'intermediate_size': 48,
}


def _config(architecture='LlamaForCausalLM', **changes):
  return families.for_architecture(architecture).config(
      {**_LLAMA, **changes})


def test_both_spellings_of_rotary_agree():
  scaling = {'rope_type': 'llama3', 'factor': 8.0, 'low_freq_factor': 1.0,
             'high_freq_factor': 4.0,
             'original_max_position_embeddings': 8192}
  hub = _config(rope_theta=5e5, rope_scaling=scaling)
  new = _config(rope_parameters={**scaling, 'rope_theta': 5e5})
  old = _config(rope_theta=5e5, rope_scaling={
      **{k: v for k, v in scaling.items() if k != 'rope_type'},
      'type': 'llama3'})
  assert hub == new == old
  assert hub.rotaries != _config(rope_theta=5e5).rotaries


def test_frequencies_by_hand():
  table = rope.rotary({'rope_type': 'default', 'rope_theta': 10000.0}, 4)
  np.testing.assert_allclose(table.frequencies, [1.0, 0.01], rtol=1e-6)
  table = rope.rotary({'rope_type': 'linear', 'rope_theta': 10000.0,
                       'factor': 4.0}, 4)
  np.testing.assert_allclose(table.frequencies, [0.25, 0.0025], rtol=1e-6)
  table = rope.rotary({'rope_type': 'default'}, 8, base=16.0, fraction=0.5)
  np.testing.assert_allclose(table.frequencies, [1.0, 0.25], rtol=1e-6)


def test_llama3_keeps_fast_pairs_and_divides_slow_ones():
  values = {'rope_type': 'llama3', 'rope_theta': 1e8, 'factor': 8.0,
            'low_freq_factor': 1.0, 'high_freq_factor': 4.0,
            'original_max_position_embeddings': 64}
  scaled = np.asarray(rope.rotary(values, 16).frequencies)
  plain = np.asarray(rope.rotary(
      {'rope_type': 'default', 'rope_theta': 1e8}, 16).frequencies)
  np.testing.assert_allclose(scaled[0], plain[0])
  np.testing.assert_allclose(scaled[-1], plain[-1] / 8, rtol=1e-6)


def test_longrope_scale_by_hand():
  values = {'rope_type': 'longrope', 'short_factor': [1.0, 2.0],
            'long_factor': [4.0, 8.0]}
  table = rope.rotary(values, 4, context_length=131072, original_length=4096)
  np.testing.assert_allclose(table.scale, np.sqrt(1 + 5 / 12))
  np.testing.assert_allclose(table.frequencies, [1, 0.005], rtol=1e-6)
  np.testing.assert_allclose(table.long_frequencies, [0.25, 0.00125],
                             rtol=1e-6)
  assert table.switch_length == 4096


def test_gemma3_pattern_and_multimodal_config():
  text = {'hidden_size': 2560, 'intermediate_size': 10240,
          'model_type': 'gemma3_text', 'num_hidden_layers': 34,
          'rope_scaling': {'factor': 8.0, 'rope_type': 'linear'},
          'sliding_window': 1024}
  config = families.for_architecture('Gemma3ForConditionalGeneration').config(
      {'architectures': ['Gemma3ForConditionalGeneration'],
       'eos_token_id': [1, 106], 'text_config': text, 'vision_config': {}})
  assert config.windows[:7] == (1024,) * 5 + (0, 1024)
  assert config.rotary_index[:7] == (1,) * 5 + (0, 1)
  assert config.eos_token_ids == (1, 106)
  assert (config.n_heads, config.n_kv_heads, config.head_dim) == (8, 4, 256)
  np.testing.assert_allclose(config.rotaries[0].frequencies[0], 1 / 8)
  np.testing.assert_allclose(config.rotaries[1].frequencies[0], 1.0)
  assert config.rotaries[0].frequencies[-1] < config.rotaries[1].frequencies[
      -1]


def test_mistral_window_absent_is_4096_and_null_is_none():
  assert _config('MistralForCausalLM').windows == (4096,) * 4
  assert _config('MistralForCausalLM', sliding_window=None).windows == (
      0,) * 4


def test_smollm3_leaves_every_fourth_layer_unrotated():
  assert _config('SmolLM3ForCausalLM').rotary_index == (0, 0, 0, -1)


def test_bookkeeping_fields_are_harmless():
  plain = _config()
  assert plain == _config(torch_dtype='bfloat16', use_cache=True,
                          transformers_version='4.40.0', id2label={'0': 'a'},
                          unknown_but_null=None)


@pytest.mark.parametrize('architecture, field, value', [
    ('LlamaForCausalLM', 'quantization_config', {'bits': 4}),
    ('LlamaForCausalLM', 'rope_interleaved', True),
    ('LlamaForCausalLM', 'num_experts', 8),
    ('LlamaForCausalLM', 'hidden_act', 'relu2'),
    ('Gemma3ForCausalLM', 'use_bidirectional_attention', True),
    ('Qwen2ForCausalLM', 'layer_types', ['chunked_attention'] * 4),
    ('Phi3ForCausalLM', 'lm_head_bias', True),
    ('GPTNeoXForCausalLM', 'head_dim', 3),
])
def test_field_that_would_change_the_result_is_named(
    architecture, field, value):
  with pytest.raises(UserError, match=field):
    _config(architecture, **{field: value})


def test_rotary_types_and_fields_are_named():
  with pytest.raises(UserError, match='yarn'):
    _config(rope_scaling={'rope_type': 'yarn', 'factor': 2.0})
  with pytest.raises(UserError, match='mscale'):
    _config(rope_scaling={'rope_type': 'linear', 'factor': 2.0,
                          'mscale': 1.0})
  with pytest.raises(UserError, match='factor'):
    _config(rope_scaling={'rope_type': 'linear'})


def test_shapes_that_do_not_fit_are_errors():
  with pytest.raises(UserError, match='heads'):
    _config(num_key_value_heads=3)
  with pytest.raises(UserError, match='layer_types'):
    _config('Qwen2ForCausalLM', layer_types=['full_attention'] * 3)


def test_missing_field_is_named():
  values = {k: v for k, v in _LLAMA.items() if k != 'hidden_size'}
  with pytest.raises(UserError, match='hidden_size'):
    families.for_architecture('LlamaForCausalLM').config(values)


def test_unknown_architecture_is_named():
  with pytest.raises(UserError, match='MambaForCausalLM.*LlamaForCausalLM'):
    families.for_architecture('MambaForCausalLM')


def test_canonical_names():
  llama = families.FAMILIES['llama']
  name = 'layers.0.mlp.up_proj.weight'
  for prefix in ('', 'model.', 'language_model.model.',
                 'model.language_model.'):
    assert families.canonical_name(llama, prefix + name) == name
  assert families.canonical_name(
      llama, 'model.layers.0.self_attn.rotary_emb.inv_freq') is None
  assert families.canonical_name(llama, 'lm_head.weight', tied=True) is None
  assert families.canonical_name(llama, 'lm_head.weight') == 'lm_head.weight'
  neox = families.FAMILIES['gpt_neox']
  assert families.canonical_name(neox, 'embed_out.weight') == 'lm_head.weight'
  assert families.canonical_name(
      neox, 'gpt_neox.layers.3.attention.masked_bias') is None
  assert families.canonical_name(
      neox, 'gpt_neox.layers.3.attention.dense.bias') == (
          'layers.3.attention.dense.bias')
