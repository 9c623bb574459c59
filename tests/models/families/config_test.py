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


@pytest.mark.parametrize('changes', [
    {'rope_theta': 0}, {'rope_theta': float('inf')}, {'rope_theta': -1.0},
    {'rope_theta': float('nan')}, {'partial_rotary_factor': 0},
    {'rope_parameters': {'rope_theta': 0}}, {'rms_norm_eps': None},
    {'bos_token_id': -1}, {'bos_token_id': 10**9}, {'eos_token_id': [1, 64]},
])
def test_numbers_that_would_pass_unseen_are_errors(llama_config, changes):
  with pytest.raises(UserError, match='config.json: .*checkpoint it came'):
    llama_config(**changes)
