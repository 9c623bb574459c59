"""Where parameters live on a (data, model) mesh.

Parameters name their axes; rules send named axes to mesh axes. An axis that
does not divide among its devices is replicated, with a notice: the numbers
stay the same, only memory and speed suffer.
"""

import functools
import os
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from absl import logging
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from uncertainty.types import UserError

# Logical axes of every parameter, without the leading axis of layers.
AXES = {
    'token_embedding': ('vocabulary', None),
    'unembedding': ('vocabulary', None),
    'unembedding_bias': ('vocabulary',),
    'position_embedding': (None, None),
    'layers/attention/qkv': (None, 'kv_heads', None, None),
    'layers/attention/qkv_bias': ('kv_heads', None, None),
    'layers/attention/output': ('kv_heads', None, None, None),
    'layers/attention/output_bias': (None,),
    'layers/mlp/up': (None, None, 'mlp'),
    'layers/mlp/up_bias': (None, 'mlp'),
    'layers/mlp/down': ('mlp', None),
    'layers/mlp/down_bias': (None,),
}

_LOST_AFTER = 30  # seconds without a sign of life
_LONGEST_ANALYSIS = 7 * 24 * 3600  # seconds in which the others wait to end

_RULES = {'vocabulary': 'model', 'kv_heads': 'model', 'mlp': 'model'}


def join_cluster() -> None:
  """Makes this process one of several that run the same program.

  Slurm, TPU pods and MPI say themselves which process this is. Elsewhere set
  JAX_COORDINATOR_ADDRESS (host:port of the first), JAX_NUM_PROCESSES and
  JAX_PROCESS_ID (from 0).

  Raises:
    UserError: neither is the case, or the first process cannot be reached.
  """
  count, number = (os.environ.get(name) for name in (
      'JAX_NUM_PROCESSES', 'JAX_PROCESS_ID'))
  try:
    jax.distributed.initialize(
        num_processes=int(count) if count else None,
        process_id=int(number) if number else None,
        heartbeat_timeout_seconds=_LOST_AFTER,
        shutdown_timeout_seconds=_LONGEST_ANALYSIS)
  except (ValueError, RuntimeError) as error:
    raise UserError(
        f'this process cannot join the others ({error}); start it with Slurm, '
        'MPI or on a TPU pod, or set JAX_COORDINATOR_ADDRESS, '
        'JAX_NUM_PROCESSES and JAX_PROCESS_ID') from error


def agree(number: int) -> bool:
  """Whether all processes bring the same number.

  Args:
    number: such as a digest of the config, below 2³².

  Returns:
    The same on every process.
  """
  return len(np.unique(multihost_utils.process_allgather(
      np.uint32(number)))) == 1


def wait_for_all(name: str) -> None:
  """Waits until every process is here.

  Args:
    name: of the place, the same in all of them.
  """
  if jax.process_count() > 1:
    multihost_utils.sync_global_devices(name)


def check_axis(n_devices: int) -> None:
  """Whether the devices here can share copies of the weights so.

  Args:
    n_devices: that share one copy.

  Raises:
    UserError: all that are here are not a multiple of it.
  """
  if jax.device_count() % n_devices:
    raise UserError(
        f'config.model.model_axis={n_devices} devices share a copy of the '
        f'weights, and {jax.device_count()} are here, which is no multiple')


def make_mesh(data: int | None = None, model: int = 1,
              devices: Sequence[Any] | None = None) -> Mesh:
  """A mesh of devices: rows over `data`, weights over `model`.

  Args:
    data: number of groups that share a batch; None takes what is left.
    model: devices that share one copy of the weights.
    devices: all of them, unless given.

  Returns:
    The mesh, with axes `data` and `model`.

  Raises:
    UserError: the sizes do not multiply to the number of devices.
  """
  devices = jax.devices() if devices is None else devices
  n_devices = len(devices)
  if data is None:
    data = n_devices // model
  if data * model != n_devices:
    raise UserError(
        f'a mesh of {data} data × {model} model devices needs {data * model}'
        f' devices, {n_devices} are here; choose sizes that multiply to it')
  return jax.make_mesh(
      (data, model), ('data', 'model'), devices=devices,
      axis_types=(jax.sharding.AxisType.Auto,) * 2)


def of_parameter(mesh: Mesh, path: str, shape: tuple[int, ...]
                 ) -> NamedSharding:
  """The sharding of one parameter.

  Args:
    mesh: with axes `data` and `model`.
    path: such as `layers/attention/qkv`.
    shape: with the leading axis of layers, where there is one.

  Returns:
    Its sharding; an axis that does not divide is replicated.
  """
  axes = AXES.get(path, (None,) * len(shape))  # norms: replicated
  lead = len(shape) - len(axes)
  spec: list[str | None] = [None] * lead
  for name, size in zip(axes, shape[lead:]):
    target = _RULES.get(name) if name else None
    if target and size % mesh.shape[target]:
      _notice(name, size, mesh.shape[target])
      target = None
    spec.append(target)
  return NamedSharding(mesh, PartitionSpec(*spec))


@functools.cache
def _notice(axis: str, size: int, n_devices: int) -> None:
  logging.warning('%d %s do not divide among %d devices: replicated', size,
                  axis, n_devices)


def gather(x: jax.Array, mesh: Mesh) -> jax.Array:
  """The array, whole on every device, so that each process can read it.

  Args:
    x: an array on the mesh.
    mesh: the mesh.

  Returns:
    The same values, replicated.
  """
  replicated = NamedSharding(mesh, PartitionSpec())
  return jax.jit(lambda y: y, out_shardings=replicated)(x)
