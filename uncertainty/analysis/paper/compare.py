"""Computed cells against the numbers printed in figures."""

import pathlib

import numpy as np
import pandas as pd

from uncertainty.analysis.paper import cells as reproduction
from uncertainty.results import columns, derived
from uncertainty.types import UserError

_KEY = [derived.FIGURE, columns.MEASURE, columns.MODEL]


def read(path: str | pathlib.Path) -> pd.DataFrame:
  """The cells that a figure prints.

  Args:
    path: a CSV.

  Returns:
    figure, measure, model, value.

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
  missing = [c for c in (*_KEY, columns.VALUE) if c not in there]
  if missing:
    raise UserError(
        f'{path} lacks the column {missing[0]!r}; it needs '
        f'{", ".join((*_KEY, columns.VALUE))}')
  return there[[*_KEY, columns.VALUE]]


def overlaps(cells: pd.DataFrame, path: str | pathlib.Path) -> bool:
  """Whether a CSV prints any figure of these cells.

  Args:
    cells: of `cells.cells`.
    path: of the printed cells.

  Returns:
    True if they share a figure.

  Raises:
    UserError: the file is missing or has other columns.
  """
  return not set(read(path)[derived.FIGURE]).isdisjoint(cells[derived.FIGURE])


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
  there = read(path).rename(columns={columns.VALUE: derived.PRINTED_THERE})
  n_pairs_there = _n_pairs(there[columns.MODEL])
  models = {*cells[columns.MODEL], reproduction.INSTRUCT}
  there = there[there[columns.MODEL].isin(models)
                & there[derived.FIGURE].isin(set(cells[derived.FIGURE]))]
  if there.empty:
    raise UserError(
        f'{path} has no figure of these results; compare with the cells of '
        'their data set')
  here = cells[cells[derived.FIGURE].isin(set(there[derived.FIGURE]))]
  both = there.merge(here, on=_KEY, how='outer', indicator=True)
  both[derived.STATUS] = [
      _status(row, n_pairs_there) for row in both.to_dict('records')]
  return both[[*_KEY, derived.STATUS, derived.PRINTED_THERE, derived.PRINTED,
               columns.VALUE, columns.P_VALUE, columns.N, columns.TIE_FREE]]


def find(results_dir: str | pathlib.Path) -> pathlib.Path | None:
  """The CSV of printed cells that lies beside result files.

  Args:
    results_dir: `figures/*_cells.csv` is looked for in it and one above.

  Returns:
    The first by name, or None.
  """
  root = pathlib.Path(results_dir).resolve()
  for folder in (root, root.parent):
    found = sorted(folder.glob('figures/*_cells.csv'))
    if found:
      return found[0]
  return None


def _n_pairs(models: pd.Series) -> int:
  return len(reproduction.model_pairs.BY_NAME.pairs(
      list(dict.fromkeys(models))))


def _status(row: dict, n_pairs_there: int) -> str:
  if row['_merge'] == 'left_only':
    return 'not computed'
  if (row[columns.MODEL] == reproduction.INSTRUCT
      and row[columns.N] < n_pairs_there):
    return 'fewer pairs'
  theirs, ours = row[derived.PRINTED_THERE], row[derived.PRINTED]
  if np.isnan(theirs) and np.isnan(ours):
    return 'blank in both'
  if np.isnan(theirs):
    return 'blank there'
  if np.isnan(ours):
    return 'blank here'
  return 'match' if abs(theirs - ours) < 1e-9 else 'differs'


def counts(compared: pd.DataFrame) -> pd.DataFrame:
  """Per figure, for models and the instruct column: how many match.

  Args:
    compared: of `compare`.

  Returns:
    figure, part (models | instruct column), printed, match, differs (printed
    numbers that we do not reproduce, blanks included), blanks, blanks_right
    (cells blank in both), tie_free (printed cells without ties),
    tie_free_match, fewer_pairs.
  """
  rows = []
  part = np.where(compared[columns.MODEL] == reproduction.INSTRUCT,
                  'instruct column', 'models')
  for (figure, name), group in compared.groupby(
      [compared[derived.FIGURE], part], sort=True):
    status = group[derived.STATUS]
    usable = group[status != 'fewer pairs']
    is_printed = usable[derived.PRINTED_THERE].notna()
    match = usable[derived.STATUS] == 'match'
    free = is_printed & (usable[columns.TIE_FREE] == True)  # noqa: E712 (NaN too)
    rows.append({
        derived.FIGURE: figure, derived.PART: name,
        derived.PRINTED: int(is_printed.sum()),
        derived.MATCH: int(match.sum()),
        derived.DIFFERS: int((is_printed & ~match).sum()),
        derived.BLANKS: int((~is_printed).sum()),
        derived.BLANKS_RIGHT: int(
            (usable[derived.STATUS] == 'blank in both').sum()),
        columns.TIE_FREE: int(free.sum()),
        derived.TIE_FREE_MATCH: int((free & match).sum()),
        derived.FEWER_PAIRS: int((status == 'fewer pairs').sum())})
  return pd.DataFrame(rows)


def sentence(compared: pd.DataFrame) -> str:
  """How many printed cells match, in one line.

  Args:
    compared: of `compare`.

  Returns:
    Such as '510 of 510 printed cells match, 0 of 0 blank cells are blank here
    too'.
  """
  table = counts(compared)
  total, match = table[derived.PRINTED].sum(), table[derived.MATCH].sum()
  blanks, right = table[derived.BLANKS].sum(), table[derived.BLANKS_RIGHT].sum()
  text = (f'{match} of {total} printed cells match, '
          f'{right} of {blanks} blank cells are blank here too')
  if table[derived.FEWER_PAIRS].sum():
    text += (f'; {table[derived.FEWER_PAIRS].sum()} instruct cells were not '
             'compared: the figure has more pairs')
  return text
