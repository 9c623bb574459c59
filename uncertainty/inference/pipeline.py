"""Runs batches one ahead, and in halves when they do not fit."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import jax
from absl import logging

from uncertainty.inference import batching
from uncertainty.types import UserError

_Collected = TypeVar('_Collected')


def out_of_memory(error: BaseException) -> bool:
  """Whether a computation failed for want of memory.

  Args:
    error: what it raised.

  Returns:
    True for the host's memory and for the device's.
  """
  return isinstance(error, MemoryError) or (
      isinstance(error, jax.errors.JaxRuntimeError)
      and 'RESOURCE_EXHAUSTED' in str(error))


def run_ahead(todo: Sequence[batching.PackedRows],
              dispatch: Callable[[batching.PackedRows], Any],
              collect: Callable[[Any], _Collected], *,
              ahead: bool = True) -> Iterator[_Collected]:
  """Dispatches each batch before the one ahead of it is collected.

  A batch that does not fit the device's memory goes again in halves, and
  later batches are no larger than what fitted.

  Args:
    todo: batches.
    dispatch: starts a batch's computation.
    collect: waits for what `dispatch` returned.
    ahead: keep two in flight, so that an accelerator does not wait for the
      host.

  Yields:
    What `collect` returned, in the order of the batches.

  Raises:
    UserError: a single row that does not fit.
  """
  most = [max((len(b.rows) * b.length for b in todo), default=0)]

  def attempt(function: Callable[..., Any], *args: Any) -> Any:
    try:
      return function(*args)
    except (jax.errors.JaxRuntimeError, MemoryError) as error:
      if not out_of_memory(error):
        raise
      return None

  def pieces(rows: batching.PackedRows) -> Iterator[batching.PackedRows]:
    if len(rows.rows) > 1 and len(rows.rows) * rows.length > most[0]:
      for half in batching.halves(rows):
        yield from pieces(half)
    elif any(rows.rows):
      yield rows

  def finish(rows: batching.PackedRows, started: Any) -> Iterator[_Collected]:
    done = None if started is None else attempt(collect, started)
    if done is not None:
      yield done
      return
    if len(rows.rows) == 1:
      raise UserError(
          f'one row of {rows.length} tokens does not fit the memory of the '
          'device; lower --config.score.batch_tokens, or spread the model '
          'over more devices with --config.model.model_axis')
    most[0] = min(most[0], len(rows.rows) * rows.length // 2)
    logging.warning('out of memory: batches are now of %d tokens at most',
                    most[0])
    for piece in pieces(rows):
      yield from finish(piece, attempt(dispatch, piece))

  waiting = None
  for rows in todo:
    for piece in pieces(rows):
      started = attempt(dispatch, piece)
      if waiting is not None:
        yield from finish(*waiting)
        waiting = None
      if ahead:
        waiting = (piece, started)
      else:
        yield from finish(piece, started)
  if waiting is not None:
    yield from finish(*waiting)
