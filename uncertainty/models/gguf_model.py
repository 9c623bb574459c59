"""A GGUF file seen as a checkpoint: `config.json` and canonical tensors.

What llama.cpp's converter did is undone here: query and key rows of Llama
were permuted, 1 was added to Gemma's norms, Llama 3.1's rotary scaling became
a tensor. Metadata of an architecture that is not listed is an error, since it
may change the result.
"""

import functools
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from uncertainty.models.checkpoint import StoredTensor
from uncertainty.models.gguf_file import GgufFile
from uncertainty.types import UserError

_ROTARY_FACTORS = 'rope_freqs.weight'

_ENDS = {'token_embd': 'embed_tokens', 'output_norm': 'norm',
         'output': 'lm_head'}
_LAYER = {
    'attn_norm': 'input_layernorm',
    'attn_q': 'self_attn.q_proj',
    'attn_k': 'self_attn.k_proj',
    'attn_v': 'self_attn.v_proj',
    'attn_output': 'self_attn.o_proj',
    'attn_q_norm': 'self_attn.q_norm',
    'attn_k_norm': 'self_attn.k_norm',
    'ffn_gate': 'mlp.gate_proj',
    'ffn_up': 'mlp.up_proj',
    'ffn_down': 'mlp.down_proj',
}
_ONE_NORM = {'ffn_norm': 'post_attention_layernorm'}
_TWO_NORMS = {'ffn_norm': 'pre_feedforward_layernorm',
              'post_attention_norm': 'post_attention_layernorm',
              'post_ffw_norm': 'post_feedforward_layernorm'}

# Keys below `ARCHITECTURE.` that `_common` and the architecture's own
# function read, or that cannot change a forward pass.
_KNOWN_KEYS = frozenset((
    'context_length', 'embedding_length', 'block_count', 'feed_forward_length',
    'attention.head_count', 'attention.head_count_kv', 'attention.key_length',
    'attention.value_length', 'attention.layer_norm_rms_epsilon',
    'rope.dimension_count', 'rope.freq_base', 'rope.scaling.type',
    'rope.scaling.factor', 'rope.scaling.original_context_length',
    'rope.scaling.finetuned', 'vocab_size',
))
_GEMMA_KEYS = frozenset((
    'attention.sliding_window', 'attn_logit_softcapping',
    'final_logit_softcapping', 'rope.freq_base_swa',
    'attention.sliding_window_pattern',
))


def config(file: GgufFile) -> dict[str, Any]:
  """The `config.json` that the file's metadata amounts to.

  Args:
    file: an open GGUF file.

  Returns:
    `config.json`'s fields in transformers' spelling.

  Raises:
    UserError: the architecture is not read, or a field is missing or would
      change the result and is not implemented.
  """
  architecture = _architecture(file)
  build, extra = _ARCHITECTURES[architecture]
  for key in file.metadata:
    field = key.removeprefix(architecture + '.')
    if field != key and field not in _KNOWN_KEYS | extra:
      raise UserError(
          f'{file.path}: {key} = {file.metadata[key]!r} is not implemented'
          ' and would change the result; use a safetensors checkpoint')
  return build(file, functools.partial(_field, file, architecture))


def tensors(file: GgufFile) -> dict[str, StoredTensor]:
  """The file's tensors under canonical names, in transformers' layout.

  Args:
    file: an open GGUF file.

  Returns:
    Canonical name → tensor.

  Raises:
    UserError: a tensor's name is not known.
  """
  architecture = _architecture(file)
  undo_by_name = {}
  if architecture == 'llama':
    field = functools.partial(_field, file, architecture)
    unpermute = functools.partial(_unpermute, head_dim=_head_dim(field))
    undo_by_name = {'attn_q': unpermute, 'attn_k': unpermute}
  result = {}
  for name, entry in file.tensors.items():
    if name == _ROTARY_FACTORS:
      continue
    part, canonical = _canonical(file, architecture, name)
    undo = undo_by_name.get(part)
    if undo is None and 'gemma' in architecture and part.endswith('_norm'):
      undo = _without_one
    result[canonical] = StoredTensor(
        str(file.path), name, entry.shape,
        functools.partial(_read, file, name, undo))
  return result


def eos_token_ids(file: GgufFile) -> list[int]:
  """Tokens that end a text or a turn.

  Args:
    file: an open GGUF file.

  Returns:
    Token ids.
  """
  ids = (file.metadata.get(f'tokenizer.ggml.{name}_token_id')
         for name in ('eos', 'eot'))
  return list(dict.fromkeys(i for i in ids if i is not None))


def _architecture(file: GgufFile) -> str:
  architecture = file.metadata.get('general.architecture')
  if architecture not in _ARCHITECTURES:
    raise UserError(
        f'{file.path}: general.architecture is {architecture!r}; GGUF is read'
        f' for {", ".join(_ARCHITECTURES)}; use a safetensors checkpoint')
  return architecture


def _field(file: GgufFile, architecture: str, name: str, *default: Any) -> Any:
  key = f'{architecture}.{name}'
  if key not in file.metadata and not default:
    raise UserError(
        f'{file.path}: has no {key}; convert the model again with a current'
        ' llama.cpp')
  value = file.metadata.get(key, *default)
  if isinstance(value, list):
    raise UserError(
        f'{file.path}: {key} differs by layer, which is not implemented; use'
        ' a safetensors checkpoint')
  return value


def _canonical(
    file: GgufFile, architecture: str, name: str) -> tuple[str, str]:
  """A tensor's part, such as `attn_q`, and its canonical name."""
  names = _LAYER | (
      _TWO_NORMS if architecture in ('gemma2', 'gemma3') else _ONE_NORM)
  ends = re.fullmatch(r'(\w+)\.(weight|bias)', name)
  layer = re.fullmatch(r'blk\.(\d+)\.(\w+)\.(weight|bias)', name)
  if ends and ends[1] in _ENDS:
    return ends[1], f'{_ENDS[ends[1]]}.{ends[2]}'
  if layer and layer[2] in names:
    return layer[2], f'layers.{layer[1]}.{names[layer[2]]}.{layer[3]}'
  raise UserError(
      f'{file.path}: tensor {name} has no place in a model of architecture'
      f' {architecture!r}; the file is mislabelled or its model is not'
      ' implemented')


def _read(
    file: GgufFile, name: str,
    undo: Callable[[np.ndarray], np.ndarray] | None,
    start: int, stop: int,
) -> np.ndarray:
  values = file.read(name, start, stop)
  return values if undo is None else undo(values)


def _unpermute(values: np.ndarray, head_dim: int) -> np.ndarray:
  """Rows of each head from rotary pairs (2i, 2i+1) to halves (i, i+d/2)."""
  shape = values.shape
  pairs = values.reshape(-1, head_dim // 2, 2, *shape[1:])
  return pairs.swapaxes(1, 2).reshape(shape)


def _head_dim(field: Callable[..., Any]) -> int:
  width = field('embedding_length') // field('attention.head_count')
  return field('attention.key_length', width)


def _without_one(values: np.ndarray) -> np.ndarray:
  return values - np.float32(1)


def _common(file: GgufFile, field: Callable[..., Any]) -> dict[str, Any]:
  """What all architectures share."""
  heads = field('attention.head_count')
  embedding = file.tensors.get('token_embd.weight')
  if embedding is None:
    raise UserError(
        f'{file.path}: tensor token_embd.weight is missing; download the file'
        ' again')
  head_dim = _head_dim(field)
  for name in ('attention.value_length', 'rope.dimension_count'):
    if field(name, head_dim) != head_dim:
      raise UserError(
          f'{file.path}: {name} is {field(name)}, the head width {head_dim};'
          ' different ones are not implemented')
  return {
      'vocab_size': embedding.shape[0],
      'hidden_size': field('embedding_length'),
      'num_hidden_layers': field('block_count'),
      'intermediate_size': field('feed_forward_length'),
      'num_attention_heads': heads,
      'num_key_value_heads': field('attention.head_count_kv', heads),
      'head_dim': head_dim,
      'max_position_embeddings': field('context_length'),
      # The file keeps float32; configs write the decimal it came from.
      'rms_norm_eps': _decimal(field('attention.layer_norm_rms_epsilon')),
      'tie_word_embeddings': 'output.weight' not in file.tensors,
      'bos_token_id': file.metadata.get('tokenizer.ggml.bos_token_id'),
      'eos_token_id': eos_token_ids(file),
  }


def _decimal(value: float) -> float:
  """The shortest decimal that is this float32."""
  return float(str(np.float32(value)))


def _scaling(
    file: GgufFile, field: Callable[..., Any]) -> dict[str, Any] | None:
  """`rope_scaling`, from metadata or from the tensor of Llama 3.1."""
  if _ROTARY_FACTORS in file.tensors:
    factors = [float(x) for x in file.read(_ROTARY_FACTORS)]
    # One divisor per pair, whatever the length: longrope with equal sets.
    return {'rope_type': 'longrope', 'short_factor': factors,
            'long_factor': factors, 'attention_factor': 1.0,
            'original_max_position_embeddings': field('context_length')}
  kind = field('rope.scaling.type', 'none')
  if kind == 'none':
    return None
  if kind != 'linear':
    raise UserError(
        f'{file.path}: rope.scaling.type is {kind!r}; GGUF is read for none'
        ' and linear; use a safetensors checkpoint')
  return {'rope_type': 'linear', 'factor': field('rope.scaling.factor')}


def _llama(file: GgufFile, field: Callable[..., Any]) -> dict[str, Any]:
  return {
      'architectures': ['LlamaForCausalLM'], 'model_type': 'llama',
      **_common(file, field),
      'attention_bias': 'blk.0.attn_q.bias' in file.tensors,
      'rope_theta': field('rope.freq_base', 10000.0),
      'rope_scaling': _scaling(file, field),
  }


def _gemma(file: GgufFile, field: Callable[..., Any]) -> dict[str, Any]:
  return {
      'architectures': ['GemmaForCausalLM'], 'model_type': 'gemma',
      **_common(file, field),
      'hidden_activation': 'gelu_pytorch_tanh',
      'rope_theta': field('rope.freq_base', 10000.0),
  }


def _gemma2(file: GgufFile, field: Callable[..., Any]) -> dict[str, Any]:
  return {
      'architectures': ['Gemma2ForCausalLM'], 'model_type': 'gemma2',
      **_normed_twice(file, field, layers_of_27b=46),
      'rope_theta': field('rope.freq_base', 10000.0),
      'sliding_window': field('attention.sliding_window', 4096),
      'attn_logit_softcapping': field('attn_logit_softcapping', 50.0),
      'final_logit_softcapping': field('final_logit_softcapping', 30.0),
  }


def _gemma3(file: GgufFile, field: Callable[..., Any]) -> dict[str, Any]:
  return {
      'architectures': ['Gemma3ForCausalLM'], 'model_type': 'gemma3_text',
      **_normed_twice(file, field, layers_of_27b=62),
      'rope_theta': field('rope.freq_base', 1e6),
      'rope_local_base_freq': field('rope.freq_base_swa', 10000.0),
      'rope_scaling': _scaling(file, field),
      'sliding_window': field('attention.sliding_window'),
      'sliding_window_pattern': field('attention.sliding_window_pattern', 6),
      'final_logit_softcapping': field('final_logit_softcapping', None),
  }


def _normed_twice(
    file: GgufFile, field: Callable[..., Any], layers_of_27b: int,
) -> dict[str, Any]:
  """What Gemma 2 and 3 have in common.

  Queries are scaled by what the file does not hold: the head width, but for
  the 27B models, which scale by width over heads.
  """
  values = _common(file, field)
  scalar = values['head_dim']
  if values['num_hidden_layers'] == layers_of_27b:
    scalar = values['hidden_size'] // values['num_attention_heads']
  return {**values, 'hidden_activation': 'gelu_pytorch_tanh',
          'query_pre_attn_scalar': scalar}


_ARCHITECTURES = {
    'llama': (_llama, frozenset()),
    'gemma': (_gemma, frozenset()),
    'gemma2': (_gemma2, _GEMMA_KEYS),
    'gemma3': (_gemma3, _GEMMA_KEYS),
}
