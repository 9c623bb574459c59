"""Computed cells against the numbers printed in figures."""

import pathlib

import numpy as np
import pandas as pd

from uncertainty.analysis.paper import cells as reproduction
from uncertainty.types import UserError

_KEY = ['figure', 'measure', 'model']


def read(path: str | pathlib.Path) -> pd.DataFrame:
  """Printed cells: figure, measure, model, value.

  Raises:
    UserError: the file is missing or has other columns.
  """
  try:
    there = pd.read_csv(path)
  except (OSError, UnicodeDecodeError, pd.errors.ParserError,
          pd.errors.EmptyDataError) as error:
    raise UserError(
        f'cannot read the printed cells in {path} ({error}); point '
        '--config.analysis.compare_with at a CSV') from error
  missing = [c for c in (*_KEY, 'value') if c not in there]
  if missing:
    raise UserError(
        f'{path} lacks the column {missing[0]!r}; it needs '
        f'{", ".join((*_KEY, "value"))}')
  return there[[*_KEY, 'value']]


def overlaps(cells: pd.DataFrame, path: str | pathlib.Path) -> bool:
  """Whether the CSV prints any figure of these cells."""
  return not set(read(path)['figure']).isdisjoint(cells['figure'])


def compare(
    cells: pd.DataFrame, path: str | pathlib.Path) -> pd.DataFrame:
  """Matches cells with a CSV of printed ones.

  Args:
    cells: of `reproduction.cells`.
    path: CSV with columns figure, measure, model, value; a cell that is not
      in it was blank.

  Returns:
    One row per printed cell of the models and figures at hand, and per
    computed cell of the same figures: figure, measure, model, status,
    printed_there, printed (ours, rounded), value, p_value, n, tie_free. Status
    is one of `match`, `differs`, `blank in both`, `blank here`, `blank there`,
    `not computed`, `fewer pairs` (an instruct cell over fewer pairs than the
    paper's).

  Raises:
    UserError: the file is missing, has other columns, or other figures only.
  """
  there = read(path).rename(columns={'value': 'printed_there'})
  n_pairs_there = _n_pairs(there['model'])
  models = {*cells['model'], reproduction.INSTRUCT}
  there = there[there['model'].isin(models)
                & there['figure'].isin(set(cells['figure']))]
  if there.empty:
    raise UserError(
        f'{path} has no figure of these results; compare with the cells of '
        'their data set')
  here = cells[cells['figure'].isin(set(there['figure']))]
  both = there.merge(here, on=_KEY, how='outer', indicator=True)
  both['status'] = [
      _status(row, n_pairs_there) for row in both.to_dict('records')]
  return both[[*_KEY, 'status', 'printed_there', 'printed', 'value', 'p_value',
               'n', 'tie_free']]


def find(results_dir: str | pathlib.Path) -> pathlib.Path | None:
  """The CSV of printed cells that lies beside result files, if there is one.

  Looks for `figures/*_cells.csv` in the folder and in the one above.
  """
  root = pathlib.Path(results_dir).resolve()
  for folder in (root, root.parent):
    found = sorted(folder.glob('figures/*_cells.csv'))
    if found:
      return found[0]
  return None


def _n_pairs(models: pd.Series) -> int:
  return len(reproduction.model_pairs.pairs(list(dict.fromkeys(models))))


def _status(row: dict, n_pairs_there: int) -> str:
  if row['_merge'] == 'left_only':
    return 'not computed'
  if row['model'] == reproduction.INSTRUCT and row['n'] < n_pairs_there:
    return 'fewer pairs'
  theirs, ours = row['printed_there'], row['printed']
  if np.isnan(theirs) and np.isnan(ours):
    return 'blank in both'
  if np.isnan(theirs):
    return 'blank there'
  if np.isnan(ours):
    return 'blank here'
  return 'match' if abs(theirs - ours) < 1e-9 else 'differs'


def counts(compared: pd.DataFrame) -> pd.DataFrame:
  """Per figure, for models and the instruct column: how many match.

  Returns:
    figure, part (models | instruct column), printed, match, differs (printed
    numbers that we do not reproduce, blanks included), blanks, blanks_right
    (cells blank in both), tie_free (printed cells without ties),
    tie_free_match, fewer_pairs.
  """
  rows = []
  part = np.where(compared['model'] == reproduction.INSTRUCT,
                  'instruct column', 'models')
  for (figure, name), group in compared.groupby(
      [compared['figure'], part], sort=True):
    status = group['status']
    usable = group[status != 'fewer pairs']
    is_printed = usable['printed_there'].notna()
    match = usable['status'] == 'match'
    free = is_printed & (usable['tie_free'] == True)  # noqa: E712 (NaN too)
    rows.append({
        'figure': figure, 'part': name, 'printed': int(is_printed.sum()),
        'match': int(match.sum()), 'differs': int((is_printed & ~match).sum()),
        'blanks': int((~is_printed).sum()),
        'blanks_right': int((usable['status'] == 'blank in both').sum()),
        'tie_free': int(free.sum()),
        'tie_free_match': int((free & match).sum()),
        'fewer_pairs': int((status == 'fewer pairs').sum())})
  return pd.DataFrame(rows)


def sentence(compared: pd.DataFrame) -> str:
  """How many printed cells match, in one line."""
  table = counts(compared)
  total, match = table['printed'].sum(), table['match'].sum()
  blanks, right = table['blanks'].sum(), table['blanks_right'].sum()
  text = (f'{match} of {total} printed cells match, '
          f'{right} of {blanks} blank cells are blank here too')
  if table['fewer_pairs'].sum():
    text += (f'; {table["fewer_pairs"].sum()} instruct cells were not '
             'compared: the figure has more pairs')
  return text
