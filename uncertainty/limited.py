"""Programs of strangers (templates, rules of tokenizers): run within limits.

They run in a small process of their own, whose time and memory the system
limits: it ends the process, whatever that is doing.
"""

import json
import os
import pathlib
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping
from typing import Any


class Process:
  """One process, started when it is first needed and again if it dies.

  Args:
    script: that calls `limited_process.serve`.
    *settings: what it takes.
    memory: bytes that the process may have.
  """

  def __init__(self, script: pathlib.Path, *settings: str, memory: int):
    self._command = [
        sys.executable, '-P', str(script), str(memory), *settings]
    self._lock = threading.Lock()
    self._process: subprocess.Popen | None = None
    self._known = ''  # the program that the process has

  def ask(self, program: str, request: Mapping[str, Any], seconds: float,
          ) -> dict[str, Any] | None:
    """An answer, one at a time.

    Args:
      program: what the stranger wrote; told once.
      request: JSON values.
      seconds: of processor time that the answer may take.

    Returns:
      The answer; None if the process took more than its limits, or died.
    """
    with self._lock:
      process = self._process or self._start()
      new = {'program': program} if program != self._known else {}
      self._known = program
      try:
        line = self._answer(process, json.dumps(
            {**request, **new, 'seconds': seconds}))
      except BaseException:  # an interrupt: what it would say next is lost
        self._stop(process)
        raise
      if not line:
        self._stop(process)
        return None
    return json.loads(line)

  def _start(self) -> subprocess.Popen:
    self._process = process = subprocess.Popen(
        self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {'PYTHONPATH': os.pathsep.join(sys.path)})
    self._known = ''
    self._end = weakref.finalize(self, _end, process)
    return process

  def _answer(self, process: subprocess.Popen, request: str) -> bytes:
    """The line that answers; nothing if the process died."""
    assert process.stdin and process.stdout
    try:
      process.stdin.write(request.encode() + b'\n')
      process.stdin.flush()
    except BrokenPipeError:
      return b''
    return process.stdout.readline()

  def _stop(self, process: subprocess.Popen) -> None:
    process.kill()
    self._end()
    self._process = None


def _end(process: subprocess.Popen) -> None:
  """Lets the process go; it ends where its input does."""
  process.communicate()
