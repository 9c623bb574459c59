"""A random Llama of 60 000 weights on disk, for runs that take seconds."""

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


def write(path: pathlib.Path, seed: int = 0) -> pathlib.Path:
  """Writes config, weights and a tokenizer of bytes.

  Args:
    path: of the directory; weights that are there are replaced.
    seed: of the weights.

  Returns:
    The directory.
  """
  path.mkdir(parents=True, exist_ok=True)
  (path / 'config.json').write_text(json.dumps(_CONFIG))
  byte_tokenizer().save_pretrained(path)
  write_weights(path, seed)
  return path


def write_weights(path: pathlib.Path, seed: int) -> None:
  """Replaces the weights.

  Args:
    path: of the directory.
    seed: of the new weights.
  """
  rng = np.random.default_rng(seed)
  at = 'model.layers.{}.'
  kv = _WIDTH // 2
  layer = {
      'input_layernorm': (_WIDTH,), 'post_attention_layernorm': (_WIDTH,),
      'self_attn.q_proj': (_WIDTH, _WIDTH), 'self_attn.k_proj': (kv, _WIDTH),
      'self_attn.v_proj': (kv, _WIDTH), 'self_attn.o_proj': (_WIDTH, _WIDTH),
      'mlp.gate_proj': (_MLP, _WIDTH), 'mlp.up_proj': (_MLP, _WIDTH),
      'mlp.down_proj': (_WIDTH, _MLP)}
  shapes = {'model.embed_tokens': (_VOCABULARY, _WIDTH),
            'model.norm': (_WIDTH,), 'lm_head': (_VOCABULARY, _WIDTH)}
  shapes |= {at.format(i) + name: shape for i in range(_LAYERS)
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
