"""Mappings that several families share, under transformers' tensor names."""

from collections.abc import Mapping as Map

from uncertainty.models.families.config import DecoderConfig
from uncertainty.models.families.mapping import Mapping, Part, view, whole

# A layer's norms where each stands before what it feeds.
PRE_NORMS = {'attention_norm': 'input_layernorm',
             'mlp_norm': 'post_attention_layernorm'}


def norm_scale(path: str, source: str, width: int,
               add: float = 0.0) -> Mapping:
  """A norm's scale, kept in float32.

  Args:
    path: the norm's, in params.
    source: the tensor's name.
    width: D.
    add: constant to add (1 where the checkpoint stores scale − 1).

  Returns:
    Entry of the table.
  """
  return Mapping(path + '/scale', (whole(source, width),), add=add,
                 float32=True)


def layer_norm(path: str, source: str, width: int) -> list[Mapping]:
  """A layer norm's scale and bias.

  Args:
    path: the norm's, in params.
    source: the tensors' name up to `.weight` and `.bias`.
    width: D.

  Returns:
    Entries of the table.
  """
  return [norm_scale(path, source + '.weight', width),
          bias(path + '/bias', source + '.bias', width)]


def bias(path: str, source: str, *shape: int) -> Mapping:
  """A bias as it is, kept in float32.

  Args:
    path: where it goes in params.
    source: the tensor's name.
    *shape: its shape.

  Returns:
    Entry of the table.
  """
  return Mapping(path, (whole(source, *shape),), float32=True)


def ends(config: DecoderConfig, *, embedding: str = 'embed_tokens.weight'
         ) -> list[Mapping]:
  """Embedding, and the head where it is not tied.

  Args:
    config: the decoder's.
    embedding: the embedding's tensor name.

  Returns:
    Entries of the table.
  """
  rows = (config.vocab_size, config.width)
  entries = [Mapping('token_embedding', (whole(embedding, *rows),))]
  if not config.tie_embeddings:
    entries.append(Mapping('unembedding', (whole('lm_head.weight', *rows),)))
  return entries


def heads(source: str, n_heads: int, config: DecoderConfig,
          rows: tuple[int, int] | None = None, n_rows: int | None = None
          ) -> Part:
  """A projection [n_heads * dim, D] as [D, K, heads per group, dim].

  Args:
    source: the tensor's name.
    n_heads: heads in the projection: H for queries, K for keys or values.
    config: the decoder's.
    rows: first row and row after the last in a fused tensor; None for all.
    n_rows: rows of a fused tensor; None for n_heads * dim.

  Returns:
    The part.
  """
  kv, dim, width = config.n_kv_heads, config.head_dim, config.width
  return view(source, (n_rows or n_heads * dim, width),
              (kv, n_heads // kv, dim, width), (3, 0, 1, 2), rows)


def head_vector(source: str, n_heads: int, config: DecoderConfig) -> Part:
  """A vector [n_heads * dim] as [K, heads per group, dim].

  Args:
    source: the tensor's name.
    n_heads: H or K.
    config: the decoder's.

  Returns:
    The part.
  """
  kv, dim = config.n_kv_heads, config.head_dim
  return view(source, (n_heads * dim,), (kv, n_heads // kv, dim), (0, 1, 2))


def output(source: str, config: DecoderConfig) -> Mapping:
  """The output projection [D, heads * dim] as [K, G, dim, D].

  Args:
    source: the tensor's name.
    config: the decoder's.

  Returns:
    Entry of the table.
  """
  shape = (config.width, config.n_kv_heads, config.n_groups, config.head_dim)
  source_shape = (config.width, config.n_heads * config.head_dim)
  return Mapping('layers/attention/output',
                 (view(source, source_shape, shape, (1, 2, 3, 0)),))


def attention(config: DecoderConfig, prefix: str, *, add: float = 0.0
              ) -> list[Mapping]:
  """Separate q, k, v projections, fused per key/value head.

  Args:
    config: the decoder's; says which biases and norms there are.
    prefix: of the tensors' names, such as `layers.{layer}.self_attn.`.
    add: constant to add to the scales of query and key norms.

  Returns:
    Entries of the table.
  """
  names = [(prefix + 'q_proj.', config.n_heads),
           (prefix + 'k_proj.', config.n_kv_heads),
           (prefix + 'v_proj.', config.n_kv_heads)]
  path = 'layers/attention/'
  entries = [
      Mapping(path + 'qkv', tuple(heads(name + 'weight', n, config)
                                  for name, n in names), axis=2),
      output(prefix + 'o_proj.weight', config),
  ]
  if config.qkv_bias:
    entries.append(Mapping(
        path + 'qkv_bias', tuple(head_vector(name + 'bias', n, config)
                                 for name, n in names), axis=1, float32=True))
  if config.output_bias:
    entries.append(bias(path + 'output_bias', prefix + 'o_proj.bias',
                        config.width))
  return entries + _qk_norms(config, prefix, add)


def _qk_norms(config: DecoderConfig, prefix: str, add: float
              ) -> list[Mapping]:
  path = 'layers/attention/'
  names = (('query_norm', prefix + 'q_norm.weight', config.n_heads),
           ('key_norm', prefix + 'k_norm.weight', config.n_kv_heads))
  if config.qk_norm == 'head':
    return [norm_scale(path + ours, theirs, config.head_dim, add)
            for ours, theirs, _ in names]
  if config.qk_norm == 'projection':
    return [Mapping(f'{path}{ours}/scale', (head_vector(theirs, n, config),),
                    float32=True) for ours, theirs, n in names]
  return []


def gated_mlp(config: DecoderConfig, prefix: str) -> list[Mapping]:
  """Gate and up [F, D] as [D, 2, F]; down [D, F] as [F, D].

  Args:
    config: the decoder's.
    prefix: of the tensors' names, such as `layers.{layer}.mlp.`.

  Returns:
    Entries of the table.
  """
  wide, width = config.mlp_width, config.width
  names = (prefix + 'gate_proj.', prefix + 'up_proj.')
  path = 'layers/mlp/'
  entries = [
      Mapping(path + 'up', tuple(
          view(name + 'weight', (wide, width), (1, wide, width), (2, 0, 1))
          for name in names), axis=1),
      down(config, prefix + 'down_proj.weight'),
  ]
  if config.mlp_bias:
    entries += [
        Mapping(path + 'up_bias', tuple(
            view(name + 'bias', (wide,), (1, wide), (0, 1))
            for name in names), float32=True),
        bias(path + 'down_bias', prefix + 'down_proj.bias', width)]
  return entries


def down(config: DecoderConfig, source: str) -> Mapping:
  """The MLP's way back [D, F] as [F, D].

  Args:
    config: the decoder's.
    source: the tensor's name.

  Returns:
    Entry of the table.
  """
  shape = (config.width, config.mlp_width)
  return Mapping('layers/mlp/down', (view(source, shape, shape, (1, 0)),))


def gated_decoder(config: DecoderConfig, norms: Map[str, str], *,
                  add: float = 0.0) -> tuple[Mapping, ...]:
  """A decoder with RMSNorm and a gated MLP, in the names that Llama set.

  Args:
    config: the decoder's.
    norms: a layer's norms, our name to theirs.
    add: to the scale of every norm, those of queries and keys too.

  Returns:
    One entry per parameter.
  """
  layer = 'layers.{layer}.'
  return (
      *ends(config),
      norm_scale('final_norm', 'norm.weight', config.width, add),
      *(norm_scale(f'layers/{ours}', f'{layer}{theirs}.weight', config.width,
                   add) for ours, theirs in norms.items()),
      *attention(config, layer + 'self_attn.', add=add),
      *gated_mlp(config, layer + 'mlp.'),
  )
