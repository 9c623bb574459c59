"""GPT-2 and GPT-NeoX: configs, and the order within fused tensors."""

import numpy as np
import pytest

from uncertainty.models.families import gpt
from uncertainty.types import UserError

NEOX = {
    'architectures': ['GPTNeoXForCausalLM'], 'vocab_size': 11,
    'hidden_size': 8, 'num_hidden_layers': 2, 'num_attention_heads': 2,
    'intermediate_size': 6, 'max_position_embeddings': 16,
}
GPT2 = {'architectures': ['GPT2LMHeadModel'], 'vocab_size': 11, 'n_embd': 8,
        'n_layer': 2, 'n_head': 2, 'n_positions': 16}


def _neox(**fields):
  config = gpt.neox_config(NEOX | fields)
  return config, {e.path: e for e in gpt.neox_mapping(config)}


def _gpt2(**fields):
  config = gpt.gpt2_config(GPT2 | fields)
  return config, {e.path: e for e in gpt.gpt2_mapping(config)}


def _tensor(*shape):
  return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


def test_neox_interleaves_query_key_and_value_of_each_head():
  _, entries = _neox()
  source = _tensor(24, 8)
  made = entries['layers/attention/qkv'].convert([source])
  assert made.shape == (8, 2, 3, 4)
  for head in range(2):
    for which in range(3):
      np.testing.assert_array_equal(
          made[:, head, which, 1], source[12 * head + 4 * which + 1])
  bias = entries['layers/attention/qkv_bias'].convert([_tensor(24)])
  assert bias[1, 2, 3] == 12 + 8 + 3


def test_neox_rotates_a_quarter_of_each_head_unless_told():
  quarter, _ = _neox(hidden_size=64)
  assert len(quarter.rotaries[0].frequencies) == 4  # pairs, of 32 channels
  half, _ = _neox(hidden_size=64, rotary_pct=0.5)
  assert len(half.rotaries[0].frequencies) == 8


def test_neox_reads_its_residual_stream_in_parallel_unless_told():
  assert _neox()[0].parallel
  assert not _neox(use_parallel_residual=False)[0].parallel


def test_neox_without_attention_bias_loads_none():
  config, entries = _neox(attention_bias=False)
  assert not config.qkv_bias and not config.output_bias
  assert not any('attention/' in path and path.endswith('bias')
                 for path in entries)
  assert 'layers/mlp/up_bias' in entries


def test_gpt2_holds_all_queries_then_keys_then_values_as_columns():
  _, entries = _gpt2()
  source = _tensor(8, 24)
  made = entries['layers/attention/qkv'].convert([source])
  assert made.shape == (8, 2, 3, 4)
  for head in range(2):
    for which in range(3):
      np.testing.assert_array_equal(
          made[:, head, which, 2], source[:, 8 * which + 4 * head + 2])
  bias = entries['layers/attention/qkv_bias'].convert([_tensor(24)])
  assert bias[1, 2, 3] == 8 * 2 + 4 + 3


def test_gpt2_weights_are_not_transposed():
  _, entries = _gpt2()
  up, down = _tensor(8, 32), _tensor(32, 8)
  np.testing.assert_array_equal(
      entries['layers/mlp/up'].convert([up])[:, 0], up)
  np.testing.assert_array_equal(
      entries['layers/mlp/down'].convert([down]), down)
  out = _tensor(8, 8)
  np.testing.assert_array_equal(
      entries['layers/attention/output'].convert([out])[1, 0, 2], out[4 + 2])


def test_gpt2_learns_positions_and_ties_its_head():
  config, entries = _gpt2()
  assert config.learned_positions and config.tie_embeddings
  assert config.mlp_width == 32 and config.activation == 'gelu_tanh'
  assert entries['position_embedding'].shape == (16, 8)
  assert 'unembedding' not in entries


def test_what_is_not_implemented_is_named():
  with pytest.raises(UserError, match='scale_attn_by_inverse_layer_idx'):
    _gpt2(scale_attn_by_inverse_layer_idx=True)
  with pytest.raises(UserError, match='gpt_neox model: head_dim'):
    _neox(head_dim=3)
