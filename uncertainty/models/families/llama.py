"""Llama 2, 3, 3.1, 3.2, Falcon 3, SmolLM2: the pre-norm gated decoder."""

from collections.abc import Mapping as Map
from typing import Any

from uncertainty.models.config import DecoderConfig
from uncertainty.models.families import fields as fields_lib
from uncertainty.models.families import rope
from uncertainty.models.families.fields import Fields
from uncertainty.models.families.mapping import Mapping, Part, view, whole


def config(hf_config: Map[str, Any]) -> DecoderConfig:
  """`LlamaForCausalLM`."""
  fields = Fields(hf_config, 'llama')
  common = gated_fields(fields)
  bias = bool(fields.get('attention_bias', False))
  result = DecoderConfig(
      family='llama', **common, qkv_bias=bias, output_bias=bias,
      mlp_bias=bool(fields.get('mlp_bias', False)),
      **full_attention(fields, common))
  fields.finish()
  return result


def gated_fields(fields: Fields) -> dict[str, Any]:
  """What Llama and its descendants share."""
  return {
      **fields_lib.shape(fields),
      'norm_eps': fields.get('rms_norm_eps', 1e-6),
      'activation': fields_lib.activation(fields, 'hidden_act', 'silu'),
      'tie_embeddings': bool(fields.get('tie_word_embeddings', False)),
  }


def full_attention(fields: Fields, common: Map[str, Any],
                   base: float = 10000.0) -> dict[str, Any]:
  """Attention over everything, with one rotary table."""
  n_layers, head_dim = common['n_layers'], common['head_dim']
  table = rope.rotary(rope.parameters(fields), head_dim, base=base,
                      context_length=common['context_length'])
  return {'windows': (0,) * n_layers, 'rotaries': (table,),
          'rotary_index': (0,) * n_layers, 'attention_scale': head_dim**-0.5}


def mapping(config: DecoderConfig) -> tuple[Mapping, ...]:
  """Llama's tensor names; norms and biases as the config asks."""
  layer = 'layers.{layer}.'
  entries = [
      *ends(config),
      _scale('attention_norm', layer + 'input_layernorm.weight', config),
      _scale('mlp_norm', layer + 'post_attention_layernorm.weight', config),
      *attention(config, layer + 'self_attn.'),
      *gated_mlp(config, layer + 'mlp.'),
  ]
  return tuple(entries)


def _scale(path: str, source: str, config: DecoderConfig) -> Mapping:
  return norm_scale(f'layers/{path}/scale', source, config.width)


def norm_scale(path: str, source: str, width: int,
               add: float = 0.0) -> Mapping:
  """A norm's scale, kept in float32."""
  return Mapping(path, (whole(source, width),), add=add, float32=True)


def ends(config: DecoderConfig, add: float = 0.0) -> list[Mapping]:
  """Embedding, final norm, and the head where it is not tied."""
  rows = (config.vocab_size, config.width)
  entries = [
      Mapping('token_embedding', (whole('embed_tokens.weight', *rows),)),
      norm_scale('final_norm/scale', 'norm.weight', config.width, add),
  ]
  if not config.tie_embeddings:
    entries.append(Mapping('unembedding', (whole('lm_head.weight', *rows),)))
  return entries


def heads(source: str, n_heads: int, config: DecoderConfig) -> Part:
  """A projection [n_heads * head_dim, D] as [D, K, heads per group, dim]."""
  kv, dim, width = config.n_kv_heads, config.head_dim, config.width
  return view(source, (n_heads * dim, width),
              (kv, n_heads // kv, dim, width), (3, 0, 1, 2))


def head_bias(source: str, n_heads: int, config: DecoderConfig) -> Part:
  """A bias [n_heads * head_dim] as [K, heads per group, dim]."""
  kv, dim = config.n_kv_heads, config.head_dim
  return view(source, (n_heads * dim,), (kv, n_heads // kv, dim), (0, 1, 2))


def output(source: str, config: DecoderConfig) -> Mapping:
  """The output projection [D, heads * dim] as [K, G, dim, D]."""
  shape = (config.width, config.n_kv_heads, config.n_groups, config.head_dim)
  source_shape = (config.width, config.n_heads * config.head_dim)
  return Mapping('layers/attention/output',
                 (view(source, source_shape, shape, (1, 2, 3, 0)),))


def attention(config: DecoderConfig, prefix: str, *, out: str = 'o_proj',
              add: float = 0.0) -> list[Mapping]:
  """Separate q, k, v projections, fused per key/value head."""
  names = [(prefix + 'q_proj.', config.n_heads),
           (prefix + 'k_proj.', config.n_kv_heads),
           (prefix + 'v_proj.', config.n_kv_heads)]
  path = 'layers/attention/'
  entries = [
      Mapping(path + 'qkv', tuple(heads(name + 'weight', n, config)
                                  for name, n in names), axis=2),
      output(f'{prefix}{out}.weight', config),
  ]
  if config.qkv_bias:
    entries.append(Mapping(
        path + 'qkv_bias', tuple(head_bias(name + 'bias', n, config)
                                 for name, n in names), axis=1, float32=True))
  if config.output_bias:
    entries.append(Mapping(
        path + 'output_bias', (whole(f'{prefix}{out}.bias', config.width),),
        float32=True))
  if config.qk_norm == 'head':
    entries += [norm_scale(f'{path}{ours}_norm/scale',
                           f'{prefix}{theirs}_norm.weight', config.head_dim,
                           add)
                for ours, theirs in (('query', 'q'), ('key', 'k'))]
  if config.qk_norm == 'projection':
    entries += [
        Mapping(f'{path}{ours}_norm/scale',
                (head_bias(f'{prefix}{theirs}_norm.weight', n, config),),
                float32=True)
        for ours, theirs, n in (('query', 'q', config.n_heads),
                                ('key', 'k', config.n_kv_heads))]
  return entries


def gated_mlp(config: DecoderConfig, prefix: str) -> list[Mapping]:
  """gate, up [F, D] as [D, 2, F]; down [D, F] as [F, D]."""
  wide, width = config.mlp_width, config.width
  names = (prefix + 'gate_proj.', prefix + 'up_proj.')
  path = 'layers/mlp/'
  entries = [
      Mapping(path + 'up', tuple(
          view(name + 'weight', (wide, width), (1, wide, width), (2, 0, 1))
          for name in names), axis=1),
      Mapping(path + 'down', (view(prefix + 'down_proj.weight', (width, wide),
                                   (width, wide), (1, 0)),)),
  ]
  if config.mlp_bias:
    entries += [
        Mapping(path + 'up_bias', tuple(
            view(name + 'bias', (wide,), (1, wide), (0, 1))
            for name in names), float32=True),
        Mapping(path + 'down_bias', (whole(prefix + 'down_proj.bias', width),),
                float32=True)]
  return entries
