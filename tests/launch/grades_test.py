"""Rulings by hand, from the command line."""

import pandas as pd
import pytest

from launch import grades


@pytest.fixture
def run(tmp_path):
  folder = tmp_path / 'run' / 'results' / 'coane'
  folder.mkdir(parents=True)
  pd.DataFrame({
      'item_id': ['a', 'b', 'c'], 'question': list('xyz'),
      'answer_text': list('XYZ'), 'fr_answer': ['X', 'no', 'Z'],
      'fr_correct': [1., 0., 1.]}).to_parquet(folder / 'M.parquet')
  return tmp_path / 'run'


def _fill_in(path, rulings):
  sheet = pd.read_csv(path, dtype=str, keep_default_na=False)
  sheet['grader_1'] = rulings
  sheet.to_csv(path, index=False)


def test_rulings_make_results_of_their_own(run, tmp_path, capsys):
  sheet, graded = tmp_path / 'sheet.csv', tmp_path / 'graded'
  grades.main(['export', str(run), str(sheet)])
  assert capsys.readouterr().out == f'3 answers to grade in {sheet}\n'
  _fill_in(sheet, ['Y', 'Y', ''])
  grades.main(['import', str(run), str(sheet), str(graded)])
  assert '2 rulings' in (said := capsys.readouterr().out) and '1 open' in said
  of = 'results/coane/M.parquet'
  assert list(pd.read_parquet(graded / of)['fr_correct']) == [1, 1, 1]
  assert list(pd.read_parquet(run / of)['fr_correct']) == [1, 0, 1]
  grades.main(['agreement', str(run), str(sheet)])
  row = capsys.readouterr().out.splitlines()[1].split()
  assert row[:5] == ['M', 'coane', 'fr_correct', '2', '0.500']
  with pytest.raises(SystemExit, match='name a new folder'):
    grades.main(['import', str(run), str(sheet), str(graded)])


def test_a_bad_mark_is_an_error_of_one_line(run, tmp_path):
  sheet = tmp_path / 'sheet.csv'
  grades.main(['export', str(run), str(sheet)])
  _fill_in(sheet, ['Y', 'maybe', ''])
  with pytest.raises(SystemExit, match="error: .*row 3: grader_1 is 'MAYBE'"):
    grades.main(['agreement', str(run), str(sheet)])


@pytest.mark.shared
def test_without_a_sheet_the_papers_graders_are_asked(shared, capsys):
  grades.main(['agreement', str(shared / 'published' / 'coane')])
  rows = [line.split() for line in capsys.readouterr().out.splitlines()]
  assert ['all', 'all', 'fr_correct', '3352'] in [row[:4] for row in rows]
