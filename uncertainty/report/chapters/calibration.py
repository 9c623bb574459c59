"""The chapter on calibration: does confidence say how often it is right?"""

import pandas as pd
from markupsafe import Markup

from uncertainty.report import blocks, figures, heatmap, names, plots
from uncertainty.report.tables import AnalysisTables
from uncertainty.results import columns, derived
from uncertainty.specs import StudySpec

# Metric → what it is called, what is good, and the range of its colours.
METRICS = {
    derived.ECE_SMOOTH: (
        'smooth calibration error, L1', 'low is good', (0.0, 0.6)),
    derived.binned_error('width', 'l2'): (
        'expected calibration error, equal-width bins, L2', 'low is good',
        (0.0, 0.6)),
    derived.binned_error('sweep', 'l2'): (
        'expected calibration error, monotonic sweep, L2', 'low is good',
        (0.0, 0.6)),
    derived.ECE_DEBIASED: (
        'expected calibration error, equal-mass, debiased, L2', 'low is good',
        (0.0, 0.6)),
    derived.BRIER: ('Brier score', 'low is good', (0.0, 0.6)),
    derived.AUROC: ('AUROC: does confidence rank right above wrong?',
                    'high is good, .5 is chance', (0.0, 1.0)),
    derived.PRR: ('prediction rejection ratio', 'high is good, 0 is chance',
                  (-1.0, 1.0)),
    derived.AURC: ('area under the risk-coverage curve', 'low is good',
                   (0.0, 1.0)),
}
_SHOWN = (derived.ECE_SMOOTH, derived.AUROC)

MAPS = {
    'paper': "the paper's confidence maps, as they are",
    'isotonic': 'after isotonic regression, cross-fitted over items',
    'platt': 'after Platt scaling, cross-fitted over items',
    'none': 'by rank alone, no map needed',
}
CORRECTNESS = {
    columns.CORRECT: 'the right answer',
    columns.FR_CORRECT: 'a right free response',
    columns.AGREES: "people's commonest choice",
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
          'negative. Its interval is corrected for that and may lie below the '
          'value beside it.', note=True)]
  for dataset, rows in cells.groupby(columns.DATASET, sort=False):
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
  present = list(dict.fromkeys(rows[columns.CONFIDENCE_MAP]))
  return next((m for m in MAPS if m in present), present[0])


def _lead(rows: pd.DataFrame, tables: AnalysisTables) -> Markup:
  """Discrimination and error of the confidence in a choice, over models."""
  rows = rows.dropna(subset=[columns.VALUE])
  if not set(_SHOWN) <= set(rows[derived.METRIC]):
    return blocks.text('No answer here could be called right or wrong.')
  sure = names.choice_confidence(tables.manifest.get('config'))
  sentences, models = [], set()
  for metric, label in ((derived.AUROC, 'AUROC'),
                        (derived.ECE_SMOOTH, 'smooth calibration error')):
    found = rows[(rows[derived.METRIC] == metric)
                 & (rows[columns.MEASURE] == names.CONFIDENCE)]
    if found.empty:
      continue
    correctness = found[columns.CORRECTNESS].iloc[0]
    found = found[(found[columns.CONFIDENCE_MAP] == first_map(found))
                  & (found[columns.CORRECTNESS] == correctness)]
    of = CORRECTNESS.get(correctness, correctness)
    models |= set(found[columns.MODEL])
    if len(found) == 1:
      row = found.iloc[0]
      shown = f'{row[columns.MODEL]} has ' + blocks.interval(
          row[columns.VALUE], row[columns.CI_LOW], row[columns.CI_HIGH])
    else:
      shown = (f'{found[columns.VALUE].median():.2f} in the median of '
               f'{len(found)} models')
    sentences.append(f'{label} against {of}: {shown}')
  if not sentences:
    return blocks.text('No choices were asked for; each measure is below.')
  return blocks.of_models(models, blocks.text(
      f'With the {sure} of the choice, {"; ".join(sentences)}.'))


def _metric(
    dataset: str, metric: str, rows: pd.DataFrame, tables: AnalysisTables
) -> list[Markup]:
  rows = rows[(rows[derived.METRIC] == metric) & rows[columns.VALUE].notna()]
  panels = []
  keys = dict.fromkeys(zip(rows[columns.CONFIDENCE_MAP],
                           rows[columns.CORRECTNESS]))
  for position, (mapping, correctness) in enumerate(keys):
    part = rows[(rows[columns.CONFIDENCE_MAP] == mapping)
                & (rows[columns.CORRECTNESS] == correctness)]
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
        part, value=columns.VALUE,
        details={'low': columns.CI_LOW, 'high': columns.CI_HIGH,
                 'n': columns.N},
        rows=names.measures(part[columns.MEASURE]),
        columns=names.models(part[columns.MODEL]),
        cmap=heatmap.DIVERGING if 'high' in good else heatmap.SEQUENTIAL,
        low=low, high=high)
    title = (f'{names.dataset(dataset)}, {label}\n{names.PREFIXES[prefix]}, '
             f'{MAPS.get(mapping, mapping)}')
    markups.append(figures.heat(
        panel, f'{metric}_{dataset}_{prefix}_{mapping}_{correctness}', title,
        names.PREFIXES[prefix], tables))
  return markups


def _reliability(dataset: str, tables: AnalysisTables) -> list[Markup]:
  """Diagrams of the confidence in the choice, a panel a model."""
  bins = tables.get('reliability')
  if bins.empty:
    return []
  bins = bins[(bins[columns.DATASET] == dataset)
              & (bins[columns.MEASURE] == names.CONFIDENCE)]
  if bins.empty:
    return []
  bins = bins[(bins[columns.CONFIDENCE_MAP] == first_map(bins))
              & (bins[derived.BINNING] == bins[derived.BINNING].iloc[0])]
  correctness = bins[columns.CORRECTNESS].iloc[0]
  bins = bins[bins[columns.CORRECTNESS] == correctness].dropna(
      subset=[columns.CONFIDENCE, columns.ACCURACY])
  ends = {columns.CI_LOW, columns.CI_HIGH} <= set(bins)
  panels = [_diagram(model, bins[bins[columns.MODEL] == model], ends)
            for model in names.models(bins[columns.MODEL])]
  sure = names.choice_confidence(tables.manifest.get('config'))
  plot = plots.Plot(
      panels, plots.Axis(sure, 0, 1),
      plots.Axis(f'share of {CORRECTNESS.get(correctness, correctness)}', 0,
                 1), references=[('diagonal', 0.0)])
  bars = ', its line an interval' if ends else ''
  return [figures.plot(
      plot, f'reliability_{dataset}',
      f'{names.dataset(dataset)}: reliability of the {sure} of the choice',
      f'Along: the {sure} of the choice; a point is a bin, its size the items '
      f'in it{bars}. On the dashed line the model is calibrated, below it '
      'overconfident.', tables)]


def _diagram(model: str, rows: pd.DataFrame, ends: bool) -> plots.Panel:
  counts = rows[derived.COUNT].astype(int).tolist()
  series = plots.Series(
      rows[columns.CONFIDENCE].tolist(), rows[columns.ACCURACY].tolist(),
      line=True, n=counts, sized=True,
      low=rows[columns.CI_LOW].tolist() if ends else (),
      high=rows[columns.CI_HIGH].tolist() if ends else ())
  return plots.Panel(f'{model} (n = {sum(counts)})', [series], model)
