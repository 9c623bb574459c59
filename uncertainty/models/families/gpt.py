"""GPT-2, and GPT-NeoX with its Pythia models: layer norms and biases."""

from collections.abc import Mapping as Map
from typing import Any

from uncertainty.models.families import fields as fields_lib
from uncertainty.models.families import parts, rope
from uncertainty.models.families.config import DecoderConfig
from uncertainty.models.families.fields import Fields
from uncertainty.models.families.mapping import Mapping, view, whole

_BIASES = {'norm': 'layer', 'gated': False, 'output_bias': True,
           'qkv_bias': True, 'mlp_bias': True}


def neox_config(hf_config: Map[str, Any]) -> DecoderConfig:
  """`GPTNeoXForCausalLM`: parallel residual, partial rotary.

  Args:
    hf_config: `config.json` in transformers' spelling.

  Returns:
    The decoder's config.

  Raises:
    UserError: a field that would change the result and is not implemented.
  """
  fields = Fields(hf_config, 'gpt_neox')
  shape = fields_lib.shape(fields)
  fields.only('head_dim', shape['width'] // shape['n_heads'])
  bias = bool(fields.get('attention_bias', True))
  table = rope.rotary(rope.parameters(fields), shape['head_dim'],
                      fraction=fields.get('rotary_pct', 0.25),
                      context_length=shape['context_length'])
  n_layers = shape['n_layers']
  config = DecoderConfig(
      family='gpt_neox', **shape,
      **{**_BIASES, 'qkv_bias': bias, 'output_bias': bias},
      norm_eps=fields.nullable('layer_norm_eps', 1e-5),
      activation=fields_lib.activation(fields, 'hidden_act', 'gelu'),
      parallel=bool(fields.get('use_parallel_residual', True)),
      tie_embeddings=bool(fields.get('tie_word_embeddings', False)),
      windows=(0,) * n_layers, rotaries=(table,),
      rotary_index=(0,) * n_layers,
      attention_scale=shape['head_dim'] ** -0.5)
  fields.finish()
  return config


def neox_mapping(config: DecoderConfig) -> tuple[Mapping, ...]:
  """query_key_value holds each head's query, key, value in turn.

  Args:
    config: the decoder's.

  Returns:
    One entry per parameter.
  """
  layer, path = 'layers.{layer}.', 'layers/'
  H, dim, width = config.n_heads, config.head_dim, config.width
  qkv, out = layer + 'attention.query_key_value.', layer + 'attention.dense.'
  entries = [
      *parts.ends(config, embedding='embed_in.weight'),
      *parts.layer_norm('final_norm', 'final_layer_norm', width),
      *parts.layer_norm(path + 'attention_norm', layer + 'input_layernorm',
                        width),
      *parts.layer_norm(path + 'mlp_norm',
                        layer + 'post_attention_layernorm', width),
      Mapping(path + 'attention/qkv', (view(
          qkv + 'weight', (3 * width, width), (H, 3, dim, width),
          (3, 0, 1, 2)),)),
      parts.output(out + 'weight', config),
      Mapping(path + 'mlp/up', (view(
          layer + 'mlp.dense_h_to_4h.weight', (config.mlp_width, width),
          (1, config.mlp_width, width), (2, 0, 1)),)),
      parts.down(config, layer + 'mlp.dense_4h_to_h.weight'),
      Mapping(path + 'mlp/up_bias', (view(
          layer + 'mlp.dense_h_to_4h.bias', (config.mlp_width,),
          (1, config.mlp_width), (0, 1)),), float32=True),
      parts.bias(path + 'mlp/down_bias', layer + 'mlp.dense_4h_to_h.bias',
                 width),
  ]
  if config.qkv_bias:
    entries += [
        Mapping(path + 'attention/qkv_bias', (view(
            qkv + 'bias', (3 * width,), (H, 3, dim), (0, 1, 2)),),
            float32=True),
        parts.bias(path + 'attention/output_bias', out + 'bias', width)]
  return tuple(entries)


def gpt2_config(hf_config: Map[str, Any]) -> DecoderConfig:
  """`GPT2LMHeadModel`: learned positions.

  Args:
    hf_config: `config.json` in transformers' spelling.

  Returns:
    The decoder's config.

  Raises:
    UserError: a field that would change the result and is not implemented.
  """
  fields = Fields(hf_config, 'gpt2')
  width, n_heads = fields.count('n_embd'), fields.count('n_head')
  n_layers = fields.count('n_layer', most=fields_lib.MAX_LAYERS)
  for name, allowed in {'scale_attn_weights': True,
                        'scale_attn_by_inverse_layer_idx': False,
                        'add_cross_attention': False}.items():
    fields.only(name, allowed)
  vocab_size = fields.count('vocab_size')
  end = 50256 if vocab_size > 50256 else None  # of GPT-2's own tokens
  config = DecoderConfig(
      family='gpt2', n_layers=n_layers, width=width, n_heads=n_heads,
      n_kv_heads=n_heads, head_dim=width // n_heads,
      mlp_width=fields.count('n_inner', 4 * width),
      vocab_size=vocab_size,
      context_length=fields.count('n_positions', 1024),
      bos_token_id=fields.get('bos_token_id', end),
      eos_token_ids=fields_lib.token_ids(fields.get('eos_token_id', end)),
      norm_eps=fields.nullable('layer_norm_epsilon', 1e-5),
      activation=fields_lib.activation(fields, 'activation_function',
                                       'gelu_new'),
      tie_embeddings=bool(fields.get('tie_word_embeddings', True)),
      windows=(0,) * n_layers, rotaries=(), rotary_index=(-1,) * n_layers,
      attention_scale=(width // n_heads) ** -0.5, learned_positions=True,
      **_BIASES)
  fields.finish()
  return config


def gpt2_mapping(config: DecoderConfig) -> tuple[Mapping, ...]:
  """Conv1D weights are [in, out]; c_attn holds all q, then k, then v.

  Args:
    config: the decoder's.

  Returns:
    One entry per parameter.
  """
  layer, path = 'h.{layer}.', 'layers/'
  H, dim, width = config.n_heads, config.head_dim, config.width
  wide = config.mlp_width
  return (
      *parts.ends(config, embedding='wte.weight'),
      Mapping('position_embedding', (whole(
          'wpe.weight', config.context_length, width),)),
      *parts.layer_norm('final_norm', 'ln_f', width),
      *parts.layer_norm(path + 'attention_norm', layer + 'ln_1', width),
      *parts.layer_norm(path + 'mlp_norm', layer + 'ln_2', width),
      Mapping(path + 'attention/qkv', (view(
          layer + 'attn.c_attn.weight', (width, 3 * width),
          (width, 3, H, dim), (0, 2, 1, 3)),)),
      Mapping(path + 'attention/qkv_bias', (view(
          layer + 'attn.c_attn.bias', (3 * width,), (3, H, dim),
          (1, 0, 2)),), float32=True),
      Mapping(path + 'attention/output', (view(
          layer + 'attn.c_proj.weight', (width, width), (H, 1, dim, width),
          (0, 1, 2, 3)),)),
      parts.bias(path + 'attention/output_bias', layer + 'attn.c_proj.bias',
                 width),
      Mapping(path + 'mlp/up', (view(
          layer + 'mlp.c_fc.weight', (width, wide), (width, 1, wide),
          (0, 1, 2)),)),
      Mapping(path + 'mlp/up_bias', (view(
          layer + 'mlp.c_fc.bias', (wide,), (1, wide), (0, 1)),),
          float32=True),
      Mapping(path + 'mlp/down', (whole(layer + 'mlp.c_proj.weight', wide,
                                        width),)),
      parts.bias(path + 'mlp/down_bias', layer + 'mlp.c_proj.bias', width),
  )
