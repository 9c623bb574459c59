"""The configs of Llama's kin."""


def test_mistral_window_absent_is_4096_and_null_is_none(llama_config):
  assert llama_config('MistralForCausalLM').windows == (4096,) * 4
  assert llama_config('MistralForCausalLM', sliding_window=None).windows == (
      0,) * 4


def test_smollm3_leaves_every_fourth_layer_unrotated(llama_config):
  assert llama_config('SmolLM3ForCausalLM').rotary_index == (0, 0, 0, -1)
