"""The chapter on alignment: is the model unsure where people are?"""

import pandas as pd
from markupsafe import Markup

from uncertainty.report import blocks, figures, heatmap, names
from uncertainty.report.tables import Tables

# The measure that the scatter shows: the model's entropy over the choices,
# which is people's entropy computed on the model's distribution.
_SCATTER = 'mc_choice_entropy'


def chapter(tables: Tables) -> blocks.Chapter | None:
  """Heatmaps of Spearman's rho, and people against model, item by item."""
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


def best(cells: pd.DataFrame, model: str) -> pd.Series | None:
  """The model's measure that follows people's entropy most closely."""
  rows = cells[(cells['model'] == model)
               & (cells['signal'] == 'human_entropy')].dropna(subset=['rho'])
  return None if rows.empty else rows.loc[rows['rho'].idxmax()]


def _dataset(dataset: str, rows: pd.DataFrame, tables: Tables) -> list[Markup]:
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
  """The sentence that says what to see."""
  of_entropy = rows[rows['signal'] == 'human_entropy'].dropna(subset=['rho'])
  if of_entropy.empty:
    return blocks.text("No item here has shares of people's answers.")
  top = of_entropy.loc[of_entropy['rho'].idxmax()]
  count = int((of_entropy['p_holm'] < 0.05).sum())
  return blocks.text(
      f'What to see: {names.measure(top["measure"])} of {top["model"]} follows '
      "people's entropy best, ρ = "
      f'{blocks.interval(top["rho"], top["ci_low"], top["ci_high"])}; '
      f'{count} of {len(of_entropy)} cells differ from zero.')


def _panel(dataset, signal, prefix, rows, tables) -> list[Markup]:
  panel = heatmap.pivot(
      rows.assign(significant=rows['p_holm'] < 0.05), value='rho',
      title=lambda row: (
          f'{names.measure(row["measure"])}, {row["model"]}: ρ = '
          f'{blocks.interval(row["rho"], row["ci_low"], row["ci_high"])}, '
          f'n = {row["n"]}, p = {row["p_value"]:.2g}, '
          f'Holm {row["p_holm"]:.2g}'),
      rows=names.measures(rows['measure']), columns=names.models(rows['model']),
      mark='significant', sign=names.direction(signal), low=-0.8, high=0.8)
  label = f'{names.PREFIXES[prefix]}: ρ with {names.signal(signal)}'
  figure = heatmap.to_figure(
      panel, f'{names.dataset(dataset)}, {label}', names.measure)
  heatmap.save(
      figure, tables.figures() / f'alignment_{dataset}_{signal}_{prefix}.png')
  return [blocks.text(names.PREFIXES[prefix], note=True),
          Markup(heatmap.to_html(panel, names.measure))]


def _scatter(dataset: str, rows: pd.DataFrame, tables: Tables) -> list[Markup]:
  """People's entropy against the model's, for at most nine models."""
  items = tables.get('items')
  needed = {'human_entropy', 'model_uncertainty', 'model'}
  if items.empty or not needed <= set(items):
    return []
  items = items[(items['dataset'] == dataset)
                & (items['uncertainty_measure'] == _SCATTER)].dropna(
      subset=['human_entropy', 'model_uncertainty'])
  if items.empty:
    return []
  chosen = rows[(rows['measure'] == _SCATTER)
                & (rows['signal'] == 'human_entropy')]
  ranked = chosen.sort_values('rho', ascending=False)['model'].tolist()
  shown = [m for m in ranked if m in set(items['model'])][:9]
  if not shown:
    return []
  picture = figures.save(
      f'scatter_{dataset}',
      lambda width: figures.scatter(
          items, shown, 'human_entropy', 'model_uncertainty',
          ("people's entropy", "model's choice entropy"), width),
      tables.figures(),
      f"People's entropy against the model's over the choices, {dataset}")
  note = ('A point is an item; the line joins the medians of ten equal slices. '
          'An aligned model rises from left to right.')
  return [Markup(picture.markup), blocks.text(note, note=True)]
