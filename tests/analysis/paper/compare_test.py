"""Computed cells against printed ones."""

import pandas as pd
import pytest

from uncertainty.analysis.paper import compare
from uncertainty.types import UserError


def _cell(model, measure='mc_choice-ent', printed=.1):
  return {'figure': 'ece_heatmap_coane(mcqa)_width', 'measure': measure,
          'model': model, 'value': printed, 'p_value': float('nan'), 'n': 9,
          'shown': True, 'printed': printed, 'tie_free': True}


CELLS = pd.DataFrame([
    _cell('A'), _cell('A_Ins', printed=.2), _cell('A', 'mc_choice-prob')])


def test_compare_counts_matches_blanks_and_missing(tmp_path):
  path = tmp_path / 'cells.csv'
  pd.DataFrame({
      'figure': CELLS['figure'][0], 'value': [.1, 7., .1],
      'measure': ['mc_choice-ent', 'mc_choice-ent', 'other'],
      'model': ['A', 'A_Ins', 'A']}).to_csv(path)
  found = compare.compare(CELLS, path)
  status = found.set_index(['measure', 'model'])['status']
  assert status['mc_choice-ent', 'A'] == 'match'
  assert status['mc_choice-ent', 'A_Ins'] == 'differs'
  assert status['other', 'A'] == 'not computed'
  assert status['mc_choice-prob', 'A'] == 'blank there'
  assert '1 of 3 printed cells match' in compare.sentence(found)


def test_compare_says_what_is_wrong_with_the_csv(tmp_path):
  with pytest.raises(UserError, match='cannot read'):
    compare.compare(CELLS, tmp_path / 'absent.csv')
  path = tmp_path / 'cells.csv'
  path.write_text('figure,measure\n')
  with pytest.raises(UserError, match="lacks the column 'model'"):
    compare.compare(CELLS, path)
  path.write_text('figure,measure,model,value\nx,y,A,1\n')
  with pytest.raises(UserError, match='no figure of these results'):
    compare.compare(CELLS, path)
