"""What the report reads."""

import pandas as pd
import pytest

from uncertainty.report import tables
from uncertainty.types import UserError


def test_every_table_is_read_and_absent_ones_are_empty(tmp_path):
  (tmp_path / 'analysis').mkdir()
  pd.DataFrame({'a': [1]}).to_parquet(tmp_path / 'analysis/one.parquet')
  pd.DataFrame({'a': []}).to_parquet(tmp_path / 'analysis/none.parquet')
  found = tables.read(tmp_path)
  assert found.get('one')['a'].tolist() == [1]
  assert found.has('one') and not found.has('none') and not found.has('x')
  assert found.get('x').empty and found.manifest == {}
  assert found.figures() == tmp_path / 'report/figures'


def test_no_analysis_is_an_error_with_a_remedy(tmp_path):
  with pytest.raises(UserError, match='--stages=analyze'):
    tables.read(tmp_path)
