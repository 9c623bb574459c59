"""Which estimate of people's entropy stands behind a chapter's numbers."""

from markupsafe import Markup

from uncertainty.report import blocks, names
from uncertainty.report.tables import AnalysisTables
from uncertainty.results import columns, derived

ESTIMATORS = {
    'plain': 'plain entropy of the shares', 'miller_madow': 'Miller–Madow',
    'chao_shen': 'Chao–Shen', 'dirichlet': 'Dirichlet posterior mean'}


def note(tables: AnalysisTables, dataset: str = '') -> list[Markup]:
  """The estimate that was correlated, for chapters that say "people's entropy".

  Args:
    tables: the analysis; its table `ceiling` says how each data set's entropy
      was estimated.
    dataset: '' says it of all data sets.

  Returns:
    A note; none where no data set has enough people to tell.
  """
  rows = tables.get('ceiling')
  if len(rows) and dataset:
    rows = rows[rows[columns.DATASET] == dataset]
  if rows.empty:
    return []
  several = tables.get('ceiling')[columns.DATASET].nunique() > 1 and not dataset
  said = [_said(estimator) + (
      f' in {names.dataset(name)}' if several else '')
          for estimator, name in zip(
              rows[derived.ESTIMATOR], rows[columns.DATASET], strict=True)]
  return [blocks.text(
      f"Estimate of people's entropy: {'; '.join(said)}.", note=True)]


def _said(estimator: str) -> str:
  corrected = ('' if estimator == 'plain'
               else ', which corrects for the number of people')
  return ESTIMATORS[estimator] + corrected
