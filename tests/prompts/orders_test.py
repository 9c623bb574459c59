"""Orders of choices: what moves with them, and how they are drawn."""

import dataclasses
import itertools

import numpy as np
import pytest

from uncertainty import prompts
from uncertainty.types import Item, Rating, UserError

ITEM = Item('q', 'Which?', ('a', 'b', 'c'), answer=0, answer_text='a',
            human_shares=(.5, .3, .2), scale=(1, 2, 4),
            ratings=(Rating(0), Rating(None, 3.), Rating(2)))


def test_answer_and_shares_follow_their_choice():
  for order in itertools.permutations(range(3)):
    moved = prompts.permute(ITEM, order)
    assert moved.choices == tuple(ITEM.choices[i] for i in order)
    assert moved.choices[moved.answer] == 'a'
    assert moved.human_shares[moved.answer] == .5
    assert moved.scale[moved.answer] == 1
    assert [r.choice is not None and moved.choices[r.choice]
            for r in moved.ratings] == ['a', False, 'c']
    back = prompts.permute(moved, [order.index(i) for i in range(3)])
    assert back == ITEM


def test_items_without_answer_or_shares_move_too():
  moved = prompts.permute(Item('q', '?', ('a', 'b')), (1, 0))
  assert moved.choices == ('b', 'a')
  assert moved.answer is None and moved.human_shares is None


@pytest.mark.parametrize('order', [(0, 1), (0, 1, 1), (0, 1, 3)])
def test_what_is_no_order_is_refused(order):
  with pytest.raises(UserError, match='no order of its 3 choices'):
    prompts.permute(ITEM, order)


def test_orders_start_with_the_item_s_own_and_are_distinct():
  made = prompts.orders(ITEM, 4)
  assert made[0] == (0, 1, 2)
  assert len(made) == len(set(made)) == 4
  assert set(prompts.orders(ITEM, 100)) == set(itertools.permutations(range(3)))
  assert prompts.orders(ITEM, 1) == [(0, 1, 2)]


def test_orders_depend_on_the_seed_and_the_item_only():
  wide = Item('q', '?', tuple('abcdefgh'))
  other = Item('r', '?', tuple('abcdefgh'))
  assert prompts.orders(wide, 5) == prompts.orders(wide, 5)
  assert prompts.orders(wide, 5) == prompts.orders(wide, 8)[:5]
  assert prompts.orders(wide, 5) != prompts.orders(wide, 5, seed=1)
  assert prompts.orders(wide, 5) != prompts.orders(other, 5)


def test_shuffled_items_differ_in_order_and_keep_their_answer():
  items = [dataclasses.replace(ITEM, item_id=f'q{i}') for i in range(600)]
  moved = [prompts.shuffled(item) for item in items]
  assert moved == [prompts.shuffled(item) for item in items]
  assert moved != [prompts.shuffled(item, seed=1) for item in items]
  assert all(m.choices[m.answer] == 'a' for m in moved)
  # Each place gets a third, give or take four standard errors.
  counts = np.bincount([m.answer for m in moved], minlength=3)
  assert np.abs(counts - 200).max() < 4 * np.sqrt(600 * 2 / 9)
