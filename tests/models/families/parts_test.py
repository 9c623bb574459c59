"""Where single elements of shared tensors go, by their indices."""

import itertools

import numpy as np
import pytest

from uncertainty.models.families import parts
from uncertainty.models.families.config import DecoderConfig

# Two key/value heads of two query heads each.
CONFIG = DecoderConfig(
    family='llama', n_layers=1, width=5, n_heads=4, n_kv_heads=2, head_dim=3,
    mlp_width=7, vocab_size=11, context_length=8, windows=(0,), rotaries=(),
    rotary_index=(-1,), attention_scale=1.0)


def _changed(**fields):
  return DecoderConfig(**{**vars(CONFIG), **fields})


def _tensor(*shape):
  return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


def _by_path(entries):
  return {entry.path: entry for entry in entries}


def test_heads_are_grouped_by_the_key_they_share():
  source = _tensor(12, 5)
  made = parts.heads('q', 4, CONFIG).read(source)
  assert made.shape == (5, 2, 2, 3)
  for d, k, g, i in itertools.product(range(5), range(2), range(2), range(3)):
    assert made[d, k, g, i] == source[(2 * k + g) * 3 + i, d]


def test_a_fused_projection_gives_each_its_rows():
  source = _tensor(24, 5)
  made = parts.heads('qkv', 2, CONFIG, rows=(12, 18), n_rows=24).read(source)
  assert made.shape == (5, 2, 1, 3)
  assert made[4, 1, 0, 2] == source[12 + 3 + 2, 4]


def test_a_bias_of_heads_is_grouped_alike():
  made = parts.head_vector('b', 4, CONFIG).read(_tensor(12))
  assert made.shape == (2, 2, 3)
  assert made[1, 0, 2] == 2 * 3 + 2


def test_the_output_projection_reads_heads_in_the_same_order():
  source = _tensor(5, 12)
  made = parts.output('o', CONFIG).convert([source])
  assert made.shape == (2, 2, 3, 5)
  for k, g, i, d in itertools.product(range(2), range(2), range(3), range(5)):
    assert made[k, g, i, d] == source[d, (2 * k + g) * 3 + i]


def test_attention_holds_queries_then_the_key_then_the_value():
  [qkv, _] = parts.attention(CONFIG, 'layers.{layer}.attn.')
  assert qkv.sources(2) == tuple(
      f'layers.2.attn.{name}_proj.weight' for name in 'qkv')
  query, key, value = _tensor(12, 5), 100 + _tensor(6, 5), 200 + _tensor(6, 5)
  made = qkv.convert([query, key, value])
  assert made.shape == qkv.shape == (5, 2, 4, 3)
  assert made[3, 1, 1, 2] == query[3 * 3 + 2, 3]
  assert made[3, 1, 2, 0] == key[3, 3]
  assert made[0, 0, 3, 1] == value[1, 0]


@pytest.mark.parametrize(('fields', 'paths'), [
    ({}, set()),
    ({'qkv_bias': True}, {'qkv_bias'}),
    ({'output_bias': True}, {'output_bias'}),
    ({'qk_norm': 'head'}, {'query_norm/scale', 'key_norm/scale'}),
    ({'qk_norm': 'projection'}, {'query_norm/scale', 'key_norm/scale'}),
])
def test_attention_has_the_biases_and_norms_that_the_config_says(
    fields, paths):
  entries = _by_path(parts.attention(_changed(**fields), 'attn.'))
  assert entries.keys() == {
      f'layers/attention/{name}' for name in {'qkv', 'output'} | paths}
  assert all(entries[f'layers/attention/{name}'].float32 for name in paths)


def test_norms_of_a_projection_are_split_by_head_and_others_are_not():
  whole = _by_path(parts.attention(_changed(qk_norm='projection'), ''))
  head = _by_path(parts.attention(_changed(qk_norm='head'), '', add=1.0))
  path = 'layers/attention/query_norm/scale'
  assert whole[path].shape == (2, 2, 3) and whole[path].add == 0
  assert head[path].shape == (3,) and head[path].add == 1


def test_gate_and_up_lie_side_by_side():
  up, down = parts.gated_mlp(CONFIG, 'mlp.')
  gate_FD, up_FD = _tensor(7, 5), 100 + _tensor(7, 5)
  made = up.convert([gate_FD, up_FD])
  assert made.shape == (5, 2, 7)
  np.testing.assert_array_equal(made[:, 0], gate_FD.T)
  np.testing.assert_array_equal(made[:, 1], up_FD.T)
  down_DF = _tensor(5, 7)
  np.testing.assert_array_equal(down.convert([down_DF]), down_DF.T)


def test_biases_of_the_mlp_come_where_the_config_says():
  entries = _by_path(parts.gated_mlp(_changed(mlp_bias=True), 'mlp.'))
  made = entries['layers/mlp/up_bias'].convert([_tensor(7), 100 + _tensor(7)])
  np.testing.assert_array_equal(made, [range(7), range(100, 107)])
  assert entries['layers/mlp/down_bias'].shape == (5,)


def test_a_tied_head_is_not_loaded_twice():
  assert _by_path(parts.ends(_changed(tie_embeddings=True))).keys() == {
      'token_embedding'}
  both = _by_path(parts.ends(CONFIG, embedding='wte.weight'))
  assert both['token_embedding'].sources(0) == ('wte.weight',)
  assert both['unembedding'].sources(0) == ('lm_head.weight',)


def test_a_layer_norm_has_scale_and_bias():
  scale, bias = parts.layer_norm('final_norm', 'ln_f', 5)
  assert (scale.path, scale.sources(0)) == (
      'final_norm/scale', ('ln_f.weight',))
  assert (bias.path, bias.sources(0)) == ('final_norm/bias', ('ln_f.bias',))
  assert scale.float32 and bias.float32
