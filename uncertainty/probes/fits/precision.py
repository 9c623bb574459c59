"""Float64 for the probes alone, and LAPACK calls of one thread each."""

import contextlib
import functools
from collections.abc import Iterator

import jax
import scipy.linalg  # noqa: F401  # the BLAS that JAX calls, to be found below
import threadpoolctl


@contextlib.contextmanager
def float64() -> Iterator[None]:
  """Turns on x64 within the block.

  The factorisations are many and small: one thread each loses little, while
  OpenBLAS's spinning threads were seen to slow an eigendecomposition of 378
  rows from 20 ms to seconds on a machine that had other work.

  Yields:
    Nothing; both settings are as before afterwards.
  """
  with jax.enable_x64(True), _libraries().limit(limits=1, user_api='blas'):
    yield


@functools.cache
def _libraries() -> threadpoolctl.ThreadpoolController:
  """Those loaded at the first use; a search of all of them takes 5 ms."""
  return threadpoolctl.ThreadpoolController()
