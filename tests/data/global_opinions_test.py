"""GlobalOpinionQA, on small files of the published form."""

import csv
import io

import pytest

from uncertainty import data
from uncertainty.specs import DataSpec
from uncertainty.types import UserError

HEAD = ('question', 'selections', 'options', 'source')
ROWS = (
    ('Is it good?',
     ("defaultdict(<class 'list'>, {'Belgium': [0.25, 0.75, 0.0],"
      " 'Spain (Non-national sample)': [0.5, 0.4, 0.0]})"),
     "['Good', 'Bad', 'Missing; Unknown']", 'GAS'),
    ('', "defaultdict(<class 'list'>, {'Spain': [0.5, 0.5]})",
     "['Good', 'Bad']", 'WVS'),
    ('How far?',
     ("defaultdict(<class 'list'>, {'Spain': [0.5, 0.25, 0.25],"
      " 'France': [0.0, 0.0, 0.0]})"), "['1', '2', '2']", 'WVS'),
)


def _load(folder, data_dir, rows=ROWS, head=HEAD, **fields):
  out = io.StringIO()
  csv.writer(out).writerows((head, *rows))
  (folder / 'globalopinionqa').mkdir()
  (folder / 'globalopinionqa' / 'global_opinions.csv').write_text(
      out.getvalue())
  return data.load(DataSpec('globalopinionqa', manual_dir=str(folder),
                            data_dir=data_dir, **fields))


def test_shares_are_the_mean_over_countries(tmp_path, data_dir):
  first, second = _load(tmp_path, data_dir)
  assert first.choices == ('Good', 'Bad', 'Missing; Unknown')
  spain = .5 / .9, .4 / .9
  assert first.human_shares == pytest.approx(
      ((.25 + spain[0]) / 2, (.75 + spain[1]) / 2, 0))
  assert first.extra['countries']['Belgium'] == [.25, .75, 0]
  assert first.human_count is None and first.ratings == ()
  assert (first.group, second.group) == ('GAS', 'WVS')
  # Options of one wording are one choice; a country without shares is none.
  assert second.choices == ('1', '2') and second.human_shares == (.5, .5)
  assert list(second.extra['countries']) == ['Spain']
  assert [i.item_id for i in (first, second)] == [
      'globalopinionqa-0000', 'globalopinionqa-0002']


@pytest.mark.parametrize(('cells', 'words'), [
    (('q', "defaultdict(<class 'list'>, {'Spain': [0.5]})", "['a', 'b']", 'x'),
     'record 1: not a question'),
    (('q', "defaultdict(<class 'list'>, {'Spain': [-1, 2]})", "['a', 'b']",
      'x'), 'record 1: not a question'),
    (('q', '__import__("os")', "['a', 'b']", 'x'), 'record 1: not a question'),
    (('q', "{'Spain': f()}", "['a', 'b']", 'x'), 'record 1: not a question'),
])
def test_what_is_no_question_with_shares_is_named(
    tmp_path, data_dir, cells, words):
  with pytest.raises(UserError, match=words):
    _load(tmp_path, data_dir, [cells])


def test_a_missing_column_is_named(tmp_path, data_dir):
  with pytest.raises(UserError, match='no column selections'):
    _load(tmp_path, data_dir, head=('question', 'x', 'options', 'source'))


def test_without_the_file_it_says_where_it_is(tmp_path, data_dir):
  with pytest.raises(UserError, match='Anthropic/llm_global_opinions.*manual'):
    data.load(DataSpec('globalopinionqa', manual_dir=str(tmp_path),
                       data_dir=data_dir))
