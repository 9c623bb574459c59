"""The table of items on which people and model disagree."""

import numpy as np
import pytest

from uncertainty.analysis.questions import items
from uncertainty.analysis.scores import stack


def _table(results):
  data, = stack.stack_results(results)
  return items.item_table(data)


def test_most_disagreed_items_come_first(toy_results):
  table = _table(toy_results)
  assert tuple(table) == items.COLUMNS and len(table) == 80
  alpha = table[table['model'] == 'alpha']
  assert np.all(np.diff(alpha['disagreement']) <= 0)
  first = alpha.iloc[0]
  frame = toy_results['toy', 'alpha'].set_index('item_id')
  source = frame.loc[first['item_id']]
  model = np.exp(source['choice_logprobs'])
  assert first['disagreement'] == pytest.approx(
      np.abs(model - source['human_shares']).sum() / 2)
  assert first['disagreement_kind'] == 'shares'
  assert first['human_choice'] == np.argmax(source['human_shares'])
  assert first['model_choice'] == source['prediction']
  np.testing.assert_allclose(first['model_shares'], model)
  assert first['model_uncertainty'] == source['mc_choice_entropy']
  assert first['uncertainty_measure'] == 'mc_choice_entropy'


def test_without_shares_ranks_of_uncertainty_are_compared(toy_results):
  for frame in toy_results.values():
    frame['choice_logprobs'] = None
  table = _table(toy_results)
  alpha = table[table['model'] == 'alpha']
  assert set(alpha['disagreement_kind']) == {'ranks'}
  frame = toy_results['toy', 'alpha']
  apart = np.abs(frame['human_entropy'].rank()
                 - frame['mc_choice_entropy'].rank()) / 39
  assert alpha['disagreement'].iloc[0] == pytest.approx(apart.max())


def test_without_people_disagreement_is_missing(toy_results):
  for frame in toy_results.values():
    frame['human_shares'] = None
    frame['human_entropy'] = np.nan
  table = _table(toy_results)
  assert table['disagreement'].isna().all()
  assert set(table['disagreement_kind']) == {''}
