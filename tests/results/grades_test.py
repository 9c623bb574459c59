import numpy as np
import pandas as pd
import pytest
import sklearn.metrics

from uncertainty.results import grades
from uncertainty.types import UserError


def _results(tmp_path):
  folder = tmp_path / 'results' / 'coane'
  folder.mkdir(parents=True)
  frame = pd.DataFrame({
      'item_id': ['a', 'b', 'c', 'd'], 'question': list('wxyz'),
      'answer_text': list('WXYZ'), 'fr_answer': ['W', 'no', 'Y', ''],
      'fr_correct': [1., 0., 1., 0.]})
  frame.to_parquet(folder / 'M.parquet')
  return {('coane', 'M'): frame}


def test_rulings_go_out_and_come_back(tmp_path):
  results = _results(tmp_path)
  path = tmp_path / 'sheet.csv'
  assert grades.export_sheet(tmp_path, path) == 4
  sheet = pd.read_csv(path, dtype=str, keep_default_na=False)
  assert 'fr_correct' not in sheet
  sheet['grader_1'] = ['Y', 'y', 'N', '?']
  sheet['grader_2'] = ['Y', 'N', 'Y', '?']
  sheet['arbiter'] = ['', 'N', '', '']
  sheet.to_csv(path, index=False)
  rulings = grades.import_sheet(path)
  np.testing.assert_array_equal(rulings['ruling'], [1, 0, np.nan, np.nan])
  assert list(rulings['settled_by']) == ['graders', 'arbiter', '', 'graders']
  got = grades.with_rulings(results, rulings)['coane', 'M']
  # c is still open and keeps its grade; d cannot be graded.
  np.testing.assert_array_equal(got['fr_correct'], [1, 0, 1, np.nan])
  np.testing.assert_array_equal(got['fr_correct_auto'], [1, 0, 1, 0])
  table = grades.agreement_table({('coane', 'M'): got}, rulings)
  assert set(table['grade']) == {'fr_correct'}
  assert list(table['n']) == [2, 2] and list(table['agreement']) == [1, 1]


def test_no_cell_of_a_sheet_is_a_formula(tmp_path):
  folder = tmp_path / 'results' / 'coane'
  folder.mkdir(parents=True)
  pd.DataFrame({
      'item_id': ['=a', '-1'], 'question': '@q', 'answer_text': '+1',
      'fr_answer': ['=1+1', '-2'], 'fr_correct': [0., 1.],
  }).to_parquet(folder / 'M.parquet')
  path = tmp_path / 'sheet.csv'
  grades.export_sheet(tmp_path, path)
  sheet = pd.read_csv(path, dtype=str, keep_default_na=False)
  assert sheet['question'].tolist() == ["'@q"] * 2
  assert sheet['fr_answer'].tolist() == ["'=1+1", '-2']
  assert sheet['item_id'].tolist() == ["'=a", '-1']
  assert grades.import_sheet(path)['item_id'].tolist() == ['=a', '-1']


def test_bad_sheets_say_where(tmp_path):
  path = tmp_path / 'sheet.csv'
  head = 'dataset,model,item_id,grader_1\n'
  path.write_text(head + 'd,m,a,Y\nd,m,b,maybe\n')
  with pytest.raises(UserError, match="row 3: grader_1 is 'MAYBE'"):
    grades.import_sheet(path)
  path.write_text(head + 'd,m,a,Y\nd,m,a,N\n')
  with pytest.raises(UserError, match='row 3: this answer stands twice'):
    grades.import_sheet(path)
  path.write_text('dataset,model,item_id\n')
  with pytest.raises(UserError, match='lacks the column grader_1'):
    grades.import_sheet(path)
  path.write_text(head + 'd,m,a,Y\n')
  assert list(grades.import_sheet(path)['settled_by']) == ['one grader']


def test_agreement_is_that_of_sklearn():
  rng = np.random.default_rng(0)
  a, h = rng.integers(0, 2, 200), rng.integers(0, 2, 200)
  got = grades.agreement(pd.Series(a), pd.Series(h))
  assert got['kappa'] == pytest.approx(sklearn.metrics.cohen_kappa_score(a, h))
  wrong, only_a, only_h, right = sklearn.metrics.confusion_matrix(
      h, a).ravel()
  assert (got['both_wrong'], got['only_automatic'], got['only_human'],
          got['both_right']) == (wrong, only_a, only_h, right)
  assert got['agreement'] == pytest.approx((wrong + right) / 200)
  none = grades.agreement(pd.Series([np.nan]), pd.Series([1.]))
  assert none['n'] == 0 and np.isnan(none['agreement'])


@pytest.mark.shared
def test_the_papers_rulings(shared):
  table = grades.regrade_published(shared / 'published/coane')
  whole = table[table['model'] == 'all'].set_index('grade')
  assert whole.loc['fr_correct', 'n'] == 8 * 419
  # Measured: .970, kappa .940; exact words alone .843.
  assert whole.loc['fr_correct', 'agreement'] > 0.965
  assert whole.loc['fr_correct', 'kappa'] > 0.93
  assert whole.loc['fr_correct_exact', 'agreement'] > 0.83
  per_model = table[(table['grade'] == 'fr_correct')]
  assert (per_model['agreement'] > 0.95).all()


_PAPERS = {'fr_model_answer': ['red}'], 'Correct_Answer_Text': ['red'],
           'Question': ['Which?'], 'fr_correct?': ['Y']}


def test_a_table_of_the_papers_form_is_graded_again(tmp_path):
  pd.DataFrame(_PAPERS).to_parquet(tmp_path / 'coane_m.parquet')
  table = grades.regrade_published(tmp_path).set_index(['model', 'grade'])
  assert table.loc[('m', 'fr_correct'), 'agreement'] == 1


@pytest.mark.parametrize('changes', [
    {'fr_model_answer': [1.5]}, {'fr_correct?': [['Y']]}, {'Question': [None]},
    {'Correct_Answer_Text': [['red']]}])
def test_the_papers_columns_of_other_types_are_refused(tmp_path, changes):
  pd.DataFrame(_PAPERS | changes).to_parquet(tmp_path / 'coane_m.parquet')
  with pytest.raises(UserError, match='coane_m.parquet: cannot be read'):
    grades.regrade_published(tmp_path)


@pytest.mark.parametrize('content', [b'', b'\xff\xfe\x00', b'a,b\n"'])
def test_what_is_no_sheet_is_named(tmp_path, content):
  (tmp_path / 'sheet.csv').write_bytes(content)
  with pytest.raises(UserError, match='sheet.csv'):
    grades.import_sheet(tmp_path / 'sheet.csv')
