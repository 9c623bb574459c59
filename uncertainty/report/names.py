"""How columns are called on the page, and in which order they stand."""

from collections.abc import Iterable, Iterator

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

_DATASETS = {
    'coane': 'Coane general knowledge', 'vader': 'VADER word valence',
    'protoqa': 'ProtoQA', 'mmlu': 'MMLU', 'camchoice': 'CamChoice',
    'chaosnli': 'ChaosNLI', 'truth': 'true and false statements',
    'table': 'your table'}


def dataset(name: str) -> str:
  return _DATASETS.get(name, name)


def signal(name: str) -> str:
  if name in SIGNALS:
    return SIGNALS[name][0]
  return name.removeprefix('human_').replace('_', ' ')


def direction(name: str) -> int:
  """+1 where a high value of the signal means unsure people."""
  if name in SIGNALS:
    return SIGNALS[name][1]
  return -1 if 'prop_correct' in name else 1


def aligned_means(name: str) -> str:
  return 'aligned is ' + ('positive' if direction(name) > 0 else 'negative')


def measure(column: str) -> str:
  """'mc_top_k_entropy_5' → 'top k entropy 5'."""
  prefix, _ = _split(column)
  return column.removeprefix(f'{prefix}_').replace('_', ' ')


def _split(column: str) -> tuple[str, int]:
  """A column's prefix, and its measure's place in the registry."""
  prefix, known = registry.parse(column)
  return prefix, list(registry.MEASURES).index(known.name)


def measures(columns: Iterable[str]) -> list[str]:
  """Distinct columns in the registry's order."""
  return sorted(set(columns), key=lambda c: (_split(c)[1], c))


def models(column: Iterable[str]) -> list[str]:
  """Distinct models, in the order in which they come."""
  return list(dict.fromkeys(column))


def by_prefix(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
  """Rows of each way of asking, in the order of PREFIXES."""
  prefixes = rows['measure'].map(lambda c: _split(c)[0])
  for prefix in PREFIXES:
    part = rows[prefixes == prefix]
    if len(part):
      yield prefix, part


def ordered(
    rows: pd.DataFrame, column: str, order: Iterable[str]
) -> Iterator[tuple[str, pd.DataFrame]]:
  """Groups in a given order; those it does not name come last."""
  present = list(dict.fromkeys(rows[column]))
  known = [name for name in order if name in present]
  for name in known + [p for p in present if p not in known]:
    yield name, rows[rows[column] == name]
