"""Chat templates are programs of strangers: they run in a process of limits.

Jinja's sandbox keeps a template from the machine's files, not from looping
for days or writing 'a' ten billion times. So templates run in a small process
(`chat_template_process`) whose memory and time the system limits.
"""

import functools
import json
import os
import pathlib
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping
from typing import Any

from uncertainty.errors import UserError

_SCRIPT = pathlib.Path(__file__).with_name('chat_template_process.py')
# Of processor time and memory for one prompt. Templates of public models take
# about a millisecond, and some kilobytes.
SECONDS, MEMORY = 5, 1 << 29
# Characters of a template; and what it may write: so many, as many as it has
# itself, and so many for each character of its variables.
_TEMPLATE, _WRITTEN, _WRITTEN_TIMES = 1 << 17, 1 << 15, 16


def render(template: str, variables: Mapping[str, Any]) -> str:
  """A template's text.

  Args:
    template: in Jinja, as chat templates are written.
    variables: what it may read, as JSON values.

  Returns:
    The text.

  Raises:
    UserError: the template raises, or takes more than its limits.
  """
  return _renderer().render(template, variables)


class Renderer:
  """One process, started when it is first needed and again if it dies.

  Args:
    seconds: of processor time for one prompt.
    memory: bytes that the process may have.
    subject: what its templates are, for errors.
    remedy: what to do about one that fails.
    strict: whether a template that writes a variable that there is not is an
      error; else it writes nothing there, as public chat templates rely on.
  """

  def __init__(self, seconds: int = SECONDS, memory: int = MEMORY, *,
               subject: str = "this model's chat template",
               remedy: str = 'use --config.prompt.style=completion',
               strict: bool = False):
    self._seconds, self._memory = seconds, memory
    self._subject, self._remedy, self._strict = subject, remedy, strict
    self._lock = threading.Lock()
    self._process: subprocess.Popen | None = None
    self._known = ''  # the template that the process has

  def render(self, template: str, variables: Mapping[str, Any]) -> str:
    """As the module's `render`, one at a time.

    Args:
      template: in Jinja.
      variables: what it may read, as JSON values.

    Returns:
      The text.

    Raises:
      UserError: the template raises, or takes more than its limits.
    """
    if len(template) > _TEMPLATE:
      raise UserError(f'{self._subject} has {len(template)} characters, more'
                      f' than {_TEMPLATE}; {self._remedy}')
    most = (_WRITTEN + len(template)
            + _WRITTEN_TIMES * len(json.dumps(variables)))
    with self._lock:
      process = self._process or self._start()
      new = {'template': template} if template != self._known else {}
      self._known = template
      try:
        line = self._ask(process, json.dumps(
            {'variables': variables, 'most': most, **new}))
      except BaseException:  # an interrupt: what it would say next is lost
        self._stop(process)
        raise
      if not line:
        self._stop(process)
        raise UserError(
            f'{self._subject} takes more than {self._seconds} s or '
            f'{self._memory >> 20} MiB for one prompt; {self._remedy}')
    answer = json.loads(line)
    if 'error' in answer:
      raise UserError(f"{self._subject} cannot be applied "
                      f"({answer['error']}); {self._remedy}")
    return answer['text']

  def _start(self) -> subprocess.Popen:
    limits = map(str, (self._seconds, self._memory, int(self._strict)))
    self._process = process = subprocess.Popen(
        [sys.executable, '-P', str(_SCRIPT), *limits],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {'PYTHONPATH': os.pathsep.join(sys.path)})
    self._known = ''
    self._end = weakref.finalize(self, _end, process)
    return process

  def _ask(self, process: subprocess.Popen, request: str) -> bytes:
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


_renderer = functools.cache(Renderer)
