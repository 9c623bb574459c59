"""The chapter on steering: does the direction that reads doubt cause it?"""

import pandas as pd
from markupsafe import Markup

from uncertainty.analysis.claims import steered as claims_of
from uncertainty.report import blocks, figures, names, people_entropy, plots
from uncertainty.report.tables import AnalysisTables
from uncertainty.results import columns as cols
from uncertainty.results import derived
from uncertainty.results import steering_columns as steered
from uncertainty.specs import StudySpec

_CALLED = {
    'people_entropy': 'reads people\'s entropy',
    'model_entropy': 'reads the model\'s entropy',
    'model_correct': 'reads whether it is right',
    'stated_doubt': 'reads the doubt it states'}
_CONTROLS = {steered.SHUFFLED: 'shuffled labels', steered.RANDOM: 'random'}
_GREY, _BLACK = 7, 6  # in `plots.PALETTE`
_CLAIM = 'steered'


def chapter(
    tables: AnalysisTables, spec: StudySpec) -> blocks.Chapter | None:
  """What each dose does along each direction, controls beside.

  Args:
    tables: the analysis.
    spec: the study's config.

  Returns:
    The chapter; None where nothing was steered.
  """
  del spec
  doses, effects = tables.get('steering'), tables.get('steering_effects')
  if doses.empty:
    return None
  parts = [blocks.text(
      'Is the direction that reads doubt the one that causes it? While each '
      'item is asked, a direction is added to the residual stream at every '
      'token, a dose of 1 being as long as items lie from their mean (root '
      'mean square). Directions are fitted on other items than those steered '
      'along them. As long, and beside them: directions fitted alike to '
      'shuffled labels, and random ones.'), *people_entropy.note(tables)]
  for (dataset, model), rows in doses.groupby(
      [cols.DATASET, cols.MODEL], sort=False):
    parts.append(blocks.of_model(str(model), *_of_model(
        f'{names.dataset(str(dataset))}, {model}', f'{dataset}_{model}', rows,
        _of(effects, str(dataset), str(model)),
        _sentences(tables, str(dataset), str(model)), tables)))
  return blocks.Chapter('steering', 'Steering', tuple(parts))


def _of(table: pd.DataFrame, dataset: str, model: str) -> pd.DataFrame:
  if table.empty:
    return table
  return table[(table[cols.DATASET] == dataset) & (table[cols.MODEL] == model)]


def _sentences(tables: AnalysisTables, dataset: str, model: str) -> list[str]:
  """The claim's, of one model along each of its directions."""
  claims = tables.get('claims')
  if claims.empty:
    return []
  along = _of(tables.get('steering'), dataset, model)[steered.ALONG].unique()
  mine = claims[(claims[derived.CLAIM] == _CLAIM)
                & (claims[derived.DATA] == dataset)
                & claims[cols.MODEL].isin(
                    [claims_of.subject(model, name) for name in along])]
  return mine[derived.SENTENCE].tolist()


def _of_model(title: str, stem: str, rows: pd.DataFrame,
              effects: pd.DataFrame, sentences: list[str],
              tables: AnalysisTables) -> list[Markup]:
  added = rows[rows[steered.HOW] == steered.ADDED]
  removed = rows[rows[steered.HOW] == steered.REMOVED]
  parts = [blocks.heading(title), *map(blocks.text, sentences)]
  if len(added):
    parts.append(figures.plot(
        _responses(added), f'steering_{stem}', f'{title}: dose-response',
        'What all items together do at each dose, with intervals for other '
        'items; grey lines are directions of shuffled labels, broken grey ones '
        'random directions.', tables))
  if len(effects):
    parts += [blocks.text(
        'Per unit of dose, between the largest doses both ways, less the mean '
        'of the shuffled-label directions, beside which stand the least and '
        'the largest of them; intervals of the difference are for other items '
        'and other such directions.'),
              _effects(effects)]
  if len(removed):
    parts.append(blocks.folded(
        'Directions taken out instead (ablation)', _ablations(removed)))
  return parts


def _called(along: str) -> str:
  if kind := steered.control_kind(along):
    return f'{_CONTROLS[kind]} {along.rpartition("-")[2]}'
  return _CALLED.get(along, along)


def _responses(rows: pd.DataFrame) -> plots.Plot:
  panels = [
      plots.Panel(str(outcome), [
          *(_line(part, rows) for part in _controls_first(some))])
      for outcome, some in rows.groupby(cols.OUTCOME, sort=False)]
  return plots.Plot(panels, plots.Axis('dose'), plots.Axis(''), share=False,
                    references=[('x', 0.0)])


def _controls_first(rows: pd.DataFrame) -> list[pd.DataFrame]:
  """The rows of each direction, those to look at in front."""
  by_name = {str(name): part for name, part in rows.groupby(
      steered.ALONG, sort=False)}
  return [by_name[name] for name in sorted(
      by_name, key=lambda name: not steered.control_kind(name))]


def _line(part: pd.DataFrame, rows: pd.DataFrame) -> plots.Series:
  """One direction, its unsteered value at dose 0."""
  along = str(part[steered.ALONG].iloc[0])
  kind = steered.control_kind(along)
  middle = part.head(1).assign(**{
      steered.DOSE: 0.0, cols.VALUE: part[steered.UNSTEERED],
      derived.LOW: 0.0, derived.HIGH: 0.0})
  part = pd.concat([part, middle]).sort_values(steered.DOSE)
  x, y = part[steered.DOSE].tolist(), part[cols.VALUE].tolist()
  if kind:
    first = along.endswith('-1')
    return plots.Series(
        x, y, label=_CONTROLS[kind] if first else '', color=_GREY, line=True,
        dashed=kind == steered.RANDOM)
  targets = [name for name in dict.fromkeys(rows[steered.ALONG])
             if not steered.control_kind(str(name))]
  unsteered = part[steered.UNSTEERED]
  return plots.Series(
      x, y, label=_called(along), color=targets.index(along) % _BLACK,
      line=True, low=(unsteered + part[derived.LOW]).tolist(),
      high=(unsteered + part[derived.HIGH]).tolist())


def _effects(rows: pd.DataFrame) -> Markup:
  return blocks.plain_table(pd.DataFrame({
      'direction': rows[steered.ALONG].map(_called),
      'outcome': rows[cols.OUTCOME],
      'along it': rows[derived.SLOPE],
      'shuffled labels': blocks.intervals(rows, (
          steered.CONTROL, steered.CONTROL_LOW, steered.CONTROL_HIGH), 3),
      'difference': blocks.intervals(
          rows, (derived.ESTIMATE, derived.LOW, derived.HIGH), 3),
      'p, corrected': rows[derived.P_CORRECTED],
      'items': rows[derived.N_ITEMS].map(str)}))


def _ablations(rows: pd.DataFrame) -> Markup:
  return blocks.plain_table(pd.DataFrame({
      'direction': rows[steered.ALONG].map(_called),
      'outcome': rows[cols.OUTCOME],
      'before': rows[steered.UNSTEERED],
      'without it': rows[cols.VALUE],
      'difference': blocks.intervals(
          rows, (derived.DIFFERENCE, derived.LOW, derived.HIGH)),
      'items': rows[derived.N_ITEMS].map(str)}))
