"""Stated against internal confidence, by hand."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from uncertainty.analysis.questions import stated_confidence

FRAME = pd.DataFrame({
    'item_id': list('abcd'),
    'verbal_confidence': [.9, .8, np.nan, .4],
    'verbal_correct': [1., 0., 1., 0.],
    'verbal_reason': ['', '', 'a range', ''],
    'mc_choice_logprob': np.log([.5, .6, .7, .1]),
})


def test_gap_by_hand():
  row = stated_confidence.stated_against_internal({('d', 'm'): FRAME}).iloc[0]
  assert (row['model'], row['wording'], row['n']) == (
      'm', 'verbal_confidence', 3)
  assert row['parse_rate'] == .75
  assert row['mean_stated'] == pytest.approx(.7)
  assert row['gap'] == pytest.approx(.7 - .4)
  assert row['accuracy'] == pytest.approx(1 / 3)
  assert row['over'] == pytest.approx(.7 - 1 / 3)
  want = scipy.stats.spearmanr([.9, .8, .4], [.5, .6, .1]).statistic
  assert row['rho'] == pytest.approx(want)


def test_one_confidence_for_everything_has_no_rank():
  frame = FRAME.assign(verbal_confidence=.9)
  row = stated_confidence.stated_against_internal({('d', 'm'): frame}).iloc[0]
  assert np.isnan(row['rho']) and row['parse_rate'] == 1


def test_reasons_are_counted():
  out = stated_confidence.unread({('d', 'm'): FRAME})
  assert out.to_dict('records') == [
      {'model': 'm', 'dataset': 'd', 'wording': 'verbal_confidence',
       'reason': 'a range', 'count': 1}]


def test_nothing_asked_gives_empty_tables():
  frame = FRAME[['item_id', 'mc_choice_logprob']]
  found = stated_confidence.stated_against_internal({('d', 'm'): frame})
  assert found.empty and list(found) == list(stated_confidence.COLUMNS)
  assert stated_confidence.unread({('d', 'm'): frame}).empty
