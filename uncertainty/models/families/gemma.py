"""Gemma 1, 2 and 3 (text): norms hold w of 1 + w, embeddings are scaled."""

from collections.abc import Mapping as Map
from typing import Any

from uncertainty.models.families import fields as fields_lib
from uncertainty.models.families import parts, rope
from uncertainty.models.families.config import DecoderConfig
from uncertainty.models.families.fields import Fields
from uncertainty.models.families.mapping import Mapping

# Gemma 3's multimodal configs on the hub leave out their class's defaults.
_GEMMA3_TEXT = {
    'vocab_size': 262208, 'num_attention_heads': 8, 'num_key_value_heads': 4,
    'max_position_embeddings': 131072, 'hidden_size': 2304,
    'intermediate_size': 9216, 'num_hidden_layers': 26,
}


def gemma1_config(hf_config: Map[str, Any]) -> DecoderConfig:
  """`GemmaForCausalLM`.

  Args:
    hf_config: `config.json` in transformers' spelling.

  Returns:
    The decoder's config.

  Raises:
    UserError: a field that would change the result and is not implemented.
  """
  fields = Fields(hf_config, 'gemma')
  common = _common(fields)
  return _finish(
      fields, family='gemma', **common, **_global_rotary(fields, common),
      windows=(0,) * common['n_layers'],
      attention_scale=common['head_dim'] ** -0.5)


def gemma2_config(hf_config: Map[str, Any]) -> DecoderConfig:
  """`Gemma2ForCausalLM`: soft caps, every other layer local.

  Args:
    hf_config: `config.json` in transformers' spelling.

  Returns:
    The decoder's config.

  Raises:
    UserError: a field that would change the result and is not implemented.
  """
  fields = Fields(hf_config, 'gemma2')
  common = _common(fields)
  windows = fields.layer_windows(
      fields.nullable('sliding_window', 4096),
      tuple(i % 2 == 0 for i in range(common['n_layers'])))
  return _finish(
      fields, family='gemma2', **common, **_global_rotary(fields, common),
      windows=windows, norm_placement='both',
      attention_scale=fields.get('query_pre_attn_scalar', 256) ** -0.5,
      attention_cap=fields.nullable('attn_logit_softcapping', 50.0) or 0.0,
      logit_cap=fields.nullable('final_logit_softcapping', 30.0) or 0.0)


def gemma3_config(hf_config: Map[str, Any]) -> DecoderConfig:
  """`Gemma3ForCausalLM`, or the text half of a multimodal config.

  Args:
    hf_config: `config.json` in transformers' spelling.

  Returns:
    The decoder's config.

  Raises:
    UserError: a field that would change the result and is not implemented.
  """
  hf_config = text_config(hf_config)
  fields = Fields(hf_config, 'gemma3')
  common = _common(fields)
  n_layers = common['n_layers']
  pattern = (fields.get('sliding_window_pattern')
             or fields.get('_sliding_window_pattern', 6))
  windows = fields.layer_windows(
      fields.nullable('sliding_window', 4096),
      tuple((i + 1) % pattern != 0 for i in range(n_layers)))
  is_local = fields.layer_windows(
      1, tuple((i + 1) % pattern != 0 for i in range(n_layers)))
  full = rope.parameters(fields, 'full_attention')
  local = {'rope_type': 'default',
           'rope_theta': fields.get('rope_local_base_freq', 10000.0)}
  if 'sliding_attention' in (fields.get('rope_parameters') or {}):
    local = rope.parameters(fields, 'sliding_attention')
  return _finish(
      fields, family='gemma3', **common, windows=windows,
      rotaries=(rope.rotary(full, common['head_dim'], base=1e6),
                rope.rotary(local, common['head_dim'])),
      rotary_index=is_local, norm_placement='both', qk_norm='head',
      attention_scale=fields.get('query_pre_attn_scalar', 256) ** -0.5,
      attention_cap=fields.get('attn_logit_softcapping', 0.0),
      logit_cap=fields.get('final_logit_softcapping', 0.0))


def text_config(hf_config: Map[str, Any]) -> Map[str, Any]:
  """The text half of a multimodal `config.json`, as a text model's own.

  Args:
    hf_config: `config.json` in transformers' spelling.

  Returns:
    That of a `Gemma3ForCausalLM`; a text model's as it is.
  """
  if 'text_config' not in hf_config:
    return hf_config
  tokens = {name: hf_config[name] for name in ('bos_token_id', 'eos_token_id')
            if name in hf_config}
  return {**_GEMMA3_TEXT, **tokens, **hf_config['text_config'],
          'architectures': ['Gemma3ForCausalLM'], 'model_type': 'gemma3_text'}


def _finish(fields: Fields, **values: Any) -> DecoderConfig:
  config = DecoderConfig(**values)
  fields.finish()
  return config


def _global_rotary(fields: Fields, common: Map[str, Any]) -> dict[str, Any]:
  table = rope.rotary(rope.parameters(fields), common['head_dim'])
  return {'rotaries': (table,), 'rotary_index': (0,) * common['n_layers']}


def _common(fields: Fields) -> dict[str, Any]:
  shape = fields_lib.shape(fields, 256)
  bias = bool(fields.get('attention_bias', False))
  # Early configs say `gelu` in hidden_act and mean the tanh form.
  fields.only('hidden_act', 'gelu', 'gelu_pytorch_tanh')
  fields.only('use_bidirectional_attention', False)
  return {
      **shape,
      'norm_eps': fields.nullable('rms_norm_eps', 1e-6),
      'activation': fields_lib.activation(
          fields, 'hidden_activation', 'gelu_pytorch_tanh'),
      'tie_embeddings': bool(fields.get('tie_word_embeddings', True)),
      'embedding_scale': shape['width'] ** 0.5,
      'qkv_bias': bias, 'output_bias': bias,
  }


_BOTH = {'attention_norm': 'input_layernorm',
         'attention_post_norm': 'post_attention_layernorm',
         'mlp_norm': 'pre_feedforward_layernorm',
         'mlp_post_norm': 'post_feedforward_layernorm'}


def mapping(config: DecoderConfig) -> tuple[Mapping, ...]:
  """Gemma's tensor names; 1 is added to every norm.

  Args:
    config: the decoder's.

  Returns:
    One entry per parameter.
  """
  norms = _BOTH if config.norm_placement == 'both' else parts.PRE_NORMS
  return parts.gated_decoder(config, norms, add=1.0)
