"""Every column is described, on the page too, and named in one place."""

import ast
import pathlib

import pytest

from uncertainty.measures import registry
from uncertainty.results import columns, page

ROOT = pathlib.Path(__file__).parents[2]
PACKAGE = ROOT / 'uncertainty'
TYPES = {'string', 'float', 'int', 'bool'}

# Where a column's name is written down for good.
SCHEMA = (
    'results/columns.py', 'results/analysis_columns.py',
    'results/probe_columns.py',
    'results/published_columns.py',  # theirs → ours, one line a column
    'measures/registry.py',
)
# Rooms that still write column names in their own code, and why. A room that
# is clean leaves the list; the test fails if one stays here without need.
NOT_YET = {
    'analysis': 'its questions were rewritten at the same time as the schema',
    'data': 'builders name the human signals that they make',
    'inference': 'tasks name the columns that they write',
    'measures': 'next_token calls the top tokens as their columns are called',
    'probes': 'run and controls; targets is clean',
    'report': 'chapters select columns by name',
    'worlds': 'simulated tables name the columns that they plant',
}
# Rooms of NOT_YET in which these files are clean already.
CLEAN = ('probes/targets.py', 'analysis/scores/pairs.py')


def _described():
  for part in columns.RESULTS.values():
    yield from part
  for table in page.TABLES.values():
    yield from table.columns


def _distinctive() -> set[str]:
  """Names that can be nothing but a results column's."""
  names = {c.name for part in columns.RESULTS.values() for c in part}
  for measure in registry.MEASURES.values():
    names |= {registry.column(p, measure.name) for p in measure.prefixes}
  plain = {'p_true', 'n_tokens', 'n_choices', 'model_size', 'item_id'}
  return {n for n in names if '_' in n and n.islower()} - plain | {
      n for n in names if n.startswith(('human_', 'mc_', 'fr_'))}


def _literals(path: pathlib.Path) -> list[tuple[int, str]]:
  """Strings in the code of a file that are a column's name."""
  names = _distinctive()
  tree = ast.parse(path.read_text(encoding='utf-8'))
  return [(node.lineno, node.value) for node in ast.walk(tree)
          if isinstance(node, ast.Constant) and node.value in names]


def _files() -> dict[str, pathlib.Path]:
  found = {str(p.relative_to(PACKAGE)): p for p in PACKAGE.rglob('*.py')}
  return {name: p for name, p in found.items() if name not in SCHEMA}


def test_every_description_says_type_writer_and_meaning():
  for column in _described():
    kind = column.type
    while kind.startswith('list of '):
      kind = kind.removeprefix('list of ')
    assert kind in TYPES or column is columns.MEASURE, column
    assert column.writer and column.meaning.endswith('.') or (
        '…' in column.meaning), column
    assert column.unit or kind not in ('float', 'int') or (
        column.name == 'human_NAME'), column


def test_every_table_names_the_module_that_makes_it():
  for table in page.TABLES.values():
    path = PACKAGE.joinpath(*table.writer.split('.')).with_suffix('.py')
    assert path.is_file(), f'{table.name}: no module {table.writer}'


def test_no_column_is_described_twice():
  names = [c.name for part in columns.RESULTS.values() for c in part]
  assert len(set(names)) == len(names)
  for table in page.TABLES.values():
    names = [c.name for c in table.columns]
    assert len(set(names)) == len(names), table.name


@pytest.mark.parametrize('name, described', [
    ('human_entropy', 'human_entropy'),
    ('human_trust_in_banks', 'human_NAME'),
    ('free_prompt', 'TASK_prompt'),
    ('verbal_correct_edit', 'verbal_correct_edit'),
    ('verbal_phrase_before_reason', 'verbal_WORDING_reason'),
    ('fr_first_total_entropy', 'PREFIX_MEASURE'),
    ('verbal_number_after_confidence', 'PREFIX_MEASURE'),
])
def test_a_column_finds_its_description(name, described):
  found = columns.find(name)
  assert found is not None and found.name == described


@pytest.mark.parametrize('name', [
    'human', 'mc_entropy', 'verbal_song_after_reason', 'shout_prompt'])
def test_what_nothing_writes_is_not_described(name):
  assert columns.find(name) is None


def test_grades_and_signals_of_measures_are_described():
  for measure in registry.MEASURES.values():
    for prefix in measure.prefixes:
      assert columns.find(measure.subject(prefix).grade), measure.name
  assert columns.CHOICE_ENTROPY == 'mc_choice_entropy'


def test_the_page_of_results_is_the_table():
  path = ROOT / 'docs' / 'results.md'
  assert path.read_text(encoding='utf-8') == page.page()


def test_no_column_name_is_a_literal_outside_the_schema():
  for name, path in _files().items():
    if name.split('/')[0] not in NOT_YET or name in CLEAN:
      assert not _literals(path), (
          f'{name}: take the name from results.columns')


def test_the_list_of_rooms_that_are_not_clean_is_no_longer_than_needed():
  dirty = {name.split('/')[0] for name, path in _files().items()
           if name not in CLEAN and _literals(path)}
  assert dirty == set(NOT_YET)


def test_a_planted_literal_is_found(tmp_path):
  planted = tmp_path / 'planted.py'
  planted.write_text('"""human_entropy"""\nx = frame[\n  "human_entropy"]\n')
  assert (3, 'human_entropy') in _literals(planted)
