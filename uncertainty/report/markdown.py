"""Tables as Markdown."""

import pandas as pd


def table_text(table: pd.DataFrame, columns: str = '') -> str:
  """A table, or the named columns of it."""
  if columns:
    table = table[columns.split()]
  lines = [list(table.columns), ['---'] * table.shape[1]]
  lines += [
    [_text(value) for value in row] for row in table.itertuples(index=False)
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
