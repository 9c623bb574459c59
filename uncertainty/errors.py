"""The one error that people see; imports nothing of the package."""

import difflib
from collections.abc import Iterable

_SLIP = 0.87  # `prompt_1` is not `prompt`, nor are `notes` `votes`
_LONGEST, _LEFT_OUT = 400, ' … '


class UserError(Exception):
  """Bad input: says what was wrong, where, and what to do, in one line.

  `main` prints it without a traceback and exits with status 1. What files hold
  and people type is quoted in it, and may be of any length: of a long message
  the beginning, which says where, and the end, the remedy, are kept.
  """

  def __init__(self, message: object = ''):
    """Takes what is to be said.

    Args:
      message: as text.
    """
    super().__init__(shortened(str(message)))


def shortened(message: str) -> str:
  """A message without its middle, where it is long.

  Args:
    message: any.

  Returns:
    400 characters at most.
  """
  if len(message) <= _LONGEST:
    return message
  half = (_LONGEST - len(_LEFT_OUT)) // 2
  return message[:half] + _LEFT_OUT + message[-half:]


def hint(name: str, known: Iterable[str], written: str = '{}') -> str:
  """What to say after a name that there is not.

  Args:
    name: as it was given.
    known: the names that there are.
    written: how the near name would be given, `{}` standing for it.

  Returns:
    The nearest name as a question, or those that are equally near; all of
    them where none is near.

  Example:
    >>> hint('coan', ['coane', 'vader'], '--config={}')
    'did you mean --config=coane?'
  """
  # Case is a slip too, and weighs nothing.
  folded = {other.casefold(): other for other in known}
  near = difflib.get_close_matches(name.casefold(), folded)
  if near:
    ratios = [difflib.SequenceMatcher(None, other, name.casefold()).ratio()
              for other in near]
    return 'did you mean ' + ' or '.join(
        written.format(folded[other]) for other, ratio in zip(near, ratios)
        if ratio == ratios[0]) + '?'
  return f'known: {", ".join(folded.values())}'


def misspelt(name: str, known: Iterable[str]) -> str | None:
  """The name that one was meant to be by all appearance.

  Far stricter than `hint`: for names that may well be others' own.

  Args:
    name: as it was given, in lower case.
    known: the names that there are.

  Returns:
    The known name that differs by letters that were swapped, or by about one
    in eight (a ratio of `difflib` of 0.87 or more); None where there is none.

  Example:
    >>> misspelt('asnwer', ['answer', 'votes']), misspelt('notes', ['votes'])
    ('answer', None)
  """
  names = list(known)
  swapped = [other for other in names
             if sorted(other) == sorted(name) and other[0] == name[0]]
  near = difflib.get_close_matches(name, names, n=1, cutoff=_SLIP)
  return next(iter([*swapped, *near]), None)
