"""A tiny Llama on disk, for the tests of loading."""

import json
import pathlib

import numpy as np
import pytest
from safetensors.numpy import save_file

from launch import tiny_checkpoint

TINY = {
    'architectures': ['LlamaForCausalLM'], 'model_type': 'llama',
    'vocab_size': 260, 'hidden_size': 32, 'num_hidden_layers': 2,
    'intermediate_size': 48, 'num_attention_heads': 4,
    'num_key_value_heads': 2, 'head_dim': 8, 'rms_norm_eps': 1e-5,
    'max_position_embeddings': 64, 'rope_theta': 10000.0,
    'tie_word_embeddings': False, 'bos_token_id': 256, 'eos_token_id': 257,
}


def tiny_tensors(config=None, seed=0) -> dict[str, np.ndarray]:
  """Random weights under the names that transformers writes."""
  c = {**TINY, **(config or {})}
  rng = np.random.default_rng(seed)
  D, F, H = c['hidden_size'], c['intermediate_size'], c['head_dim']
  heads, kv = c['num_attention_heads'], c['num_key_value_heads']
  shapes = {'model.embed_tokens.weight': (c['vocab_size'], D),
            'model.norm.weight': (D,), 'lm_head.weight': (c['vocab_size'], D)}
  for i in range(c['num_hidden_layers']):
    at = f'model.layers.{i}.'
    shapes |= {
        at + 'input_layernorm.weight': (D,),
        at + 'post_attention_layernorm.weight': (D,),
        at + 'self_attn.q_proj.weight': (heads * H, D),
        at + 'self_attn.k_proj.weight': (kv * H, D),
        at + 'self_attn.v_proj.weight': (kv * H, D),
        at + 'self_attn.o_proj.weight': (D, heads * H),
        at + 'mlp.gate_proj.weight': (F, D), at + 'mlp.up_proj.weight': (F, D),
        at + 'mlp.down_proj.weight': (D, F)}
  return {name: rng.normal(size=shape).astype(np.float32) * 0.2
          for name, shape in shapes.items()}


@pytest.fixture
def write_tiny(tmp_path):
  """(config changes, tensors, name) → a directory with a tiny Llama."""
  def write(config=None, tensors=None, name='tiny') -> pathlib.Path:
    path = tmp_path / name
    path.mkdir()
    (path / 'config.json').write_text(json.dumps({**TINY, **(config or {})}))
    save_file(tiny_tensors(config) if tensors is None else tensors,
              path / 'model.safetensors')
    tiny_checkpoint.byte_tokenizer().save_pretrained(path)
    return path
  return write


@pytest.fixture
def tiny():
  """The tiny model's tensors, by name."""
  return tiny_tensors()
