"""The chapter on whose doubt a model shares: groups of raters."""

import math

import pandas as pd
from markupsafe import Markup

from uncertainty.analysis.questions import rater_groups
from uncertainty.measures import distances
from uncertainty.report import blocks, figures, names, plots
from uncertainty.report.tables import AnalysisTables
from uncertainty.results import columns, derived
from uncertainty.specs import StudySpec

# Statistic → what it is called, and what a difference below and above 0 says.
_STATISTICS = {
    'alignment': (
        'alignment with their entropy', 'follows less', 'follows more'),
    distances.JENSEN_SHANNON: (
        'divergence from their shares', 'is closer', 'is farther')}


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
  level, alpha = spec.analysis.confidence_level, spec.analysis.alpha
  parts = [blocks.text(
      'Where it is known who gave which answer, each group of raters is held '
      "against all others. Does a model's choice entropy rise with the "
      "group's more than with theirs (alignment), and are its shares farther "
      "from the group's (Jensen-Shannon divergence)? A small group's answers "
      'are noisy, so each difference is beyond what groups of its size show '
      'by chance, when labels are dealt anew among raters.'), blocks.text(
          'A difference is named below where its p in the corrected table is '
          f'under {alpha:g}: Benjamini-Hochberg within data set, model and '
          'statistic, over all kinds of groups. It is that table\'s word, one '
          'model at a time, and no claim is made beyond it. Where a kind has '
          'two groups, they are one comparison, told from either side.')]
  few = _out_of_reach(found, alpha, rater_groups.deals(
      spec.analysis.n_bootstrap))
  parts += [blocks.text(few)] if few else []
  for (dataset, grouping), rows in found.groupby(
      [columns.DATASET, derived.GROUPING], sort=False):
    title = f'{names.dataset(str(dataset))}, {_kind(str(grouping))}'
    parts += [blocks.heading(title), *_sentences(rows, alpha), figures.plot(
        _forest(rows, alpha), f'rater_groups_{dataset}_{grouping}',
        f'{title}: each group against all others',
        'Group − all others, beyond chance, with an interval of '
        f'{100 * level:g} % over items and raters, which is not corrected. '
        f'Filled: corrected p under {alpha:g}.', tables)]
  parts.append(blocks.folded('All groups', blocks.table(
      _shown(found), sort=derived.DIFFERENCE, pick=derived.GROUPING)))
  return blocks.Chapter(
      'rater_groups', 'Whose doubt a model shares', tuple(parts))


def _out_of_reach(found: pd.DataFrame, alpha: float, n_deals: int) -> str:
  """Said where so many are tested that one alone cannot pass."""
  tests = found[found[columns.P_BH].notna()].groupby(
      [columns.DATASET, columns.MODEL, derived.STATISTIC]).size()
  most = int(tests.max()) if len(tests) else 0
  least = 1 / (n_deals + 1)
  if most * least < alpha:
    return ''
  together = math.floor(most * least / alpha) + 1
  return (f'Labels are dealt {n_deals:,} times, so no p is below {least:.2g}: '
          f'where {most} groups are tested, a corrected p comes under '
          f'{alpha:g} only if at least {together} of them differ that clearly. '
          '"None" below is then no sign that groups are alike.')


def _kind(grouping: str) -> str:
  return grouping.replace('_', ' ')


def _cell(row: dict) -> str:
  return f'{row[derived.RATER_GROUP]}, {row[columns.MODEL]}'


def _sentences(rows: pd.DataFrame, alpha: float) -> list[Markup]:
  """Of each statistic: how many cells differ after correction, and which."""
  said = []
  for statistic, part in rows.groupby(derived.STATISTIC, sort=False):
    called, below, above = _STATISTICS[str(statistic)]
    tested = part[part[columns.P_BH].notna()]
    differ = [
        f'{_cell(row)} ({above if row[derived.DIFFERENCE] > 0 else below}, '
        f'corrected p = {blocks.p_value(row[columns.P_BH])})'
        for row in tested[tested[columns.P_BH] < alpha].to_dict('records')]
    lead = (f'{called[0].upper()}{called[1:]}: of {len(tested)} cells of group '
            f'and model, {len(differ) or "none"} can be told from all others')
    which = f': {"; ".join(differ)}' if differ else ''
    said.append(blocks.text(f'{lead}{which}.'))
  return said


def _forest(rows: pd.DataFrame, alpha: float) -> plots.Plot:
  """A panel a statistic, a line a group and model."""
  rows = rows.assign(cell=[_cell(row) for row in rows.to_dict('records')])
  groups = rows.sort_values(derived.RATER_GROUP, kind='stable')['cell']
  cells = list(dict.fromkeys(groups))[::-1]
  panels = [
      plots.Panel(_STATISTICS[str(statistic)][0], [plots.Series(
          part[derived.DIFFERENCE].tolist(), part['cell'].map(
              cells.index).tolist(),
          low=part[columns.CI_LOW].tolist(),
          high=part[columns.CI_HIGH].tolist(),
          filled=(part[columns.P_BH] < alpha).tolist(),
          models=part[columns.MODEL].tolist())])
      for statistic, part in rows.groupby(derived.STATISTIC, sort=False)]
  return plots.Plot(
      panels, plots.Axis('group − all others, beyond chance'),
      plots.Axis('', categories=cells), share=False, references=[('x', 0.0)])


def _shown(found: pd.DataFrame) -> pd.DataFrame:
  return found.assign(**{
      derived.GROUPING: found[derived.GROUPING].map(_kind),
      derived.STATISTIC: found[derived.STATISTIC].map(
          {name: called for name, (called, *_) in _STATISTICS.items()})})
