"""Work shared by all cores."""

import concurrent.futures
import os
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import threadpoolctl

_In = TypeVar('_In')
_Out = TypeVar('_Out')
_CHUNK = 16  # rows per thread's task


def in_parallel(
    task: Callable[[slice], None], n_rows: int, chunk: int = _CHUNK) -> None:
  """Runs `task(rows)` over slices of rows on all cores.

  One BLAS thread each: BLAS's own threads spin while they wait, which on a
  busy machine costs several times the work itself. NumPy's large operations
  run outside the interpreter's lock.

  Args:
    task: works on the rows of a slice, and writes where no other one does.
    n_rows: how many rows there are.
    chunk: rows per slice; what a slice needs is held once per core.
  """
  slices = [slice(i, min(i + chunk, n_rows))
            for i in range(0, n_rows, chunk)]
  with (threadpoolctl.threadpool_limits(1, user_api='blas'),
        concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool):
    for _ in pool.map(task, slices):
      pass


def each(make: Callable[[_In], _Out], wanted: Sequence[_In]) -> list[_Out]:
  """`map` on all cores, for work of seconds rather than milliseconds.

  Args:
    make: works where no other call writes.
    wanted: what to make.

  Returns:
    `make(one)` of each, in their order.
  """
  found: dict[int, _Out] = {}

  def fill(rows: slice):
    for i in range(rows.start, rows.stop):
      found[i] = make(wanted[i])

  in_parallel(fill, len(wanted), chunk=1)
  return [found[i] for i in range(len(wanted))]


def ahead(make: Callable[[_In], _Out], wanted: Sequence[_In]
          ) -> Iterator[_Out]:
  """`map` that makes the next result while this one is used.

  Args:
    make: works outside the interpreter's lock; never called twice at once.
    wanted: what to make, in this order.

  Yields:
    `make(one)` of each.
  """
  with concurrent.futures.ThreadPoolExecutor(1) as pool:
    coming = pool.submit(make, wanted[0]) if wanted else None
    for one in (*wanted[1:], None):
      if coming is None:
        return
      made = coming.result()
      coming = None if one is None else pool.submit(make, one)
      yield made
