"""The chapter on calibration: does confidence say how often it is right?"""

import pandas as pd
from markupsafe import Markup

from uncertainty.report import blocks, figures, heatmap, names
from uncertainty.report.tables import Tables

# Metric → what it is called, what is good, and the range of its colours.
METRICS = {
    'ece_smooth': ('smooth calibration error, L1', 'low is good', (0.0, 0.6)),
    'ece_width_l2': ('expected calibration error, equal-width bins, L2',
                     'low is good', (0.0, 0.6)),
    'ece_sweep_l2': ('expected calibration error, monotonic sweep, L2',
                     'low is good', (0.0, 0.6)),
    'ece_debiased': ('expected calibration error, equal-mass, debiased, L2',
                     'low is good', (0.0, 0.6)),
    'brier': ('Brier score', 'low is good', (0.0, 0.6)),
    'auroc': ('AUROC: does confidence rank right above wrong?',
              'high is good, .5 is chance', (0.0, 1.0)),
    'prr': ('prediction rejection ratio', 'high is good, 0 is chance',
            (-1.0, 1.0)),
    'aurc': ('area under the risk-coverage curve', 'low is good', (0.0, 1.0)),
}
_SHOWN = ('ece_smooth', 'auroc')
_RELIABILITY = 'mc_choice_logprob'  # the probability of the chosen answer

MAPS = {
    'paper': "the paper's confidence maps, as they are",
    'isotonic': 'after isotonic regression, cross-fitted over items',
    'platt': 'after Platt scaling, cross-fitted over items',
    'none': 'by rank alone, no map needed',
}
CORRECTNESS = {
    'correct': 'the right answer',
    'fr_correct': 'a right free response',
    'agrees': "people's commonest answer",
    'fr_agrees': "people's commonest answer",
}


def chapter(tables: Tables) -> blocks.Chapter | None:
  """Heatmaps of calibration errors and ranking, and reliability diagrams."""
  if not tables.has('calibration'):
    return None
  cells = tables.get('calibration')
  parts = [
      blocks.text(
          'A measure becomes a confidence between 0 and 1; it is calibrated '
          'when answers given with confidence .8 are right 80 % of the time. '
          'Errors need such a map; AUROC and the prediction rejection ratio '
          'only need the order. Where no answer is right or wrong, agreement '
          "with people's commonest answer takes the place of correctness."),
      blocks.text(
          'Noise can only raise a calibration error, since it cannot be '
          'negative. Its 95 % interval is corrected for that and may lie below '
          'the value beside it.', note=True)]
  for dataset, rows in cells.groupby('dataset', sort=False):
    parts.append(blocks.heading(names.dataset(str(dataset))))
    parts.append(_lead(rows))
    parts += _reliability(str(dataset), tables)
    for metric in METRICS:
      panels = _metric(str(dataset), metric, rows, tables)
      if not panels:
        continue
      label, good, _ = METRICS[metric]
      title = f'{label[0].upper()}{label[1:]} ({good})'
      if metric in _SHOWN:
        parts += [blocks.heading(title), *panels]
      else:
        parts.append(blocks.folded(title, *panels))
  return blocks.Chapter('calibration', 'Calibration', tuple(parts))


def _first_map(rows: pd.DataFrame) -> str:
  """The map shown first: the paper's where there is one."""
  present = list(dict.fromkeys(rows['confidence_map']))
  return next((m for m in MAPS if m in present), present[0])


def _lead(rows: pd.DataFrame) -> Markup:
  """The sentence that says what to see."""
  ranked = rows[rows['metric'] == 'auroc'].dropna(subset=['value'])
  errors = rows[rows['metric'] == 'ece_smooth'].dropna(subset=['value'])
  if ranked.empty or errors.empty:
    return blocks.text('No answer here could be called right or wrong.')
  errors = errors[errors['confidence_map'] == _first_map(errors)]
  top, least = (ranked.loc[ranked['value'].idxmax()],
                errors.loc[errors['value'].idxmin()])
  return blocks.text(
      f'What to see: {names.measure(top["measure"])} of {top["model"]} tells '
      f'{CORRECTNESS.get(top["correctness"], top["correctness"])} from others '
      'best, AUROC = '
      f'{blocks.interval(top["value"], top["ci_low"], top["ci_high"])}; the '
      f'smallest smooth calibration error is that of '
      f'{names.measure(least["measure"])} of {least["model"]}, '
      f'{blocks.interval(least["value"], least["ci_low"], least["ci_high"])}.')


def _metric(
    dataset: str, metric: str, rows: pd.DataFrame, tables: Tables
) -> list[Markup]:
  rows = rows[(rows['metric'] == metric) & rows['value'].notna()]
  panels = []
  keys = dict.fromkeys(zip(rows['confidence_map'], rows['correctness']))
  for position, (mapping, correctness) in enumerate(keys):
    part = rows[(rows['confidence_map'] == mapping)
                & (rows['correctness'] == correctness)]
    drawn = _panel(dataset, metric, mapping, correctness, part, tables)
    title = (f'against {CORRECTNESS.get(correctness, correctness)}, '
             f'{MAPS.get(mapping, mapping)}')
    panels += ([blocks.text(title, note=True), *drawn] if position == 0
               else [blocks.folded(title, *drawn)])
  return panels


def _panel(
    dataset: str, metric: str, mapping: str, correctness: str,
    rows: pd.DataFrame, tables: Tables,
) -> list[Markup]:
  label, good, (low, high) = METRICS[metric]
  markups = []
  for prefix, part in names.by_prefix(rows):
    panel = heatmap.pivot(
        part, value='value',
        title=lambda row: (
            f'{names.measure(row["measure"])}, {row["model"]}: '
            f'{blocks.interval(row["value"], row["ci_low"], row["ci_high"], 3)}'
            f', n = {row["n"]}'),
        rows=names.measures(part['measure']),
        columns=names.models(part['model']),
        cmap=heatmap.DIVERGING if 'high' in good else heatmap.SEQUENTIAL,
        low=low, high=high)
    title = (f'{names.dataset(dataset)}, {label}\n{names.PREFIXES[prefix]}, '
             f'{MAPS.get(mapping, mapping)}')
    heatmap.save(
        heatmap.to_figure(panel, title, names.measure), tables.figures() /
        f'{metric}_{dataset}_{prefix}_{mapping}_{correctness}.png')
    markups += [blocks.text(names.PREFIXES[prefix], note=True),
                Markup(heatmap.to_html(panel, names.measure))]
  return markups


def _reliability(dataset: str, tables: Tables) -> list[Markup]:
  """Diagrams of the probability of the chosen answer, at most nine models."""
  bins = tables.get('reliability')
  if bins.empty:
    return []
  bins = bins[(bins['dataset'] == dataset) & (bins['measure'] == _RELIABILITY)]
  if bins.empty:
    return []
  bins = bins[(bins['confidence_map'] == _first_map(bins))
              & (bins['binning'] == bins['binning'].iloc[0])]
  correctness = bins['correctness'].iloc[0]
  bins = bins[bins['correctness'] == correctness]
  shown = names.models(bins['model'])[:9]
  label = f'share of {CORRECTNESS.get(correctness, correctness)}'
  picture = figures.save(
      f'reliability_{dataset}',
      lambda width: figures.reliability(bins, shown, label, width),
      tables.figures(),
      f'Reliability diagrams of the chosen answer\'s probability, {dataset}')
  note = ('Confidence is the probability of the chosen answer; a point is a '
          'bin, its size the items in it, its line a 95 % interval. On the '
          'dashed line the model is calibrated, below it overconfident.')
  return [Markup(picture.markup), blocks.text(note, note=True)]
