"""Stopping at once, with what is finished kept: when told to, or left alone."""

import os
import shlex
import signal
import sys
import threading
import traceback
from typing import NoReturn

from uncertainty.errors import UserError

_GRACE = 10  # seconds in which processes that all fail end together


def exit_on_signals() -> None:
  """Makes SIGINT and SIGTERM end the process with 130 and 143, untraced."""
  for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, _stop)


def leave_cluster(error: Exception) -> NoReturn:
  """Ends this process of several with 1, untraced, and so the others.

  JAX would wait for them, and they for what this one no longer computes.

  Args:
    error: what ended it: a `UserError`, or what JAX raises where a computation
      failed, as it does when another process is gone; anything else is traced.

  Returns:
    Never.
  """
  import jax

  said = ' '.join(str(error).split())
  if not isinstance(error, UserError | jax.errors.JaxRuntimeError):
    traceback.print_exception(error)
  if not isinstance(error, UserError):
    said = (
        f'process {jax.process_index()} of {jax.process_count()} cannot go on, '
        f'most likely because another one ended: {said}; what was finished is '
        'kept; to go on, start all of them again')
  sys.stderr.write(f'error: {said}\n')
  sys.stderr.flush()
  # The first process must not be gone before the others have said the same.
  together = threading.Thread(target=jax.distributed.shutdown, daemon=True)
  together.start()
  together.join(_GRACE)
  os._exit(1)


def _stop(number: int, _: object) -> NoReturn:
  # Everything is written under another name and renamed when it is whole:
  # there is nothing to undo, and no library could swallow this as it could an
  # exception.
  sys.stderr.write(
      f'\nstopped by {signal.Signals(number).name}: what was finished is kept; '
      f'to go on, run again: {shlex.join(sys.orig_argv)}\n')
  sys.stderr.flush()
  os._exit(128 + number)
