"""Answering only when sure: what is promised, and both labels."""

import numpy as np
import pandas as pd
import pytest

from uncertainty.analysis.questions import abstention, prediction_sets
from uncertainty.analysis.scores import stack
from uncertainty.results import page


def _frame(n, wrong_below, seed=0):
  """A model that is right wherever its confidence is above a value."""
  rng = np.random.default_rng(seed)
  top_N = rng.uniform(.5, 1, n)
  answer_N = np.where(top_N > wrong_below, 0., 1.)
  return pd.DataFrame({
      'item_id': [f'q{i}' for i in range(n)], 'answer': answer_N,
      'choice_logprobs': np.log(
          np.stack([top_N, 1 - top_N], 1)).tolist(),
      'human_shares': [[.75, .25]] * n})


def _row(frame, risk, **values):
  stacks = stack.stack_results({('coane', 'M'): frame})
  table = abstention.table(prediction_sets.of_models(stacks), risk, seed=0)
  assert all(page.TABLES['abstention'].find(c) for c in table)
  for column, value in values.items():
    table = table[table[column] == value]
  row, = table.to_dict('records')
  return row


def test_it_answers_until_too_much_would_be_wrong():
  frame = _frame(400, wrong_below=.6)  # a fifth is wrong
  row = _row(frame, .05, labels='answers', rule='risk')
  assert row['accuracy'] == pytest.approx(.8, abs=.05)
  # Right down to .6, then wrong: 5 % of wrong ones on top of all right ones.
  assert row['risk'] == pytest.approx(.05, abs=.01)
  assert row['answered'] == pytest.approx(row['accuracy'] + .05, abs=.02)
  assert row['selective_risk'] == pytest.approx(
      row['risk'] / row['answered'], abs=1e-3)
  assert row['risk_low'] <= row['risk'] <= row['risk_high']


def test_fixed_coverage_answers_the_surest():
  row = _row(_frame(400, .6), .05, labels='answers', rule='coverage')
  assert row['nominal'] == abstention.SHARE_ANSWERED == .8
  assert row['answered'] == pytest.approx(.8, abs=.02)
  # The model is wrong exactly where it is least sure.
  assert row['selective_risk'] < .03


def test_against_people_each_answer_costs_those_who_choose_otherwise():
  frame = _frame(400, .6)
  row = _row(frame, .1, labels='people', rule='risk')
  assert row['accuracy'] == .75
  # A quarter of people, wherever it answers: two fifths of items may be.
  assert row['risk'] == pytest.approx(.1, abs=.01)
  assert row['answered'] == pytest.approx(.4, abs=.03)
  assert row['selective_risk'] == pytest.approx(.25)


def test_where_nothing_may_be_answered_nothing_is():
  row = _row(_frame(40, .6), .01, labels='answers', rule='risk')
  assert row['answered'] == row['risk'] == 0
  assert np.isnan(row['selective_risk'])
