"""The chapter on the human signal: its noise, response times, combinations."""

import pandas as pd
from markupsafe import Markup

from uncertainty.report import blocks, figures, names, people_entropy, plots
from uncertainty.report.tables import AnalysisTables
from uncertainty.results import columns, derived
from uncertainty.results.analysis_columns import P_VALUES
from uncertainty.specs import StudySpec

_HICK = 'a + b·H(people)'  # the law itself, among its rivals


def chapter(
    tables: AnalysisTables, spec: StudySpec) -> blocks.Chapter | None:
  """Noise ceiling, Hick's law, gains of combining, size, choice counts.

  Args:
    tables: the analysis.
    spec: the study's config.

  Returns:
    The chapter; None where these analyses had nothing to say.
  """
  floor = 1 / (spec.analysis.n_bootstrap + 1)
  parts = [*_ceiling(tables), *_combination(tables, floor),
           *_response_time(tables), *_size(tables),
           *_choice_count(tables), *_hierarchical(tables)]
  if not parts:
    return None
  return blocks.Chapter('people', 'What limits alignment', (
      *people_entropy.note(tables), *parts))


def _ceiling(tables: AnalysisTables) -> list[Markup]:
  ceiling = tables.get('ceiling')
  if ceiling.empty:
    return []
  sentences = [_ceiling_sentence(r) for r in ceiling.to_dict('records')]
  parts = [blocks.heading('Noise ceiling'), *map(blocks.text, sentences)]
  if tables.has('ceiling_corrected'):
    corrected = tables.get('ceiling_corrected')
    primary = corrected[corrected[columns.MEASURE].isin(list(names.PRIMARY))]
    parts.append(blocks.folded(
        'Primary measures, corrected for the ceiling',
        blocks.table(primary, sort=derived.CORRECTED_RHO)))
  return parts


def _ceiling_sentence(row: dict) -> str:
  where = names.dataset(row[columns.DATASET])
  signal = names.signal(row[columns.SIGNAL])
  low, high = row[derived.LOW], row[derived.HIGH]
  least = row[derived.CEILING_LOW]
  if pd.isna(row[derived.RELIABILITY]):
    return (
        f'{where}: the number of people is not published, so {signal} is the '
        f'plain entropy of the shares, and there are only bounds: its '
        f'reliability is between {low:.2f} (the fewest people that fit '
        f'the shares) and 1, the highest correlation of any measure between '
        f'{least:.2f} and 1.')
  reliability = blocks.interval(row[derived.RELIABILITY], low, high)
  ceiling = blocks.interval(
      row[columns.CEILING], least, row[derived.CEILING_HIGH])
  return (
      f'{where}: the reliability of {signal} '
      f'({people_entropy.ESTIMATORS[row[derived.ESTIMATOR]]}) is '
      f'{reliability} (split halves of '
      f'{row[derived.PEOPLE]:.0f} people, Spearman-Brown; over items and '
      f'raters), so no measure can be expected to correlate beyond {ceiling}.')


def _combination(tables: AnalysisTables, floor: float) -> list[Markup]:
  rows = tables.get('combination')
  if rows.empty:
    return []
  parts = [blocks.heading('Several measures together'), blocks.text(
      "Ridge regression of people's entropy on all measures, against the best "
      'single one; both chosen inside the training folds, ρ on held-out '
      'items. Points above the line are where combining came out higher; one '
      'may lie there by chance.')]
  for dataset, part in rows.groupby(columns.DATASET, sort=False):
    low, middle, high = part[derived.GAIN].quantile([.25, .5, .75])
    parts.append(blocks.of_all_models(blocks.text(
        f'In {names.dataset(str(dataset))} the difference of {len(part)} is '
        f'{middle:.2f} in the median, {low:.2f} to {high:.2f} in the middle '
        'half.')))
    if len(part) > 2:
      parts.append(figures.plot(
          _gains(part), f'combination_{dataset}',
          f'{names.dataset(str(dataset))}: combination against the best '
          'single measure', 'ρ on held-out items; on the line both are '
          'alike.', tables))
  return [*parts, blocks.folded(
      'Table', blocks.table(rows, sort=derived.GAIN, pick=derived.PREFIX,
                            p_floor=floor))]


def _gains(rows: pd.DataFrame) -> plots.Plot:
  series = plots.Series(
      rows[derived.RHO_SINGLE].tolist(), rows[derived.RHO_COMBINED].tolist(),
      names=[names.PREFIXES.get(p, str(p)) for p in rows[derived.PREFIX]],
      models=rows[columns.MODEL].tolist())
  return plots.Plot(
      [plots.Panel('', [series])], plots.Axis('best single measure, ρ'),
      plots.Axis('all measures together, ρ'), references=[('diagonal', 0.0)])


def _response_time(tables: AnalysisTables) -> list[Markup]:
  rows = tables.get('response_time')
  if rows.empty:
    return []
  people = rows[rows[columns.MODEL] == 'people']
  parts = [blocks.heading("Response time: Hick's law"), blocks.text(
      'Time = a + b·H: people answer the slower the more choices compete. '
      "Rivals replace or join people's entropy H by the model's, by errors "
      'and by curves. ΔAIC is how much worse a form fits than the best of its '
      'own model; held-out R² is over folds.')]
  parts += [blocks.text(
      f'{names.dataset(r[columns.DATASET])}, {names.signal(r[derived.TIME])} '
      f'({r[derived.SCALE]}): {_HICK}, held-out R² = {r[derived.CV_R2]:.2f}, '
      f'n = {r[columns.N]}, ΔAIC {r[derived.DELTA_AIC]:.1f}.')
            for r in people[people[columns.FORM] == _HICK].to_dict('records')]
  shown = rows[[
      columns.DATASET, columns.MODEL, derived.TIME, derived.SCALE, columns.FORM,
      derived.A, derived.B, derived.B_P, derived.R2, derived.CV_R2,
      derived.DELTA_AIC, columns.N]]
  return [*parts, blocks.folded('Every form, by model', blocks.table(
      shown, sort=derived.CV_R2, pick=columns.FORM))]


def _size(tables: AnalysisTables) -> list[Markup]:
  scores = tables.get('scores')
  wanted = derived.alignment_with(columns.HUMAN_ENTROPY)
  if scores.empty or not tables.has('size'):
    return []
  rows = scores[(scores[columns.OUTCOME] == wanted)
                & (scores[columns.MEASURE] == columns.CHOICE_ENTROPY)]
  rows = rows.dropna(subset=[columns.SIZE, columns.VALUE])
  if rows[columns.SIZE].nunique() < 3:
    return []
  parts = [blocks.heading('Size and family')]
  for dataset, part in rows.groupby(columns.DATASET, sort=False):
    parts.append(figures.plot(
        _sizes(part), f'size_{dataset}',
        f'{names.dataset(str(dataset))}: alignment by size',
        'Alignment of choice entropy against parameters; a colour is a '
        'family, filled points are instruct models.', tables))
  # Its p-values count base and tuned models of a pair as two.
  shown = tables.get('size').drop(columns=list(P_VALUES), errors='ignore')
  return [*parts, blocks.of_all_models(blocks.folded(
      'Rank correlation with size, overall and within families',
      blocks.table(shown, sort=columns.RHO, pick=columns.OUTCOME)))]


def _sizes(rows: pd.DataFrame) -> plots.Plot:
  series = [
      plots.Series(
          part[columns.SIZE].tolist(), part[columns.VALUE].tolist(),
          str(family), color,
          filled=(part[columns.KIND] == 'instruct').tolist(),
          n=part[columns.N].astype(int).tolist(),
          models=part[columns.MODEL].tolist())
      for color, (family, part) in enumerate(
          rows.groupby(columns.FAMILY, sort=True))]
  return plots.Plot(
      [plots.Panel('', series)],
      plots.Axis('parameters, billions', log=True),
      plots.Axis("ρ with people's entropy"))


def _choice_count(tables: AnalysisTables) -> list[Markup]:
  rows = tables.get('choice_count')
  if rows.empty or 'within K' not in set(rows[derived.STRATUM]):
    return []
  wide = rows[rows[derived.STRATUM].isin(
      ['all', 'within K', 'partial on ln K'])]
  wide = wide.groupby([columns.DATASET, columns.MEASURE, derived.STRATUM])[
      columns.RHO].mean()
  return [
      blocks.heading('Is it only the number of choices?'),
      blocks.text('Mean ρ over models: over all items, within items of equal '
                  'K, and partial on ln K.'),
      blocks.of_all_models(
          blocks.table(wide.unstack().reset_index(), sort='all'))]


def _hierarchical(tables: AnalysisTables) -> list[Markup]:
  rows = tables.get('hierarchical')
  if rows.empty:
    return []
  return [blocks.heading('Estimates over families and items'),
          blocks.text('Each family counts once, and the error holds that '
                      'families share items; beside each, the plain statistic '
                      'that takes pairs or models for independent.'),
          blocks.of_all_models(blocks.plain_table(rows.drop(columns=[
              columns.P_VALUE, derived.PLAIN_P, derived.LEAST_P])))]
