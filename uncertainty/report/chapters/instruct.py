"""The chapter on instruction tuning: base against instruct of one model."""

import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure

from uncertainty.report import blocks, figures, names
from uncertainty.report.tables import AnalysisTables
from uncertainty.specs import StudySpec

OUTCOMES = {
    'alignment:human_entropy': "alignment with people's entropy (Δρ)",
    'alignment:human_mc_prop_correct': 'ρ with proportion correct',
    'alignment:human_mc_rt_combined': 'ρ with response time',
    'ece': 'expected calibration error (L2)', 'auroc': 'AUROC',
    'agreement': 'agreement with people', 'accuracy': 'accuracy',
    'fr_accuracy': 'accuracy of free responses',
    'probe_r2': 'probe readout, R²'}


def chapter(
    tables: AnalysisTables, spec: StudySpec) -> blocks.Chapter | None:
  """Differences over pairs, by measure, with family-clustered intervals.

  Args:
    tables: the analysis.
    spec: the study's config.

  Returns:
    The chapter; None where these analyses had nothing to say.
  """
  effects = tables.get('effects')
  if effects.empty:
    return None
  parts = [blocks.text(
      'Each point is instruct − base, the mean over pairs of the same model, '
      'with a 95 % interval that resamples whole families. Filled points '
      'differ from zero after correction: Holm for the stated hypotheses, '
      'Benjamini-Hochberg for the screen of the rest.')]
  # A sweep asks in several ways; each is a comparison of its own.
  for (dataset, variant), rows in effects.groupby(
      ['dataset', 'variant'], sort=False):
    title = names.dataset(str(dataset)) + (f', {variant}' if variant else '')
    parts += [blocks.heading(title), _lead(rows)]
    picture = figures.save(
        '_'.join(filter(None, ('instruct', str(dataset), str(variant)))),
        lambda width, rows=rows: _forest(rows, width), tables.figures(),
        f'Instruct effect by measure, {title}')
    parts.append(picture.markup)
    shown = rows[['outcome', 'measure', 'n_pairs', 'mean_difference', 'ci_low',
                  'ci_high', 'rank_biserial', 'p_value', 'p_holm', 'p_bh']]
    parts.append(blocks.folded('All effects', blocks.table(
        shown, sort='mean_difference', pick='outcome')))
  parts += _prompt_design(tables, 1 / (spec.analysis.n_bootstrap + 1))
  return blocks.Chapter('instruct', 'Instruction tuning', tuple(parts))


def _outcome(name: str) -> str:
  kind, _, signal = name.partition(':')
  if name not in OUTCOMES and kind == 'alignment':
    return f'ρ with {names.signal(signal)}'
  return OUTCOMES.get(name, name)


def _significant(rows: pd.DataFrame) -> pd.Series:
  return rows['p_holm'].fillna(rows['p_bh']) < 0.05


def _lead(rows: pd.DataFrame) -> Markup:
  """The sentence that says what to see."""
  pairs = int(rows['n_pairs'].max())
  if pairs < 2:
    return blocks.text(
        'One pair only: its differences are shown, but say nothing of '
        'instruction tuning at large.')
  found = rows[_significant(rows)]
  lines = []
  for outcome, part in found.groupby('outcome', sort=False):
    down = int((part['mean_difference'] < 0).sum())
    lines.append(f'{_outcome(str(outcome))}: {len(part) - down} up, '
                 f'{down} down')
  said = '; '.join(lines) or 'no difference survives correction'
  return blocks.text(f'Over {pairs} pairs, {said}.')


def _forest(rows: pd.DataFrame, width: float) -> Figure:
  outcomes = [o for o in OUTCOMES if o in set(rows['outcome'])]
  # What has no measure is in the table below: accuracy, agreement, and
  # probes, whose rows are targets.
  outcomes = [o for o in outcomes if o != 'probe_r2'
              and (rows.loc[rows['outcome'] == o, 'measure'] != '').sum() > 1]
  rows = rows[rows['outcome'].isin(outcomes)]
  order = names.measures(rows['measure'])[::-1]
  columns = 3 if width > 6 else 1
  lines = -(-len(outcomes) // columns)
  figure = Figure(figsize=(width, lines * (0.8 + 0.17 * len(order))),
                  layout='constrained')
  grid = figure.subplots(lines, columns, squeeze=False, sharey=True)
  for axes, outcome in zip(grid.flat, outcomes, strict=False):
    part = rows[rows['outcome'] == outcome].set_index('measure')
    part = part.reindex(order)
    y = range(len(order))
    axes.axvline(0, color='#bbbbbb', lw=1)
    axes.hlines(y, part['ci_low'], part['ci_high'], color=figures.PALETTE[0],
                lw=1.2)
    filled = _significant(part).to_numpy()
    axes.scatter(
        part['mean_difference'], y, s=22, zorder=3, lw=1.1,
        edgecolors=figures.PALETTE[0],
        facecolors=[figures.PALETTE[0] if f else 'white' for f in filled])
    axes.set_yticks(list(y), [names.measure(m) for m in order])
    axes.set_title(OUTCOMES[outcome], fontsize=9, loc='left')
    figures.bare(axes)
  for axes in grid.flat[len(outcomes):]:
    axes.set_visible(False)
  return figure


def _prompt_design(tables: AnalysisTables, floor: float) -> list[Markup]:
  """Base or instruct weights × chat or completion × brace or none."""
  design = tables.get('design')
  if design.empty or design['form'].nunique() < 2:
    return []
  wide = design.pivot_table(
      index=['dataset', 'weights', 'kind', 'form'],
      columns=['outcome', 'measure'], values='value').reset_index()
  wide.columns = [' '.join(filter(None, map(str, c))) if isinstance(c, tuple)
                  else c for c in wide.columns]
  return [
      blocks.heading('Weights or prompt?'),
      blocks.text(
          'Published instruct rows differ from base rows in weights, in the '
          'chat template, and in a stray brace at the end of the prompt. Runs '
          'that cross the three tell them apart.'),
      blocks.plain_table(wide),
      blocks.folded(
          'One factor changed, the other two held fixed',
          blocks.plain_table(
              tables.get('design_contrasts'), p_floor=floor))]
