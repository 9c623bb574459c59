"""The chapter on joint presence: are aligned measures the calibrated ones?"""

import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure

from uncertainty.report import blocks, figures, names
from uncertainty.report.tables import AnalysisTables
from uncertainty.specs import StudySpec

# What else an aligned cell may be, as said of many.
_SECOND = {'calibrated': 'calibrated', 'discriminates': 'discriminate'}


def chapter(
    tables: AnalysisTables, spec: StudySpec) -> blocks.Chapter | None:
  """Both scores of every cell, co-occurrence with its chance level.

  Args:
    tables: the analysis.
    spec: the study's config.

  Returns:
    The chapter; None where these analyses had nothing to say.
  """
  floor = 1 / (spec.analysis.n_bootstrap + 1)
  cells = tables.get('joint')
  if cells.empty:
    return None
  chance = tables.get('joint_chance')
  parts = [blocks.text(
      'A point is one measure of one model. To the right it follows people; '
      'above it tells right answers from wrong ones. If the two were one '
      'thing, the points would lie on a rising line.')]
  for dataset, rows in cells.groupby('dataset', sort=False):
    picture = figures.save(
        f'joint_{dataset}', lambda width, rows=rows: _scatter(rows, width),
        tables.figures(), f'Alignment against discrimination, {dataset}')
    parts += [blocks.heading(names.dataset(str(dataset))),
              _lead(str(dataset), chance), picture.markup]
  parts.append(blocks.folded(
      'Co-occurrence and its level by permutation',
      blocks.plain_table(chance, p_floor=floor)))
  if tables.has('joint_correlations'):
    parts.append(blocks.folded(
        'Correlation of the two scores across models and across measures',
        blocks.table(tables.get('joint_correlations'), sort='rho',
                     pick='across', p_floor=floor)))
  parts += _beyond_difficulty(tables)
  return blocks.Chapter('joint', 'Aligned and calibrated', tuple(parts))


def _lead(dataset: str, chance: pd.DataFrame) -> Markup:
  rows = chance[(chance['dataset'] == dataset)
                & (chance['permuted'] == 'models and measures')]
  sentences = []
  for row in rows.itertuples():
    sentences.append(
        f'{100 * row.rate_aligned:.0f} % of {row.n_cells} cells are aligned, '
        f'{100 * row.rate_second:.0f} % {_SECOND[str(row.second)]}, '
        f'{100 * row.rate_both:.0f} % both; cells '
        'that do not know of each other would give '
        f'{100 * row.chance:.0f} % [{100 * row.chance_low:.0f}, '
        f'{100 * row.chance_high:.0f}]')
  return blocks.text(f'In short: {"; ".join(sentences)}.')


def _scatter(rows: pd.DataFrame, width: float) -> Figure:
  figure = Figure(figsize=(min(width, 6.2), 4.2), layout='constrained')
  axes = figure.add_subplot()
  kinds = {'choice': 'choice_', 'nucleus': 'nucleus_', 'top k': 'top_k_'}
  left = rows
  for color, (label, part) in zip(figures.PALETTE, kinds.items()):
    chosen = left[left['measure'].str.contains(part, regex=False)]
    left = left.drop(chosen.index)
    axes.scatter(chosen['rho'], chosen['auroc'], s=14, alpha=0.6, lw=0,
                 color=color, label=label)
  axes.scatter(left['rho'], left['auroc'], s=14, alpha=0.6, lw=0,
               color=figures.PALETTE[4], label='others')
  axes.axhline(0.5, color='#bbbbbb', lw=1)
  axes.axvline(0, color='#bbbbbb', lw=1)
  axes.set_xlabel("alignment: ρ with people's entropy", fontsize=9)
  axes.set_ylabel('discrimination: AUROC', fontsize=9)
  axes.legend(frameon=False, fontsize=8, loc='upper left')
  figures.bare(axes)
  return figure


def _beyond_difficulty(tables: AnalysisTables) -> list[Markup]:
  """Partial alignment given correctness, and calibration by people."""
  parts = []
  partial = tables.get('partial')
  if not partial.empty:
    means = partial.groupby(['dataset', 'given', 'measure'])[
        ['rho', 'partial_rho']].mean().reset_index()
    kept = means.groupby(['dataset', 'given'])[['rho', 'partial_rho']].mean()
    for (dataset, given), row in kept.iterrows():
      parts.append(blocks.text(
          f'{names.dataset(dataset)}: given {given}, the mean ρ over measures '
          f'and models goes from {row["rho"]:.2f} to '
          f'{row["partial_rho"]:.2f}.'))
    parts = [blocks.heading('Alignment beyond difficulty'), *parts,
             blocks.folded('By measure', blocks.table(means, sort='rho'))]
  by_people = tables.get('calibration_by_people')
  if not by_people.empty:
    means = by_people.groupby(['dataset', 'people', 'measure'], sort=False)[
        ['confidence', 'accuracy', 'gap', 'ece']].mean().reset_index()
    parts.append(blocks.folded(
        'Calibration where people agree and where they do not',
        blocks.table(means, sort='gap', pick='people')))
  return parts
