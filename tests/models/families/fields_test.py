"""Reading config.json: what is harmless, what is refused."""

import pytest

from uncertainty.models import families
from uncertainty.types import UserError


def test_bookkeeping_fields_are_harmless(llama_config):
  plain = llama_config()
  assert plain == llama_config(torch_dtype='bfloat16', use_cache=True,
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
    llama_config, architecture, field, value):
  with pytest.raises(UserError, match=field):
    llama_config(architecture, **{field: value})


def test_missing_field_is_named(llama_fields):
  values = {k: v for k, v in llama_fields.items() if k != 'hidden_size'}
  with pytest.raises(UserError, match='hidden_size'):
    families.for_architecture('LlamaForCausalLM').config(values)
