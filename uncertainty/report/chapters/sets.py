"""The chapter on sets of choices, and on answering only when sure."""

import pandas as pd
from markupsafe import Markup

from uncertainty.report import blocks, figures, names, plots
from uncertainty.report.tables import AnalysisTables
from uncertainty.results import columns, derived
from uncertainty.specs import StudySpec

# What table and figure are of, fixed before any result: the least
# ambiguous score, which has the smallest sets, under one threshold.
_SCORE, _CONDITION = 'lac', 'marginal'
_SAID = [columns.MODEL, derived.LABELS, derived.SET_SIZE, derived.COVERAGE,
         derived.COVERAGE_LOW, derived.COVERAGE_HIGH, columns.RHO, columns.N]
_ABSTAINED = [columns.MODEL, derived.RULE, derived.NOMINAL, derived.ANSWERED,
              derived.RISK, derived.RISK_LOW, derived.RISK_HIGH,
              derived.SELECTIVE_RISK, columns.N]
_OF = {'answers': 'the right answer', 'people': "a person's answer"}


def chapter(
    tables: AnalysisTables, spec: StudySpec) -> blocks.Chapter | None:
  """Coverage and size of sets by model, sets by group, abstention.

  Args:
    tables: the analysis.
    spec: the study's config.

  Returns:
    The chapter; None where these analyses had nothing to say.
  """
  found = tables.get('sets')
  if found.empty:
    return None
  nominal = f'{100 * spec.analysis.set_coverage:g} %'
  parts = [blocks.text(
      'A conformal set holds as many choices as it needs to hold the answer '
      f'in {nominal} of cases, whatever the model: it is small where the '
      'model is sure, and large where it is not; a model that is sure without '
      'being right has large sets everywhere. Its threshold is taken on a '
      'random half of the items and tried on the other, many times. LAC adds '
      'choices while each is probable enough, APS until they are so together. '
      'Sets for people hold the answer that a person gives, drawn from their '
      "shares; ρ is the rank correlation of their size with people's effective "
      'number of answers, exp of their entropy.')]
  for dataset, rows in found.groupby(columns.DATASET, sort=False):
    main = rows[(rows[derived.NONCONFORMITY] == _SCORE)
                & (rows[derived.CONDITION] == _CONDITION)]
    parts += [blocks.heading(names.dataset(str(dataset))), figures.plot(
        _sizes(main), f'sets_{dataset}',
        f'{names.dataset(str(dataset))}: size of conformal sets',
        'Mean number of choices in sets (LAC, one threshold) that are to '
        f'hold the answer in {nominal} of cases.', tables), blocks.table(
            main[_SAID], sort=derived.SET_SIZE, pick=derived.LABELS)]
  parts.append(blocks.folded('All sets', blocks.table(
      found, sort=derived.SET_SIZE, pick=columns.DATASET)))
  by_group = tables.get('sets_by_group')
  if not by_group.empty:
    parts.append(blocks.folded(
        'Coverage by group and by right choice', blocks.table(
            by_group, sort=derived.COVERAGE, pick=derived.CONDITION)))
  return blocks.Chapter('sets', 'Sets of answers', (
      *parts, *_abstention(tables)))


def _sizes(rows: pd.DataFrame) -> plots.Plot:
  models = list(dict.fromkeys(rows[columns.MODEL]))
  series = []
  for color, (labels, part) in enumerate(
      rows.groupby(derived.LABELS, sort=False)):
    series.append(plots.Series(
        part[derived.SET_SIZE].tolist(),
        [models.index(m) for m in part[columns.MODEL]],
        f'for {_OF[str(labels)]}', color,
        models=part[columns.MODEL].tolist()))
  return plots.Plot(
      [plots.Panel('', series)], plots.Axis('choices in a set', 0),
      plots.Axis('', categories=models))


def _abstention(tables: AnalysisTables) -> list[Markup]:
  rows = tables.get('abstention')
  if rows.empty:
    return []
  parts = [blocks.heading('Answering only when sure'), blocks.text(
      'The model answers where its first choice is probable enough. Under '
      'control of the risk that is as often as keeps wrong answers, counted '
      'among all items, below a nominal share; under fixed coverage a share '
      'of items is answered, however many are wrong.')]
  right = rows[rows[derived.LABELS] == 'answers']
  for dataset, part in right.groupby(columns.DATASET, sort=False):
    parts += [blocks.text(f'{names.dataset(str(dataset))}:'), blocks.table(
        part[_ABSTAINED], sort=derived.ANSWERED, pick=derived.RULE)]
  return [*parts, blocks.folded('All of abstention', blocks.table(
      rows, sort=derived.ANSWERED, pick=columns.DATASET))]
