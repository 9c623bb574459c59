"""Phi-3, Phi-3.5 and Phi-4-mini: fused projections, longrope."""

from collections.abc import Mapping as Map
from typing import Any

from uncertainty.models.families import llama, parts
from uncertainty.models.families.config import DecoderConfig
from uncertainty.models.families.fields import Fields
from uncertainty.models.families.mapping import Mapping, view


def config(hf_config: Map[str, Any]) -> DecoderConfig:
  """`Phi3ForCausalLM`.

  Args:
    hf_config: `config.json` in transformers' spelling.

  Returns:
    The decoder's config.

  Raises:
    UserError: a field that would change the result and is not implemented.
  """
  fields = Fields(hf_config, 'phi3')
  values = llama.gated_fields(fields, rms_norm_eps=1e-5)
  window = fields.nullable('sliding_window') or 0
  values['windows'] = (window,) * values['n_layers']
  for name, allowed in {'attention_bias': False, 'mlp_bias': False,
                        'lm_head_bias': False, 'full_attn_mod': 1,
                        'interpolate_factor': 1}.items():
    fields.only(name, allowed)
  fields.finish()
  return DecoderConfig(family='phi3', **values)


def mapping(config: DecoderConfig) -> tuple[Mapping, ...]:
  """Llama's names, but qkv_proj and gate_up_proj hold several.

  Args:
    config: the decoder's.

  Returns:
    One entry per parameter.
  """
  layer = 'layers.{layer}.'
  qkv = layer + 'self_attn.qkv_proj.weight'
  queries = config.n_heads * config.head_dim
  keys = config.n_kv_heads * config.head_dim
  starts = (0, queries, queries + keys, queries + 2 * keys)
  counts = (config.n_heads, config.n_kv_heads, config.n_kv_heads)
  pieces = tuple(
      parts.heads(qkv, n, config, rows=(starts[i], starts[i + 1]),
                  n_rows=starts[3]) for i, n in enumerate(counts))
  wide, width = config.mlp_width, config.width
  up = view(layer + 'mlp.gate_up_proj.weight', (2 * wide, width),
            (2, wide, width), (2, 0, 1))
  return (
      *parts.ends(config),
      parts.norm_scale('final_norm', 'norm.weight', width),
      parts.norm_scale('layers/attention_norm',
                       layer + 'input_layernorm.weight', width),
      parts.norm_scale('layers/mlp_norm',
                       layer + 'post_attention_layernorm.weight', width),
      Mapping('layers/attention/qkv', pieces, axis=2),
      parts.output(layer + 'self_attn.o_proj.weight', config),
      Mapping('layers/mlp/up', (up,)),
      parts.down(config, layer + 'mlp.down_proj.weight'),
  )
