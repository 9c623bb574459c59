"""How columns are called on the page, and in which order they stand."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pandas as pd

from uncertainty.measures import registry

PREFIXES = {
    'mc': 'multiple choice', 'fr': 'free response, whole answer',
    'bracket': 'free response, inside the braces',
    'fr_first': 'free response, first token',
    'bracket_first': 'inside the braces, first token', '': 'other signals'}

# Human signals: label, and +1 where people are unsure when it is high.
SIGNALS = {
    'human_entropy': ("people's entropy", 1),
    'human_mc_prop_correct': ('proportion correct, multiple choice', -1),
    'human_fr_prop_correct': ('proportion correct, free recall', -1),
    'human_mc_rt_combined': ('response time, multiple choice', 1),
    'human_mc_rt_correct': ('response time when correct, multiple choice', 1),
    'human_mc_rt_wrong': ('response time when wrong, multiple choice', 1),
    'human_fr_rt_correct': ('response time when correct, free recall', 1),
    'human_fr_prop_dk': ("proportion 'don't know', free recall", 1),
    'human_mc_prop_wrong': ('proportion wrong, multiple choice', 1),
    'human_fr_prop_wrong': ('proportion wrong, free recall', 1),
    'human_fr_rt_answered': ('response time when answered, free recall', 1),
}

# Primary measures, and what they are called where one number stands for a way
# of asking. Which they are is fixed before any result is seen, and is the
# registry's to say (`Measure.primary`): a measure chosen because it came out
# best would need an interval that accounts for the choice.
PRIMARY = {
    'mc_choice_entropy': 'choice entropy',
    'fr_perplexity': 'perplexity of the answer',
    'verbal_confidence': 'stated confidence',
    'p_true': 'p(True)',
    'semantic_entropy': 'semantic entropy',
}

# The confidence of reliability diagrams and of the cards' calibration error.
CONFIDENCE = 'mc_choice_logprob'

_DATASETS = {
    'coane': 'Coane general knowledge', 'vader': 'VADER word valence',
    'protoqa': 'ProtoQA', 'mmlu': 'MMLU', 'camchoice': 'CamChoice',
    'chaosnli': 'ChaosNLI', 'truth': 'true and false statements',
    'table': 'your table'}


def dataset(name: str) -> str:
  """A data set in words.

  Args:
    name: as in `config.data.name`; unknown ones stay as they are.

  Returns:
    Such as 'Coane general knowledge'.
  """
  return _DATASETS.get(name, name)


def signal(name: str) -> str:
  """A human signal in words.

  Args:
    name: the results column.

  Returns:
    Such as "people's entropy"; unknown columns lose prefix and underscores.
  """
  if name in SIGNALS:
    return SIGNALS[name][0]
  return name.removeprefix('human_').replace('_', ' ')


def direction(name: str) -> int:
  """Which way a signal points.

  Args:
    name: the results column.

  Returns:
    +1 where a high value means that people are unsure, else −1.
  """
  if name in SIGNALS:
    return SIGNALS[name][1]
  return -1 if 'prop_correct' in name else 1


def aligned_means(name: str) -> str:
  """Which sign of a correlation with a signal is alignment.

  Args:
    name: the signal's results column.

  Returns:
    'aligned is positive' or 'aligned is negative'.
  """
  return 'aligned is ' + ('positive' if direction(name) > 0 else 'negative')


def measure(column: str) -> str:
  """A measure in words, without what it was taken over.

  Args:
    column: a results column.

  Returns:
    `mc_top_k_entropy_5` gives 'top k entropy 5'.
  """
  prefix, _ = _split(column)
  return column.removeprefix(f'{prefix}_').replace('_', ' ')


def choice_confidence(config: Mapping[str, Any] | None) -> str:
  """What the confidence in a choice (`CONFIDENCE`) is a probability of.

  Args:
    config: the manifest's, None for results that came from elsewhere.

  Returns:
    Answers compared as texts are renormalised over the choices; letters and
    numbers are not: what the model gives to other tokens is missing from
    them, so that they are the mass on a letter.
  """
  asked = config['prompt']['answer'].split(',') if config else []
  if 'text' in asked:
    return 'probability over the choices'
  return 'number mass' if 'numbers' in asked else 'letter mass'


def _split(column: str) -> tuple[str, int]:
  """A column's prefix, and its measure's place in the registry."""
  prefix, known = registry.parse(column)
  return prefix, list(registry.MEASURES).index(known.name)


def measures(columns: Iterable[str]) -> list[str]:
  """Distinct measures in the registry's order.

  Args:
    columns: results columns, repeated in any order.

  Returns:
    Each once.
  """
  return sorted(set(columns), key=lambda c: (_split(c)[1], c))


def models(column: Iterable[str]) -> list[str]:
  """Distinct models, in the order in which they come.

  Args:
    column: names of models, repeated.

  Returns:
    Each once.
  """
  return list(dict.fromkeys(column))


def by_prefix(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
  """Rows of each way of asking, in the order of PREFIXES.

  Args:
    rows: a table with a column `measure`.

  Yields:
    A prefix and its rows, for prefixes that have some.
  """
  known = {c: _split(c)[0] for c in rows['measure'].unique()}
  prefixes = rows['measure'].map(known)
  for prefix in PREFIXES:
    part = rows[prefixes == prefix]
    if len(part):
      yield prefix, part


def ordered(
    rows: pd.DataFrame, column: str, order: Iterable[str]
) -> Iterator[tuple[str, pd.DataFrame]]:
  """Groups in a given order; those it does not name come last.

  Args:
    rows: any table.
    column: what it is grouped by.
    order: values of the column; those that have no rows are passed over.

  Yields:
    A value and its rows.
  """
  present = list(dict.fromkeys(rows[column]))
  known = [name for name in order if name in present]
  for name in known + [p for p in present if p not in known]:
    yield name, rows[rows[column] == name]
