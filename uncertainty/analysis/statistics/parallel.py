"""Rows of a large array worked on by all cores."""

import concurrent.futures
import os
from collections.abc import Callable

import threadpoolctl

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
