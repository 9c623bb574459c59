"""The same numbers on any mesh of virtual devices, and in two processes."""

import json
import os
import pathlib
import socket
import subprocess
import sys

import jax
import numpy as np
import pytest

from uncertainty.models import sharding
from uncertainty.types import UserError

_SCRIPT = pathlib.Path(__file__).with_name('sharded_forward.py')


def _start(n_devices, *arguments):
  environment = {**os.environ, 'JAX_NUM_CPU_DEVICES': str(n_devices),
                 'JAX_PLATFORMS': 'cpu', 'PYTHONPATH': str(_SCRIPT.parents[2])}
  return subprocess.Popen(
      [sys.executable, str(_SCRIPT), *arguments], env=environment, text=True,
      stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def _finish(process):
  out, errors = process.communicate(timeout=500)
  assert process.returncode == 0, errors[-3000:]
  return json.loads(out.splitlines()[-1])


def _close(found, expected):
  for key in ('logits', 'residual'):
    np.testing.assert_allclose(found[key], expected[key], atol=1e-5)


def test_meshes_and_processes_agree():
  with socket.socket() as s:
    s.bind(('localhost', 0))
    port = str(s.getsockname()[1])
  pair = [_start(2, '2x2', port, str(i)) for i in range(2)]
  alone = _finish(_start(8, '1x1,8x1,1x2,2x2,4x2,2x4'))
  both = [_finish(process) for process in pair]
  expected = alone['1x1']
  assert len(expected['logits']) == 8 * 64
  for name, share in (('1x2', 0.5), ('2x2', 0.5), ('4x2', 0.5), ('2x4', 1)):
    _close(alone[name], expected)
    assert alone[name]['share'] == share
  assert ('2 kv_heads do not divide among 4 devices: replicated'
          in alone['notices'])
  for result in both:
    _close(result['2x2'], expected)
  assert both[0]['2x2'] == both[1]['2x2']
  _only_activations_are_exchanged(alone)


def _only_activations_are_exchanged(alone):
  """Sums over `model` of a stem's and of a batch's hidden states, no more."""
  stem, batch = 1 * 4 * 24, 8 * 6 * 24  # B · T · D
  assert alone['1x1']['collectives'] == alone['8x1']['collectives'] == []
  for name in ('1x2', '2x2', '4x2', '2x4'):
    sums = {batch // int(name[0]), stem}
    found = alone[name]['collectives']
    assert {operation for operation, _ in found} == {'all-reduce'}, name
    assert {size for _, sizes in found for size in sizes} == sums, name
    # Rows of the embedding once, each layer's two outputs: in a loop.
    assert sum(batch // int(name[0]) in sizes for _, sizes in found) <= 3
  # And gathering a weight would have been seen.
  assert alone['gathered'] == [['all-gather', [64 * 3]]]


def test_parameters_without_a_rule_are_replicated():
  mesh = sharding.make_mesh()
  spec = sharding.of_parameter(mesh, 'layers/attention_norm/scale', (3, 8))
  assert spec.spec == jax.sharding.PartitionSpec(None, None)


def test_every_parameter_of_every_family_has_axes_of_its_rank():
  mesh = sharding.make_mesh()
  for path, axes in sharding.AXES.items():
    shape = (2,) * (len(axes) + path.startswith('layers/'))
    assert len(sharding.of_parameter(mesh, path, shape).spec) == len(shape)


def test_mesh_that_does_not_fit_is_an_error():
  with pytest.raises(UserError, match='devices'):
    sharding.make_mesh(3, 5)
  with pytest.raises(UserError, match='model_axis=7'):
    sharding.check_axis(7)
