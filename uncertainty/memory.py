"""What fits into this machine's memory."""

import os
from collections.abc import Callable, Iterable
from typing import TypeVar

from uncertainty.errors import UserError

_SHARE = 16  # of memory, that all of one kind may take together

_T = TypeVar('_T')


def machine_bytes() -> int:
  """The machine's memory.

  Returns:
    Bytes, in use or not.
  """
  return os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE')


def held(made: Iterable[_T], n_bytes: Callable[[_T], int], what: str,
         remedy: str) -> list[_T]:
  """All that is made, as long as it takes a sixteenth of memory at most.

  Args:
    made: one after another.
    n_bytes: how many bytes one takes.
    what: they are, for errors.
    remedy: what to do if they are too large together.

  Returns:
    A list of them.

  Raises:
    UserError: together they take more.
  """
  limit = machine_bytes() // _SHARE
  kept, taken = [], 0
  for one in made:
    taken += n_bytes(one)
    if taken > limit:
      raise UserError(
          f'{what} take more than {limit >> 20} MiB, a {_SHARE}th of this'
          f" machine's memory: {len(kept)} of them take "
          f'{(taken - n_bytes(one)) >> 20} MiB; {remedy}')
    kept.append(one)
  return kept
