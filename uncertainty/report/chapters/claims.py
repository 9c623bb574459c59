"""The chapter on claims: what the study may say, and what it cannot tell."""

import pandas as pd
from markupsafe import Markup

from uncertainty.report import blocks, names, people_entropy
from uncertainty.report.tables import AnalysisTables
from uncertainty.results import columns, derived
from uncertainty.specs import StudySpec

# Verdicts in the order in which they are told; those about no more than too
# little data are folded.
_VERDICTS = ('supported', 'contradicted', 'cannot tell', 'too little data')
_FOLDED = 'too little data'


def chapter(
    tables: AnalysisTables, spec: StudySpec) -> blocks.Chapter | None:
  """The sentences of the table `claims`, as they stand there.

  Args:
    tables: the analysis.
    spec: the study's config.

  Returns:
    A table for each data set, supported claims first; None without claims.
  """
  del spec
  claims = tables.get('claims')
  if claims.empty:
    return None
  counts = claims[derived.VERDICT].value_counts()
  said = ', '.join(f'{counts[v]} {v}' for v in _VERDICTS if v in counts)
  parts = [blocks.text(
      'Every claim that this design can put to a test. p is corrected over the '
      'claims of its family; where nothing can be told, the sentence says how '
      'large an effect would have been seen.'),
           blocks.of_all_models(blocks.text(f'In all, {said}.')),
           *people_entropy.note(tables)]
  several = claims[derived.DATA].nunique() > 1
  for data, rows in claims.groupby(derived.DATA, sort=False):
    if several:
      parts.append(blocks.heading(names.dataset(str(data))))
    told = rows[rows[derived.VERDICT] != _FOLDED]
    untold = rows[rows[derived.VERDICT] == _FOLDED]
    if len(told):
      parts.append(_table(told))
    if len(untold):
      parts.append(blocks.folded(
          'Those with too little data', _table(untold)))
  return blocks.Chapter('claims', 'Claims', tuple(parts))


def _table(rows: pd.DataFrame) -> Markup:
  order = {verdict: i for i, verdict in enumerate(_VERDICTS)}
  rows = rows.sort_values(
      derived.VERDICT, key=lambda v: v.map(order), kind='stable')
  return blocks.plain_table(pd.DataFrame({
      derived.VERDICT: rows[derived.VERDICT],
      derived.SENTENCE: rows[derived.SENTENCE],
      derived.ESTIMATE: blocks.intervals(
          rows, (derived.ESTIMATE, derived.LOW, derived.HIGH)),
      derived.P_CORRECTED: rows[derived.P_CORRECTED],
      'items': rows[derived.N_ITEMS].map(_count),
      'raters': rows[derived.N_RATERS].map(_count),
      'models': rows[derived.N_MODELS].map(_count)}),
      models=rows[columns.MODEL].fillna('').tolist())


def _count(value: float) -> str:
  """A whole number, or '–' where it is not published or does not apply."""
  return '–' if pd.isna(value) else f'{value:.0f}'
