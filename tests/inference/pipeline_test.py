"""Batches that do not fit go again in halves, and none is lost."""

import os
import pathlib
import subprocess
import sys

import jax
import pytest

from uncertainty.inference import batching, pipeline
from uncertainty.types import UserError

_FULL = {
    'device': jax.errors.JaxRuntimeError('RESOURCE_EXHAUSTED: out of memory'),
    'host': MemoryError()}


def _device(room, calls, where='device'):
  """dispatch and collect of a device with room for so many tokens."""
  def check(rows):
    calls.append(len(rows.rows))
    if len(rows.rows) * rows.length > room:
      raise _FULL[where]
    return rows
  return check


def _batches(n):
  return [batching.PackedRows(tuple((10 * b + i,) for i in range(8)), 16, 0)
          for b in range(n)]


@pytest.mark.parametrize('ahead', [False, True])
@pytest.mark.parametrize('late', [False, True])
@pytest.mark.parametrize('where', _FULL)
def test_out_of_memory_halves_and_goes_on(ahead, late, where):
  calls = []
  check = _device(48, calls, where)  # three rows
  dispatch, collect = (lambda r: r, check) if late else (check, lambda r: r)
  collected = list(pipeline.run_ahead(
      _batches(3), dispatch, collect, ahead=ahead))
  found = [row for rows in collected for row in rows.rows]
  assert sorted(found) == sorted(r for b in _batches(3) for r in b.rows)
  # Once known, the limit is kept: only batches in flight are tried whole.
  assert sum(n > 3 for n in calls) <= 3 + ahead


def test_a_row_that_does_not_fit_alone_is_the_users_to_solve():
  check = _device(8, [])
  with pytest.raises(UserError, match='batch_tokens'):
    list(pipeline.run_ahead(_batches(1), check, lambda r: r))


def test_other_errors_are_not_hidden():
  def dispatch(rows):
    raise jax.errors.JaxRuntimeError('INTERNAL: broken')
  with pytest.raises(jax.errors.JaxRuntimeError, match='broken'):
    list(pipeline.run_ahead(_batches(1), dispatch, lambda r: r))


def test_order_is_kept():
  collected = pipeline.run_ahead(
      _batches(4), lambda r: r, lambda r: r.rows[0][0])
  assert list(collected) == [0, 10, 20, 30]


# Each row takes 32 MiB, and the process may grow by about 1 GiB.
_REAL = """
import functools, pathlib, resource
import jax, jax.numpy as jnp
from uncertainty.inference import batching, pipeline

tried = []

@functools.partial(jax.jit, static_argnums=1)
def rows_of(ids_B, n):
  return ids_B[:, None] * jnp.ones((1, n), jnp.int32)

def dispatch(rows):
  tried.append(len(rows.rows))
  return rows_of(jnp.array([row[0] for row in rows.rows], jnp.int32), 1 << 23)

rows_of(jnp.ones(1, jnp.int32), 8).block_until_ready()
pages = int(pathlib.Path('/proc/self/statm').read_text().split()[0])
limit = pages * resource.getpagesize() + (1 << 30)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
batch = batching.PackedRows(tuple((i,) for i in range(64)), 16, 0)
found = [i for part in pipeline.run_ahead(
    [batch], dispatch, lambda x_BN: x_BN[:, 0].tolist()) for i in part]
assert sorted(found) == list(range(64)), found
assert tried[0] == 64 and max(tried[3:]) < 64, tried
print('whole in', max(tried[3:]))
"""


@pytest.mark.skipif(sys.platform != 'linux', reason='limits as Linux has them')
def test_a_process_that_may_not_grow_goes_on_in_halves():
  root = pathlib.Path(__file__).resolve().parents[2]
  done = subprocess.run(
      [sys.executable, '-c', _REAL], capture_output=True, text=True,
      env=os.environ | {'JAX_PLATFORMS': 'cpu', 'PYTHONPATH': str(root)},
      check=False)
  assert done.returncode == 0 and 'whole in' in done.stdout, (
      done.stderr[-2000:])
