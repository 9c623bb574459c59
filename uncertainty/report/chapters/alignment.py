"""The chapter on alignment: is the model unsure where people are?"""

import pandas as pd
from markupsafe import Markup

from uncertainty.report import blocks, figures, heatmap, names
from uncertainty.report.tables import AnalysisTables
from uncertainty.specs import StudySpec

# The measure that the scatter shows: the model's entropy over the choices,
# which is people's entropy computed on the model's distribution.
_SCATTER = 'mc_choice_entropy'
_MOST_PANELS = 9


def chapter(
    tables: AnalysisTables, spec: StudySpec) -> blocks.Chapter | None:
  """Heatmaps of Spearman's rho, and people against model, item by item.

  Args:
    tables: the analysis.
    spec: the study's config.

  Returns:
    A section for each data set; None without alignment.
  """
  del spec
  if not tables.has('alignment'):
    return None
  cells = tables.get('alignment')
  parts = [blocks.text(
      "Each cell is Spearman's ρ over items between one of the model's "
      'uncertainty measures and one human signal. Blue is aligned: the model '
      'is unsure where people are unsure, slow or often wrong. Pale cells do '
      'not differ from zero after Holm correction over the table.')]
  for dataset, rows in cells.groupby('dataset', sort=False):
    parts += _dataset(str(dataset), rows, tables)
  return blocks.Chapter('alignment', 'Alignment', tuple(parts))


def _dataset(
    dataset: str, rows: pd.DataFrame, tables: AnalysisTables) -> list[Markup]:
  parts = [blocks.heading(names.dataset(dataset)), _lead(rows)]
  parts += _scatter(dataset, rows, tables)
  for signal, of_signal in names.ordered(rows, 'signal', names.SIGNALS):
    panels = []
    for prefix, of_prefix in names.by_prefix(of_signal):
      panels += _panel(dataset, signal, prefix, of_prefix, tables)
    title = f'{names.signal(signal)} ({names.aligned_means(signal)})'
    if signal == 'human_entropy':
      parts += [blocks.heading(title), *panels]
    else:
      parts.append(blocks.folded(title, *panels))
  return parts


def _lead(rows: pd.DataFrame) -> Markup:
  """What primary measures give, and how many cells there are."""
  of_entropy = rows[rows['signal'] == 'human_entropy'].dropna(subset=['rho'])
  if of_entropy.empty:
    return blocks.text("No item here has shares of people's answers.")
  sentences = []
  for column, label in names.PRIMARY.items():
    found = of_entropy[of_entropy['measure'] == column]
    if len(found) == 1:
      row = found.iloc[0]
      sentences.append(f'{label} of {row["model"]}: ρ = ' + blocks.interval(
          row['rho'], row['ci_low'], row['ci_high']))
    elif len(found):
      above = int((found['ci_low'] > 0).sum())
      sentences.append(
          f'{label}: ρ = {found["rho"].median():.2f} in the median of '
          f'{len(found)} models; the intervals of {above} lie above 0')
  count = int((of_entropy['p_holm'] < 0.05).sum())
  sentences.append(
      f'{count} of {len(of_entropy)} cells differ from zero')
  return blocks.text(f"With people's entropy, {'; '.join(sentences)}.")


def _panel(
    dataset: str, signal: str, prefix: str, rows: pd.DataFrame,
    tables: AnalysisTables) -> list[Markup]:
  panel = heatmap.pivot(
      rows.assign(significant=rows['p_holm'] < 0.05), value='rho', label='ρ',
      details={'low': 'ci_low', 'high': 'ci_high', 'n': 'n', 'p': 'p_value',
               'Holm p': 'p_holm'},
      rows=names.measures(rows['measure']), columns=names.models(rows['model']),
      mark='significant', sign=names.direction(signal), low=-0.8, high=0.8)
  label = f'{names.PREFIXES[prefix]}: ρ with {names.signal(signal)}'
  heatmap.save(
      heatmap.to_svg(
          panel, f'{names.dataset(dataset)}, {label}', names.measure),
      tables.figures() / f'alignment_{dataset}_{signal}_{prefix}.svg')
  return [blocks.text(names.PREFIXES[prefix], note=True),
          heatmap.to_html(panel, names.measure)]


def _scatter(
    dataset: str, rows: pd.DataFrame, tables: AnalysisTables) -> list[Markup]:
  """People's entropy against the model's, for at most nine models."""
  items = tables.get('items')
  needed = {'human_entropy', 'model_uncertainty', 'model'}
  if items.empty or not needed <= set(items):
    return []
  items = items[(items['dataset'] == dataset)
                & (items['uncertainty_measure'] == _SCATTER)].dropna(
      subset=['human_entropy', 'model_uncertainty'])
  cells = rows[(rows['measure'] == _SCATTER)
               & (rows['signal'] == 'human_entropy')]
  with_items = set(items['model'])
  models = [m for m in names.models(cells['model']) if m in with_items]
  if not models:
    return []
  shown = models[:_MOST_PANELS]
  picture = figures.save(
      f'scatter_{dataset}',
      lambda width: figures.scatter(
          items, shown, 'human_entropy', 'model_uncertainty',
          ("people's entropy", "model's choice entropy"), width),
      tables.figures(),
      f"People's entropy against the model's over the choices, {dataset}")
  note = ('A point is an item; the line joins the medians of ten equal slices. '
          'An aligned model rises from left to right.'
          + blocks.first_of(shown, models))
  return [picture.markup, blocks.text(note, note=True)]
