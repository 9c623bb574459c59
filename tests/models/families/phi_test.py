"""Phi's fused projections and the fields of its config."""

import numpy as np
import pytest

from uncertainty.models.families import phi
from uncertainty.types import UserError

HF_CONFIG = {
    'architectures': ['Phi3ForCausalLM'], 'vocab_size': 11, 'hidden_size': 12,
    'num_hidden_layers': 2, 'num_attention_heads': 4,
    'num_key_value_heads': 2, 'intermediate_size': 7,
}


def _entries():
  return {entry.path: entry for entry in phi.mapping(phi.config(HF_CONFIG))}


def test_qkv_proj_holds_all_queries_then_keys_then_values():
  qkv = _entries()['layers/attention/qkv']
  assert set(qkv.sources(1)) == {'layers.1.self_attn.qkv_proj.weight'}
  source = np.arange(24 * 12, dtype=np.float32).reshape(24, 12)
  made = qkv.convert([source] * 3)
  assert made.shape == (12, 2, 4, 3)
  np.testing.assert_array_equal(made[:, 0, 0, 0], source[0])
  np.testing.assert_array_equal(made[:, 1, 1, 2], source[3 * 3 + 2])
  np.testing.assert_array_equal(made[:, 1, 2, 0], source[12 + 3])
  np.testing.assert_array_equal(made[:, 0, 3, 1], source[18 + 1])


def test_gate_up_proj_holds_the_gate_then_the_way_up():
  up = _entries()['layers/mlp/up']
  source = np.arange(14 * 12, dtype=np.float32).reshape(14, 12)
  made = up.convert([source])
  np.testing.assert_array_equal(made[:, 0], source[:7].T)
  np.testing.assert_array_equal(made[:, 1], source[7:].T)


def test_the_window_is_every_layer_s_and_null_is_none():
  assert phi.config(HF_CONFIG | {'sliding_window': 64}).windows == (64, 64)
  assert phi.config(HF_CONFIG | {'sliding_window': None}).windows == (0, 0)
  assert phi.config(HF_CONFIG).windows == (0, 0)


@pytest.mark.parametrize(('field', 'value'), [
    ('attention_bias', True), ('mlp_bias', True), ('full_attn_mod', 2)])
def test_what_is_not_implemented_is_named(field, value):
  with pytest.raises(UserError, match=f'phi3 model: {field}'):
    phi.config(HF_CONFIG | {field: value})
