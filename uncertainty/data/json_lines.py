"""Files of one JSON object a line, read with the line in every complaint."""

import json
import pathlib
from collections.abc import Callable, Iterator
from typing import TypeVar

from uncertainty.types import UserError

T = TypeVar('T')


def read(path: pathlib.Path, make: Callable[[dict], T], what: str
         ) -> Iterator[T]:
  """What is made of each line.

  Args:
    path: the file.
    make: of a line's object.
    what: a line holds, for the error: 'a rating'.

  Yields:
    `make` of every line, in order; empty lines are left out.

  Raises:
    UserError: a line that is no object, or not as `make` needs it.
  """
  with open(path, encoding='utf-8') as file:
    for number, line in enumerate(file, 1):
      if not line.strip():
        continue
      try:
        yield make(json.loads(line))
      except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f'{path}, line {number}: not {what} ({error!r}); get'
                        ' the file again') from error
