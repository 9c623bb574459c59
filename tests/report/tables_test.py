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


@pytest.mark.parametrize('content', [
    b'', b'PAR1', pd.DataFrame({'rho': ['high']}).to_parquet(),
    pd.DataFrame({'model': [1.5]}).to_parquet()], ids=range(4))
def test_a_strangers_table_is_refused(tmp_path, content):
  (tmp_path / 'analysis').mkdir()
  (tmp_path / 'analysis/alignment.parquet').write_bytes(content)
  with pytest.raises(UserError, match='alignment.parquet.*--stages=analyze'):
    tables.read(tmp_path)


def test_a_table_without_a_column_is_refused_before_any_chapter(
    tmp_path, alignment_cells, write_analysis):
  write_analysis(tmp_path, alignment=alignment_cells)
  assert len(tables.read(tmp_path).get('alignment')) == len(alignment_cells)
  path = tmp_path / 'analysis/alignment.parquet'
  pd.read_parquet(path).drop(columns=['ci_low', 'rho']).to_parquet(path)
  with pytest.raises(UserError) as caught:
    tables.read(tmp_path)
  assert str(caught.value).startswith(f'{path} lacks column ')
  assert 'rho' in str(caught.value) and 'ci_low' in str(caught.value)
  assert 'run --stages=analyze again' in str(caught.value)
  path.unlink()
  pd.DataFrame({'r2': [.5]}).to_parquet(tmp_path / 'analysis/probes.parquet')
  with pytest.raises(UserError, match='lacks.*layer.*run --stages=probe again'):
    tables.read(tmp_path)


def test_a_table_without_rows_needs_no_columns(tmp_path):
  (tmp_path / 'analysis').mkdir()
  path = tmp_path / 'analysis/stated_confidence.parquet'
  pd.DataFrame().to_parquet(path)
  assert not tables.read(tmp_path).has('stated_confidence')


def test_no_analysis_is_an_error_with_a_remedy(tmp_path):
  with pytest.raises(UserError, match='--stages=analyze'):
    tables.read(tmp_path)


def test_a_source_names_what_was_read_and_how_it_is_made(tmp_path):
  frames = {name: pd.DataFrame({'a': [1]})
            for name in ('claims', 'probes', 'alignment')}
  view = tables.watched(tables.AnalysisTables(tmp_path, frames, {}))
  assert tables.source(view) == ''
  assert view.has('probes') and view.has('claims') and not view.has('none')
  said = tables.source(view)
  assert said.startswith(
      'From analysis/claims.parquet, analysis/probes.parquet;')
  assert said.endswith('--stages=probe,analyze') and str(tmp_path) in said


def test_files_are_written_once_and_a_full_disk_is_told(made):
  tables, written = made(), []
  tables.unwritten.update({n: lambda n=n: written.append(n) for n in 'abc'})
  tables.write_files()
  tables.write_files()
  assert sorted(written) == ['a', 'b', 'c']

  def full():
    raise UserError('the disk is full')

  tables.unwritten['d'] = full
  with pytest.raises(UserError, match='the disk is full'):
    tables.write_files()
