"""Stopping when told to: at once, with what is finished kept."""

import os
import shlex
import signal
import sys
from typing import NoReturn


def exit_on_signals() -> None:
  """Makes SIGINT and SIGTERM end the process with 130 and 143, untraced."""
  for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, _stop)


def _stop(number: int, _: object) -> NoReturn:
  # Everything is written under another name and renamed when it is whole:
  # there is nothing to undo, and no library could swallow this as it could an
  # exception.
  sys.stderr.write(
      f'\nstopped by {signal.Signals(number).name}: what was finished is kept; '
      f'to go on, run again: {shlex.join(sys.orig_argv)}\n')
  sys.stderr.flush()
  os._exit(128 + number)
