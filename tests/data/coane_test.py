"""Coane & Umanath: the supplement against the published prepared table."""

import math
import zipfile

import numpy as np
import pandas as pd
import pytest

from uncertainty import data, human
from uncertainty.data import coane
from uncertainty.specs import DataSpec
from uncertainty.types import UserError

# Published column → ours.
SIGNALS = {
    'FR_Human_Prop_Correct': 'human_fr_prop_correct',
    'FR_Human_Prop_Wrong': 'human_fr_prop_wrong',
    'FR_Human_Prop_DK': 'human_fr_prop_dk',
    'FR_Human_Prop_DR': 'human_fr_prop_dr',
    'FR_Human_RT_Correct': 'human_fr_rt_correct',
    'FR_Human_RT_Wrong': 'human_fr_rt_wrong',
    'FR_Human_RT_DK': 'human_fr_rt_dk',
    'FR_Human_RT_DR': 'human_fr_rt_dr',
    'FR_Human_Prop_ANS': 'human_fr_prop_answered',
    'FR_Human_Prop_DNA': 'human_fr_prop_not_answered',
    'FR_Human_RT_ANS': 'human_fr_rt_answered',
    'FR_Human_RT_DNA': 'human_fr_rt_not_answered',
    'MC_Human_Prop_Correct': 'human_mc_prop_correct',
    'MC_Human_Proc_Wrong': 'human_mc_prop_wrong',
    'MC_Human_RT_Correct': 'human_mc_rt_correct',
    'MC_Human_RT_Wrong': 'human_mc_rt_wrong',
    'MC_Human_RT_Combined': 'human_mc_rt_combined',
}


@pytest.mark.shared
def test_equals_the_published_table_in_every_column(shared, data_dir):
  items = data.load(DataSpec('coane', manual_dir=str(shared / 'data'),
                             data_dir=data_dir))
  table = pd.read_parquet(shared / 'data' / 'coane' / 'coane_data.parquet')
  assert len(items) == len(table) == 421
  assert [i.question for i in items] == table['Question'].tolist()
  assert [list(i.choices) for i in items] == [
      list(a) for a in table['Answers']]
  assert ['ABCD'[i.answer] for i in items] == table['Correct_Answer'].tolist()
  assert [i.answer_text for i in items] == (
      table['Correct_Answer_Text'].tolist())
  np.testing.assert_allclose([i.extra['printed_shares'] for i in items],
                             np.stack(table['Answer_Ratios']), rtol=1e-12)
  np.testing.assert_allclose(
      [human.entropy(i.human_shares) for i in items],
      table['human-ent'], atol=1e-12)
  assert set(SIGNALS) < set(table)
  for theirs, ours in SIGNALS.items():
    np.testing.assert_allclose([i.human[ours] for i in items], table[theirs],
                               rtol=1e-12, err_msg=theirs)
  assert set(items[0].human) == set(SIGNALS.values())


@pytest.mark.shared
def test_tables_equal_the_extracted_ones(shared):
  folder = shared / 'data' / 'coane'
  found = coane.tables(folder / coane.SUPPLEMENT.path)
  for rows, name in zip(found, ('table_A1.csv', 'table_A2.csv')):
    expected = pd.read_csv(folder / name, dtype=str, keep_default_na=False)
    assert [[c.replace('\xa0', '') for c in row] for row in rows] == (
        [[c.strip() for c in row] for row in expected.to_numpy().tolist()])


def test_times_are_weighted_by_shares_and_missing_ones_left_out():
  nan = math.nan
  assert coane.mean_time((0.5, 0.25), (1000, 4000)) == pytest.approx(2000)
  assert coane.mean_time((0.5, 0.5), (nan, 4000)) == 4000
  assert math.isnan(coane.mean_time((1, 0), (nan, 4000)))


def test_a_misplaced_time_moves_where_it_belongs():
  row = ['B', '1', '1', '', '', 'Q?', 'Urn', '1.00', '7917', '', '', '', '', '']
  signals = coane.choice_signals(row)
  assert signals['human_mc_rt_correct'] == 7917
  assert math.isnan(signals['human_mc_rt_wrong'])
  assert math.isnan(signals['human_mc_rt_combined'])


@pytest.mark.parametrize('content', ['', '<document/>', '<w'])
def test_another_file_under_its_name_is_refused(tmp_path, content, data_dir):
  path = tmp_path / 'coane' / coane.SUPPLEMENT.path
  path.parent.mkdir()
  if content:
    with zipfile.ZipFile(path, 'w') as file:
      file.writestr('word/document.xml', content)
  else:
    path.write_bytes(b'PK truncated')
  with pytest.raises(UserError, match='Coane .*cannot be read'):
    data.load(DataSpec('coane', manual_dir=str(tmp_path), data_dir=data_dir))
