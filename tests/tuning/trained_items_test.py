"""Items that a model was trained on are known, wherever they come from."""

import dataclasses

import pytest

from uncertainty.results import columns
from uncertainty.tuning import trained_items
from uncertainty.types import Item, UserError

ITEMS = [Item(f'q{i}', f'{text}?', ('yes', 'no'), answer=0)
         for i, text in enumerate((
             'Is the longest river of Africa the Nile',
             'Was the moon first walked on in 1969',
             'Do whales breathe air at the surface',
             'Has Iceland a longer coast than Portugal'))]


@pytest.fixture
def model(tmp_path):
  """The folder of a model that was trained on the first two items."""
  trained_items.write(tmp_path, trained_items.table({'quiz': ITEMS[:2]}))
  return tmp_path


def test_items_are_known_by_digest_id_and_text():
  trained = trained_items.table({'quiz': ITEMS[:2]})
  edited = dataclasses.replace(ITEMS[0], question='Which sea is the deepest?')
  nearly = Item('x', 'Was the Moon first walked on, in 1969?', ('no', 'yes'),
                answer=1)
  assert trained_items.overlap(trained, 'quiz', [*ITEMS[1:], edited, nearly]
                               ) == {
      'q1': 'it was trained on',
      'q0': 'it was trained on, before it was edited',
      'x': '100 % of its text is that of quiz/q1'}
  # An id is one within its data set.
  assert trained_items.overlap(trained, 'other', [edited]) == {}


def test_what_was_written_is_read(model):
  trained = trained_items.table({'quiz': ITEMS[:2]})
  assert trained_items.read(model).equals(trained)
  assert tuple(trained.columns) == trained_items.COLUMNS


def test_a_model_of_a_tuned_model_knows_both_trainings():
  first = trained_items.table({'quiz': ITEMS[:2]})
  second = trained_items.table({'quiz': ITEMS[1:3]}, first)
  assert second[columns.ITEM_ID].tolist() == ['q0', 'q1', 'q2']


def test_items_are_refused_or_left_out(model):
  with pytest.raises(UserError, match=(
      r'm was trained on 2 of the 4 items of quiz \(q0: it was trained on; '
      '.*trained_items=leave_out')):
    trained_items.exclude(ITEMS, 'quiz', {'m': model}, 'refuse')
  kept = trained_items.exclude(ITEMS, 'quiz', {'m': model}, 'leave_out')
  assert kept.items == ITEMS[2:] and list(kept.left_out) == ['q0', 'q1']
  assert trained_items.exclude(ITEMS, 'quiz', {}, 'refuse').items == ITEMS
  assert trained_items.exclude(
      ITEMS[2:], 'quiz', {'m': model}, 'refuse').left_out == {}
  with pytest.raises(UserError, match='all 2 items of quiz'):
    trained_items.exclude(ITEMS[:2], 'quiz', {'m': model}, 'leave_out')


def test_a_model_that_lost_the_table_is_refused(tmp_path):
  with pytest.raises(UserError, match='trained_items.parquet: is missing'):
    trained_items.exclude(ITEMS, 'quiz', {'m': tmp_path}, 'leave_out')
  (tmp_path / trained_items.FILE).write_bytes(b'PAR1')
  with pytest.raises(UserError, match='trained_items.parquet: cannot be read'):
    trained_items.read(tmp_path)
