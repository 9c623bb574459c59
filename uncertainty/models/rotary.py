"""Rotary position embeddings (Su et al. 2021), their angles in float32."""

import jax
import jax.numpy as jnp
import numpy as np

from uncertainty.models.families.config import Rotary

Angles = tuple[jax.Array, jax.Array]  # cosines, sines; [..., B, T, pairs]


def angles(table: Rotary, positions_BT: jax.Array,
           row_lengths_B: jax.Array) -> Angles:
  """Cosines and sines of one table at every position: angle = position · ω.

  Args:
    table: frequencies ω in radians per token; longrope has a second set.
    positions_BT: position of each token.
    row_lengths_B: tokens up to each row's last; past `switch_length` the second
      set holds.

  Returns:
    Cosines and sines [B or 1, T, pairs] float32, times the table's scale.
  """
  frequencies = jnp.asarray(np.asarray(table.frequencies, np.float32))
  if table.long_frequencies:
    long = jnp.asarray(np.asarray(table.long_frequencies, np.float32))
    is_long_B = row_lengths_B > table.switch_length
    frequencies = jnp.where(is_long_B[:, None], long[None], frequencies[None])
    frequencies = frequencies[:, None, :]
  else:
    frequencies = frequencies[None, None, :]
  angle = positions_BT.astype(jnp.float32)[:, :, None] * frequencies
  return jnp.cos(angle) * table.scale, jnp.sin(angle) * table.scale


def stack(tables: tuple[Rotary, ...], positions_BT: jax.Array,
          row_lengths_B: jax.Array, identity: bool) -> Angles:
  """All tables' angles; the identity comes last.

  Args:
    tables: the config's.
    positions_BT: position of each token.
    row_lengths_B: tokens up to each row's last.
    identity: add angles 0, for layers that do not rotate.

  Returns:
    Cosines and sines [tables, B, T, pairs].
  """
  pairs = [angles(t, positions_BT, row_lengths_B) for t in tables]
  if identity:
    pairs.append((jnp.ones_like(pairs[0][0]), jnp.zeros_like(pairs[0][1])))
  return jnp.stack([c for c, _ in pairs]), jnp.stack([s for _, s in pairs])


def rotate(x: jax.Array, cos_sin: Angles) -> jax.Array:
  """Rotates the first 2 * pairs channels of `x` [B, T, heads…, dim].

  Args:
    x: [B, T, heads…, dim], queries or keys.
    cos_sin: one table's angles.

  Returns:
    The same shape: pair i of channels (i, pairs + i) turned by its angle, the
    channels beyond 2 * pairs as they are.
  """
  pairs = cos_sin[0].shape[-1]
  shape = (*x.shape[:2], *(1,) * (x.ndim - 3), pairs)
  cos, sin = (y.reshape(shape).astype(x.dtype) for y in cos_sin)
  first, second = x[..., :pairs], x[..., pairs:2 * pairs]
  parts = [first * cos - second * sin, second * cos + first * sin]
  if x.shape[-1] > 2 * pairs:
    parts.append(x[..., 2 * pairs:])
  return jnp.concatenate(parts, -1)
