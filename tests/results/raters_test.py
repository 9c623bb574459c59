"""Single people's answers as columns, and back."""

import math

import pandas as pd
import pytest

from uncertainty.results import raters, schema
from uncertainty.types import Item, Rating, UserError

RATED = [
    Item('a', 'Safe?', ('no', 'unsure', 'yes'), scale=(0, 1, 2), ratings=(
        Rating(0, rater='x', groups={'gender': 'Woman'}, time_ms=5.0),
        Rating(None, rater='y'),
        Rating(2, rater='z', groups={'gender': 'Man', 'age': '30'}))),
    Item('b', 'Open?'),
    Item('c', 'Safe?', ('no', 'unsure', 'yes'), scale=(0, 1, 2), ratings=(
        Rating(1, rater='z', groups={'gender': 'Man', 'age': '30'}),)),
]


def test_lists_of_an_item_run_over_the_same_people():
  found = raters.rater_columns(RATED)
  assert found['choice_scale'] == [[0, 1, 2], [], [0, 1, 2]]
  assert found['human_rater_choices'] == [[0, -1, 2], [], [1]]
  assert found['human_rater_ids'] == [['x', 'y', 'z'], [], ['z']]
  assert found['human_rater_groups'][0][:2] == ['{"gender": "Woman"}', '']
  times = found['human_rater_times'][0]
  assert times[0] == 5 and all(map(math.isnan, times[1:]))


def test_what_nobody_said_has_no_column():
  assert set(raters.rater_columns(RATED)) == {
      'choice_scale', 'human_rater_choices', 'human_rater_ids',
      'human_rater_groups', 'human_rater_times'}
  assert raters.rater_columns([Item('b', 'Open?')]) == {}


def test_a_table_that_was_written_is_read_as_flat_answers(tmp_path):
  path = tmp_path / 'results.parquet'
  schema.item_frame(RATED).to_parquet(path)
  found = raters.read(pd.read_parquet(path))
  assert found is not None
  assert found.items_N.tolist() == [0, 0, 0, 2]
  assert found.choices_N.tolist() == [0, -1, 2, 1]
  assert found.raters_N.tolist() == [0, 1, 2, 2]
  assert found.groups['gender'].tolist() == ['Woman', '', 'Man', 'Man']
  assert found.groups['age'].tolist() == ['', '', '30', '30']


@pytest.mark.parametrize('column, values', [
    ('human_rater_groups', ['[' * 100_000] * 3),
    ('human_rater_groups', ['[1]'] * 3), ('human_rater_ids', ['x'])])
def test_what_nobody_wrote_is_named(column, values):
  frame = schema.item_frame(RATED)
  frame[column] = [values, [], ['']]
  with pytest.raises(UserError, match="results, the columns 'human_rater_"):
    raters.read(frame)


def test_ids_and_groups_may_be_missing():
  frame = schema.item_frame([Item('a', '?', ('x', 'y'), ratings=(
      Rating(0), Rating(1)))])
  found = raters.read(frame)
  assert found is not None
  assert found.raters_N.tolist() == [-1, -1] and found.groups == {}
  assert raters.read(schema.item_frame([Item('b', 'Open?')])) is None
