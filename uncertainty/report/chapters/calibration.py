"""The chapter on calibration: does confidence say how often it is right?"""

import pandas as pd
from markupsafe import Markup

from uncertainty.report import blocks, figures, heatmap, names
from uncertainty.report.tables import AnalysisTables
from uncertainty.specs import StudySpec

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
_MOST_PANELS = 9

MAPS = {
    'paper': "the paper's confidence maps, as they are",
    'isotonic': 'after isotonic regression, cross-fitted over items',
    'platt': 'after Platt scaling, cross-fitted over items',
    'none': 'by rank alone, no map needed',
}
CORRECTNESS = {
    'correct': 'the right answer',
    'fr_correct': 'a right free response',
    'agrees': "people's commonest choice",
    'fr_agrees': "people's commonest choice",
}


def chapter(
    tables: AnalysisTables, spec: StudySpec) -> blocks.Chapter | None:
  """Heatmaps of calibration errors and ranking, and reliability diagrams.

  Args:
    tables: the analysis.
    spec: the study's config.

  Returns:
    A section for each data set; None without calibration.
  """
  del spec
  if not tables.has('calibration'):
    return None
  cells = tables.get('calibration')
  parts = [
      blocks.text(
          'A measure becomes a confidence between 0 and 1; it is calibrated '
          'when answers given with confidence .8 are right 80 % of the time. '
          'Errors need such a map; AUROC and the prediction rejection ratio '
          'only need the order. Where no answer is right or wrong, agreement '
          "with people's commonest choice takes the place of correctness."),
      blocks.text(
          'Noise can only raise a calibration error, since it cannot be '
          'negative. Its 95 % interval is corrected for that and may lie below '
          'the value beside it.', note=True)]
  for dataset, rows in cells.groupby('dataset', sort=False):
    parts.append(blocks.heading(names.dataset(str(dataset))))
    parts.append(_lead(rows, tables))
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


def first_map(rows: pd.DataFrame) -> str:
  """The confidence map that is shown first: the paper's where there is one.

  Args:
    rows: one or more, with a column `confidence_map`.

  Returns:
    A key of `MAPS`, or a map that is not named there.
  """
  present = list(dict.fromkeys(rows['confidence_map']))
  return next((m for m in MAPS if m in present), present[0])


def _lead(rows: pd.DataFrame, tables: AnalysisTables) -> Markup:
  """Discrimination and error of the confidence in a choice, over models."""
  rows = rows.dropna(subset=['value'])
  if not {'auroc', 'ece_smooth'} <= set(rows['metric']):
    return blocks.text('No answer here could be called right or wrong.')
  sure = names.choice_confidence(tables.manifest.get('config'))
  sentences = []
  for metric, label in (('auroc', 'AUROC'),
                        ('ece_smooth', 'smooth calibration error')):
    found = rows[(rows['metric'] == metric)
                 & (rows['measure'] == names.CONFIDENCE)]
    if found.empty:
      continue
    correctness = found['correctness'].iloc[0]
    found = found[(found['confidence_map'] == first_map(found))
                  & (found['correctness'] == correctness)]
    of = CORRECTNESS.get(correctness, correctness)
    if len(found) == 1:
      row = found.iloc[0]
      shown = f'{row["model"]} has ' + blocks.interval(
          row['value'], row['ci_low'], row['ci_high'])
    else:
      shown = (f'{found["value"].median():.2f} in the median of {len(found)} '
               'models')
      if metric == 'auroc':
        above = int((found['ci_low'] > 0.5).sum())
        shown += f', and the intervals of {above} lie above .5'
    sentences.append(f'{label} against {of}: {shown}')
  if not sentences:
    return blocks.text('No choices were asked for; each measure is below.')
  return blocks.text(f'With the {sure} of the choice, {"; ".join(sentences)}.')


def _metric(
    dataset: str, metric: str, rows: pd.DataFrame, tables: AnalysisTables
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
    rows: pd.DataFrame, tables: AnalysisTables,
) -> list[Markup]:
  label, good, (low, high) = METRICS[metric]
  markups = []
  for prefix, part in names.by_prefix(rows):
    panel = heatmap.pivot(
        part, value='value',
        details={'low': 'ci_low', 'high': 'ci_high', 'n': 'n'},
        rows=names.measures(part['measure']),
        columns=names.models(part['model']),
        cmap=heatmap.DIVERGING if 'high' in good else heatmap.SEQUENTIAL,
        low=low, high=high)
    title = (f'{names.dataset(dataset)}, {label}\n{names.PREFIXES[prefix]}, '
             f'{MAPS.get(mapping, mapping)}')
    heatmap.save(
        heatmap.to_svg(panel, title, names.measure), tables.figures() /
        f'{metric}_{dataset}_{prefix}_{mapping}_{correctness}.svg')
    markups += [blocks.text(names.PREFIXES[prefix], note=True),
                heatmap.to_html(panel, names.measure)]
  return markups


def _reliability(dataset: str, tables: AnalysisTables) -> list[Markup]:
  """Diagrams of the confidence in the choice, at most nine models."""
  bins = tables.get('reliability')
  if bins.empty:
    return []
  bins = bins[(bins['dataset'] == dataset)
              & (bins['measure'] == names.CONFIDENCE)]
  if bins.empty:
    return []
  bins = bins[(bins['confidence_map'] == first_map(bins))
              & (bins['binning'] == bins['binning'].iloc[0])]
  correctness = bins['correctness'].iloc[0]
  bins = bins[bins['correctness'] == correctness]
  models = names.models(bins['model'])
  shown = models[:_MOST_PANELS]
  label = f'share of {CORRECTNESS.get(correctness, correctness)}'
  sure = names.choice_confidence(tables.manifest.get('config'))
  picture = figures.save(
      f'reliability_{dataset}',
      lambda width: figures.reliability(bins, shown, sure, label, width),
      tables.figures(),
      f'Reliability diagrams of the {sure} of the choice, {dataset}')
  bars = (', its line a 95 % interval'
          if {'ci_low', 'ci_high'} <= set(bins) else '')
  note = (f'Along: the {sure} of the choice; a point is a bin, its size the '
          f'items in it{bars}. On the dashed line the model is calibrated, '
          'below it overconfident.' + blocks.first_of(shown, models))
  return [picture.markup, blocks.text(note, note=True)]
