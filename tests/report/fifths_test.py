"""Accuracy on the surest and the least sure fifth."""

import numpy as np
import pandas as pd
import pytest

from uncertainty.report import fifths


def _items(doubt, right, answer=0.0):
  n = len(doubt)
  return pd.DataFrame({
      'answer': [answer] * n, 'human_choice': [0.0] * n,
      'model_choice': [0.0 if r else 1.0 for r in right],
      'model_uncertainty': doubt})


def test_by_hand():
  found = fifths.accuracy(_items(range(10), [1, 1, 0, 0, 0, 0, 0, 0, 1, 0]))
  assert found == fifths.Fifths(1.0, .5, 'Accuracy')


def test_ties_count_in_part_whatever_their_order():
  right = [1, 0, 1, 0, 1, 0, 1, 0, 1, 1]
  found = fifths.accuracy(_items([0.0] * 10, right))
  assert found and found.surest == found.least == pytest.approx(.6)
  mixed = _items([0, 1, 1, 1, 2, 2, 2, 2, 2, 3], right)
  order = np.random.default_rng(0).permutation(10)
  a, b = fifths.accuracy(mixed), fifths.accuracy(mixed.iloc[order])
  assert a and b and a.least == pytest.approx(b.least)
  assert a.surest == pytest.approx(b.surest)
  assert a.surest == pytest.approx((1 + 1 / 3) / 2)


def test_opinions_are_held_against_people():
  found = fifths.accuracy(_items(range(10), [1] * 10, answer=np.nan))
  assert found == fifths.Fifths(1.0, 1.0, 'Agreement with people')


def test_few_items_have_no_fifths():
  assert fifths.accuracy(_items(range(9), [1] * 9)) is None
  assert fifths.accuracy(_items([np.nan] * 20, [1] * 20)) is None
  assert fifths.accuracy(pd.DataFrame()) is None
