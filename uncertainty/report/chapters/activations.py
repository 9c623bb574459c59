"""The chapter on activations: what linear probes read out of each layer."""

import itertools

import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure

from uncertainty.analysis.scores import pairs
from uncertainty.report import blocks, figures, heatmap
from uncertainty.report.tables import AnalysisTables
from uncertainty.specs import StudySpec

_TARGETS = {
    'human_entropy': "people's entropy", 'rt_correct': 'response time, correct',
    'rt_combined': 'response time', 'mc_prop_correct': 'proportion correct',
    'fr_prop_correct': 'proportion correct, free recall',
    'model_entropy': "the model's own entropy",
    'model_correct': 'whether the model is right'}
_MOST_CURVES = 8
_METRICS = {'r2': 'R²', 'pearson': 'Pearson r'}


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
  means = probes[(probes['fold'] == -1) & (probes['layer'] >= 0)]
  parts = [blocks.text(
      'A linear probe predicts the target from the activations of one layer '
      'at the last prompt token, for items it was not fitted on. Above 0 it '
      'does better than the mean.')]
  for (dataset, protocol), part in means.groupby(
      ['dataset', 'protocol'], sort=False):
    sites = part.groupby('site')['layer'].nunique()
    site = 'residual' if 'residual' in sites.index else sites.idxmax()
    part = part[part['site'] == site]
    nulls = tables.get('probe_permutations')
    if not nulls.empty:
      nulls = nulls[(nulls['dataset'] == dataset) & (nulls['site'] == site)
                    & (nulls['protocol'] == protocol)]
    # Least squares on fewer items than width orders items better than it
    # predicts them: its R² is far below 0.
    metric = 'r2' if part['r2'].max() > 0 else 'pearson'
    targets = [t for t in _TARGETS if t in set(part['target'])]
    targets += [t for t in part['target'].unique() if t not in targets]
    picture = figures.save(
        f'probes_{dataset}_{protocol}',
        lambda width, part=part, nulls=nulls, targets=targets, metric=metric:
            _layer_curves(part, nulls, targets, metric, width),
        tables.figures(),
        f'Probe {_METRICS[metric]} by layer, {dataset}, {protocol}')
    parts += [blocks.heading(f'{protocol} protocol, {site.replace("_", " ")}'),
              _lead(part, metric, nulls), picture.markup,
              *_captions(part, nulls, metric),
              *_deltas(part, f'probes_delta_{dataset}_{protocol}', tables)]
  return parts


def _lead(rows: pd.DataFrame, metric: str, nulls: pd.DataFrame) -> Markup:
  """How many layers beat shuffled targets; no layer is named as the best."""
  if nulls.empty:
    return blocks.text(
        f'{_METRICS[metric]} at every layer; nothing here says which of them '
        'could be chance, since no targets were shuffled.')
  sentences = []
  for target, part in nulls.groupby('target', sort=False):
    tested = part.dropna(subset=['p_corrected'])
    beyond = int((tested['p_corrected'] < 0.05).sum())
    sentences.append(f'{_target(str(target))} at {beyond} of {len(tested)}')
  return blocks.text(
      'Layers that beat shuffled targets (permutation p < .05, corrected over '
      f'layers): {"; ".join(sentences)}.')


def _captions(
    rows: pd.DataFrame, nulls: pd.DataFrame, metric: str) -> list[Markup]:
  """What the curves are, and a word on bands where there are any."""
  models = list(rows['model'].unique())
  said = []
  if _banded(nulls, metric):
    said.append(
        'A band reaches from the mean R² of shuffled targets to what 95 % of '
        'permutations stay below at the best of all layers.')
  elif metric == 'pearson':
    said.append(
        'R² is below 0 at every layer, so that r is shown instead.')
  said.append(blocks.first_of(models[:_MOST_CURVES], models).strip())
  words = ' '.join(filter(None, said))
  return [blocks.text(words, note=True)] if words else []


def _banded(nulls: pd.DataFrame, metric: str) -> bool:
  return metric == 'r2' and len(nulls) > 0


def _layer_curves(
    rows: pd.DataFrame, nulls: pd.DataFrame, targets: list[str], metric: str,
    width: float) -> Figure:
  shown = rows['model'].unique()[:_MOST_CURVES]

  def draw(axes, target):
    part = rows[rows['target'] == target]
    for color, model in zip(figures.PALETTE, shown, strict=False):
      line = part[part['model'] == model].sort_values('layer')
      axes.plot(line['layer'], line[metric], color=color, lw=1.6, label=model)
      if _banded(nulls, metric):
        null = nulls[(nulls['target'] == target) & (nulls['model'] == model)]
        if len(null):
          axes.axhspan(null['null_mean'].min(), null['null_max_95'].max(),
                       color=color, alpha=0.08, lw=0)
    axes.axhline(0, color='#bbbbbb', lw=1)
    # R² can be far below any use; keep the scale.
    low, high = np.nanmin(part[metric]), np.nanmax(part[metric])
    axes.set_ylim(max(low, -1.0) - 0.05, max(0.1, high) + 0.05)
    axes.set_xlabel('layer', fontsize=8)
    axes.set_ylabel(_METRICS[metric], fontsize=8)

  figure = figures.panels(targets, width, draw, share=False, title=_target)
  figure.axes[0].legend(frameon=False, fontsize=7)
  return figure


def _published(tables: AnalysisTables) -> list[Markup]:
  """The paper's own curves, beside whichever models were run."""
  rows = tables.get('probes_published')
  if rows.empty:
    return []
  means = rows[rows['fold'] == -1]
  depth = (means['layer'] + 1) / means.groupby('model')['layer'].transform(
      'nunique')
  lines = means.assign(depth=depth, value=means['pearson'],
                       dashed=~means['model'].str.endswith('_Ins'))
  picture = figures.save(
      'probes_published',
      lambda width: _depth_curves(lines, 'Pearson r', width),
      tables.figures(), "The paper's probe correlations by depth")
  shown = means[['model', 'target', 'layer', 'r2', 'pearson', 'mse', 'n']]
  return [blocks.heading("The paper's eight models"),
          blocks.text('Least squares on raw activations, ten folds, as '
                      'published; dashed are base models.', note=True),
          picture.markup,
          *_deltas(means, 'probes_published_delta', tables),
          blocks.folded('Every layer', blocks.table(
              shown, sort='pearson', pick='target'))]


def _deltas(
    means: pd.DataFrame, name: str, tables: AnalysisTables) -> list[Markup]:
  """Instruct − base of each pair's Pearson r, by depth."""
  by_model = dict(list(means.groupby('model', sort=False)))
  couples = [(base, tuned) for base, tuned in pairs.pairs(list(by_model))
             if len(by_model[base]) == len(by_model[tuned])]
  if not couples:
    return []
  curves = []
  for base, tuned in couples:
    both = by_model[base].merge(by_model[tuned], on=['target', 'layer'],
                                suffixes=('_base', '_tuned'))
    curves.append(both.assign(
        model=base, dashed=False,
        value=both['pearson_tuned'] - both['pearson_base'],
        depth=(both['layer'] + 1) / both['layer'].nunique()))
  every = pd.concat(curves)
  picture = figures.save(
      name, lambda width: _depth_curves(every, 'Δ Pearson r', width),
      tables.figures(), 'Change of probe correlations by instruction tuning')
  said = '; '.join(
      f'{_target(str(target))} {rows["value"].mean():+.3f}'
      for target, rows in every.groupby('target', sort=False))
  return [blocks.text(
      f'Instruct − base, {len(couples)} pair(s), r averaged over '
      f'layers: {said}.'), picture.markup]


def _depth_curves(lines: pd.DataFrame, label: str, width: float) -> Figure:
  """Columns `value` by `depth`: one panel a target, one line a model."""
  def draw(axes, target):
    axes.axhline(0, color='#bbbbbb', lw=1)
    for color, (model, line) in zip(
        itertools.cycle(figures.PALETTE),
        lines[lines['target'] == target].groupby('model', sort=False)):
      line = line.sort_values('depth')
      axes.plot(line['depth'], line['value'], color=color, lw=1.4, label=model,
                ls='--' if line['dashed'].iloc[0] else '-')
    axes.set_xlabel('depth', fontsize=8)
    axes.set_ylabel(label, fontsize=8)

  figure = figures.panels(list(lines['target'].unique()), width, draw,
                          share=False, title=_target)
  figure.axes[0].legend(frameon=False, fontsize=6)
  return figure


def _depth(tables: AnalysisTables) -> list[Markup]:
  rows = tables.get('probe_depth')
  if rows.empty:
    return []
  return [blocks.heading('Where along depth it becomes readable'),
          blocks.table(rows[[
              'dataset', 'model', 'protocol', 'site', 'target', 'first_depth',
              'chosen_r2']], sort='chosen_r2', pick='target'),
          blocks.text('first depth: the first layer that beats the permutation '
                      'null corrected over layers; chosen R²: the layer was '
                      'chosen inside each training fold.', note=True)]


def _increment(tables: AnalysisTables, floor: float) -> list[Markup]:
  parts = []
  if tables.has('probe_increment'):
    rows = tables.get('probe_increment')
    features = ', '.join(dict.fromkeys(', '.join(rows['features']).split(', ')))
    clear = rows[rows['ci_low'] > 0]
    said = (f'the interval of {len(clear)} of {len(rows)} increments lies '
            'above 0')
    parts += [
        blocks.heading('Beyond what is read off the prompt and the output'),
        blocks.text(f'Held-out R² of {features.replace("_", " ")}, and what '
                    f'the activations of one layer add: {said}.'),
        blocks.folded('Every layer', blocks.data_table(
            rows.drop(columns='features'), sort='increment', pick='target'))]
  for name, title in (('probe_controls', 'Control tasks and random directions'),
                      ('probe_leakage', 'Duplicate questions across folds'),
                      ('probe_ceiling', 'Noise ceiling of the target'),
                      ('probe_nonlinear', 'A non-linear probe')):
    if tables.has(name):
      rows = tables.get(name)
      parts.append(blocks.folded(title, blocks.table(
          rows, sort=rows.columns[-1], p_floor=floor,
          pick='target' if 'target' in rows else None)))
  return parts


def _transfer(tables: AnalysisTables) -> list[Markup]:
  rows = tables.get('probe_transfer')
  if rows.empty:
    return []
  parts = [blocks.heading('Transfer'), blocks.text(
      'Rows: where the probe was fitted; columns: where it was tested. Pearson '
      'r at the layer of least error in folds of the items that train: no item '
      'of a cell takes part in choosing its layer.')]
  for target, part in rows.groupby('target', sort=False):
    chosen = part[part['layer'] == -1]
    grid = chosen.rename(columns={'train': 'measure', 'test': 'model'})
    panel = heatmap.pivot(
        grid, value='pearson',
        details={'layer': 'layer', 'n': 'n_test'}, label='r',
        rows=list(dict.fromkeys(grid['measure'])),
        columns=list(dict.fromkeys(grid['model'])))
    heatmap.save(heatmap.to_svg(panel, _target(str(target)), str),
                 tables.figures() / f'transfer_{target}.svg')
    parts += [blocks.text(_target(str(target)), note=True),
              heatmap.to_html(panel, str)]
  return parts


def _truth(tables: AnalysisTables) -> list[Markup]:
  rows = tables.get('truth_probes')
  if rows.empty:
    return []
  chosen = rows[(rows['layer'] == -1) & (rows['polarity'] == 'both')
                & rows['test'].isin(['all topics', 'german'])]
  chosen = chosen.assign(shown=[
      blocks.interval(*values) for values in chosen[
          ['accuracy', 'ci_low', 'ci_high']].itertuples(index=False)])
  wide = chosen.pivot_table(index=['model', 'site', 'probe'], columns='test',
                            values='shown', aggfunc='first', sort=False)
  above = int((chosen['ci_low'] > 0.5).sum())
  return [blocks.heading('True and false statements'),
          blocks.text('Accuracy on topics that training left out, affirmative '
                      'and negated (Bürger et al. 2024), at the layer that is '
                      'best on the other topics; chance is .5. The intervals '
                      f'of {above} of {len(chosen)} lie above it.'),
          blocks.plain_table(wide.reset_index()),
          blocks.folded('Every layer and topic', blocks.data_table(
              rows, sort='accuracy', pick='probe'))]
