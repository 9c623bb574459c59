"""Single people's answers: records, bins, shares."""

import json
import math

import numpy as np
import pytest

from uncertainty.data import ratings
from uncertainty.types import Rating

SOME = (
    Rating(choice=0, value=-1.5, rater='r1', time_ms=900.0,
           groups={'gender': 'Woman', 'age': 'gen z'}),
    Rating(value=2.0, rater='r2'),
    Rating(text='river'),
)


def test_records_give_the_ratings_back_through_json():
  record = json.loads(json.dumps(ratings.to_record(SOME)))
  assert ratings.from_record(record) == SOME
  assert ratings.from_record({}) == ()
  assert ratings.to_record(()) == {}


def test_records_hold_only_what_is_said():
  record = ratings.to_record([Rating(choice=1), Rating(choice=0)])
  assert record == {'choice': [1, 0]}
  silent = (Rating(), Rating())
  assert ratings.from_record(ratings.to_record(silent)) == silent


def test_bins_end_at_their_upper_edge():
  assert [ratings.binned(v, (20, 40)) for v in (0, 20, 20.5, 40, 41)] == [
      0, 0, 1, 1, 2]


def test_shares_leave_out_who_chose_nothing():
  assert ratings.shares(
      [Rating(0), Rating(2), Rating(2), Rating(None), Rating(0)], 4) == (
          0.5, 0, 0.5, 0)
  assert ratings.shares([Rating(None)], 2) is None
  assert ratings.shares([], 2) is None


def test_spread_is_the_sample_deviation():
  values = [1.0, 4.0, 4.5]
  assert ratings.spread(values) == pytest.approx(np.std(values, ddof=1))
  assert math.isnan(ratings.spread([3.0]))
