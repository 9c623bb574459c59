"""How an analysis table is described, and what tables share.

What a column means in several tables is said once (`SHARED`); a table names
those and describes its own.
"""

import dataclasses
from collections.abc import Iterable, Mapping

from uncertainty.results import columns
from uncertainty.results.column import Column


@dataclasses.dataclass(frozen=True)
class Table:
  """One analysis table.

  Attributes:
    name: of the file, without its ending.
    writer: module of `uncertainty` that makes it.
    meaning: what a row is.
    columns: in no order.
  """

  name: str
  writer: str
  meaning: str
  columns: tuple[Column, ...]

  def find(self, name: str) -> Column | None:
    """What describes one of the table's columns.

    Args:
      name: of a column that was written.

    Returns:
      Its description, or None.
    """
    return next((c for c in self.columns if c.matches(name)), None)

  def missing(self, names: Iterable[str]) -> tuple[str, ...]:
    """Columns that whoever reads the table counts on and it lacks.

    Args:
      names: of all its columns.

    Returns:
      Names of columns, in the description's order.
    """
    there = set(names)
    return tuple(c.name for c in self.columns if c.name not in there)


# name: (type, unit, meaning)
SHARED: Mapping[str, tuple[str, str, str]] = {
    'model': ('string', '', 'The model; a sweep\'s workdir in parentheses.'),
    'dataset': ('string', '', 'The data set.'),
    'measure': ('string', '', 'Results column of a measure.'),
    'signal': ('string', '', 'Results column of a human signal.'),
    'outcome': ('string', '', ('What was scored (see *Values of outcome* '
                'below).')),
    'kind': ('string', '', '`instruct` or `base`.'),
    'variant': ('string', '', 'A sweep\'s workdir; empty without a sweep.'),
    'family': ('string', '', 'The series the model belongs to.'),
    'value': ('float', 'of the outcome', 'The estimate.'),
    'n': ('int', 'items', 'Items behind it.'),
    'rho': ('float', '−1 to 1', 'Spearman\'s correlation.'),
    columns.P_VALUE: ('float', 'probability', 'Two-sided p.'),
    columns.CI_LOW: ('float', 'of the estimate', 'Lower end of its interval.'),
    columns.CI_HIGH: ('float', 'of the estimate', 'Upper end of its interval.'),
    columns.P_HOLM: ('float', 'probability', 'p after Holm.'),
    columns.P_BH: ('float', 'probability', 'p after Benjamini-Hochberg.'),
    columns.N_TESTS: ('int', 'tests', 'Size of the family of tests.'),
    'confidence': ('float', '0 to 1', 'Mean confidence.'),
    'accuracy': ('float', 'share', 'Mean correctness of the same items.'),
    columns.CONFIDENCE_MAP: (
        'string', '', ('How the measure became a confidence; none for metrics '
                       'of the order alone.')),
    'correctness': ('string', '', ('Results column of the grade it is held '
                    'against.')),
    'ceiling': ('float', '0 to 1', ('Square root of the signal\'s '
                'reliability: the highest correlation to be had.')),
    columns.HUMAN_ENTROPY: ('float', 'of ln K', 'People\'s entropy.'),
    columns.N_FAMILIES: ('int', 'families', 'Families behind it.'),
    'second': ('string', '', 'The flag or score beside alignment.'),
    'form': ('string', '', ('Prompt form: chat or completion, with the stray '
             'brace or without; mixed.')),
    'weights': ('string', '', 'The base model\'s name.'),
}

# (name, type, unit, meaning)
Row = tuple[str, str, str, str]


def describe(
    shared: Mapping[str, tuple[str, str, str]], name: str, writer: str,
    meaning: str, common: str, *own: Row) -> Table:
  """A table from the columns that it shares and its own.

  Args:
    shared: name → type, unit, meaning.
    name: of the table.
    writer: module that makes it.
    meaning: what a row is.
    common: names in `shared`, separated by spaces.
    *own: further columns.

  Returns:
    The table.

  Raises:
    KeyError: a common column that is not shared.
  """
  rows = [*((c, *shared[c]) for c in common.split()), *own]
  return Table(name, writer, meaning, tuple(
      Column(column, kind, unit, writer, text)
      for column, kind, unit, text in rows))
