"""docs/results.md, written from the tables of columns.

    python -m uncertainty.results.page > docs/results.md

A test says when it must be written anew.
"""

from collections.abc import Iterable, Mapping

from uncertainty.measures import registry
from uncertainty.measures.measure import Subject
from uncertainty.results import (
    analysis_columns,
    column,
    columns,
    compare_columns,
    derived,
    outcomes,
    probe_columns,
    set_columns,
    split_columns,
    steering_columns,
    tuning_columns,
)

TABLES = {**analysis_columns.TABLES, **probe_columns.TABLES,
          **set_columns.TABLES, **compare_columns.TABLES,
          **split_columns.TABLES, **tuning_columns.TABLES,
          **steering_columns.TABLES}

_HEAD = """# Results

Written by `python -m uncertainty.results.page`. A run leaves one table of
results per data set and model, `DIR/results/DATASET/MODEL.parquet`, one row an
item; the analysis makes the tables of `DIR/analysis` of them. Where a value is
missing it is NaN, or None in a list's place. In a name `NAME` stands for any
word, and"""


def stage_of(table: str) -> str:
  """The stage that writes an analysis table.

  Args:
    table: its name, as in `DIR/analysis/NAME.parquet`.

  Returns:
    'probe' or 'analyze'.
  """
  described = TABLES.get(table)
  of_probes = described is not None and described.writer.startswith('probes.')
  return 'probe' if of_probes else 'analyze'


def page() -> str:
  """The page.

  Returns:
    Markdown: every results column, then every analysis table, then what may
    stand in the columns `outcome` and `metric`.
  """
  words = [f'`{word}` for one of {", ".join(values)}'
           for word, values in column.PLACEHOLDERS.items()]
  listed = ';\n'.join(words)
  parts = [f'{_HEAD}\n{listed}.', '## Results tables']
  for title, described in columns.RESULTS.items():
    parts += [f'### {title}', _rows(described, with_writer=True)]
    if columns.ANY_MEASURE in described:
      parts += ['What each is held against:', _held_against()]
  parts.append('## Analysis tables')
  for table in TABLES.values():
    parts += [f'### {table.name}',
              f'{table.meaning} Made by `uncertainty.{table.writer}`.',
              _rows(table.columns, with_writer=False)]
  parts.append('## Values')
  for column_name, values in ((columns.OUTCOME, outcomes.OUTCOMES),
                              (derived.METRIC, outcomes.METRICS)):
    parts += [f'### Values of {column_name}', _values(values)]
  return '\n\n'.join(parts) + '\n'


def _values(meanings: Mapping[str, str]) -> str:
  lines = ['| value | meaning |', '| --- | --- |']
  lines += [f'| `{value}` | {meaning} |' for value, meaning in meanings.items()]
  return '\n'.join(lines)


def _held_against() -> str:
  """The grade and the human signals of every measure, alike ones together."""
  alike: dict[Subject, list[str]] = {}
  for measure in registry.MEASURES.values():
    for prefix in measure.prefixes:
      name = registry.column(prefix, measure.name if measure.of else 'MEASURE')
      alike.setdefault(measure.subject(prefix), []).append(f'`{name}`')
  head = ['columns', 'of', 'right or wrong', 'human signals']
  lines = [head, ['---'] * len(head)]
  for subject, names in alike.items():
    foreign = ' and '.join(f'`{start}…`' for start in subject.foreign)
    lines.append([
        ', '.join(dict.fromkeys(names)), subject.about, f'`{subject.grade}`',
        f'all but {foreign}' if foreign else 'all'])
  return '\n'.join(f'| {" | ".join(line)} |' for line in lines)


def _rows(described: Iterable[column.Column], *, with_writer: bool) -> str:
  head = ['column', 'type', 'unit', 'written by', 'meaning']
  lines = [head, ['---'] * len(head)]
  lines += [[f'`{c.name}`', c.type, c.unit, c.writer, c.meaning]
            for c in described]
  if not with_writer:
    lines = [[*line[:3], line[4]] for line in lines]
  return '\n'.join(f'| {" | ".join(line)} |' for line in lines)


if __name__ == '__main__':
  print(page(), end='')
