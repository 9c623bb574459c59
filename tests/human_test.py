"""Human entropy by hand and against scipy; what people's shares may be."""

import math
import re

import numpy as np
import pytest
import scipy.stats

from uncertainty import human
from uncertainty.types import Item, Rating, UserError


def _item(**fields) -> Item:
  return Item('q1', 'Which?', **{'choices': ('a', 'b'), **fields})


def test_entropy_is_one_for_uniform_and_zero_for_unanimous():
  assert human.entropy([0.25] * 4) == pytest.approx(1.0, abs=1e-15)
  assert human.entropy([0, 1, 0]) == 0.0
  assert human.entropy([0.5, 0.5, 0, 0]) == pytest.approx(0.5)


def test_entropy_matches_scipy_and_ignores_order_and_scale():
  rng = np.random.default_rng(0)
  for n_choices in (2, 5, 26):
    shares = rng.dirichlet(np.ones(n_choices))
    expected = scipy.stats.entropy(shares) / math.log(n_choices)
    assert human.entropy(shares) == pytest.approx(expected, abs=1e-12)
    assert human.entropy(100 * rng.permutation(shares)) == pytest.approx(
        expected, abs=1e-12)


@pytest.mark.parametrize(('shares', 'words'), [
    ((0.5, 0.6), 'sum to 1.1'),
    ((0.2, 0.2), 'sum to 0.4'),
    ((-0.1, 1.1), 'negative'),
    ((math.nan, 1.0), 'NaN'),
    ((math.inf, 0.0), 'infinite'),
    ((1.0,), '1 human shares for 2 choices'),
    ((0.0, 0.0), 'sum to 0'),
])
def test_shares_that_are_no_distribution_name_the_item_and_the_file(
    shares, words):
  with pytest.raises(UserError, match=words) as caught:
    human.check(_item(human_shares=shares), source='mine.csv')
  assert 'item q1 of mine.csv' in str(caught.value)
  assert '\n' not in str(caught.value)


@pytest.mark.parametrize(('fields', 'words'), [
    ({'choices': ('only',)}, '1 choice'),
    ({'choices': tuple(map(str, range(27)))}, '27 choice'),
    ({'choices': ('a', ' ')}, 'choice 2 is empty'),
    ({'answer': 2}, 'number 3 of 2'),
    ({'answer': -1}, 'number 0 of 2'),
    ({'choices': (), 'answer': 0}, 'number 1 of 0'),
])
def test_unusable_items_say_what_is_wrong(fields, words):
  with pytest.raises(UserError, match=words):
    human.check(_item(**fields), source='mine.csv')


def test_rounded_shares_are_renormalised_and_open_questions_pass():
  item = human.check(_item(human_shares=(0.52, 0.5)), source='x')
  assert item.human_shares == pytest.approx((0.52 / 1.02, 0.5 / 1.02))
  assert human.check(_item(choices=()), source='x').human_shares is None


@pytest.mark.parametrize(('fields', 'words'), [
    ({'scale': (1.0,)}, 'scale of [1.0] for 2 choices'),
    ({'scale': (1.0, 1.0)}, 'a place of its own'),
    ({'scale': (1.0, math.inf)}, 'a place of its own'),
    ({'ratings': (Rating(0), Rating(2))}, 'rating 2 is of choice 3 of 2'),
    ({'ratings': (Rating(-1),)}, 'rating 1 is of choice 0 of 2'),
    ({'ratings': (Rating(0, math.nan),)}, 'rating 1 has the number nan'),
    ({'ratings': (Rating(0, time_ms=math.inf),)}, 'has the number inf'),
])
def test_scales_and_ratings_are_of_the_choices(fields, words):
  with pytest.raises(UserError, match=re.escape(words)):
    human.check(_item(**fields), source='f')


def test_scales_and_ratings_that_fit_stay():
  item = _item(scale=(-1.0, 1.0), ratings=(Rating(1, 3.5), Rating(None)))
  assert human.check(item, source='f') == item
