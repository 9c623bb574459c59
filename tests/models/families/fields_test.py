"""Reading config.json: what is harmless, what is refused."""

import pytest

from uncertainty.models import families
from uncertainty.types import UserError

_LLAMA = {
    'architectures': ['LlamaForCausalLM'], 'vocab_size': 64,
    'hidden_size': 32, 'num_hidden_layers': 4, 'num_attention_heads': 4,
    'num_key_value_heads': 2, 'intermediate_size': 48,
}


def _config(architecture='LlamaForCausalLM', **changes):
  return families.for_architecture(architecture).config(
      {**_LLAMA, **changes})


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


def test_missing_field_is_named():
  values = {k: v for k, v in _LLAMA.items() if k != 'hidden_size'}
  with pytest.raises(UserError, match='hidden_size'):
    families.for_architecture('LlamaForCausalLM').config(values)
