"""The chapter on claims: what the study may say, and what it cannot tell."""

import pandas as pd
from markupsafe import Markup

from uncertainty.report import blocks, names
from uncertainty.report.tables import AnalysisTables
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
  counts = claims['verdict'].value_counts()
  said = ', '.join(f'{counts[v]} {v}' for v in _VERDICTS if v in counts)
  parts = [blocks.text(
      f'Every claim that this design can put to a test: {said}. p is corrected '
      'over the claims of its family; where nothing can be told, the sentence '
      'says how large an effect would have been seen.')]
  several = claims['data'].nunique() > 1
  for data, rows in claims.groupby('data', sort=False):
    if several:
      parts.append(blocks.heading(names.dataset(str(data))))
    told = rows[rows['verdict'] != _FOLDED]
    untold = rows[rows['verdict'] == _FOLDED]
    if len(told):
      parts.append(_table(told))
    if len(untold):
      parts.append(blocks.folded(
          f'{len(untold)} with too little data', _table(untold)))
  return blocks.Chapter('claims', 'Claims', tuple(parts))


def _table(rows: pd.DataFrame) -> Markup:
  order = {verdict: i for i, verdict in enumerate(_VERDICTS)}
  rows = rows.sort_values(
      'verdict', key=lambda v: v.map(order), kind='stable')
  return blocks.plain_table(pd.DataFrame({
      'verdict': rows['verdict'], 'sentence': rows['sentence'],
      'estimate': [
          blocks.interval(*values) for values in rows[
              ['estimate', 'low', 'high']].itertuples(index=False)],
      'p, corrected': rows['p_corrected'],
      **{name: rows[f'n_{name}'].map(_count)
         for name in ('items', 'raters', 'models')}}))


def _count(value: float) -> str:
  """A whole number, or '–' where it is not published or does not apply."""
  return '–' if pd.isna(value) else f'{value:.0f}'
