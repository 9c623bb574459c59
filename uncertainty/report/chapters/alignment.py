"""The chapter on alignment: is the model unsure where people are?"""

import numpy as np
import pandas as pd
from markupsafe import Markup

from uncertainty.report import (
  aligned,
  blocks,
  figures,
  heatmap,
  names,
  people_entropy,
  plots,
)
from uncertainty.report.tables import AnalysisTables
from uncertainty.results import columns, derived
from uncertainty.specs import StudySpec

# The measure that the scatter shows: the model's entropy over the choices,
# which is people's entropy computed on the model's distribution.
_SCATTER = columns.CHOICE_ENTROPY
_MOST_POINTS = 600  # of one model: more would cover each other
_SLICED = 40  # items; fewer have no ten slices worth the name


def chapter(
    tables: AnalysisTables, spec: StudySpec) -> blocks.Chapter | None:
  """Heatmaps of Spearman's rho, and people against model, item by item.

  Args:
    tables: the analysis.
    spec: the study's config.

  Returns:
    A section for each data set; None without alignment.
  """
  if not tables.has('alignment'):
    return None
  cells = tables.get('alignment')
  parts = [blocks.text(
      "Each cell is Spearman's ρ over items between one of the model's "
      'uncertainty measures and one human signal, with an interval over items. '
      'Blue: the model is unsure where people are unsure, slow or often '
      'wrong. Bold numbers differ from zero after Holm correction over all '
      'cells of the data set; of the others a table of so many tests does '
      'not say it. Whether a model is aligned is said of one measure alone, '
      'fixed beforehand, by the claim of that name.')]
  for dataset, rows in cells.groupby(columns.DATASET, sort=False):
    parts += _dataset(str(dataset), rows, tables, spec.analysis.alpha)
  return blocks.Chapter('alignment', 'Alignment', tuple(parts))


def _dataset(
    dataset: str, rows: pd.DataFrame, tables: AnalysisTables, alpha: float,
) -> list[Markup]:
  parts = [blocks.heading(names.dataset(dataset)),
           _lead(dataset, rows, tables),
           *people_entropy.note(tables, dataset)]
  parts += _scatter(dataset, rows, tables)
  for signal, of_signal in names.ordered(rows, columns.SIGNAL, names.SIGNALS):
    panels = [_panel(dataset, signal, prefix, of_prefix, tables, alpha)
              for prefix, of_prefix in names.by_prefix(of_signal)]
    title = f'{names.signal(signal)} ({names.blue_means(signal)})'
    if signal == columns.HUMAN_ENTROPY:
      parts += [blocks.heading(title), *panels]
    else:
      parts.append(blocks.folded(title, *panels))
  return parts


def _lead(
    dataset: str, rows: pd.DataFrame, tables: AnalysisTables) -> Markup:
  """What primary measures give, and how many cells there are."""
  of_entropy = rows[rows[columns.SIGNAL] == columns.HUMAN_ENTROPY].dropna(
      subset=[columns.RHO])
  if of_entropy.empty:
    return blocks.text("No item here has shares of people's answers.")
  claimed = {model: aligned.of(tables, dataset, model)
             for model in names.models(of_entropy[columns.MODEL])}
  sentences = []
  for column, label in names.PRIMARY.items():
    found = of_entropy[of_entropy[columns.MEASURE] == column]
    own = [c for c in claimed.values() if c and c.verdict
           and c.measure == column]
    if len(found) == 1:
      row = found.iloc[0]
      ends = (own[0].low, own[0].high) if own else (
          row[columns.CI_LOW], row[columns.CI_HIGH])
      sentences.append(f'{label} of {row[columns.MODEL]}: ρ = '
                       f'{blocks.interval(row[columns.RHO], *ends)}')
    elif len(found):
      sentences.append(f'{label}: ρ = {found[columns.RHO].median():.2f} in '
                       f'the median of {len(found)} models')
      if own:
        above = sum(c.verdict == 'supported' for c in own)
        sentences[-1] += (f'; {above} of them {"is" if above == 1 else "are"} '
                        'aligned by the claim')
  return blocks.of_models(
      claimed, blocks.text(f"With people's entropy, {'; '.join(sentences)}."))


def _panel(
    dataset: str, signal: str, prefix: str, rows: pd.DataFrame,
    tables: AnalysisTables, alpha: float) -> Markup:
  panel = heatmap.pivot(
      rows.assign(significant=rows[columns.P_HOLM] < alpha), value=columns.RHO,
      label='ρ', details={
          'low': columns.CI_LOW, 'high': columns.CI_HIGH, 'n': columns.N,
          'p': columns.P_VALUE, 'Holm p': columns.P_HOLM},
      rows=names.measures(rows[columns.MEASURE]),
      columns=names.models(rows[columns.MODEL]),
      mark='significant', sign=names.direction(signal), low=-0.8, high=0.8)
  label = f'{names.PREFIXES[prefix]}: ρ with {names.signal(signal)}'
  return figures.heat(
      panel, f'alignment_{dataset}_{signal}_{prefix}',
      f'{names.dataset(dataset)}, {label}', label, tables)


def _scatter(
    dataset: str, rows: pd.DataFrame, tables: AnalysisTables) -> list[Markup]:
  """People's entropy against the model's, a panel a model."""
  cells = rows[(rows[columns.MEASURE] == _SCATTER)
               & (rows[columns.SIGNAL] == columns.HUMAN_ENTROPY)]
  panels, sliced, thinned = [], False, False
  for model in names.models(cells[columns.MODEL]):
    items = tables.of('items', dataset, model)
    if items.empty or not {columns.HUMAN_ENTROPY,
                           derived.MODEL_UNCERTAINTY} <= set(items):
      continue
    known = items[items[derived.UNCERTAINTY_MEASURE] == _SCATTER][
        [columns.HUMAN_ENTROPY, derived.MODEL_UNCERTAINTY]].dropna()
    if known.empty:
      continue
    series = points(known.to_numpy(float))
    sliced |= len(series) > 1
    thinned |= len(known) > len(series[0].x)
    panels.append(plots.Panel(f'{model} (n = {len(known)})', series, model))
  if not panels:
    return []
  caption = 'A point is an item' + (
      f' (at most {_MOST_POINTS} of a model are drawn, evenly over the order '
      'of the file)' if thinned else '')
  if sliced:
    caption += ('; the line joins the medians of ten slices of equal size, '
                'over all items')
  plot = plots.Plot(
      panels, plots.Axis("people's entropy", 0, 1),
      plots.Axis("model's choice entropy", 0, 1))
  return [figures.plot(
      plot, f'scatter_{dataset}',
      f"{names.dataset(dataset)}: people's entropy and the model's", caption
      + '. An aligned model rises from left to right.', tables)]


def points(people_model_N2: np.ndarray) -> list[plots.Series]:
  """Items, as a cloud with their medians where there are enough.

  Args:
    people_model_N2: uncertainty of people and of the model, an item a row.

  Returns:
    The items, `_MOST_POINTS` at most; 40 or more are a cloud, with a line
    through the medians of ten slices by people's.
  """
  step = -(-len(people_model_N2) // _MOST_POINTS)
  x_N, y_N = people_model_N2[::step].T
  many = len(people_model_N2) >= _SLICED
  series = [plots.Series(x_N.tolist(), y_N.tolist(), 'item', cloud=many)]
  if not many:
    return series
  order = np.argsort(people_model_N2[:, 0], kind='stable')
  slices = np.array_split(people_model_N2[order], 10)
  return [*series, plots.Series(
      [float(s[:, 0].mean()) for s in slices],
      [float(np.median(s[:, 1])) for s in slices], 'median of a tenth', 1,
      line=True, n=[len(s) for s in slices])]
