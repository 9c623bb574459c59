"""Batches that do not fit go again in halves, and none is lost."""

import jax
import pytest

from uncertainty.inference import batching, pipeline
from uncertainty.types import UserError


def _device(room, calls):
  """dispatch and collect of a device with room for so many tokens."""
  def check(rows):
    calls.append(len(rows.rows))
    if len(rows.rows) * rows.length > room:
      raise jax.errors.JaxRuntimeError('RESOURCE_EXHAUSTED: out of memory')
    return rows
  return check


def _batches(n):
  return [batching.PackedRows(tuple((10 * b + i,) for i in range(8)), 16, 0)
          for b in range(n)]


@pytest.mark.parametrize('ahead', [False, True])
@pytest.mark.parametrize('late', [False, True])
def test_out_of_memory_halves_and_goes_on(ahead, late):
  calls = []
  check = _device(48, calls)  # three rows
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
