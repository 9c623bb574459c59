"""The chapter on activations: what linear probes read out of each layer."""

import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure

from uncertainty.analysis.scores import pairs
from uncertainty.report import blocks, figures, heatmap
from uncertainty.report.tables import Tables

_TARGETS = {
    'human_entropy': "people's entropy", 'rt_correct': 'response time, correct',
    'rt_combined': 'response time', 'mc_prop_correct': 'proportion correct',
    'fr_prop_correct': 'proportion correct, free recall',
    'model_entropy': "the model's own entropy",
    'model_correct': 'whether the model is right'}
_MOST_CURVES = 8
_METRICS = {'r2': 'R²', 'pearson': 'Pearson r'}
_LONG = 40  # rows of a table that is better sorted than read


def chapter(tables: Tables) -> blocks.Chapter | None:
  """Layer curves with their permutation band, depth, transfer, truth."""
  parts = [*_curves(tables), *_published(tables), *_depth(tables),
           *_increment(tables), *_transfer(tables), *_truth(tables)]
  if not parts:
    return None
  return blocks.Chapter('activations', 'Activations', tuple(parts))


def _target(name: str) -> str:
  return _TARGETS.get(name, name.replace('_', ' '))


def _curves(tables: Tables) -> list[Markup]:
  """R² by layer, one panel a target, one line a model."""
  probes = tables.get('probes')
  if probes.empty:
    return []
  means = probes[(probes['fold'] == -1) & (probes['layer'] >= 0)]
  parts = [blocks.text(
      'A linear probe predicts the target from the activations of one layer '
      'at the last prompt token, for items it was not fitted on. Above 0 it '
      'does better than the mean; a band marks the R² that shuffled targets '
      'reach in 95 % of permutations, at the best of all layers.')]
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
              _lead(part, metric), Markup(picture.markup),
              *_deltas(part, f'probes_delta_{dataset}_{protocol}', tables)]
  return parts


def _lead(rows: pd.DataFrame, metric: str) -> Markup:
  sentences = []
  for target, part in rows.groupby('target', sort=False):
    top = part.loc[part[metric].idxmax()]
    sentences.append(
        f'{_target(str(target))} peaks at {_METRICS[metric]} = '
        f'{top[metric]:.2f}, layer {top["layer"]} of {top["model"]}')
  return blocks.text(f'What to see: {"; ".join(sentences)}.')


def _layer_curves(rows, nulls, targets, metric: str, width: float) -> Figure:
  shown = rows['model'].unique()[:_MOST_CURVES]

  def draw(axes, target):
    part = rows[rows['target'] == target]
    for color, model in zip(figures.PALETTE, shown, strict=False):
      line = part[part['model'] == model].sort_values('layer')
      axes.plot(line['layer'], line[metric], color=color, lw=1.6, label=model)
      if len(nulls) and metric == 'r2':
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


def _published(tables: Tables) -> list[Markup]:
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
  best = means.loc[means.groupby(['model', 'target'])['pearson'].idxmax()]
  return [blocks.heading("The paper's eight models"),
          blocks.text('Least squares on raw activations, ten folds, as '
                      'published; dashed are base models.', note=True),
          Markup(picture.markup),
          *_deltas(means, 'probes_published_delta', tables),
          blocks.folded('Best layer of each', blocks.plain_table(
              best[['model', 'target', 'layer', 'r2', 'pearson', 'mse', 'n']]))]


def _deltas(means: pd.DataFrame, name: str, tables: Tables) -> list[Markup]:
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
      f'What to see: instruct − base, {len(couples)} pair(s), r averaged over '
      f'layers: {said}.'), Markup(picture.markup)]


def _depth_curves(lines: pd.DataFrame, label: str, width: float) -> Figure:
  """Columns `value` by `depth`: one panel a target, one line a model."""
  def draw(axes, target):
    axes.axhline(0, color='#bbbbbb', lw=1)
    for color, (model, line) in zip(figures.PALETTE, lines[
        lines['target'] == target].groupby('model', sort=False), strict=False):
      line = line.sort_values('depth')
      axes.plot(line['depth'], line['value'], color=color, lw=1.4, label=model,
                ls='--' if line['dashed'].iloc[0] else '-')
    axes.set_xlabel('depth', fontsize=8)
    axes.set_ylabel(label, fontsize=8)

  figure = figures.panels(list(lines['target'].unique()), width, draw,
                          share=False, title=_target)
  figure.axes[0].legend(frameon=False, fontsize=6)
  return figure


def _depth(tables: Tables) -> list[Markup]:
  rows = tables.get('probe_depth')
  if rows.empty:
    return []
  return [blocks.heading('Where along depth it becomes readable'),
          blocks.plain_table(rows[[
              'dataset', 'model', 'protocol', 'site', 'target', 'first_depth',
              'peak_depth', 'peak_r2', 'chosen_r2']]),
          blocks.text('first depth: the first layer that beats the permutation '
                      'null corrected over layers; chosen R²: the layer was '
                      'chosen inside each training fold.', note=True)]


def _increment(tables: Tables) -> list[Markup]:
  parts = []
  if tables.has('probe_increment'):
    rows = tables.get('probe_increment')
    features = ', '.join(dict.fromkeys(', '.join(rows['features']).split(', ')))
    clear = rows[rows['ci_low'] > 0]
    said = 'no layer adds more than chance would'
    if len(clear):
      top = clear.loc[clear['increment'].idxmax()]
      said = (
          f'the interval of {len(clear)} of {len(rows)} increments lies above '
          f'0; the largest is {_target(str(top["target"]))}, layer '
          f'{top["layer"]} of {top["model"]} ({top["site"]}): '
          + blocks.interval(top['increment'], top['ci_low'], top['ci_high']))
    parts += [
        blocks.heading('Beyond what is read off the prompt and the output'),
        blocks.text(f'Held-out R² of {features.replace("_", " ")}, and what '
                    f'the activations of one layer add. What to see: {said}.'),
        blocks.folded('Every layer', blocks.data_table(
            rows.drop(columns='features'), sort='increment', pick='target'))]
  for name, title in (('probe_controls', 'Control tasks and random directions'),
                      ('probe_leakage', 'Duplicate questions across folds'),
                      ('probe_ceiling', 'Noise ceiling of the target'),
                      ('probe_nonlinear', 'A non-linear probe')):
    if tables.has(name):
      rows = tables.get(name)
      table = (blocks.plain_table(rows) if len(rows) <= _LONG else
               blocks.data_table(
                   rows, sort=rows.columns[-1],
                   pick='target' if 'target' in rows else None))
      parts.append(blocks.folded(title, table))
  return parts


def _transfer(tables: Tables) -> list[Markup]:
  rows = tables.get('probe_transfer')
  if rows.empty:
    return []
  parts = [blocks.heading('Transfer'), blocks.text(
      'Rows: where the probe was fitted; columns: where it was tested. Pearson '
      'r at the best training layer.')]
  for target, part in rows.groupby('target', sort=False):
    # The layer is the one that is best on its own training set.
    own = part[part['train'] == part['test']]
    layer = own.loc[own.groupby('train')['pearson'].idxmax()]
    chosen = part.merge(layer[['train', 'site', 'layer']],
                        on=['train', 'site', 'layer'])
    grid = chosen.rename(columns={'train': 'measure', 'test': 'model'})
    panel = heatmap.pivot(
        grid, value='pearson',
        title=lambda row: f'{row["measure"]} → {row["model"]}, layer '
                          f'{row["layer"]}, n = {row["n_test"]}',
        rows=list(dict.fromkeys(grid['measure'])),
        columns=list(dict.fromkeys(grid['model'])))
    heatmap.save(heatmap.to_figure(panel, _target(str(target)), str),
                 tables.figures() / f'transfer_{target}.png')
    parts += [blocks.text(_target(str(target)), note=True),
              Markup(heatmap.to_html(panel, str))]
  return parts


def _truth(tables: Tables) -> list[Markup]:
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
  top = chosen.loc[chosen['accuracy'].idxmax()]
  return [blocks.heading('True and false statements'),
          blocks.text('Accuracy on topics that training left out, affirmative '
                      'and negated (Bürger et al. 2024), at the layer that is '
                      'best on the other topics; chance is .5. What to see: '
                      f'{top["probe"].replace("_", " ")} on {top["model"]} '
                      f'does best, {top["shown"]}.'),
          blocks.plain_table(wide.reset_index()),
          blocks.folded('Every layer and topic', blocks.data_table(
              rows, sort='accuracy', pick='probe'))]
