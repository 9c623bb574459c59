"""Shapes that do not fit are refused."""

import pytest

from uncertainty.types import UserError


def test_shapes_that_do_not_fit_are_errors(llama_config):
  with pytest.raises(UserError, match='heads'):
    llama_config(num_key_value_heads=3)
  with pytest.raises(UserError, match='variance and -1'):
    llama_config(rms_norm_eps=-1)
  with pytest.raises(UserError, match='layer_types'):
    llama_config('Qwen2ForCausalLM', layer_types=['full_attention'] * 3)
