"""The chapter on the human signal: its noise, response times, combinations."""

import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure

from uncertainty.report import blocks, figures, names
from uncertainty.report.tables import Tables


def chapter(tables: Tables) -> blocks.Chapter | None:
  """Noise ceiling, Hick's law, gains of combining, size, choice counts."""
  parts = [*_ceiling(tables), *_combination(tables), *_response_time(tables),
           *_size(tables), *_choice_count(tables), *_mixed(tables)]
  if not parts:
    return None
  return blocks.Chapter('people', 'What limits alignment', tuple(parts))


def _ceiling(tables: Tables) -> list[Markup]:
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
    best = corrected.loc[corrected.groupby(['dataset', 'model'])[
        'corrected_rho'].idxmax().dropna()]
    parts.append(blocks.folded(
        'Best measure of each model, corrected for the ceiling',
        blocks.plain_table(best)))
  return parts


def _combination(tables: Tables) -> list[Markup]:
  rows = tables.get('combination')
  if rows.empty:
    return []
  parts = [blocks.heading('Several measures together'), blocks.text(
      "Ridge regression of people's entropy on all measures, against the best "
      'single one; both chosen inside the training folds, ρ on held-out '
      'items. Points above the line gain from combining, those below lose.')]
  for dataset, part in rows.groupby('dataset', sort=False):
    sure = part['p_value'] < 0.05
    better, worse = (int((sure & side).sum())
                     for side in (part['gain'] > 0, part['gain'] < 0))
    parts += [blocks.text(
        f'What to see: in {names.dataset(str(dataset))} the combination gains '
        f'for {better} of {len(part)} and loses for {worse} (paired '
        f'bootstrap, p < .05), by {part["gain"].median():.2f} in the median.'
    )]
    if len(part) > 2:
      picture = figures.save(
          f'combination_{dataset}',
          lambda width, part=part: _gains(part, width), tables.figures(),
          f'Combination against the best single measure, {dataset}')
      parts.append(Markup(picture.markup))
  return [*parts, blocks.folded('Table', blocks.plain_table(rows))]


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


def _response_time(tables: Tables) -> list[Markup]:
  rows = tables.get('response_time')
  if rows.empty:
    return []
  best = rows.loc[rows.groupby(['dataset', 'time', 'scale', 'model'])[
      'aic'].idxmin().dropna()]
  people = best[best['model'] == 'people']
  parts = [blocks.heading("Response time: Hick's law"), blocks.text(
      'Time = a + b·H: people answer the slower the more choices compete. '
      "Rivals replace or join people's entropy H by the model's, by ln K and "
      'by curves; the best by AIC is shown for each.')]
  parts += [blocks.text(
      f'{names.dataset(r.dataset)}, {names.signal(r.time)} ({r.scale}): '
      f'{r.form}, held-out R² = {r.cv_r2:.2f}, n = {r.n}.')
            for r in people.itertuples()]
  shown = best[['dataset', 'model', 'time', 'scale', 'form', 'a', 'b', 'b_p',
                'r2', 'cv_r2', 'n']]
  return [*parts, blocks.folded('By model', blocks.plain_table(shown))]


def _size(tables: Tables) -> list[Markup]:
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
    parts += [Markup(picture.markup), blocks.text(
        'Alignment of choice entropy against parameters; a colour is a '
        'family, filled points are instruct models.', note=True)]
  return [*parts, blocks.folded(
      'Rank correlation with size, overall and within families',
      blocks.plain_table(tables.get('size')))]


def _sizes(rows: pd.DataFrame, width: float) -> Figure:
  figure = Figure(figsize=(min(width, 6.2), 4.0), layout='constrained')
  axes = figure.add_subplot()
  for color, (family, part) in zip(
      figures.PALETTE, rows.groupby('family', sort=True), strict=False):
    tuned = (part['kind'] == 'instruct').to_numpy()
    axes.scatter(part['size'], part['value'], s=34, lw=1.3, edgecolors=color,
                 facecolors=[color if t else 'white' for t in tuned],
                 label=family)
  axes.set_xscale('log')
  axes.set_xlabel('parameters, billions', fontsize=9)
  axes.set_ylabel("ρ with people's entropy", fontsize=9)
  axes.legend(frameon=False, fontsize=8, ncols=2)
  figures.bare(axes)
  return figure


def _choice_count(tables: Tables) -> list[Markup]:
  rows = tables.get('choice_count')
  if rows.empty or 'within K' not in set(rows['stratum']):
    return []
  wide = rows[rows['stratum'].isin(['all', 'within K', 'partial on ln K'])]
  wide = wide.groupby(['dataset', 'measure', 'stratum'])['rho'].mean()
  return [
      blocks.heading('Is it only the number of choices?'),
      blocks.text('Mean ρ over models: over all items, within items of equal '
                  'K, and partial on ln K.'),
      blocks.plain_table(wide.unstack().reset_index())]


def _mixed(tables: Tables) -> list[Markup]:
  rows = tables.get('mixed')
  if rows.empty:
    return []
  return [blocks.heading('Mixed-effects models of the main claims'),
          blocks.text('Items, pairs and families as random effects; beside '
                      'each, the plain statistic that asks the same.'),
          blocks.plain_table(rows)]
