"""The first screen: what each model got, by measures fixed beforehand."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from markupsafe import Markup

from uncertainty.report import aligned, blocks, names, people_entropy
from uncertainty.report.chapters import calibration
from uncertainty.report.tables import AnalysisTables
from uncertainty.results import columns, derived
from uncertainty.specs import StudySpec

_MOST_CARDS = 6  # more models are rows of a table

# Statistic → its label on a card.
_STATISTICS = {
    columns.ACCURACY: 'accuracy', derived.AGREEMENT: 'agreement with people',
    f'{derived.AGREEMENT}_baseline': 'agreement of one position, always',
    f'{derived.AGREEMENT}_chance': 'agreement by chance',
    'scale_correlation': 'ρ of mean answers',
    derived.FR_ACCURACY: 'free-response accuracy',
    derived.PARSE_RATE: 'confidence that could be read',
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
        f'{names.dataset(str(dataset))} '
        f'({int(rows[derived.N_ITEMS].max())} items)'
        for dataset, rows in summary.groupby(columns.DATASET, sort=False)]
    models = names.models(summary[columns.MODEL])
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
  entries, titles = {}, {}
  several = rows[columns.DATASET].nunique() > 1
  digits = _digits(rows)
  for (dataset, model), part in _subjects(rows):
    title = f'{model} · {names.dataset(dataset)}' if several else model
    entries[title] = _card(part, tables, dataset, model, digits)
    titles[title] = (model, names.dataset(dataset))
  parts = [*_pair_notice(tables)]
  if len(entries) <= _MOST_CARDS:
    parts.append(blocks.cards(
        entries, {title: model for title, (model, _) in titles.items()}))
  else:
    wide = pd.DataFrame({
        title: {label: pd.to_numeric(value, errors='coerce')
                for label, (value, _) in lines.items()}
        for title, lines in entries.items()}).T
    sort = str(wide.columns[0])
    if several:
      wide.insert(0, columns.DATASET, [titles[str(t)][1] for t in wide.index])
    wide.insert(0, columns.MODEL, [titles[str(t)][0] for t in wide.index])
    parts.append(blocks.data_table(wide, sort=sort))
  if tables.has('alignment'):
    parts.append(blocks.text(
        "Alignment is Spearman's ρ with people's entropy over items, of the "
        'one measure of each way of asking that was fixed beforehand; what '
        'others give is below.', note=True))
  parts += people_entropy.note(tables)
  return blocks.Chapter('summary', 'In short', tuple(parts))


def _digits(rows: pd.DataFrame) -> int:
  """Cards say less than the table that stands for many of them."""
  few = rows.groupby(
      [columns.DATASET, columns.MODEL]).ngroups <= _MOST_CARDS
  return 2 if few else 3


def _card(rows: pd.DataFrame, tables: AnalysisTables, dataset: str,
          model: str, digits: int) -> dict[str, tuple[str, str]]:
  """As `card`, made once for the page and the terminal."""
  key = 'card', dataset, model
  if key not in tables.kept:
    tables.kept[key] = card(rows, tables, dataset, model, digits)
  return tables.kept[key]


def _subjects(rows: pd.DataFrame):
  """Data set and model, with their rows."""
  for key, part in rows.groupby([columns.DATASET, columns.MODEL], sort=False):
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
  values = {row[derived.STATISTIC]: row for _, row in rows.iterrows()}
  for statistic, label in _STATISTICS.items():
    if statistic in values and pd.notna(values[statistic][columns.VALUE]):
      lines[label] = _with_interval(values[statistic], digits)
  cells = tables.of('alignment', dataset, model)
  if len(cells):
    cells = cells[cells[columns.SIGNAL] == columns.HUMAN_ENTROPY]
    claimed = aligned.of(tables, dataset, model)
    for column, label in names.PRIMARY.items():
      found = cells[cells[columns.MEASURE] == column].dropna(
          subset=[columns.RHO])
      if len(found):
        row = found.iloc[0].rename({columns.RHO: columns.VALUE})
        if claimed and claimed.measure == column:
          row = pd.Series({columns.VALUE: claimed.value,
                           columns.CI_LOW: claimed.low,
                           columns.CI_HIGH: claimed.high})
        lines[f'alignment ρ, {label}'] = _with_interval(row, digits)
  errors = tables.of('calibration', dataset, model)
  if len(errors):
    errors = errors[(errors[columns.MEASURE] == names.CONFIDENCE)
                    & (errors[derived.METRIC] == derived.ECE_SMOOTH)]
  if len(errors):
    first = errors[columns.CONFIDENCE_MAP] == calibration.first_map(errors)
    sure = names.choice_confidence(tables.manifest.get('config'))
    lines[f'smooth calibration error, {sure}'] = _with_interval(
        errors[first].iloc[0], digits)
  return lines


def _with_interval(row: pd.Series, digits: int) -> tuple[str, str]:
  shown = blocks.interval(
      row[columns.VALUE], row[columns.CI_LOW], row[columns.CI_HIGH], digits)
  value, _, small = shown.partition(' ')
  return value, small


def _pair_notice(tables: AnalysisTables) -> list[Markup]:
  """Two models of different make must not pass for base and instruct."""
  models = tables.manifest.get('models', {})
  kinds = {m['kind'] for m in models.values()}
  families = {m['family'] for m in models.values()}
  if len(models) > 1 and len(kinds) > 1 and len(families) == len(models):
    return [blocks.of_all_models(blocks.text(
        f'{blocks.listed(list(models))} are of different families: they are '
        'not a base/instruct pair, and their difference is not an effect of '
        'instruction tuning.'))]
  return []


def console_table(tables: AnalysisTables) -> str:
  """The main numbers, for the terminal.

  Args:
    tables: the analysis.

  Returns:
    A line for each number of each card; of more than `_MOST_CARDS`, one for
    each number of each data set, with its median and middle half.
  """
  heads = ('model', 'data', 'what', 'value')
  rows = tables.get('summary')
  if not len(rows):
    return ' '.join(heads)
  digits = _digits(rows)
  cards = {
      (dataset, model): _card(part, tables, dataset, model, digits)
      for (dataset, model), part in _subjects(rows)}
  if len(cards) > _MOST_CARDS:
    return _ranges(cards)
  lines = [heads, *(
      (model, dataset, label, f'{value} {small}')
      for (dataset, model), numbers in cards.items()
      for label, (value, small) in numbers.items())]
  wide = [max(map(len, column)) for column in zip(*lines, strict=True)]
  return '\n'.join('  '.join(map(str.ljust, line, wide)).rstrip()
                   for line in lines)


def _ranges(
    cards: Mapping[tuple[str, str], Mapping[str, tuple[str, str]]]) -> str:
  found: dict[tuple[str, str], list[float]] = {}
  for (dataset, _), numbers in cards.items():
    for label, (value, _) in numbers.items():
      found.setdefault((dataset, label), []).append(float(value))
  lines = []
  for (dataset, label), values in found.items():
    low, middle, high = np.quantile(values, (.25, .5, .75))
    lines.append(
        f'{dataset:8} {label}: median {middle:.2f} of {len(values)} models, '
        f'{low:.2f} to {high:.2f} in the middle half')
  return '\n'.join(lines)
