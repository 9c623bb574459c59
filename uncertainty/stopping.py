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
_NUMBERS = (signal.SIGINT, signal.SIGTERM)
_once = threading.Lock()


def exit_on_signals() -> None:
  """Makes SIGINT and SIGTERM end the process with 130 and 143, untraced."""
  reader, writer = os.pipe()
  os.set_blocking(writer, False)
  for number in _NUMBERS:
    signal.signal(number, _stop)
  # The handler waits until the main thread is back from a compiled program,
  # which may generate for many seconds; this thread does not.
  signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
  threading.Thread(target=_watch, args=(reader,), daemon=True).start()


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


def _watch(reader: int) -> None:
  while (number := os.read(reader, 1)[0]) not in _NUMBERS:
    pass
  _stop(number, None)


def _stop(number: int, _: object) -> None:
  if not _once.acquire(blocking=False):
    return  # the other of the two is at it
  # Everything is written under another name and renamed when it is whole:
  # there is nothing to undo, and no library could swallow this as it could an
  # exception.
  sys.stderr.write(
      f'\nstopped by {signal.Signals(number).name}: what was finished is kept; '
      f'to go on, run again: {shlex.join(sys.orig_argv)}\n')
  sys.stderr.flush()
  os._exit(128 + number)
