"""The chapters of the page, in their order, and the run in one line."""

from collections.abc import Callable

import pandas as pd

from uncertainty.report import blocks, names
from uncertainty.report.chapters import (
  activations,
  alignment,
  calibration,
  flaws,
  instruct,
  joint,
  methods,
  people,
)
from uncertainty.report.tables import Tables
from uncertainty.specs import StudySpec


def run_line(tables: Tables, spec: StudySpec) -> str:
  """'2 models on VADER word valence (400 items), …'."""
  summary = tables.get('summary')
  where = []
  for dataset, rows in summary.groupby('dataset', sort=False):
    where.append(
        f'{names.dataset(str(dataset))} ({int(rows["n_items"].max())} items)')
  models = names.models(summary['model'])
  config = tables.manifest.get('config')
  if not where and config:  # read for activations only
    where = [names.dataset(config['data']['name'])]
    models = list(tables.manifest.get('models', {}))
  parts = [f'{blocks.listed(models)} on {blocks.listed(where)}']
  if config:
    parts += [f'answers: {config["prompt"]["answer"]}',
              f'{config["prompt"]["profile"]} prompts',
              config['model']['dtype'], f'seed {config["seed"]}']
  parts += [f'{spec.mode} mode', tables.manifest.get('updated', '')[:10]]
  return ' · '.join(filter(None, parts))


_MOST_CARDS = 6  # more models are rows of a table


def _summary(tables: Tables) -> blocks.Chapter | None:
  """One card per model and data set: what it got, and how sure it was."""
  if not tables.has('summary'):
    return None
  rows = tables.get('summary')
  entries = {}
  several = rows['dataset'].nunique() > 1
  digits = 2 if rows.groupby(['dataset', 'model']).ngroups <= _MOST_CARDS else 3
  for (dataset, model), part in rows.groupby(['dataset', 'model'], sort=False):
    title = f'{model} · {names.dataset(dataset)}' if several else model
    entries[title] = _card(part, tables, dataset, model, digits)
  parts = [*_pair_notice(tables)]
  if len(entries) <= _MOST_CARDS:
    parts.append(blocks.cards(entries))
  else:
    wide = pd.DataFrame({
        title: {label: pd.to_numeric(value, errors='coerce')
                for label, (value, _) in lines.items()}
        for title, lines in entries.items()}).T
    parts.append(blocks.data_table(
        wide.rename_axis('model').reset_index(), sort=wide.columns[0]))
  return blocks.Chapter('summary', 'In short', tuple(parts))


# Statistic → its label on a card.
_STATISTICS = {
    'accuracy': 'accuracy', 'agreement': 'agreement with people',
    'agreement_baseline': 'always the commonest answer',
    'agreement_chance': 'agreement by chance',
    'scale_correlation': 'ρ of mean answers',
    'fr_accuracy': 'free-response accuracy',
    'parse_rate': 'confidence that could be read',
}

_ALIGNED = {'mc': 'best alignment ρ, choice',
            'fr': 'best alignment ρ, free response'}


def _card(part, tables, dataset, model, digits=2
          ) -> dict[str, tuple[str, str]]:
  lines = {}
  values = part.set_index('statistic')
  for statistic, label in _STATISTICS.items():
    if statistic in values.index and pd.notna(values.at[statistic, 'value']):
      row = values.loc[statistic]
      lines[label] = _with_interval(row, digits)
  cells = tables.get('alignment')
  if not cells.empty:
    cells = cells[cells['dataset'] == dataset]
    for prefix, part in names.by_prefix(cells):
      top = alignment.best(part, model)
      if prefix in _ALIGNED and top is not None:
        value, small = _with_interval(top.rename({'rho': 'value'}), digits)
        lines[_ALIGNED[prefix]] = (
            value, f'{names.measure(top["measure"])} {small}')
  errors = tables.get('calibration')
  if not errors.empty:
    row = errors[(errors['dataset'] == dataset) & (errors['model'] == model)
                 & (errors['measure'] == 'mc_choice_logprob')
                 & (errors['metric'] == 'ece_smooth')]
    if len(row):
      lines['smooth calibration error'] = _with_interval(row.iloc[0], digits)
  return lines


def _with_interval(row: pd.Series, digits: int) -> tuple[str, str]:
  shown = blocks.interval(row['value'], row['ci_low'], row['ci_high'], digits)
  value, _, small = shown.partition(' ')
  return value, small


def _pair_notice(tables: Tables) -> list:
  """Two models of different make must not pass for base and instruct."""
  models = tables.manifest.get('models', {})
  kinds = {m['kind'] for m in models.values()}
  families = {m['family'] for m in models.values()}
  if len(models) > 1 and len(kinds) > 1 and len(families) == len(models):
    return [blocks.text(
        f'{blocks.listed(models)} are of different families: they are not a '
        'base/instruct pair, and their difference is not an effect of '
        'instruction tuning.')]
  return []


def _items(tables: Tables) -> blocks.Chapter | None:
  """Where people and the model disagree most."""
  items = tables.get('items')
  if items.empty:
    return None
  items = items[items['disagreement'].notna()].nlargest(3000, 'disagreement')
  if items.empty:
    return None
  frame = pd.DataFrame({
      'model': items['model'], 'question': items['question'],
      'choices': [' / '.join(c) for c in items['choices']],
      'people': items['human_shares'], 'model shares': items['model_shares'],
      "people's entropy": items['human_entropy'],
      "model's uncertainty": items['model_uncertainty'],
      'disagreement': items['disagreement']})
  return blocks.Chapter('items', 'Items', (
      blocks.text(
          'Where people and the model disagree most: the total variation '
          "distance between the shares of people's answers and the model's "
          'probabilities. Bars stand in the order of the choices.'),
      blocks.data_table(frame, sort='disagreement', pick='model')))


def console_table(tables: Tables) -> str:
  """The main numbers, for the terminal."""
  lines = [f'{"model":38} {"data":8} {"what":34} value']
  rows = tables.get('summary')
  for (dataset, model), part in rows.groupby(['dataset', 'model'], sort=False):
    for label, (value, small) in _card(part, tables, dataset, model).items():
      lines.append(f'{model:38} {dataset:8} {label:34} {value} {small}')
  return '\n'.join(lines)


CHAPTERS: dict[str, Callable[[Tables, StudySpec], blocks.Chapter | None]] = {
    'summary': lambda tables, spec: _summary(tables),
    'alignment': lambda tables, spec: alignment.chapter(tables),
    'calibration': lambda tables, spec: calibration.chapter(tables),
    'joint': lambda tables, spec: joint.chapter(tables),
    'instruct': lambda tables, spec: instruct.chapter(tables),
    'people': lambda tables, spec: people.chapter(tables),
    'activations': lambda tables, spec: activations.chapter(tables),
    'items': lambda tables, spec: _items(tables),
    'reproduction': lambda tables, spec: flaws.reproduction(
        tables, spec.mode),
    'flaws': lambda tables, spec: flaws.flaws(tables),
    'cells': lambda tables, spec: methods.cells(tables),
    'methods': lambda tables, spec: methods.methods(tables, spec),
}
