"""What the GPU benchmark asks: shapes of models, prompts, and what they cost.

Weights are random: speed does not depend on them. Products count two floating
point operations a multiplication, over the tokens that differ between prompts.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

LETTERS = ((10,), (20,), (30,), (40,))  # tokens of four choices
EOS = 5


def _llama(width: int, mlp: int, layers: int, heads: int, kv_heads: int,
           vocabulary: int, tied: bool, factor: float) -> dict[str, Any]:
  return {
      'architectures': ['LlamaForCausalLM'], 'model_type': 'llama',
      'vocab_size': vocabulary, 'hidden_size': width,
      'intermediate_size': mlp, 'num_hidden_layers': layers,
      'num_attention_heads': heads, 'num_key_value_heads': kv_heads,
      'head_dim': 64 if width < 4096 else 128, 'rms_norm_eps': 1e-5,
      'max_position_embeddings': 131072, 'rope_theta': 500000.0,
      'rope_scaling': {
          'rope_type': 'llama3', 'factor': factor, 'low_freq_factor': 1.0,
          'high_freq_factor': 4.0, 'original_max_position_embeddings': 8192},
      'tie_word_embeddings': tied, 'bos_token_id': 1, 'eos_token_id': EOS}


SHAPES = {
    'tiny': _llama(128, 256, 2, 4, 2, 1000, True, 32.0),
    '1B': _llama(2048, 8192, 16, 32, 8, 128256, True, 32.0),  # Llama 3.2 1B
    '8B': _llama(4096, 14336, 32, 32, 8, 128256, False, 8.0),  # Llama 3.1 8B
}
"""Size → `config.json`."""


@dataclasses.dataclass(frozen=True)
class Work:
  """Prompts of random tokens.

  Attributes:
    prompts: tokens of each.
    n_shared: tokens that all start with.
  """

  prompts: list[list[int]]
  n_shared: int


def work(vocabulary: int, n_prompts: int, n_shared: int = 100,
         lengths: tuple[int, int] = (150, 400)) -> Work:
  """Prompts as long as questions with a few worked examples.

  Args:
    vocabulary: tokens to draw from.
    n_prompts: how many.
    n_shared: tokens that all start with.
    lengths: the shortest and the longest.
  """
  rng = np.random.default_rng(0)
  sizes = rng.integers(*lengths, n_prompts, endpoint=True)
  some = [rng.integers(50, vocabulary, n).tolist() for n in sizes]
  return Work([some[0][:n_shared] + x[n_shared:] for x in some], n_shared)


def per_token(hf: Mapping[str, Any]) -> int:
  """Weights that every token is multiplied with.

  Args:
    hf: the model's config.

  Returns:
    Those of attention and of a gated MLP in all layers.
  """
  heads = hf['num_attention_heads'] + hf['num_key_value_heads']
  return hf['num_hidden_layers'] * hf['hidden_size'] * (
      2 * heads * hf['head_dim'] + 3 * hf['intermediate_size'])


def scoring_flops(hf: Mapping[str, Any], asked: Work) -> float:
  """What the tokens that differ need.

  Args:
    hf: the model's config.
    asked: the prompts.

  Returns:
    Products with weights, of attention (each token with those before it), and
    with the vocabulary at each prompt's last place.
  """
  shared = asked.n_shared
  sizes = np.array([len(p) for p in asked.prompts])
  tokens = shared + (sizes - shared).sum()
  pairs = (shared * (shared + 1) + (
      sizes * (sizes + 1) - shared * (shared + 1)).sum()) / 2
  width = hf['num_hidden_layers'] * hf['num_attention_heads'] * hf['head_dim']
  return float(2 * per_token(hf) * tokens + 4 * width * pairs
               + 2 * hf['vocab_size'] * hf['hidden_size'] * len(sizes))


def step_bytes(hf: Mapping[str, Any], asked: Work, n_steps: int) -> float:
  """What one step of decoding must read, in bfloat16, on average.

  Args:
    hf: the model's config.
    asked: a prompt a row.
    n_steps: how many steps follow.

  Returns:
    All weights, the input embeddings left out unless they are the output's,
    and every row's keys and values, the shared ones once.
  """
  weights = per_token(hf) + hf['vocab_size'] * hf['hidden_size']
  tokens = asked.n_shared + sum(
      len(p) - asked.n_shared + n_steps / 2 for p in asked.prompts)
  cached = (2 * hf['num_hidden_layers'] * hf['num_key_value_heads']
            * hf['head_dim'])
  return 2.0 * (weights + cached * tokens)
