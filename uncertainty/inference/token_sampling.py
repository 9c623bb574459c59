"""Choosing the next token, greedily or at random, row by row.

Randomness is explicit: a row's key comes from the seed, its item and the
sample's number, and is folded with the step. What is drawn for an item thus
does not depend on the batch, the order, or refilling.
"""

import dataclasses
import hashlib

import jax
import jax.numpy as jnp
import numpy as np

from uncertainty.types import UserError


@dataclasses.dataclass(frozen=True)
class Sampling:
  """How tokens are drawn.

  Filters apply in the usual order: temperature, then top k, then top p.

  Attributes:
    temperature: of the softmax; 0 takes the most probable token.
    top_p: keep the smallest set of tokens with this mass; 1 keeps all.
    top_k: keep the so many most probable tokens; 0 keeps all.
  """

  temperature: float = 0.0
  top_p: float = 1.0
  top_k: int = 0

  def __post_init__(self):
    """Checks the ranges; UserError if one is left."""
    if self.temperature < 0 or not 0 < self.top_p <= 1 or self.top_k < 0:
      raise UserError(
          f'sampling with temperature={self.temperature}, top_p={self.top_p}, '
          f'top_k={self.top_k}: need temperature >= 0, 0 < top_p <= 1 and '
          'top_k >= 0; correct config.free')


GREEDY = Sampling()


def row_key(seed: int, item_id: str, sample: int) -> jax.Array:
  """The key of one generation: key data [2] uint32.

  Args:
    seed: of the run.
    item_id: the item's.
    sample: the sample's number, from 0.

  Returns:
    Key data [2] uint32.
  """
  digest = hashlib.sha256(item_id.encode()).digest()
  parts = (int.from_bytes(digest[:4], 'little'),
           int.from_bytes(digest[4:8], 'little'), sample)
  return _fold(seed, np.asarray(parts, np.uint32))


@jax.jit
def _fold(seed: jax.Array, parts: jax.Array) -> jax.Array:
  key = jax.random.key(seed)
  for i in range(parts.shape[0]):
    key = jax.random.fold_in(key, parts[i])
  return jax.random.key_data(key)


def draw(logits_BV: jax.Array, keys_B2: jax.Array, steps_B: jax.Array,
         sampling: Sampling) -> jax.Array:
  """Draws one token a row.

  Args:
    logits_BV: float32, before temperature.
    keys_B2: `row_key` of each row.
    steps_B: index of the token within its generation.
    sampling: the filters; ties at their edges are all kept.

  Returns:
    Tokens [B] int32; the lower of equally probable ones when greedy.
  """
  if sampling.temperature == 0:
    return jnp.argmax(logits_BV, axis=-1).astype(jnp.int32)
  scaled_BV = filter_logits(logits_BV / sampling.temperature, sampling)

  def noise(key_2, step):
    key = jax.random.wrap_key_data(key_2)
    return jax.random.gumbel(
        jax.random.fold_in(key, step), (logits_BV.shape[-1],), jnp.float32)

  # Gumbel-max: the argmax of noisy log-probabilities is an exact draw.
  noisy_BV = scaled_BV + jax.vmap(noise)(keys_B2, steps_B)
  return jnp.argmax(noisy_BV, axis=-1).astype(jnp.int32)


def filter_logits(logits_BV: jax.Array, sampling: Sampling) -> jax.Array:
  """Logits with those outside top k and top p set to −inf.

  Nucleus sampling after Holtzman et al. 2020 (arXiv 1904.09751).

  Args:
    logits_BV: after temperature.
    sampling: `top_k` and `top_p`.

  Returns:
    [B, V]; ties at the edges are all kept.
  """
  vocabulary = logits_BV.shape[-1]
  if 0 < sampling.top_k < vocabulary:
    edge_B = jax.lax.top_k(logits_BV, sampling.top_k)[0][:, -1]
    logits_BV = jnp.where(logits_BV >= edge_B[:, None], logits_BV, -jnp.inf)
  if sampling.top_p < 1:
    weights_BV = jax.nn.softmax(logits_BV, axis=-1)
    edge_B = _nucleus_edge(weights_BV, sampling.top_p)
    logits_BV = jnp.where(weights_BV >= edge_B[:, None], logits_BV, -jnp.inf)
  return logits_BV


def _nucleus_edge(weights_BV: jax.Array, mass: float) -> jax.Array:
  """The largest value such that weights at or above it reach the mass.

  Bisects over the bits of the floats, which are in the floats' order: exact
  after 31 halvings, and never sorts the vocabulary.
  """
  target_B = mass * weights_BV.sum(-1)

  def halve(_, bounds):
    lo_B, hi_B = bounds
    middle_B = lo_B + (hi_B - lo_B) // 2
    value_B = jax.lax.bitcast_convert_type(middle_B, jnp.float32)
    above_BV = weights_BV >= value_B[:, None]
    enough_B = jnp.where(above_BV, weights_BV, 0.0).sum(-1) >= target_B
    return (jnp.where(enough_B, middle_B, lo_B),
            jnp.where(enough_B, hi_B, middle_B))

  top_B = jax.lax.bitcast_convert_type(weights_BV.max(-1), jnp.int32)
  lo_B, _ = jax.lax.fori_loop(
      0, 31, halve, (jnp.zeros_like(top_B), top_B + jnp.int32(1)))
  return jax.lax.bitcast_convert_type(lo_B, jnp.float32)
