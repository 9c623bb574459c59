"""Shapes that do not fit are refused."""

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


def test_shapes_that_do_not_fit_are_errors():
  with pytest.raises(UserError, match='heads'):
    _config(num_key_value_heads=3)
  with pytest.raises(UserError, match='layer_types'):
    _config('Qwen2ForCausalLM', layer_types=['full_attention'] * 3)
