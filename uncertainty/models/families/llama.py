"""Llama and its close descendants: pre-norm, gated, rotary.

Llama 2, 3, 3.1, 3.2, Falcon 3 and SmolLM2 are `LlamaForCausalLM`; Mistral,
Qwen 2, Qwen 3, OLMo 2 and SmolLM3 differ from it in a few fields.
"""

from collections.abc import Mapping as Map
from typing import Any

from uncertainty.models.families import fields as fields_lib
from uncertainty.models.families import parts, rope
from uncertainty.models.families.config import DecoderConfig
from uncertainty.models.families.fields import Fields
from uncertainty.models.families.mapping import Mapping


def gated_fields(fields: Fields, **defaults: Any) -> dict[str, Any]:
  """What all these families spell alike.

  Args:
    fields: the config.
    **defaults: the family's own `rms_norm_eps`, `tie_word_embeddings`,
      `rope_theta`, `head_dim`, `original_length`.

  Returns:
    Field of `DecoderConfig` → value.
  """
  shape = fields_lib.shape(fields, defaults.get('head_dim'))
  n_layers, head_dim = shape['n_layers'], shape['head_dim']
  table = rope.rotary(
      rope.parameters(fields), head_dim,
      base=defaults.get('rope_theta', 10000.0),
      fraction=fields.get('partial_rotary_factor', 1.0),
      context_length=shape['context_length'],
      original_length=fields.get('original_max_position_embeddings'))
  return {
      **shape,
      'norm_eps': fields.nullable('rms_norm_eps',
                                  defaults.get('rms_norm_eps', 1e-6)),
      'activation': fields_lib.activation(fields, 'hidden_act', 'silu'),
      'tie_embeddings': bool(fields.get(
          'tie_word_embeddings', defaults.get('tie_word_embeddings', False))),
      'windows': (0,) * n_layers, 'rotaries': (table,),
      'rotary_index': (0,) * n_layers, 'attention_scale': head_dim**-0.5,
  }


def _finish(fields: Fields, **values: Any) -> DecoderConfig:
  config = DecoderConfig(**values)
  fields.finish()
  return config


def config(hf_config: Map[str, Any]) -> DecoderConfig:
  """`LlamaForCausalLM`.

  Args:
    hf_config: `config.json` in transformers' spelling.

  Returns:
    The decoder's config.

  Raises:
    UserError: a field that would change the result and is not implemented.
  """
  fields = Fields(hf_config, 'llama')
  bias = bool(fields.get('attention_bias', False))
  fields.only('activation', 'swiglu')  # Falcon 3 says so besides hidden_act
  fields.only('rope_interleaved', False)
  return _finish(
      fields, family='llama', **gated_fields(fields), qkv_bias=bias,
      output_bias=bias, mlp_bias=bool(fields.get('mlp_bias', False)))


def mistral_config(hf_config: Map[str, Any]) -> DecoderConfig:
  """`MistralForCausalLM`: a window on every layer (0.1) or none (0.3).

  Args:
    hf_config: `config.json` in transformers' spelling.

  Returns:
    The decoder's config.

  Raises:
    UserError: a field that would change the result and is not implemented.
  """
  fields = Fields(hf_config, 'mistral')
  values = gated_fields(fields)
  window = fields.nullable('sliding_window', 4096) or 0
  values['windows'] = (window,) * values['n_layers']
  return _finish(fields, family='mistral', **values)


def _qwen_windows(fields: Fields, n_layers: int) -> tuple[int, ...]:
  window = fields.nullable('sliding_window', 4096)
  if not fields.get('use_sliding_window', False):
    window = None
  first = fields.get('max_window_layers', 28)
  return fields.layer_windows(window,
                              tuple(i >= first for i in range(n_layers)))


def qwen2_config(hf_config: Map[str, Any]) -> DecoderConfig:
  """`Qwen2ForCausalLM` (Qwen2, Qwen2.5): biases on q, k, v.

  Args:
    hf_config: `config.json` in transformers' spelling.

  Returns:
    The decoder's config.

  Raises:
    UserError: a field that would change the result and is not implemented.
  """
  fields = Fields(hf_config, 'qwen2')
  values = gated_fields(fields)
  values['windows'] = _qwen_windows(fields, values['n_layers'])
  fields.only('use_mrope', False)
  return _finish(fields, family='qwen2', **values, qkv_bias=True)


def qwen3_config(hf_config: Map[str, Any]) -> DecoderConfig:
  """`Qwen3ForCausalLM`: queries and keys normalised per head.

  Args:
    hf_config: `config.json` in transformers' spelling.

  Returns:
    The decoder's config.

  Raises:
    UserError: a field that would change the result and is not implemented.
  """
  fields = Fields(hf_config, 'qwen3')
  values = gated_fields(fields, head_dim=128)
  values['windows'] = _qwen_windows(fields, values['n_layers'])
  bias = bool(fields.get('attention_bias', False))
  fields.only('use_mrope', False)
  return _finish(fields, family='qwen3', **values, qk_norm='head',
                 qkv_bias=bias, output_bias=bias)


def olmo2_config(hf_config: Map[str, Any]) -> DecoderConfig:
  """`Olmo2ForCausalLM`: norms after the sublayers only.

  Args:
    hf_config: `config.json` in transformers' spelling.

  Returns:
    The decoder's config.

  Raises:
    UserError: a field that would change the result and is not implemented.
  """
  fields = Fields(hf_config, 'olmo2')
  bias = bool(fields.get('attention_bias', False))
  return _finish(
      fields, family='olmo2', **gated_fields(fields, rms_norm_eps=1e-5),
      norm_placement='post', qk_norm='projection', qkv_bias=bias,
      output_bias=bias)


def smollm3_config(hf_config: Map[str, Any]) -> DecoderConfig:
  """`SmolLM3ForCausalLM`: no rotation on every fourth layer.

  Args:
    hf_config: `config.json` in transformers' spelling.

  Returns:
    The decoder's config.

  Raises:
    UserError: a field that would change the result and is not implemented.
  """
  fields = Fields(hf_config, 'smollm3')
  values = gated_fields(fields, rope_theta=2e6, tie_word_embeddings=True)
  n_layers = values['n_layers']
  interval = fields.get('no_rope_layer_interval', 4)
  rotates = fields.get('no_rope_layers') or [
      int((i + 1) % interval != 0) for i in range(n_layers)]
  values['rotary_index'] = tuple(0 if r else -1 for r in rotates[:n_layers])
  window = fields.nullable('sliding_window')
  if not fields.get('use_sliding_window', False):
    window = None
  values['windows'] = fields.layer_windows(
      window, tuple(not r for r in rotates[:n_layers]))
  fields.get('max_window_layers')  # left over from its Qwen ancestry
  bias = bool(fields.get('attention_bias', False))
  return _finish(fields, family='smollm3', **values, qkv_bias=bias,
                 output_bias=bias,
                 mlp_bias=bool(fields.get('mlp_bias', False)))


_POST = {'attention_post_norm': 'post_attention_layernorm',
         'mlp_post_norm': 'post_feedforward_layernorm'}


def mapping(config: DecoderConfig) -> tuple[Mapping, ...]:
  """The tensor names of all these families.

  Args:
    config: the decoder's.

  Returns:
    One entry per parameter.
  """
  norms = _POST if config.norm_placement == 'post' else parts.PRE_NORMS
  return parts.gated_decoder(config, norms)
