"""Every data set by name, and which of its items a spec takes."""

import pytest

from uncertainty import data
from uncertainty.data import registry
from uncertainty.specs import DataSpec
from uncertainty.types import UserError


@pytest.fixture
def path(tmp_path):
  """A table of six items, two of each of three groups in turn."""
  path = tmp_path / 'items.csv'
  path.write_text('question,choices,topic\n' + ''.join(
      f'q{i},yes|no,{group}\n'
      for i, group in enumerate(('sums', 'fruit', 'birds') * 2)))
  return str(path)


def _asked(path, **fields):
  return [item.question
          for item in registry.load(DataSpec('table', path=path, **fields))]


def test_all_builders_are_data_sets_and_only_files_of_ones_own_have_none():
  assert registry.DATASETS.keys() == {*registry.BUILDERS, 'table', 'lm_eval'}
  assert data.DATASETS is registry.DATASETS


def test_subsets_are_taken_in_the_table_s_order(path):
  assert _asked(path) == ['q0', 'q1', 'q2', 'q3', 'q4', 'q5']
  assert _asked(path, subset='birds, sums') == ['q0', 'q2', 'q3', 'q5']


def test_a_limit_counts_what_the_subset_leaves(path):
  assert _asked(path, limit=2) == ['q0', 'q1']
  assert _asked(path, limit=9) == _asked(path)
  assert _asked(path, subset='birds', limit=1) == ['q2']


def test_a_subset_that_is_not_there_is_named_beside_those_that_are(path):
  with pytest.raises(UserError, match=(
      'table has no bees, cats; it has birds, fruit, sums')):
    _asked(path, subset='cats,sums,bees')
  # Known only behind the limit: the whole table is looked through.
  with pytest.raises(UserError, match='has no cats'):
    _asked(path, subset='sums,cats', limit=1)


def test_statements_have_several_subsets_each(manual_dir, tmp_path):
  def load(**fields):
    return registry.load(DataSpec(
        'truth', manual_dir=str(manual_dir), data_dir=str(tmp_path / 'data'),
        **fields))

  assert {i.group for i in load(subset='facts, cities')} == {'facts', 'cities'}
  assert all(i.extra['polarity'] == -1 for i in load(subset='negated'))
  assert load(subset='de', limit=2) == load(subset='de')[:2]


@pytest.mark.parametrize(('spec', 'words'), [
    (DataSpec('coanne'), 'no such data set; did you mean coane'),
    (DataSpec('coane', limit=0), r'data.limit=0: must be at least 1'),
])
def test_bad_settings_say_what_to_choose(spec, words):
  with pytest.raises(UserError, match=words):
    registry.load(spec)
