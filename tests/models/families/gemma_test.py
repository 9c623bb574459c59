"""Gemma's configs."""

import numpy as np

from uncertainty.models import families
from uncertainty.models.families import gemma


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


def test_the_text_half_says_all_that_it_says_inside_the_whole():
  whole = {'architectures': ['Gemma3ForConditionalGeneration'],
           'model_type': 'gemma3', 'eos_token_id': [1, 106],
           'vision_config': {'hidden_size': 8},
           'text_config': {'hidden_size': 64, 'sliding_window': 16}}
  text = gemma.text_config(whole)
  assert text['architectures'] == ['Gemma3ForCausalLM']
  assert gemma.gemma3_config(text) == gemma.gemma3_config(whole)
  assert gemma.text_config(text) is text
