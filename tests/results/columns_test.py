"""Every column is described, on the page too."""

import pathlib

import pytest

from uncertainty.inference import TASKS
from uncertainty.measures import registry
from uncertainty.results import columns, page
from uncertainty.results.column import PLACEHOLDERS

ROOT = pathlib.Path(__file__).parents[2]
PACKAGE = ROOT / 'uncertainty'
TYPES = {'string', 'float', 'int', 'bool'}


def _described():
  for part in columns.RESULTS.values():
    yield from part
  for table in page.TABLES.values():
    yield from table.columns


def test_every_description_says_type_writer_and_meaning():
  for column in _described():
    kind = column.type
    while kind.startswith('list of '):
      kind = kind.removeprefix('list of ')
    assert (kind in {*TYPES, 'string or list of string'}
            or column is columns.ANY_MEASURE), column
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


def test_every_way_of_asking_is_a_word_of_the_schema():
  assert set(PLACEHOLDERS['TASK']) == set(TASKS)


def test_grades_and_signals_of_measures_are_described():
  for measure in registry.MEASURES.values():
    for prefix in measure.prefixes:
      assert columns.find(measure.subject(prefix).grade), measure.name
  assert columns.CHOICE_ENTROPY == 'mc_choice_entropy'


def test_the_page_of_results_is_the_table():
  path = ROOT / 'docs' / 'results.md'
  assert path.read_text(encoding='utf-8') == page.page()
