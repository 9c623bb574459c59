"""How far a model is aligned with people: one number, with one interval."""

import dataclasses

from uncertainty.report import names
from uncertainty.report.tables import AnalysisTables
from uncertainty.results import columns as cols
from uncertainty.results import derived

CLAIM = 'aligned'


@dataclasses.dataclass(frozen=True)
class Alignment:
  """Of one model on one data set, by the measure that was fixed beforehand.

  Attributes:
    measure: whose ρ it is.
    value: Spearman's ρ with people's entropy.
    low: lower end of its interval; NaN without one.
    high: upper end.
    n: how many items.
    verdict: of the claim; '' where none is made.
  """

  measure: str
  value: float
  low: float
  high: float
  n: float
  verdict: str = ''


def of(tables: AnalysisTables, dataset: str, model: str) -> Alignment | None:
  """The claim's estimate where there is one, else that of the table.

  Args:
    tables: the analysis.
    dataset: its name.
    model: its name.

  Returns:
    The alignment; None where neither has a value.
  """
  key = CLAIM, dataset, model
  if key not in tables.kept:
    tables.kept[key] = _found(tables, dataset, model)
  return tables.kept[key]


def _found(
    tables: AnalysisTables, dataset: str, model: str) -> Alignment | None:
  claims = tables.of('claims', dataset, model)
  if len(claims):
    claims = claims[claims[derived.CLAIM] == CLAIM].dropna(
        subset=[derived.ESTIMATE])
  if len(claims):
    row = claims.iloc[0]
    return Alignment(
        str(row.get(cols.MEASURE, '')), row[derived.ESTIMATE],
        row[derived.LOW], row[derived.HIGH], row[derived.N_ITEMS],
        str(row[derived.VERDICT]))
  cells = tables.of('alignment', dataset, model)
  if cells.empty:
    return None
  cells = cells[cells[cols.SIGNAL] == cols.HUMAN_ENTROPY]
  for measure in names.PRIMARY:
    rows = cells[cells[cols.MEASURE] == measure].dropna(subset=[cols.RHO])
    if len(rows):
      row = rows.iloc[0]
      return Alignment(measure, row[cols.RHO], row[cols.CI_LOW],
                       row[cols.CI_HIGH], row[cols.N])
  return None
