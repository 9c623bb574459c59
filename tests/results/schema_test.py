"""The results table: items and tasks joined, found again in any folder."""

import math

import numpy as np
import pandas as pd
import pytest

from uncertainty.results import manifest, schema, shards
from uncertainty.types import Item, Rating, UserError

_ITEMS = [
    Item('a', 'Gold?', ('Ag', 'Au'), 1, human_shares=(0.5, 0.5),
         human_count=10, human={'human_mc_rt_combined': 4500.0}),
    Item('b', 'Open?'),
]


def test_item_frame_holds_human_columns_and_nan_where_unknown():
  frame = schema.item_frame(_ITEMS)
  assert frame['human_entropy'][0] == pytest.approx(1.0)
  assert frame['human_shares'][0] == [0.5, 0.5]
  assert frame['human_count'][0] == 10
  assert frame['answer'][0] == 1.0
  assert frame['human_mc_rt_combined'][0] == 4500.0
  assert frame['human_shares'][1] is None
  assert math.isnan(frame['human_count'][1])
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


def test_every_column_of_prompts_names_its_task():
  asked = {name: schema.asked_by(name) for name in (
      'prompt', 'fr_prompt', schema.of_task('verbal', 'prompt'),
      schema.of_task('free', 'prompt'), 'prompt_digest', 'question')}
  assert asked == {
      'prompt': '', 'fr_prompt': 'free', 'verbal_prompt': 'verbal',
      'free_prompt': 'free', 'prompt_digest': None, 'question': None}


def test_merge_refuses_a_task_that_lacks_items():
  items = schema.item_frame(_ITEMS)
  with pytest.raises(UserError, match="'free' lacks 1 of 2 items, such as 'b'"):
    schema.merge_tasks(items, {'free': pd.DataFrame({'item_id': ['a']})})


def test_read_results_walks_a_sweep_and_tells_workdirs_apart(tmp_path):
  frame = pd.DataFrame({'item_id': ['a'], 'correct': [np.nan]})
  for run, model in (
      ('paper', 'm'), ('clean', 'm'), ('clean', 'n'), ('clean', 'n (v2)')):
    shards.write_table(
        frame, tmp_path / run / 'results' / 'coane' / f'{model}.parquet')
  tables = schema.read_results(tmp_path)
  assert set(tables) == {
      ('coane', 'm (paper)'), ('coane', 'm (clean)'), ('coane', 'n'),
      ('coane', 'n (v2)')}
  assert tables['coane', 'n']['model'][0] == 'n'
  assert {name: frame['variant'][0] for (_, name), frame in tables.items()} == {
      'm (paper)': 'paper', 'm (clean)': 'clean', 'n': '', 'n (v2)': ''}
  assert set(schema.read_results(tmp_path / 'clean' / 'results')) == {
      ('coane', 'm'), ('coane', 'n'), ('coane', 'n (v2)')}


def test_read_results_of_an_empty_folder_is_an_error(tmp_path):
  with pytest.raises(UserError, match='no results under'):
    schema.read_results(tmp_path)


def test_a_damaged_table_is_named_with_what_to_do(tmp_path):
  path = tmp_path / 'results' / 'toy' / 'm.parquet'
  path.parent.mkdir(parents=True)
  path.write_bytes(b'PAR1 cut short')
  with pytest.raises(UserError, match=r'm\.parquet.*--stages=score again'):
    schema.read_results(tmp_path)


_ROWS = {'item_id': ['a', 'b', 'c'], 'question': ['A?', 'B?', 'C?'],
         'cluster': ['x', '', None], 'human_mc_rt_combined': [1., np.nan, 3.],
         'human_shares': [[.5, .5], None, [1., 0.]], 'correct': [1., 0., 1.]}


def _two_models(tmp_path, **changes):
  """Tables of m and n, the second in another order and with other columns."""
  for model, rows in (('m', _ROWS), ('n', _ROWS | changes)):
    frame = pd.DataFrame(rows)
    shards.write_table(frame[::-1] if model == 'n' else frame,
                       tmp_path / f'run/results/own/{model}.parquet')
  return schema.read_results(tmp_path)


def test_models_may_differ_in_what_is_theirs(tmp_path):
  found = _two_models(tmp_path, item_id=['a', 'b', 'd'], correct=[0., 0., 0.],
                      human_mood=[1., 2., 3.])
  assert set(found) == {('own', 'm'), ('own', 'n')}


@pytest.mark.parametrize('changes', [
    {'cluster': ['x', 'y', None]}, {'question': ['A?', 'B?', 'D?']},
    {'human_mc_rt_combined': [1., 2., 3.]},
    {'human_mc_rt_combined': [1., np.nan, np.nan]},
    {'human_shares': [[.5, .5], None, [.9, .1]]}])
def test_two_versions_of_the_data_are_not_mixed(tmp_path, changes):
  [name] = changes
  with pytest.raises(UserError, match=(
      f"m and n on own differ in '{name}' of item '[bc]'.*both in --config")):
    _two_models(tmp_path, **changes)


def test_tables_that_disagree_about_one_rating_are_refused(tmp_path):
  def write(model, ratings):
    frame = schema.item_frame([Item(
        'a', 'Gold?', ('Ag', 'Au'), scale=(0, 1), ratings=ratings)])
    shards.write_table(frame, tmp_path / 'results' / 'd' / f'{model}.parquet')

  first = Rating(0, 2.0, rater='x', time_ms=7.0), Rating(1, rater='y')
  write('m', first)
  write('n', first)
  assert len(schema.read_results(tmp_path)) == 2
  write('n', (first[0], Rating(0, rater='y')))
  with pytest.raises(UserError, match="differ in 'human_rater_choices'"):
    schema.read_results(tmp_path)


@pytest.mark.parametrize('change, said', [
    ({}, 'holds no rows'), ({'item_id': [None]}, 'a row has no item_id')])
def test_a_table_that_no_run_writes_is_refused(tmp_path, change, said):
  frame = pd.DataFrame({'item_id': ['a'], 'correct': [1.0]})
  frame = frame.assign(**change) if change else frame.iloc[:0]
  path = tmp_path / 'results' / 'd' / 'm.parquet'
  shards.write_table(frame, path)
  with pytest.raises(UserError, match=f'm.parquet.*{said}.*score again'):
    schema.read_results(tmp_path)


@pytest.mark.parametrize('place, said', [
    ('d/evil', "no 'evil' among its models"), ('e/m', "no 'e' among its data")])
def test_what_the_manifest_does_not_know_is_refused(tmp_path, place, said):
  frame = pd.DataFrame({'item_id': ['a'], 'correct': [1.0]})
  manifest.write(tmp_path, {
      'models': {'m': {'source': 's', 'fingerprint': 'f', 'kind': 'base',
                       'family': 'llama'}},
      'data': {'d': {'path': None, 'subset': None}}})
  for folder in ('results', 'steered'):
    shards.write_table(frame, tmp_path / folder / 'd' / 'm.parquet')
  assert len(schema.read_results(tmp_path)) == 1
  for folder, read in (('results', schema.read_results),
                       ('steered', schema.read_steered)):
    path = tmp_path / folder / f'{place}.parquet'
    shards.write_table(frame, path)
    with pytest.raises(UserError, match=f'{place}.parquet: .*{said}'):
      read(tmp_path)
    path.unlink()
