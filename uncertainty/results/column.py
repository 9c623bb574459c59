"""How a column is described: its name, type, unit, writer and meaning."""

import dataclasses
import functools
import re

# Words in capitals within a column's name stand for one of these.
PLACEHOLDERS = {
    'TASK': ('letters', 'numbers', 'text', 'free', 'verbal', 'p_true',
             'samples', 'statement', 'response'),
    'WORDING': tuple(f'{form}_{order}'
                     for form in ('percent', 'number', 'phrase')
                     for order in ('after', 'before')),
}


@dataclasses.dataclass(frozen=True)
class Column:
  """One column, or several whose names differ by a word in capitals.

  Attributes:
    name: in the table; `NAME` in it stands for any word, `TASK` and such for
      one of `PLACEHOLDERS`.
    type: string, float, int, bool, or 'list of' one of them; or one 'or'
      another.
    unit: of its numbers; '' where they have none.
    writer: what writes it.
    meaning: what it says of the row.
  """

  name: str
  type: str
  unit: str
  writer: str
  meaning: str

  def matches(self, name: str) -> bool:
    """Whether a table's column is this one (or one of these).

    Args:
      name: of a column that was written.

    Returns:
      True if this describes it.
    """
    return bool(_pattern(self.name).fullmatch(name))


@functools.cache
def _pattern(name: str) -> re.Pattern[str]:
  pattern = re.escape(name).replace('NAME', '.+')
  for word, values in PLACEHOLDERS.items():
    pattern = pattern.replace(word, f'(?:{"|".join(values)})')
  return re.compile(pattern)


def by(writer: str, *rows: tuple[str, str, str, str]) -> tuple[Column, ...]:
  """Columns of one writer.

  Args:
    writer: what writes them.
    *rows: name, type, unit and meaning of each.

  Returns:
    The columns.
  """
  return tuple(Column(name, kind, unit, writer, meaning)
               for name, kind, unit, meaning in rows)
