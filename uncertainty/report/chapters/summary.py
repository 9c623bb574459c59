"""The first screen: what each model got, by measures fixed beforehand."""

import pandas as pd
from markupsafe import Markup

from uncertainty.report import blocks, names
from uncertainty.report.chapters import calibration
from uncertainty.report.tables import AnalysisTables
from uncertainty.specs import StudySpec

_MOST_CARDS = 6  # more models are rows of a table

# Statistic → its label on a card.
_STATISTICS = {
    'accuracy': 'accuracy', 'agreement': 'agreement with people',
    'agreement_baseline': 'agreement of one position, always',
    'agreement_chance': 'agreement by chance',
    'scale_correlation': 'ρ of mean answers',
    'fr_accuracy': 'free-response accuracy',
    'parse_rate': 'confidence that could be read',
}


def run_line(tables: AnalysisTables, spec: StudySpec) -> str:
  """The run in one line.

  Args:
    tables: the analysis.
    spec: the study's config.

  Returns:
    Such as '2 models on VADER word valence (400 items) · seed 0'.
  """
  summary = tables.get('summary')
  where, models = [], []
  if len(summary):
    where = [
        f'{names.dataset(str(dataset))} ({int(rows["n_items"].max())} items)'
        for dataset, rows in summary.groupby('dataset', sort=False)]
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


def chapter(
    tables: AnalysisTables, spec: StudySpec) -> blocks.Chapter | None:
  """One card per model and data set: what it got, and how sure it was.

  Args:
    tables: the analysis.
    spec: the study's config.

  Returns:
    Cards, or one table where models are many; None without a summary.
  """
  del spec
  if not tables.has('summary'):
    return None
  rows = tables.get('summary')
  entries = {}
  several = rows['dataset'].nunique() > 1
  digits = 2 if rows.groupby(['dataset', 'model']).ngroups <= _MOST_CARDS else 3
  for (dataset, model), part in _subjects(rows):
    title = f'{model} · {names.dataset(dataset)}' if several else model
    entries[title] = card(part, tables, dataset, model, digits)
  parts = [*_pair_notice(tables)]
  if len(entries) <= _MOST_CARDS:
    parts.append(blocks.cards(entries))
  else:
    wide = pd.DataFrame({
        title: {label: pd.to_numeric(value, errors='coerce')
                for label, (value, _) in lines.items()}
        for title, lines in entries.items()}).T
    parts.append(blocks.data_table(
        wide.rename_axis('model').reset_index(), sort=str(wide.columns[0])))
  parts.append(blocks.text(
      "Alignment is Spearman's ρ with people's entropy over items, of the one "
      'measure of each way of asking that was fixed beforehand; what others '
      'give is below.', note=True))
  return blocks.Chapter('summary', 'In short', tuple(parts))


def _subjects(rows: pd.DataFrame):
  """Data set and model, with their rows."""
  for key, part in rows.groupby(['dataset', 'model'], sort=False):
    dataset, model = map(str, key)
    yield (dataset, model), part


def card(
    rows: pd.DataFrame, tables: AnalysisTables, dataset: str, model: str,
    digits: int = 2) -> dict[str, tuple[str, str]]:
  """The main numbers of one model on one data set.

  Args:
    rows: its statistics, of the table `summary`.
    tables: the analysis.
    dataset: its name.
    model: its name.
    digits: decimals.

  Returns:
    Label → (value, interval), as text: statistics, the alignment of primary
    measures, and the calibration error of the confidence in a choice.
  """
  lines = {}
  values = rows.set_index('statistic')
  for statistic, label in _STATISTICS.items():
    if statistic in values.index and pd.notna(values.at[statistic, 'value']):
      lines[label] = _with_interval(values.loc[statistic], digits)
  cells = tables.get('alignment')
  if len(cells):
    cells = cells[(cells['dataset'] == dataset) & (cells['model'] == model)
                  & (cells['signal'] == 'human_entropy')]
    for column, label in names.PRIMARY.items():
      found = cells[cells['measure'] == column].dropna(subset=['rho'])
      if len(found):
        lines[f'alignment ρ, {label}'] = _with_interval(
            found.iloc[0].rename({'rho': 'value'}), digits)
  errors = tables.get('calibration')
  if len(errors):
    errors = errors[(errors['dataset'] == dataset) & (errors['model'] == model)
                    & (errors['measure'] == names.CONFIDENCE)
                    & (errors['metric'] == 'ece_smooth')]
  if len(errors):
    first = errors['confidence_map'] == calibration.first_map(errors)
    sure = names.choice_confidence(tables.manifest.get('config'))
    lines[f'smooth calibration error, {sure}'] = _with_interval(
        errors[first].iloc[0], digits)
  return lines


def _with_interval(row: pd.Series, digits: int) -> tuple[str, str]:
  shown = blocks.interval(row['value'], row['ci_low'], row['ci_high'], digits)
  value, _, small = shown.partition(' ')
  return value, small


def _pair_notice(tables: AnalysisTables) -> list[Markup]:
  """Two models of different make must not pass for base and instruct."""
  models = tables.manifest.get('models', {})
  kinds = {m['kind'] for m in models.values()}
  families = {m['family'] for m in models.values()}
  if len(models) > 1 and len(kinds) > 1 and len(families) == len(models):
    return [blocks.text(
        f'{blocks.listed(list(models))} are of different families: they are '
        'not a base/instruct pair, and their difference is not an effect of '
        'instruction tuning.')]
  return []


def console_table(tables: AnalysisTables) -> str:
  """The main numbers, for the terminal.

  Args:
    tables: the analysis.

  Returns:
    A line for each number of each card.
  """
  lines = [f'{"model":38} {"data":8} {"what":38} value']
  rows = tables.get('summary')
  if len(rows):
    for (dataset, model), part in _subjects(rows):
      lines += [
          f'{model:38} {dataset:8} {label:38} {value} {small}'
          for label, (value, small) in card(
              part, tables, dataset, model).items()]
  return '\n'.join(lines)
