"""The configs of Llama's kin."""

from uncertainty.models import families

_LLAMA = {
    'architectures': ['LlamaForCausalLM'], 'vocab_size': 64,
    'hidden_size': 32, 'num_hidden_layers': 4, 'num_attention_heads': 4,
    'num_key_value_heads': 2, 'intermediate_size': 48,
}


def _config(architecture='LlamaForCausalLM', **changes):
  return families.for_architecture(architecture).config(
      {**_LLAMA, **changes})


def test_mistral_window_absent_is_4096_and_null_is_none():
  assert _config('MistralForCausalLM').windows == (4096,) * 4
  assert _config('MistralForCausalLM', sliding_window=None).windows == (
      0,) * 4


def test_smollm3_leaves_every_fourth_layer_unrotated():
  assert _config('SmolLM3ForCausalLM').rotary_index == (0, 0, 0, -1)
