"""Measures of a scale out of results tables."""

import numpy as np
import pandas as pd
import pytest

from uncertainty.measures import ordinal
from uncertainty.results import scale_measures, schema
from uncertainty.types import Item

ITEMS = [
    Item('a', '?', ('1', '2', '3'), scale=(1, 2, 4), human_shares=(.5, 0, .5)),
    Item('b', '?', ('no', 'yes'), human_shares=(.5, .5)),
    Item('c', '?', ('low', 'high'), scale=(5, 3)),
]
TASK = pd.DataFrame({
    'item_id': ['c', 'a', 'b'],
    'choice_logprobs': [np.log([.75, .25]).tolist(),
                        np.log([.1, .1, .2]).tolist(),
                        np.log([.5, .5]).tolist()]})


def test_a_merged_table_has_the_model_s_measures_on_the_scale():
  merged = schema.merge_tasks(schema.item_frame(ITEMS), {'letters': TASK})
  expected = np.array([[.25, .25, .5]])
  scale = np.array([1.0, 2.0, 4.0])
  row = merged.iloc[0]
  assert row['mc_ordinal_entropy'] == pytest.approx(
      ordinal.ordinal_entropy(expected, scale)[0])
  assert row['mc_ordinal_variation'] == pytest.approx(
      ordinal.ordinal_variation(expected, scale)[0])
  assert row['mc_scale_sd'] == pytest.approx(ordinal.scale_sd(
      expected, scale)[0])
  # Places 5 and 3 with .75 and .25.
  assert merged['mc_scale_sd'][2] == pytest.approx(2 * (.75 * .25) ** .5)
  assert np.isnan(merged['mc_ordinal_entropy'][1])


def test_people_s_ordinal_entropy_needs_shares_and_a_scale():
  frame = schema.item_frame(ITEMS)
  assert frame['human_ordinal_entropy'][0] == pytest.approx(1)
  assert frame['human_ordinal_entropy'][1:].isna().all()


def test_tables_without_a_scale_stay_as_they_were():
  items = schema.item_frame(ITEMS[1:2])
  assert not {'choice_scale', 'human_ordinal_entropy'} & set(items)
  merged = schema.merge_tasks(items, {'letters': TASK.iloc[2:]})
  assert not any('ordinal' in name for name in merged)
  unasked = schema.merge_tasks(schema.item_frame(ITEMS), {'free': TASK[[
      'item_id']]})
  assert not any(name.startswith('mc_') for name in unasked)


def test_padding_fills_beyond_each_list():
  np.testing.assert_array_equal(
      scale_measures.padded([[1, 2], None, []], -1.0),
      [[1, 2], [-1, -1], [-1, -1]])
