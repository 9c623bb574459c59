"""Shared beginnings: how long, and when groups have their own."""

import itertools

import numpy as np

from uncertainty.inference import prefix


def test_common_length_leaves_every_prompt_a_token():
  assert prefix.common_length([(1, 2, 3), (1, 2, 4)]) == 2
  assert prefix.common_length([(1, 2), (1, 2, 4)]) == 1
  assert prefix.common_length([(1, 2, 3)]) == 2
  assert prefix.common_length([(1,), (2, 3)]) == 0


def test_common_length_is_that_of_the_worst_pair():
  rng = np.random.default_rng(0)
  rows = [tuple(rng.integers(0, 2, 12).tolist()) for _ in range(6)]
  def pair(a, b):
    return next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), 12)
  worst = min(pair(a, b) for a, b in itertools.combinations(rows, 2))
  assert prefix.common_length(rows) == min(worst, 11)


def test_one_group_when_all_share():
  rows = [tuple(range(20)) + (i, 7) for i in range(4)]
  groups = prefix.split(rows, ['a', 'a', 'b', 'b'])
  assert groups == [prefix.PrefixGroup(tuple(range(20)), (0, 1, 2, 3))]


def test_groups_apart_when_each_has_its_own_examples():
  starts = {'a': tuple(range(30)), 'b': tuple(range(50, 90))}
  names = ['a', 'b', 'a', 'b']
  rows = [starts[name] + (i, 3) for i, name in enumerate(names)]
  groups = prefix.split(rows, names)
  assert [g.tokens for g in groups] == [starts['a'], starts['b']]
  assert [g.members for g in groups] == [(0, 2), (1, 3)]


def test_a_short_or_lone_prefix_is_not_worth_a_pass():
  assert prefix.split([(1, 2, 3), (1, 2, 4)], ['', ''])[0].tokens == ()
  assert prefix.split([tuple(range(40))], [''])[0].tokens == ()


def test_slots_are_few_and_close():
  slots = [prefix.n_slots(n) for n in range(1, 2000)]
  assert all(n <= s <= 1.25 * n + 32 for n, s in enumerate(slots, 1))
  assert len(set(slots)) < 30
