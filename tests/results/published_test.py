"""Import of the paper's files: names, nesting, what files lack, bad input."""

import numpy as np
import pandas as pd
import pytest

from uncertainty.results import published
from uncertainty.results import published_columns as names
from uncertainty.types import UserError

SHARES = [[.1, .9], [.5, .5], [.3, .7], [1., 0.]]


def _mcqa(model: str, kind: str = 'base', **extra) -> pd.DataFrame:
  return pd.DataFrame({
      'mc_total-ent': [.1, .2, .3, .4], 'mc_top-1-prob': [-.1, -.2, -.3, -.4],
      'mc_top-p-len-0.95': [1, 2, 3, 4], 'mc_choice-ent': [.4, .3, .2, .1],
      'mc_choice-pdf': [[-1., -2.]] * 4, 'cloze_pred': ['B', 'A', 'B', '?'],
      'fr_correct?': ['Y', 'N', '?', 'Y'], 'exp_time': [1.] * 4,
      'model': model, 'model_type': kind, 'model_size': 7} | extra)


def _full(model: str, kind: str = 'base', **extra) -> pd.DataFrame:
  return _mcqa(model, kind, **{
      'Question': ['q1', 'q2', 'q3', 'q4'], 'Answers': [['x', 'y']] * 4,
      'Answer_Ratios': SHARES, 'Correct_Answer': ['B', 'B', 'A', 'A'],
      'human-ent': [.5, 1., .9, 0.], 'MC_Human_RT_Combined': [1., 2., 3., 4.],
      **extra})


def _write(folder, name, frame):
  folder.mkdir(parents=True, exist_ok=True)
  frame.to_parquet(folder / name)


def test_reads_nested_folders_and_fills_from_a_sibling(tmp_path):
  _write(tmp_path / 'a', 'coane_M_1.parquet', _mcqa('M_1'))
  _write(tmp_path / 'b' / 'c', 'coane_M_1_Ins.parquet', _full('M_1_Ins', 'ins'))
  found = published.read(tmp_path)
  assert list(found.frames) == [('coane', 'M_1'), ('coane', 'M_1_Ins')]
  frame = found.frames['coane', 'M_1']
  assert frame['human_entropy'].tolist() == [.5, 1., .9, 0.]
  assert frame['human_mc_rt_combined'].tolist() == [1., 2., 3., 4.]
  np.testing.assert_array_equal(frame['prediction'], [1, 0, 1, np.nan])
  np.testing.assert_array_equal(frame['correct'], [1, 0, 0, np.nan])
  np.testing.assert_array_equal(frame['agrees'], [1, 1, 1, np.nan])
  np.testing.assert_array_equal(frame['fr_correct'], [1, 0, np.nan, 1])
  assert frame['kind'].unique() == ['base']
  assert frame['item_id'].is_unique
  assert found.frames['coane', 'M_1_Ins']['kind'].unique() == ['instruct']
  rows = found.columns[found.columns['model'] == 'M_1'].set_index('column')
  assert rows.loc['exp_time', 'status'] == 'extra'
  assert rows.loc['mc_choice-prob', 'status'] == 'missing'
  assert rows.loc['mc_total-ent', 'ours'] == 'mc_total_entropy'
  assert rows.loc['human_entropy', 'status'] == 'filled in'


def test_a_fuller_file_beside_the_folder_serves(tmp_path):
  _write(tmp_path / 'mcqa', 'coane_M.parquet', _mcqa('M'))
  _write(tmp_path / 'full', 'coane_N.parquet', _full('N'))
  found = published.read(tmp_path / 'mcqa')
  assert list(found.frames) == [('coane', 'M')]
  assert found.item_sources['coane'].endswith('coane_N.parquet')


def test_withheld_answers_leave_human_entropy(tmp_path):
  frame = _full('M').drop(columns=['Question', 'Answers', 'Answer_Ratios',
                                   'Correct_Answer'])
  _write(tmp_path, 'camchoice_M.parquet', frame)
  found = published.read(tmp_path).frames['camchoice', 'M']
  assert found['human_entropy'].tolist() == [.5, 1., .9, 0.]
  assert found['correct'].isna().all() and found['agrees'].isna().all()
  assert found['n_choices'].tolist() == [2, 2, 2, 2]


def test_two_files_of_one_model_complete_each_other(tmp_path):
  _write(tmp_path / 'a', 'coane_M.parquet', _mcqa('M', new=[1, 2, 3, 4]))
  _write(tmp_path / 'b', 'coane_M.parquet', _full('M'))
  found = published.read(tmp_path)
  assert list(found.frames) == [('coane', 'M')]
  assert 'human_entropy' in found.frames['coane', 'M']


def test_files_of_one_model_that_disagree_are_an_error(tmp_path):
  _write(tmp_path / 'a', 'coane_M.parquet', _mcqa('M'))
  other = _full('M', **{'mc_choice-ent': [0., 0., 0., 0.]})
  _write(tmp_path / 'b', 'coane_M.parquet', other)
  with pytest.raises(UserError, match='different runs'):
    published.read(tmp_path)


def test_reordered_rows_are_an_error(tmp_path):
  _write(tmp_path, 'coane_M.parquet', _full('M'))
  other = _full('N', Question=['q2', 'q1', 'q3', 'q4'])
  _write(tmp_path, 'coane_N.parquet', other)
  with pytest.raises(UserError, match='another question'):
    published.read(tmp_path)


def test_other_lengths_are_an_error(tmp_path):
  _write(tmp_path, 'coane_M.parquet', _full('M'))
  _write(tmp_path, 'coane_N.parquet', _mcqa('N').head(3))
  with pytest.raises(UserError, match='3 items'):
    published.read(tmp_path)


def test_no_human_columns_anywhere_is_an_error_with_a_remedy(tmp_path):
  _write(tmp_path / 'x', 'nosuchset_M.parquet', _mcqa('M'))
  with pytest.raises(UserError, match='manual_dir'):
    published.read(tmp_path / 'x')


def test_empty_and_broken_folders(tmp_path):
  with pytest.raises(UserError, match='no result files'):
    published.read(tmp_path)
  with pytest.raises(UserError, match='no result files'):
    published.read(tmp_path / 'absent')
  (tmp_path / 'coane_M.parquet').write_bytes(b'not parquet')
  with pytest.raises(UserError, match='cannot be read'):
    published.read(tmp_path)


@pytest.mark.parametrize('theirs, ours', [
    ('mc_top-1-prob', 'mc_top1_logprob'),
    ('mc_top-k-ent-100', 'mc_top_k_entropy_100'),
    ('mc_top-p-len-0.9', 'mc_nucleus_size_0.9'),
    ('bfr_tok1_top-p-ent-0.75', 'bracket_first_nucleus_entropy_0.75'),
    ('fr_tok1_total-ent', 'fr_first_total_entropy'),
    ('bfr_ppl', 'bracket_perplexity'),
    ('FR_Human_RT_ANS', 'human_fr_rt_answered'),
    ('MC_Human_Prop_Correct', 'human_mc_prop_correct'),
])
def test_names_both_ways(theirs, ours):
  assert names.ours(theirs) == ours
  assert names.paper_name(ours) == theirs


def test_unknown_names():
  assert names.ours('fr_first-token-ent') is None
  assert names.ours('exp_time') is None
  assert names.paper_name('mc_order_agreement') is None


@pytest.mark.shared
def test_every_published_column_has_a_place(shared):
  found = published.read(shared / 'published')
  assert len(found.frames) == 32
  assert found.activations is not None and len(found.activations) == 184
  extra = set(found.columns.query('status == "extra"')['column'])
  assert extra == {'exp_time', 'fr_first-token-ent', 'bfr_first-token-ent'}
  frame = found.frames['coane', 'Falcon3_10B']
  assert len(frame) == 421 and frame['human_entropy'].notna().all()
