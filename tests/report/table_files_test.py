"""Tables as CSV."""

import numpy as np
import pandas as pd

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


def test_tables_with_rows_are_written_and_kept_while_they_hold(
    made, tmp_path, monkeypatch):
  (tmp_path / 'analysis').mkdir()
  tables = made(summary=[{'model': 'A', 'value': .5}], claims=[])
  tables.get('summary').to_parquet(tmp_path / 'analysis' / 'summary.parquet')
  assert table_files.write(tables) == ['summary']
  path = tmp_path / 'report' / 'tables' / 'summary.csv'
  assert path.read_text() == '"model","value"\n"A",0.5\n'
  written = []
  monkeypatch.setattr(table_files, 'to_csv', lambda *_: written.append(_))
  table_files.write(tables)
  assert not written
  tables.get('summary').to_parquet(tmp_path / 'analysis' / 'summary.parquet')
  table_files.write(tables)
  assert len(written) == 1
