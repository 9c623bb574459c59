"""Where items go: by shares, for good, and never twice."""

import numpy as np
import pytest

from uncertainty.results import columns, split_columns
from uncertainty.tuning import splits
from uncertainty.types import Item, UserError


def _items(n, start=0, subjects=12):
  rng = np.random.default_rng(start)
  letters = list('abcdefghijklmnopqrstuvwxyz')
  return [Item(f'q{i}', ' '.join(''.join(rng.choice(letters, 6))
                                 for _ in range(6)),
               ('yes', 'no'), answer=0, group=f's{i % subjects}')
          for i in range(start, start + n)]


ITEMS = _items(600)


def _where(frame):
  return dict(zip(frame[columns.ITEM_ID], frame[split_columns.SPLIT]))


def test_shares_are_about_those_asked_for():
  frame = splits.table({'quiz': ITEMS}, by='item', held_out=0.2)
  counts = frame[split_columns.SPLIT].value_counts()
  assert counts['train'] + counts['held_out'] == 600
  assert 90 < counts['held_out'] < 150  # 120 ± 3 standard deviations
  assert tuple(frame.columns) == splits.COLUMNS


@pytest.mark.parametrize('by', ['item', 'subject'])
def test_further_items_move_none(by):
  first = _where(splits.table({'quiz': ITEMS[:300]}, by=by, held_out=0.3))
  more = _where(splits.table(
      {'other': _items(50, 5000), 'quiz': _items(9, 7000) + ITEMS[::-1]},
      by=by, held_out=0.3))
  assert {name: more[name] for name in first} == first


def test_another_seed_is_another_draw():
  tables = [splits.table({'quiz': ITEMS}, by='item', held_out=0.5, seed=seed)
            for seed in (0, 0, 1)]
  assert tables[0].equals(tables[1])
  moved = (tables[0] != tables[2])[split_columns.SPLIT].mean()
  assert 0.4 < moved < 0.6
  assert splits.digest(tables[0]) == splits.digest(tables[1])
  assert splits.digest(tables[0]) != splits.digest(tables[2])


def test_subjects_and_data_sets_stay_whole():
  items = {'quiz': ITEMS, 'other': _items(20, 900, subjects=1)}
  frame = splits.table(items, by='subject', held_out=0.4)
  subject = [i.group for some in items.values() for i in some]
  groups = frame.groupby([columns.DATASET, subject])[split_columns.SPLIT]
  assert (groups.nunique() == 1).all() and len(groups) == 13
  named = {f'd{i}': _items(3, 40 * i) for i in range(20)}
  frame = splits.table(named, by='data', held_out=0.3)
  assert (frame.groupby(columns.DATASET)[split_columns.SPLIT].nunique()
          == 1).all()


def test_what_is_named_is_left_out():
  items = {'quiz': ITEMS, 'other': _items(30, 900, subjects=3)}
  frame = splits.table(items, by='item', held_out=0.2,
                       left_out=('s4', 'other'))
  left = splits.select(frame, items, splits.LEFT_OUT)
  assert len(left['other']) == 30
  assert [i.item_id for i in left['quiz']] == [
      i.item_id for i in ITEMS if i.group == 's4']
  trained = splits.select(frame, items, splits.TRAIN)
  assert trained['other'] == [] and len(trained['quiz']) > 400


def test_a_near_duplicate_of_an_asked_item_is_not_trained_on():
  clean = splits.table({'quiz': ITEMS}, by='item', held_out=0.2)
  asked = next(i for i in ITEMS if _where(clean)[i.item_id] == 'held_out')
  copies = [Item(f'copy{i}', asked.question.upper() + '!' * i, ('no', 'yes'),
                 answer=1) for i in range(12)]
  frame = splits.table({'quiz': [*ITEMS, *copies]}, by='item', held_out=0.2)
  where = _where(frame)
  assert {name: where[name] for name in _where(clean)} == _where(clean)
  assert {where[c.item_id] for c in copies} <= {'unused', 'held_out'}
  reasons = frame[split_columns.REASON][
      frame[split_columns.SPLIT] == splits.UNUSED]
  assert len(reasons) > 5 and reasons.str.contains('% of its text is').all()
  splits.check(frame, {'quiz': [*ITEMS, *copies]})


def test_a_table_that_trains_on_what_it_asks_is_refused():
  frame = splits.table({'quiz': ITEMS}, by='item', held_out=0.2)
  splits.check(frame, {'quiz': ITEMS})
  copied = [*ITEMS, *({**vars(ITEMS[0]), 'item_id': 'again'},)]
  items = {'quiz': [*ITEMS, Item(**copied[-1])]}
  row = frame.iloc[0].copy()
  row[columns.ITEM_ID] = 'again'
  row[split_columns.SPLIT] = (
      splits.HELD_OUT if row[split_columns.SPLIT] == splits.TRAIN
      else splits.TRAIN)
  frame.loc[len(frame)] = row
  with pytest.raises(UserError, match='1 items of quiz would be asked after'):
    splits.check(frame, items)


@pytest.mark.parametrize(('options', 'said'), [
    ({'left_out': ('s99',)}, "names 's99'.*s9"),
    ({'held_out': 0.0, 'left_out': ('quiz',)}, 'none of 600.*split train'),
    ({'by': 'data'}, 'none of 600 items is in the split')])
def test_splits_that_cannot_be_are_refused(options, said):
  with pytest.raises(UserError, match=said):
    splits.table({'quiz': ITEMS},
                 **{'by': 'item', 'held_out': 0.2, **options})


def test_items_without_a_subject_cannot_be_held_out_by_it():
  with pytest.raises(UserError, match='not all items have a subject'):
    splits.table({'quiz': [Item('1', 'a?')]}, by='subject', held_out=0.5)
