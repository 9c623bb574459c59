"""The chapter on activations: what linear probes read out of each layer."""

import pandas as pd
from markupsafe import Markup

from uncertainty.report import (
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

_TARGETS = {
    columns.HUMAN_ENTROPY: "people's entropy",
    'rt_correct': 'response time, correct',
    'rt_combined': 'response time', 'mc_prop_correct': 'proportion correct',
    'fr_prop_correct': 'proportion correct, free recall',
    'model_entropy': "the model's own entropy",
    'model_correct': 'whether the model is right'}
_TRUTH_CLAIM = 'truth_readable'
_LEAST = -1.0  # R² that curves reach down to
_METRICS = {derived.R2: 'R²', derived.PEARSON: 'Pearson r'}


def chapter(
    tables: AnalysisTables, spec: StudySpec) -> blocks.Chapter | None:
  """Layer curves with their permutation band, depth, transfer, truth.

  Args:
    tables: the analysis.
    spec: the study's config.

  Returns:
    The chapter; None where these analyses had nothing to say.
  """
  floor = 1 / (spec.probe.n_permutations + 1)
  parts = [*_curves(tables), *_published(tables), *_depth(tables),
           *_increment(tables, floor), *_transfer(tables), *_truth(tables)]
  if not parts:
    return None
  return blocks.Chapter('activations', 'Activations', tuple(parts))


def _target(name: str) -> str:
  return _TARGETS.get(name, name.replace('_', ' '))


def _curves(tables: AnalysisTables) -> list[Markup]:
  """R² by layer, one panel a target, one line a model."""
  probes = tables.get('probes')
  if probes.empty:
    return []
  means = probes[(probes[derived.FOLD] == -1) & (probes[derived.LAYER] >= 0)]
  parts = [blocks.text(
      'A linear probe predicts the target from the activations of one layer '
      'at the last prompt token, for items it was not fitted on. Above 0 it '
      'does better than the mean.')]
  for (dataset, protocol), part in means.groupby(
      [columns.DATASET, derived.PROTOCOL], sort=False):
    sites = part.groupby(derived.SITE)[derived.LAYER].nunique()
    site = 'residual' if 'residual' in sites.index else str(sites.idxmax())
    part = part[part[derived.SITE] == site]
    nulls = tables.get('probe_permutations')
    if not nulls.empty:
      nulls = nulls[(nulls[columns.DATASET] == dataset)
                    & (nulls[derived.SITE] == site)
                    & (nulls[derived.PROTOCOL] == protocol)]
    # Least squares on fewer items than width orders items better than it
    # predicts them: its R² is far below 0.
    metric = derived.R2 if part[derived.R2].max() > 0 else derived.PEARSON
    targets = [t for t in _TARGETS if t in set(part[derived.TARGET])]
    targets += [t for t in part[derived.TARGET].unique() if t not in targets]
    plot = _layer_curves(part, nulls, targets, metric)
    parts += [
        blocks.heading(f'{protocol} protocol, {site.replace("_", " ")}'),
        _lead(metric, nulls),
        figures.plot(
            plot, f'probes_{dataset}_{protocol}',
            f'{names.dataset(str(dataset))}: probe {_METRICS[metric]} by '
            f'layer, {protocol} protocol', _caption(plot, metric), tables),
        *_estimate(targets, str(dataset), tables),
        *_pairs(str(dataset), site, str(protocol),
                f'probes_delta_{dataset}_{protocol}', tables)]
  return parts


def _estimate(
    targets: list[str], dataset: str, tables: AnalysisTables) -> list[Markup]:
  """How people's entropy was estimated, where probes were fitted to it."""
  if columns.HUMAN_ENTROPY not in targets:
    return []
  return people_entropy.note(tables, dataset)


def _lead(metric: str, nulls: pd.DataFrame) -> Markup:
  """What the curves may be read for; no layer is named."""
  if nulls.empty:
    return blocks.text(
        f'{_METRICS[metric]} at every layer; nothing here says which of them '
        'could be chance, since no targets were shuffled.')
  return blocks.text(
      f'{_METRICS[metric]} at every layer, and what shuffled targets reach. '
      'Each layer is held against the best of them, model by model and target '
      'by target: no claim is made of what lies beyond.')


def _caption(plot: plots.Plot, metric: str) -> str:
  """What the curves are, and a word on bands where there are any."""
  said = ['A line is a model.']
  if any(value < _LEAST for panel in plot.panels for series in panel.series
         for value in series.y):
    said.append(f'What is below {_LEAST:.0f} is drawn at the lower edge.')
  if any(panel.bands for panel in plot.panels):
    said.append(
        'A band reaches from the mean R² of shuffled targets to what 95 % of '
        'permutations stay below at the best of all layers.')
  elif metric == derived.PEARSON:
    said.append(
        'R² is below 0 at every layer, so that r is shown instead.')
  return ' '.join(said)


def _layer_curves(
    rows: pd.DataFrame, nulls: pd.DataFrame, targets: list[str], metric: str,
) -> plots.Plot:
  models = list(rows[columns.MODEL].unique())
  panels = []
  for target in targets:
    part = rows[rows[derived.TARGET] == target]
    series, bands = [], []
    for color, model in enumerate(models):
      line = part[part[columns.MODEL] == model].sort_values(derived.LAYER)
      series.append(plots.Series(
          line[derived.LAYER].tolist(), line[metric].tolist(), model, color,
          line=True, models=[model] * len(line)))
      if metric == derived.R2 and not nulls.empty:
        null = nulls[(nulls[derived.TARGET] == target)
                     & (nulls[columns.MODEL] == model)]
        if len(null):
          bands.append((float(null[derived.NULL_MEAN].min()),
                        float(null[derived.NULL_MAX_95].max()), color, model))
    panels.append(plots.Panel(_target(target), series, bands=bands))
  # R² can be far below any use.
  return plots.Plot(panels, plots.Axis('layer'),
                    plots.Axis(_METRICS[metric], least=_LEAST), share=False,
                    references=[('y', 0.0)])


def _published(tables: AnalysisTables) -> list[Markup]:
  """The paper's own curves, beside whichever models were run."""
  rows = tables.get('probes_published')
  if rows.empty:
    return []
  means = rows[rows[derived.FOLD] == -1]
  known = tables.get('probe_pairs')
  tuned = set(known[derived.INSTRUCT]) if len(known) else set()
  lines = means.assign(**{
      'depth': _depths(means, columns.MODEL),
      columns.VALUE: means[derived.PEARSON],
      'dashed': ~means[columns.MODEL].isin(tuned)})
  picture = figures.plot(
      _depth_curves(lines, 'Pearson r'), 'probes_published',
      "The paper's probe correlations by depth",
      'Least squares on raw activations, ten folds, as published; dashed are '
      "base models. People's entropy is the plain one of their shares.", tables)
  shown = means[[columns.MODEL, derived.TARGET, derived.LAYER, derived.R2,
                 derived.PEARSON, derived.MSE, columns.N]]
  return [blocks.heading("The paper's eight models"),
          picture,
          *(drawn for dataset, site, protocol in dict.fromkeys(zip(
              means[columns.DATASET], means[derived.SITE],
              means[derived.PROTOCOL]))
            for drawn in _pairs(dataset, site, protocol,
                                f'probes_delta_{dataset}_{protocol}', tables)),
          blocks.folded('Every layer', blocks.table(
              shown, sort=derived.PEARSON, pick=derived.TARGET))]


def _pairs(
    dataset: str, site: str, protocol: str, name: str, tables: AnalysisTables,
) -> list[Markup]:
  """Instruct − base of each pair's Pearson r, by depth."""
  rows = tables.get('probe_pairs')
  if rows.empty:
    return []
  rows = rows[(rows[columns.DATASET] == dataset) & (rows[derived.SITE] == site)
              & (rows[derived.PROTOCOL] == protocol)]
  if rows.empty:
    return []
  return [figures.plot(
      _depth_curves(rows.assign(**{
          columns.MODEL: rows[derived.INSTRUCT], 'dashed': False,
          columns.VALUE: rows[derived.DIFFERENCE],
          'depth': _depths(rows, derived.INSTRUCT)}), 'Δ Pearson r'),
      name, 'Change of probe correlations by instruction tuning',
      'Instruct − base; a line is a pair, called by its instruct model.',
      tables)]


def _depths(rows: pd.DataFrame, model: str) -> pd.Series:
  """Layers as a share of those of their model."""
  return (rows[derived.LAYER] + 1) / rows.groupby(model)[
      derived.LAYER].transform('nunique')


def _depth_curves(lines: pd.DataFrame, label: str) -> plots.Plot:
  """Columns `value` by `depth`: one panel a target, one line a model."""
  panels = []
  for target in lines[derived.TARGET].unique():
    series = []
    for color, (model, line) in enumerate(
        lines[lines[derived.TARGET] == target].groupby(
            columns.MODEL, sort=False)):
      line = line.sort_values('depth')
      series.append(plots.Series(
          line['depth'].tolist(), line[columns.VALUE].tolist(), str(model),
          color, line=True, dashed=bool(line['dashed'].iloc[0]),
          models=[str(model)] * len(line)))
    panels.append(plots.Panel(_target(str(target)), series))
  return plots.Plot(panels, plots.Axis('depth', 0, 1), plots.Axis(label),
                    share=False, references=[('y', 0.0)])


def _depth(tables: AnalysisTables) -> list[Markup]:
  rows = tables.get('probe_depth')
  if rows.empty:
    return []
  return [blocks.heading('How much is read at a layer chosen beforehand'),
          blocks.table(rows[[
              columns.DATASET, columns.MODEL, derived.PROTOCOL, derived.SITE,
              derived.TARGET, derived.CHOSEN_R2]],
              sort=derived.CHOSEN_R2, pick=derived.TARGET),
          blocks.text('The layer is chosen inside each training fold.',
                      note=True)]


def _increment(tables: AnalysisTables, floor: float) -> list[Markup]:
  parts = []
  if tables.has('probe_increment'):
    rows = tables.get('probe_increment')
    features = ', '.join(
        dict.fromkeys(', '.join(rows[derived.FEATURES]).split(', ')))
    parts += [
        blocks.heading('Beyond what is read off the prompt and the output'),
        blocks.text(
            'What the activations of one layer add to the held-out R² of '
            f'{features.replace("_", " ")} stands below, layer by layer.'),
        *_claimed(tables, 'probe_beyond_output'),
        blocks.folded('Every layer', blocks.data_table(
            rows.drop(columns=derived.FEATURES), sort=derived.INCREMENT,
            pick=derived.TARGET))]
  for name, title in (('probe_controls', 'Control tasks and random directions'),
                      ('probe_leakage', 'Duplicate questions across folds'),
                      ('probe_ceiling', 'Noise ceiling of the target'),
                      ('probe_nonlinear', 'A non-linear probe')):
    if tables.has(name):
      rows = tables.get(name)
      parts.append(blocks.folded(title, blocks.table(
          rows, sort=rows.columns[-1], p_floor=floor,
          pick=derived.TARGET if derived.TARGET in rows else None)))
  return parts


def _claimed(tables: AnalysisTables, claim: str) -> list[Markup]:
  """What a claim says of each of its subjects."""
  claims = tables.get('claims')
  if claims.empty:
    return []
  rows = claims[claims[derived.CLAIM] == claim]
  return [blocks.of_model(str(model), blocks.text(str(sentence)))
          for model, sentence in zip(
              rows[columns.MODEL], rows[derived.SENTENCE])]


def _transfer(tables: AnalysisTables) -> list[Markup]:
  rows = tables.get('probe_transfer')
  if rows.empty:
    return []
  parts = [blocks.heading('Transfer'), blocks.text(
      'Rows: where the probe was fitted; columns: where it was tested. Pearson '
      'r at the layer of least error in folds of the items that train: no item '
      'of a cell takes part in choosing its layer.')]
  for target, part in rows.groupby(derived.TARGET, sort=False):
    chosen = part[part[derived.LAYER] == -1]
    grid = chosen.rename(columns={derived.TRAIN: columns.MEASURE,
                                  derived.TEST: columns.MODEL})
    panel = heatmap.pivot(
        grid, value=derived.PEARSON,
        details={'layer': derived.LAYER, 'n': derived.N_TEST}, label='r',
        rows=list(dict.fromkeys(grid[columns.MEASURE])),
        columns=list(dict.fromkeys(grid[columns.MODEL])))
    parts.append(blocks.of_all_models(figures.heat(
        panel, f'transfer_{target}', _target(str(target)),
        _target(str(target)), tables, str)))
  return parts


def _truth(tables: AnalysisTables) -> list[Markup]:
  rows = tables.get('truth_probes')
  if rows.empty:
    return []
  chosen = rows[(rows[derived.LAYER] == -1) & (rows[derived.POLARITY] == 'both')
                & rows[derived.TEST].isin(['all topics', 'german'])]
  chosen = chosen.assign(**{derived.SHOWN: blocks.intervals(
      chosen, (columns.ACCURACY, columns.CI_LOW, columns.CI_HIGH))})
  wide = chosen.pivot_table(
      index=[columns.MODEL, derived.SITE, derived.PROBE], columns=derived.TEST,
      values=derived.SHOWN, aggfunc='first', sort=False)
  return [blocks.heading('True and false statements'),
          *_claimed(tables, _TRUTH_CLAIM),
          blocks.text('Accuracy on topics that training left out, affirmative '
                      'and negated (Bürger et al. 2024), at the layer that is '
                      'best on the other topics; chance is .5. These probes '
                      'train on all other topics, those of the claim on '
                      'topics that came before.'),
          blocks.plain_table(wide.reset_index()),
          blocks.folded('Every layer and topic', blocks.data_table(
              rows, sort=columns.ACCURACY, pick=derived.PROBE))]
