"""Steering: directions added to, or taken out of, the residual stream.

Where the parameters hold `layers/steering`, each block's output h becomes

  h ← h − (h · u) u + a

at every token, prefixes and generated ones included, with a the layer's added
vector and u the unit vector that is taken out (both 0 where a layer is left
alone): activation addition (Turner et al. 2023, arXiv 2308.10248) and
directional ablation (Arditi et al. 2024, arXiv 2406.11717). Both are arrays, so
that doses share one program; without them the program is the one without
steering.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from uncertainty.types import UserError

_NAME = 'steering'  # under `layers`, beside their weights
_ADDED, _REMOVED = 'added', 'removed'


@dataclasses.dataclass(frozen=True)
class Steering:
  """What is done to the residual stream after each layer.

  Attributes:
    added_LD: a, in the residual stream's unit; rows of 0 add nothing.
    removed_LD: u, rows of length 1 or 0; rows of 0 take nothing out.
  """

  added_LD: np.ndarray
  removed_LD: np.ndarray

  def __post_init__(self):
    if self.added_LD.ndim != 2 or self.added_LD.shape != self.removed_LD.shape:
      raise UserError(
          f'steering adds {self.added_LD.shape} and takes out '
          f'{self.removed_LD.shape}; both must be [layers, width]')
    for name, rows_LD in ((_ADDED, self.added_LD), (_REMOVED, self.removed_LD)):
      if not np.isfinite(rows_LD).all():
        raise UserError(f'a direction to be {name} is not finite')
    lengths_L = np.linalg.norm(self.removed_LD, axis=1)
    if not (np.isclose(lengths_L, 1, atol=1e-4) | (lengths_L == 0)).all():
      raise UserError('directions to be taken out must have length 1 (or 0, '
                      f'for none); these have {lengths_L.round(4).tolist()}')


def addition(directions_LD: np.ndarray, scale: float = 1.0) -> Steering:
  """Adds scaled directions.

  Args:
    directions_LD: one a layer; 0 where nothing is added.
    scale: α.

  Returns:
    h ← h + α v.
  """
  return Steering(np.asarray(scale * directions_LD, np.float32),
                  np.zeros(np.shape(directions_LD), np.float32))


def ablation(directions_LD: np.ndarray) -> Steering:
  """Takes directions out, whatever their lengths.

  Args:
    directions_LD: one a layer; 0 where nothing is taken out.

  Returns:
    h ← h − (h · u) u, with u the direction at length 1.
  """
  directions_LD = np.asarray(directions_LD, np.float64)
  lengths_L1 = np.linalg.norm(directions_LD, axis=1, keepdims=True)
  units_LD = directions_LD / np.where(lengths_L1 > 0, lengths_L1, 1)
  return Steering(np.zeros(units_LD.shape, np.float32),
                  units_LD.astype(np.float32))


def beside(params: Mapping[str, Any], steering: Steering | None
           ) -> Mapping[str, Any]:
  """Parameters with a steering beside their layers' weights.

  Args:
    params: a decoder's, layers stacked.
    steering: None: nothing is added, and they are returned as they are.

  Returns:
    The same arrays, and the steering's.

  Raises:
    UserError: it is for another number of layers or another width.
  """
  if steering is None:
    return params
  shape = jax.tree.leaves(params['layers'])[0].shape[0], (
      params['token_embedding'].shape[1])
  if steering.added_LD.shape != shape:
    raise UserError(f'steering for [layers, width] = {steering.added_LD.shape} '
                    f'of a model with {shape}')
  # Host arrays: with several processes, jit gives each device a copy.
  return {**params, 'layers': {**params['layers'], _NAME: {
      _ADDED: steering.added_LD, _REMOVED: steering.removed_LD}}}


def steer(module: nn.Module, x_BTD: jax.Array) -> jax.Array:
  """What a block makes of its output.

  Args:
    module: the block, within its call, with its layer's parameters.
    x_BTD: the residual stream after it.

  Returns:
    h − (h · u) u + a; x_BTD itself where the parameters hold no steering.
  """
  if not module.has_variable('params', _NAME):
    return x_BTD
  held = module.get_variable('params', _NAME)
  added_D, removed_D = (
      held[name].astype(x_BTD.dtype) for name in (_ADDED, _REMOVED))
  along_BT1 = jnp.einsum('btd,d->bt', x_BTD, removed_D,
                         precision='highest')[:, :, None]
  return x_BTD - along_BT1 * removed_D[None, None] + added_D[None, None]
