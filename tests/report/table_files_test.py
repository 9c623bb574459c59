"""Tables as CSV."""

import numpy as np
import pandas as pd
import pytest

from uncertainty.report import table_files


def test_csv_holds_lists_as_json_and_blanks_as_nothing(tmp_path):
  frame = pd.DataFrame({
      'list': [np.array([.5, 1.0]), None], 'mixed': ['a,b', 3],
      'n': [1.5, np.nan]})
  table_files.to_csv(frame, tmp_path / 'x.csv')
  read = pd.read_csv(tmp_path / 'x.csv')
  assert read['list'].iloc[0] == '[0.5, 1.0]' and pd.isna(read['list'].iloc[1])
  assert read['mixed'].tolist() == ['a,b', '3']
  assert pd.isna(read['n'].iloc[1])


@pytest.mark.parametrize('dtype', [object, 'str'])
def test_text_is_no_formula_and_numbers_are_numbers(tmp_path, dtype):
  frame = pd.DataFrame({
      '=x': pd.Series(['=1+1', '-2', '@a'], dtype=dtype), 'n': [-1.5, 2, 3]})
  table_files.to_csv(frame, tmp_path / 'x.csv')
  assert (tmp_path / 'x.csv').read_text() == (
      '"\'=x","n"\n"\'=1+1",-1.5\n"-2",2\n"\'@a",3\n')


def test_each_list_is_written_as_it_is(tmp_path):
  """Equal lists are written once, and these are equal to each other."""
  rows = [np.array([0.0, 1.0]), np.array([-0.0, 1.0]), np.array([0, 1]),
          np.array([]), np.array([np.nan]), np.array([0.0, 1.0])]
  words = [np.array(v, object) for v in (
      ['1', 'a'], [1, 'a'], [True, 'a'], [1.0, 'a'], ['é"], ["'], ['1', 'a'])]
  frame = pd.DataFrame({'numbers': rows, 'words': words})
  table_files.to_csv(frame, tmp_path / 'x.csv')
  read = pd.read_csv(tmp_path / 'x.csv')
  assert read['numbers'].tolist() == [
      '[0.0, 1.0]', '[-0.0, 1.0]', '[0, 1]', '[]', '[NaN]', '[0.0, 1.0]']
  assert read['words'].tolist() == [
      '["1", "a"]', '[1, "a"]', '[true, "a"]', '[1.0, "a"]',
      '["é\\"], [\\""]', '["1", "a"]']


def test_tables_with_rows_are_written_and_kept_while_they_hold(
    made, tmp_path):
  (tmp_path / 'analysis').mkdir()
  tables = made(summary=[{'model': 'A', 'value': .5}], claims=[])
  tables.get('summary').to_parquet(tmp_path / 'analysis' / 'summary.parquet')
  assert table_files.queue(tables) == ['summary']
  tables.write_files()
  path = tmp_path / 'report' / 'tables' / 'summary.csv'
  assert path.read_text() == '"model","value"\n"A",0.5\n'
  table_files.queue(tables)
  assert not tables.unwritten
  tables.get('summary').to_parquet(tmp_path / 'analysis' / 'summary.parquet')
  table_files.queue(tables)
  assert list(tables.unwritten) == ['tables/summary']
