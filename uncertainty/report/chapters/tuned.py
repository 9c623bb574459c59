"""The chapter on the study's own tunings: each against the model before it."""

import pandas as pd
from markupsafe import Markup

from uncertainty.report import blocks, figures, names, people_entropy, plots
from uncertainty.report.tables import AnalysisTables
from uncertainty.results import columns as cols
from uncertainty.results import derived
from uncertainty.specs import StudySpec

_MOVED = {'higher': 'up', 'lower': 'down'}


def chapter(
    tables: AnalysisTables, spec: StudySpec) -> blocks.Chapter | None:
  """Differences before and after, by recipe, on every data set.

  Args:
    tables: the analysis.
    spec: the study's config.

  Returns:
    The chapter; None where no model was tuned here.
  """
  del spec
  table = tables.get('tuned')
  if table.empty:
    return None
  parts = [blocks.text(
      'Each point is a model that was tuned here less the model before, over '
      'the same items, none of which it was trained on: the mean over seeds, '
      'with an interval for other items and other seeds (where there is but '
      'one seed, for other items only). Filled points differ from zero after '
      'Holm\'s correction over all of a data set.'),
           *people_entropy.note(tables)]
  for (dataset, base), rows in table.groupby(
      [cols.DATASET, cols.TUNED_FROM], sort=False):
    title = f'{names.dataset(str(dataset))}, {base}'
    parts.append(blocks.of_model(
        str(base), blocks.heading(title), blocks.text(_lead(rows)),
        figures.plot(
            _forest(rows), f'tuned_{dataset}_{base}',
            f'{title}: what tuning changed',
            'After − before, by how the model was tuned; values are in the '
            'table below.', tables),
        blocks.folded('All of them', _shown(rows))))
  return blocks.Chapter('tuned', 'Tuning', tuple(parts))


def _lead(rows: pd.DataFrame) -> str:
  """What moved, recipe by recipe."""
  lines = []
  for recipe, part in rows.groupby(cols.RECIPE, sort=False):
    moved = [f'{outcome} {_MOVED[verdict]}' for outcome, verdict in zip(
        part[cols.OUTCOME], part[derived.VERDICT]) if verdict in _MOVED]
    lines.append(f'{recipe}: {", ".join(moved) or "no change can be told"}')
  return '; '.join(lines) + '.'


def _shown(rows: pd.DataFrame) -> Markup:
  return blocks.plain_table(pd.DataFrame({
      'recipe': rows[cols.RECIPE],
      'outcome': rows[cols.OUTCOME],
      'before': rows[derived.BASE_VALUE],
      'after': rows[derived.TUNED_VALUE],
      'difference': blocks.intervals(
          rows, (derived.DIFFERENCE, derived.LOW, derived.HIGH)),
      derived.P_CORRECTED: rows[derived.P_CORRECTED],
      'items': rows[derived.N_ITEMS].map(str),
      'seeds': rows[derived.N_SEEDS].map(str),
      'verdict': rows[derived.VERDICT]}))


def _forest(rows: pd.DataFrame) -> plots.Plot:
  recipes = list(dict.fromkeys(rows[cols.RECIPE]))[::-1]
  place = {recipe: i for i, recipe in enumerate(recipes)}
  panels = [
      plots.Panel(f'Δ {outcome}', [plots.Series(
          part[derived.DIFFERENCE].tolist(),
          part[cols.RECIPE].map(place).tolist(),
          low=part[derived.LOW].tolist(), high=part[derived.HIGH].tolist(),
          filled=part[derived.VERDICT].isin(_MOVED).tolist())])
      for outcome, part in rows.groupby(cols.OUTCOME, sort=False)]
  return plots.Plot(
      panels, plots.Axis('after − before'),
      plots.Axis('', categories=recipes), share=False,
      references=[('x', 0.0)])
