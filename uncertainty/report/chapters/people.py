"""The chapter on the human signal: its noise, response times, combinations."""

import itertools

import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure

from uncertainty.report import blocks, figures, names
from uncertainty.report.tables import AnalysisTables
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
           *_response_time(tables),
           *_size(tables, floor), *_choice_count(tables), *_mixed(tables)]
  if not parts:
    return None
  return blocks.Chapter('people', 'What limits alignment', tuple(parts))


def _ceiling(tables: AnalysisTables) -> list[Markup]:
  ceiling = tables.get('ceiling')
  if ceiling.empty:
    return []
  sentences = [
      f'{names.dataset(r.dataset)}: the reliability of '
      f'{names.signal(r.signal)} is '
      f'{blocks.interval(r.reliability, r.low, r.high)} (split halves of '
      f'{r.people:.0f} people, Spearman-Brown), so no measure can correlate '
      f'beyond {r.ceiling:.2f}.' for r in ceiling.itertuples()]
  parts = [blocks.heading('Noise ceiling'), *map(blocks.text, sentences)]
  if tables.has('ceiling_corrected'):
    corrected = tables.get('ceiling_corrected')
    primary = corrected[corrected['measure'].isin(list(names.PRIMARY))]
    parts.append(blocks.folded(
        'Primary measures, corrected for the ceiling',
        blocks.table(primary, sort='corrected_rho')))
  return parts


def _combination(tables: AnalysisTables, floor: float) -> list[Markup]:
  rows = tables.get('combination')
  if rows.empty:
    return []
  parts = [blocks.heading('Several measures together'), blocks.text(
      "Ridge regression of people's entropy on all measures, against the best "
      'single one; both chosen inside the training folds, ρ on held-out '
      'items. Points above the line gain from combining; filled ones differ '
      'with p < .05.')]
  for dataset, part in rows.groupby('dataset', sort=False):
    sure = part['p_value'] < 0.05
    better = int((sure & (part['gain'] > 0)).sum())
    worse = int((sure & (part['gain'] < 0)).sum())
    parts += [blocks.text(
        f'In {names.dataset(str(dataset))} the combination gains for {better} '
        f'and loses for {worse} of {len(part)} (paired bootstrap, p < .05); '
        f'the median difference is {part["gain"].median():.2f}.')]
    if len(part) > 2:
      picture = figures.save(
          f'combination_{dataset}',
          lambda width, part=part: _gains(part, width), tables.figures(),
          f'Combination against the best single measure, {dataset}')
      parts.append(picture.markup)
  return [*parts, blocks.folded(
      'Table', blocks.table(rows, sort='gain', pick='prefix', p_floor=floor))]


def _gains(rows: pd.DataFrame, width: float) -> Figure:
  figure = Figure(figsize=(min(width, 4.6), 4.0), layout='constrained')
  axes = figure.add_subplot()
  sure = (rows['p_value'] < 0.05).to_numpy()
  axes.axline((0, 0), slope=1, color='#bbbbbb', lw=1)
  axes.scatter(rows['rho_single'], rows['rho_combined'], s=26, lw=1,
               edgecolors=figures.PALETTE[0],
               facecolors=[figures.PALETTE[0] if s else 'white' for s in sure])
  axes.set_xlabel('best single measure, ρ', fontsize=9)
  axes.set_ylabel('all measures together, ρ', fontsize=9)
  figures.bare(axes)
  return figure


def _response_time(tables: AnalysisTables) -> list[Markup]:
  rows = tables.get('response_time')
  if rows.empty:
    return []
  people = rows[rows['model'] == 'people']
  parts = [blocks.heading("Response time: Hick's law"), blocks.text(
      'Time = a + b·H: people answer the slower the more choices compete. '
      "Rivals replace or join people's entropy H by the model's, by errors "
      'and by curves. ΔAIC is how much worse a form fits than the best of its '
      'own model; held-out R² is over folds.')]
  parts += [blocks.text(
      f'{names.dataset(r.dataset)}, {names.signal(r.time)} ({r.scale}): '
      f'{_HICK}, held-out R² = {r.cv_r2:.2f}, n = {r.n}, ΔAIC '
      f'{r.delta_aic:.1f}.')
            for r in people[people['form'] == _HICK].itertuples()]
  shown = rows[['dataset', 'model', 'time', 'scale', 'form', 'a', 'b', 'b_p',
                'r2', 'cv_r2', 'delta_aic', 'n']]
  return [*parts, blocks.folded('Every form, by model', blocks.table(
      shown, sort='cv_r2', pick='form'))]


def _size(tables: AnalysisTables, floor: float) -> list[Markup]:
  scores = tables.get('scores')
  wanted = 'alignment:human_entropy'
  if scores.empty or not tables.has('size'):
    return []
  rows = scores[(scores['outcome'] == wanted)
                & (scores['measure'] == 'mc_choice_entropy')]
  rows = rows.dropna(subset=['size', 'value'])
  if rows['size'].nunique() < 3:
    return []
  parts = [blocks.heading('Size and family')]
  for dataset, part in rows.groupby('dataset', sort=False):
    picture = figures.save(
        f'size_{dataset}', lambda width, part=part: _sizes(part, width),
        tables.figures(), f'Alignment of choice entropy by size, {dataset}')
    parts += [picture.markup, blocks.text(
        'Alignment of choice entropy against parameters; a colour is a '
        'family, filled points are instruct models.', note=True)]
  return [*parts, blocks.folded(
      'Rank correlation with size, overall and within families',
      blocks.table(
          tables.get('size'), sort='rho', pick='outcome', p_floor=floor))]


def _sizes(rows: pd.DataFrame, width: float) -> Figure:
  figure = Figure(figsize=(min(width, 6.2), 4.0), layout='constrained')
  axes = figure.add_subplot()
  for color, (family, part) in zip(
      itertools.cycle(figures.PALETTE), rows.groupby('family', sort=True)):
    tuned = (part['kind'] == 'instruct').to_numpy()
    axes.scatter(part['size'], part['value'], s=34, lw=1.3, edgecolors=color,
                 facecolors=[color if t else 'white' for t in tuned],
                 label=str(family))
  axes.set_xscale('log')
  axes.set_xlabel('parameters, billions', fontsize=9)
  axes.set_ylabel("ρ with people's entropy", fontsize=9)
  axes.legend(frameon=False, fontsize=8, ncols=2)
  figures.bare(axes)
  return figure


def _choice_count(tables: AnalysisTables) -> list[Markup]:
  rows = tables.get('choice_count')
  if rows.empty or 'within K' not in set(rows['stratum']):
    return []
  wide = rows[rows['stratum'].isin(['all', 'within K', 'partial on ln K'])]
  wide = wide.groupby(['dataset', 'measure', 'stratum'])['rho'].mean()
  return [
      blocks.heading('Is it only the number of choices?'),
      blocks.text('Mean ρ over models: over all items, within items of equal '
                  'K, and partial on ln K.'),
      blocks.table(wide.unstack().reset_index(), sort='all')]


def _mixed(tables: AnalysisTables) -> list[Markup]:
  rows = tables.get('mixed')
  if rows.empty:
    return []
  return [blocks.heading('Mixed-effects models of the main claims'),
          blocks.text('Items, pairs and families as random effects; beside '
                      'each, the plain statistic that asks the same.'),
          blocks.plain_table(rows)]
