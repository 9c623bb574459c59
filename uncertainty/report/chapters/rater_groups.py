"""The chapter on whose doubt a model shares: groups of raters."""

import pandas as pd

from uncertainty.measures import distances
from uncertainty.report import blocks, figures, names, plots
from uncertainty.report.tables import AnalysisTables
from uncertainty.results import columns, derived
from uncertainty.specs import StudySpec

_STATISTICS = {
    derived.ALIGNMENT: 'alignment with their entropy',
    distances.JENSEN_SHANNON: 'divergence from their shares'}


def chapter(
    tables: AnalysisTables, spec: StudySpec) -> blocks.Chapter | None:
  """Each group of raters against all others, by data set and kind of group.

  Args:
    tables: the analysis.
    spec: the study's config.

  Returns:
    The chapter; None where raters' groups are not known.
  """
  found = tables.get('rater_groups')
  if found.empty:
    return None
  level = spec.analysis.confidence_level
  parts = [blocks.text(
      'Where it is known who gave which answer, each group of raters is held '
      "against all others. Does a model's choice entropy rise with the "
      "group's more than with theirs (alignment), and are its shares farther "
      "from the group's (Jensen-Shannon divergence)? A small group's answers "
      'are noisy, so each difference is beyond what groups of its size show '
      'by chance, when labels are dealt anew among raters.'), blocks.text(
          'With so many groups some differ by chance: none is named, and no '
          'claim is made. Where a kind has two groups, they are one '
          'comparison, told from either side.')]
  for (dataset, grouping), rows in found.groupby(
      [columns.DATASET, derived.GROUPING], sort=False):
    title = f'{names.dataset(str(dataset))}, {_kind(str(grouping))}'
    parts += [blocks.heading(title), figures.plot(
        _forest(rows), f'rater_groups_{dataset}_{grouping}',
        f'{title}: each group against all others',
        'Group − all others, beyond chance, with an interval of '
        f'{100 * level:g} % over items and raters, which is not corrected.',
        tables)]
  parts.append(blocks.folded('All groups', blocks.table(
      _shown(found), sort=derived.DIFFERENCE, pick=derived.GROUPING)))
  return blocks.Chapter(
      'rater_groups', 'Whose doubt a model shares', tuple(parts))


def _kind(grouping: str) -> str:
  return grouping.replace('_', ' ')


def _cell(row: dict) -> str:
  return f'{row[derived.RATER_GROUP]}, {row[columns.MODEL]}'


def _forest(rows: pd.DataFrame) -> plots.Plot:
  """A panel a statistic, a line a group and model."""
  rows = rows.assign(cell=[_cell(row) for row in rows.to_dict('records')])
  groups = rows.sort_values(derived.RATER_GROUP, kind='stable')['cell']
  cells = list(dict.fromkeys(groups))[::-1]
  panels = [
      plots.Panel(_STATISTICS[str(statistic)], [plots.Series(
          part[derived.DIFFERENCE].tolist(), part['cell'].map(
              cells.index).tolist(),
          low=part[columns.CI_LOW].tolist(),
          high=part[columns.CI_HIGH].tolist(),
          models=part[columns.MODEL].tolist())])
      for statistic, part in rows.groupby(derived.STATISTIC, sort=False)]
  return plots.Plot(
      panels, plots.Axis('group − all others, beyond chance'),
      plots.Axis('', categories=cells), share=False, references=[('x', 0.0)])


def _shown(found: pd.DataFrame) -> pd.DataFrame:
  return found.assign(**{
      derived.GROUPING: found[derived.GROUPING].map(_kind),
      derived.STATISTIC: found[derived.STATISTIC].map(_STATISTICS)})
