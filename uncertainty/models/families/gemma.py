"""Gemma 1, 2 and 3 (text): norms hold w of 1 + w, embeddings are scaled."""

from collections.abc import Mapping as Map
from typing import Any

from uncertainty.models.config import DecoderConfig
from uncertainty.models.families import fields as fields_lib
from uncertainty.models.families import llama, rope
from uncertainty.models.families.fields import Fields
from uncertainty.models.families.mapping import Mapping

# Gemma 3's hub configs leave out what its class defaults to.
_GEMMA3_TEXT = {'vocab_size': 262208, 'num_attention_heads': 8,
                'num_key_value_heads': 4, 'head_dim': 256}


def gemma3_config(hf_config: Map[str, Any]) -> DecoderConfig:
  """`Gemma3ForCausalLM`, or the text half of a multimodal config."""
  if 'text_config' in hf_config:
    hf_config = {**_GEMMA3_TEXT, **hf_config['text_config']}
  fields = Fields(hf_config, 'gemma3')
  common = _common(fields)
  n_layers = common['n_layers']
  pattern = fields.get('sliding_window_pattern',
                       hf_config.get('_sliding_window_pattern', 6))
  kinds = fields.get('layer_types') or [
      'sliding_attention' if (i + 1) % pattern else 'full_attention'
      for i in range(n_layers)]
  window = fields.get('sliding_window', 4096)
  is_local = [_KINDS[kind] for kind in kinds]
  fields.only('use_bidirectional_attention', False)
  full = rope.parameters(fields, 'full_attention')
  local = {'rope_type': 'default',
           'rope_theta': fields.get('rope_local_base_freq', 10000.0)}
  if 'sliding_attention' in (fields.get('rope_parameters') or {}):
    local = rope.parameters(fields, 'sliding_attention')
  result = DecoderConfig(
      family='gemma3', **common,
      rotaries=(rope.rotary(full, common['head_dim'], base=1e6),
                rope.rotary(local, common['head_dim'])),
      rotary_index=tuple(int(x) for x in is_local),
      windows=tuple(window if x else 0 for x in is_local),
      norm_placement='both', qk_norm='head',
      attention_scale=fields.get('query_pre_attn_scalar', 256) ** -0.5,
      attention_cap=fields.get('attn_logit_softcapping', 0.0),
      logit_cap=fields.get('final_logit_softcapping', 0.0))
  fields.finish()
  return result


_KINDS = {'sliding_attention': True, 'full_attention': False}


def _common(fields: Fields) -> dict[str, Any]:
  shape = fields_lib.shape(fields)
  bias = bool(fields.get('attention_bias', False))
  # Early Gemma configs say `gelu` in hidden_act and mean the tanh form.
  fields.get('hidden_act')
  return {
      **shape,
      'norm_eps': fields.get('rms_norm_eps', 1e-6),
      'activation': fields_lib.activation(
          fields, 'hidden_activation', 'gelu_pytorch_tanh'),
      'tie_embeddings': bool(fields.get('tie_word_embeddings', True)),
      'embedding_scale': shape['width'] ** 0.5,
      'qkv_bias': bias, 'output_bias': bias,
  }


def mapping(config: DecoderConfig) -> tuple[Mapping, ...]:
  """Gemma's tensor names; 1 is added to every norm."""
  layer = 'layers.{layer}.'
  both = config.norm_placement == 'both'
  norms = {'attention_norm': 'input_layernorm',
           'mlp_norm': ('pre_feedforward_layernorm' if both
                        else 'post_attention_layernorm')}
  if both:
    norms['attention_post_norm'] = 'post_attention_layernorm'
    norms['mlp_post_norm'] = 'post_feedforward_layernorm'
  return (
      *llama.ends(config, add=1.0),
      *(llama.norm_scale(f'layers/{ours}/scale', f'{layer}{theirs}.weight',
                         config.width, 1.0)
        for ours, theirs in norms.items()),
      *llama.attention(config, layer + 'self_attn.', add=1.0),
      *llama.gated_mlp(config, layer + 'mlp.'),
  )
