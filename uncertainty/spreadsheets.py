"""Text in CSV files that no spreadsheet takes for a formula.

What data sets, models and people wrote stands in such files, and programs
that open them compute what begins with =, +, - or @. As OWASP advises (CSV
Injection), an apostrophe goes before it. Imports nothing of the package.
"""

import re

# Tab and line ends come before the sign in some programs; so do wide signs.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r'[+-]?\d+(\.\d*)?([eE][+-]?\d+)?')


def guarded(text: str) -> str:
  """A text cell as it goes into a CSV file.

  Args:
    text: of the cell.

  Returns:
    It with an apostrophe before what would be a formula; a number is none.

  Example:
    >>> guarded('=1+1'), guarded('-1.5'), guarded('plain')
    ("'=1+1", '-1.5', 'plain')
  """
  if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
    return f"'{text}"
  return text


def plain(text: str) -> str:
  """What `guarded` was given.

  Args:
    text: of a cell of a file that was written so.

  Returns:
    The text without the apostrophe that was put before it.

  Example:
    >>> plain("'=1+1")
    '=1+1'
  """
  return text[1:] if text[:1] == "'" and _FORMULA.match(text) else text
