"""Chat templates are programs of strangers: they run in a process of limits.

Jinja's sandbox keeps a template from the machine's files, not from looping
for days or writing 'a' ten billion times. So templates run in a process of
their own (`limited`), as `chat_template_process` says.
"""

import functools
import json
import pathlib
from collections.abc import Mapping
from typing import Any

from uncertainty import limited
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
  """What renders templates, in one process.

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
    self._subject, self._remedy = subject, remedy
    self._process = limited.Process(
        _SCRIPT, str(int(strict)), memory=memory)

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
    answer = self._process.ask(
        template, {'variables': variables, 'most': most}, self._seconds)
    if answer is None:
      raise UserError(
          f'{self._subject} takes more than {self._seconds} s or '
          f'{self._memory >> 20} MiB for one prompt; {self._remedy}')
    if 'error' in answer:
      raise UserError(f"{self._subject} cannot be applied "
                      f"({answer['error']}); {self._remedy}")
    return answer['text']


_renderer = functools.cache(Renderer)
