"""The chapter on sets of choices, and on answering only when sure."""

import pandas as pd
from markupsafe import Markup

from uncertainty.report import blocks, figures, names, plots
from uncertainty.report.tables import AnalysisTables
from uncertainty.results import columns, derived
from uncertainty.specs import StudySpec

# What sentences and figure are of, fixed before any result: the least
# ambiguous score, which has the smallest sets, under one threshold.
_SCORE, _CONDITION = 'lac', 'marginal'
_FEW = 3  # models that are said one by one; of two there is no middle half
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
      'shares.')]
  for dataset, rows in found.groupby(columns.DATASET, sort=False):
    main = rows[(rows[derived.NONCONFORMITY] == _SCORE)
                & (rows[derived.CONDITION] == _CONDITION)]
    parts += [blocks.heading(names.dataset(str(dataset))),
              *(_of(part, _sentence(str(labels), part)) for labels, part in
                main.groupby(derived.LABELS, sort=False))]
    parts.append(figures.plot(
        _sizes(main), f'sets_{dataset}',
        f'{names.dataset(str(dataset))}: size of conformal sets',
        'Mean number of choices in sets (LAC, one threshold) that are to '
        f'hold the answer in {nominal} of cases.', tables))
  parts.append(blocks.folded('All sets', blocks.table(
      found, sort=derived.SET_SIZE, pick=columns.DATASET)))
  by_group = tables.get('sets_by_group')
  if not by_group.empty:
    parts.append(blocks.folded(
        'Coverage by group and by right choice', blocks.table(
            by_group, sort=derived.COVERAGE, pick=derived.CONDITION)))
  return blocks.Chapter('sets', 'Sets of answers', (
      *parts, *_abstention(tables)))


def _of(rows: pd.DataFrame, sentence: str) -> Markup:
  return blocks.of_models(set(rows[columns.MODEL]), blocks.text(sentence))


def _sentence(labels: str, rows: pd.DataFrame) -> str:
  """Coverage, size, and whether it follows people, over the models."""
  size, coverage = rows[derived.SET_SIZE], rows[derived.COVERAGE]
  said = (
      f'Sets for {_OF[labels]} hold {_over(size, 1)} choices and cover '
      f'{_over(100 * coverage, 1)} % ({_models(rows)})')
  rho = rows[columns.RHO]
  if rho.notna().any():
    said += (f'; their size has a rank correlation of {_over(rho, 2)} with '
             "people's effective number of answers, exp of their entropy")
  return f'{said}.'


def _over(values: pd.Series, digits: int) -> str:
  """Each of a few numbers, or the mean of several with their middle half."""
  if len(values) <= _FEW:
    return blocks.listed([
        'unknown' if pd.isna(v) else f'{v:.{digits}f}' for v in values])
  mean, (low, high) = values.mean(), values.quantile([.25, .75])
  return f'{mean:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})'


def _models(rows: pd.DataFrame) -> str:
  if len(rows) <= _FEW:
    return blocks.listed(list(map(str, rows[columns.MODEL])))
  return f'{len(rows)} models, mean and middle half'


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
  for (dataset, rule), part in right.groupby(
      [columns.DATASET, derived.RULE], sort=False):
    nominal = 100 * part[derived.NOMINAL].iloc[0]
    wrong = part[derived.SELECTIVE_RISK]
    of_those = (f'; of those, {_over(100 * wrong, 1)} % are wrong'
                if wrong.notna().any() else '')
    aim = (f'At most {nominal:g} % of all items answered wrongly'
           if rule == 'risk' else f'At {nominal:g} % answered')
    parts.append(_of(
        part, f'{names.dataset(str(dataset))}. {aim}: '
        f'{_over(100 * part[derived.ANSWERED], 1)} % of items are answered'
        f'{of_those} ({_models(part)}).'))
  return [*parts, blocks.folded('All of abstention', blocks.table(
      rows, sort=derived.ANSWERED, pick=columns.DATASET))]
