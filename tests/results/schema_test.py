"""The results table: items and tasks joined, found again in any folder."""

import math

import numpy as np
import pandas as pd
import pytest

from uncertainty.results import schema, shards
from uncertainty.types import Item, UserError

_ITEMS = [
    Item('a', 'Gold?', ('Ag', 'Au'), 1, human_shares=(0.5, 0.5),
         human_count=10, human={'human_mc_rt_combined': 4500.0}),
    Item('b', 'Open?'),
]


def test_item_frame_holds_human_columns_and_nan_where_unknown():
  frame = schema.item_frame(_ITEMS)
  assert frame['human_entropy'][0] == pytest.approx(1.0)
  assert frame['answer'][0] == 1.0
  assert frame['human_mc_rt_combined'][0] == 4500.0
  assert math.isnan(frame['answer'][1])
  assert math.isnan(frame['human_entropy'][1])
  assert math.isnan(frame['human_mc_rt_combined'][1])


def test_merge_keeps_item_order_and_names_a_second_prompt():
  items = schema.item_frame(_ITEMS)
  mc = pd.DataFrame({'item_id': ['b', 'a'], 'prompt': ['pb', 'pa'],
                     'mc_choice_entropy': [0.1, 0.2]})
  free = pd.DataFrame({'item_id': ['a', 'b'], 'prompt': ['fa', 'fb'],
                       'fr_answer': ['x', 'y']})
  merged = schema.merge_tasks(items, {'letters': mc, 'free': free})
  assert list(merged['item_id']) == ['a', 'b']
  assert list(merged['mc_choice_entropy']) == [0.2, 0.1]
  assert list(merged['prompt']) == ['pa', 'pb']
  assert list(merged['free_prompt']) == ['fa', 'fb']


def test_merge_refuses_a_task_that_lacks_items():
  items = schema.item_frame(_ITEMS)
  with pytest.raises(UserError, match="'free' lacks 1 of 2 items, such as 'b'"):
    schema.merge_tasks(items, {'free': pd.DataFrame({'item_id': ['a']})})


def test_read_results_walks_a_sweep_and_tells_workdirs_apart(tmp_path):
  frame = pd.DataFrame({'item_id': ['a'], 'correct': [np.nan]})
  for run, model in (('paper', 'm'), ('clean', 'm'), ('clean', 'n')):
    shards.write_table(
        frame, tmp_path / run / 'results' / 'coane' / f'{model}.parquet')
  tables = schema.read_results(tmp_path)
  assert set(tables) == {
      ('coane', 'm (paper)'), ('coane', 'm (clean)'), ('coane', 'n')}
  assert tables['coane', 'n']['model'][0] == 'n'
  assert set(schema.read_results(tmp_path / 'clean' / 'results')) == {
      ('coane', 'm'), ('coane', 'n')}


def test_read_results_of_an_empty_folder_is_an_error(tmp_path):
  with pytest.raises(UserError, match='no results under'):
    schema.read_results(tmp_path)
