"""Tables as Markdown."""

from collections.abc import Sequence

import pandas as pd


def table_text(table: pd.DataFrame, columns: Sequence[str] = ()) -> str:
  """A table as Markdown.

  Args:
    table: the rows.
    columns: those shown; none shows all.

  Returns:
    Lines of a Markdown table; missing numbers are blank.
  """
  if columns:
    table = table[list(columns)]
  lines = [list(table.columns), ['---'] * table.shape[1]]
  lines += [
    [_text(value) for value in row]
    for row in table.itertuples(index=False, name=None)
  ]
  return '\n'.join('| ' + ' | '.join(line) + ' |' for line in lines)


def _text(value) -> str:
  if isinstance(value, float):
    if pd.isna(value):
      return ''
    if 0 < abs(value) < 1e-12:
      return '< 1e-12'
    if value == int(value) and abs(value) < 1e6:
      return str(int(value))
    return f'{value:.2g}' if abs(value) < 0.001 else f'{value:.3f}'
  return str(value).replace('|', '\\|')
