"""A random Llama on disk, of 60 000 weights unless told otherwise.

For runs that take seconds, and for those that mostly load.
"""

import json
import pathlib

import numpy as np
import tokenizers
from safetensors.numpy import save_file
from tokenizers import decoders, pre_tokenizers
from tokenizers import models as tokenizer_models
from transformers import PreTrainedTokenizerFast

_WIDTH, _HEADS, _MLP, _LAYERS, _VOCABULARY = 32, 4, 48, 2, 260
_CONFIG = {
    'architectures': ['LlamaForCausalLM'], 'model_type': 'llama',
    'vocab_size': _VOCABULARY, 'hidden_size': _WIDTH,
    'num_hidden_layers': _LAYERS, 'intermediate_size': _MLP,
    'num_attention_heads': _HEADS, 'num_key_value_heads': 2,
    'head_dim': _WIDTH // _HEADS, 'rms_norm_eps': 1e-5,
    'max_position_embeddings': 4096, 'rope_theta': 10000.0,
    'tie_word_embeddings': False, 'bos_token_id': 256, 'eos_token_id': 257,
}


def write(path: pathlib.Path, seed: int = 0, width: int = _WIDTH,
          layers: int = _LAYERS) -> pathlib.Path:
  """Writes config, weights and a tokenizer of bytes.

  Args:
    path: of the directory; weights that are there are replaced.
    seed: of the weights.
    width: of the residual stream, a multiple of 8; a layer has 7.5 ×
      width² weights.
    layers: how many.

  Returns:
    The directory.
  """
  path.mkdir(parents=True, exist_ok=True)
  (path / 'config.json').write_text(json.dumps(_CONFIG | {
      'hidden_size': width, 'num_hidden_layers': layers,
      'intermediate_size': _mlp(width), 'head_dim': width // _HEADS}))
  byte_tokenizer().save_pretrained(path)
  write_weights(path, seed, width, layers)
  return path


def _mlp(width: int) -> int:
  return width * _MLP // _WIDTH


def write_weights(path: pathlib.Path, seed: int, width: int = _WIDTH,
                  layers: int = _LAYERS) -> None:
  """Replaces the weights.

  Args:
    path: of the directory.
    seed: of the new weights.
    width: as in `write`.
    layers: as in `write`.
  """
  rng = np.random.default_rng(seed)
  at = 'model.layers.{}.'
  kv = width // 2
  layer = {
      'input_layernorm': (width,), 'post_attention_layernorm': (width,),
      'self_attn.q_proj': (width, width), 'self_attn.k_proj': (kv, width),
      'self_attn.v_proj': (kv, width), 'self_attn.o_proj': (width, width),
      'mlp.gate_proj': (_mlp(width), width),
      'mlp.up_proj': (_mlp(width), width),
      'mlp.down_proj': (width, _mlp(width))}
  shapes = {'model.embed_tokens': (_VOCABULARY, width),
            'model.norm': (width,), 'lm_head': (_VOCABULARY, width)}
  shapes |= {at.format(i) + name: shape for i in range(layers)
             for name, shape in layer.items()}
  temporary = path / 'weights.partial'
  save_file({f'{name}.weight': rng.normal(0, 0.2, shape).astype(np.float32)
             for name, shape in shapes.items()}, temporary)
  temporary.replace(path / 'model.safetensors')


def byte_tokenizer() -> PreTrainedTokenizerFast:
  """Bytes as tokens 0 … 255, then <s> and </s>.

  Returns:
    The tokenizer, without a chat template.
  """
  alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
  backend = tokenizers.Tokenizer(tokenizer_models.BPE(
      vocab={c: i for i, c in enumerate(alphabet)}, merges=[]))
  backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
  backend.decoder = decoders.ByteLevel()
  backend.add_special_tokens(['<s>', '</s>'])
  return PreTrainedTokenizerFast(
      tokenizer_object=backend, bos_token='<s>', eos_token='</s>')
