"""Stacking of results tables: items, measures, signals, grades."""

import numpy as np
import pytest

from uncertainty.analysis.scores import stack
from uncertainty.measures import registry
from uncertainty.types import UserError


def _row(data, model, column):
  return next(i for i, r in enumerate(data.rows)
              if (r.model, r.column) == (model, column))


def test_rows_are_the_measures_of_every_model(toy_results):
  data, = stack.stack_results(toy_results)
  assert data.models == ('alpha', 'beta')
  assert data.values_MN.shape == (18, 40)
  frame = toy_results['toy', 'beta']
  np.testing.assert_array_equal(
      data.values_MN[_row(data, 'beta', 'mc_nucleus_size_0.95')],
      frame['mc_nucleus_size_0.95'])


def test_uncertainty_turns_log_probabilities_around(toy_results):
  data, = stack.stack_results(toy_results)
  turned = data.uncertainty()
  for column, sign in (('mc_choice_logprob', -1), ('mc_choice_entropy', 1)):
    np.testing.assert_array_equal(
        turned[_row(data, 'alpha', column)],
        sign * toy_results['toy', 'alpha'][column])


def test_items_are_the_union_in_any_stored_order(toy_results):
  beta = toy_results['toy', 'beta']
  toy_results['toy', 'beta'] = beta.iloc[::-1].iloc[:30]  # lacks 0 … 9
  data, = stack.stack_results(toy_results)
  assert data.item_ids[:2] == ('toy-000', 'toy-001')
  values = data.values_MN[_row(data, 'beta', 'mc_choice_entropy')]
  assert np.isnan(values[:10]).all()
  np.testing.assert_array_equal(
      values[10:], beta['mc_choice_entropy'].to_numpy()[10:])


def test_signals_are_numbers_and_filled_from_any_model(toy_results):
  toy_results['toy', 'alpha'].loc[4, 'human_entropy'] = np.nan
  data, = stack.stack_results(toy_results)
  assert data.signal_names == (
      'human_entropy', 'human_mc_rt_combined', 'human_fr_prop_correct')
  assert data.signals_SN[0, 4] == toy_results['toy', 'beta'].loc[
      4, 'human_entropy']


def test_measures_meet_the_signals_of_their_kind(toy_results):
  data, = stack.stack_results(toy_results)
  names = data.signal_names
  for column, expected in (
      ('mc_choice_entropy', [0, 1]), ('fr_total_entropy', [0, 2]),
      ('order_agreement', [0, 1])):
    row = data.rows[_row(data, 'alpha', column)]
    assert stack.signals_for(row, names) == expected


def test_free_response_is_held_against_its_own_grade(toy_results):
  data, = stack.stack_results(toy_results)
  grades = stack.correctness(data)
  assert set(grades) == {'correct', 'fr_correct'}
  rows, values = grades['fr_correct']
  assert {data.rows[i].column for i in rows} == {
      'fr_total_entropy', 'fr_perplexity'}
  np.testing.assert_array_equal(
      values[0], toy_results['toy', 'alpha']['fr_correct'])


def test_every_measure_is_held_against_the_answer_it_came_from():
  expected = {
      'mc_choice_entropy': 'correct', 'mc_total_entropy': 'correct',
      'fr_total_entropy': 'fr_correct', 'bracket_first_varentropy':
      'fr_correct', 'order_divergence': 'correct',
      'verbal_confidence': 'verbal_correct',
      'verbal_percent_after_confidence': 'verbal_percent_after_correct',
      'p_true': 'p_true_correct', 'semantic_entropy': 'sample_correct'}
  for column, grade in expected.items():
    row = stack.Row('m', column, *registry.parse(column))
    assert stack.correctness_column(row) == grade


def test_stated_confidence_meets_all_signals():
  names = ('human_entropy', 'human_mc_rt_combined', 'human_fr_prop_correct')
  for column, expected in (('verbal_confidence', [0, 1, 2]),
                           ('semantic_entropy', [0, 2])):
    row = stack.Row('m', column, *registry.parse(column))
    assert stack.signals_for(row, names) == expected


def test_reproduction_adds_the_papers_comparison(toy_results):
  data, = stack.stack_results(toy_results)
  sound, papers = stack.correctness(data), stack.correctness(
      data, reproduction=True)
  assert len(papers['fr_correct'][0]) == len(sound['fr_correct'][0])
  added = set(papers['correct'][0]) - set(sound['correct'][0])
  assert {data.rows[i].prefix for i in added} == {'fr'}


def test_opinions_are_held_against_peoples_commonest_choice(toy_results):
  for frame in toy_results.values():
    frame['correct'] = np.nan
  data, = stack.stack_results(toy_results)
  grades = stack.correctness(data)
  assert set(grades) == {'agrees', 'fr_correct'}


def test_without_any_grade_there_is_none(toy_results):
  for frame in toy_results.values():
    frame[['correct', 'agrees', 'fr_correct']] = np.nan
  data, = stack.stack_results(toy_results)
  assert stack.correctness(data) == {}


def test_paper_confidence_takes_the_largest_nucleus_of_the_model(toy_results):
  data, = stack.stack_results(toy_results)
  confidence = stack.paper_confidence(data)
  for model in data.models:
    sizes = toy_results['toy', model]['mc_nucleus_size_0.95']
    np.testing.assert_allclose(
        confidence[_row(data, model, 'mc_nucleus_size_0.95')],
        1 - (sizes - 1) / (sizes.max() - 1))
    assert np.all(
        confidence[_row(data, model, 'mc_nucleus_size_0.5')] == 1)
    assert np.isnan(confidence[_row(data, model, 'mc_varentropy')]).all()


def test_bad_tables_are_errors_that_say_where(toy_results):
  frame = toy_results['toy', 'alpha']
  twice = {('toy', 'alpha'): frame.iloc[[0, 1, 1]]}
  with pytest.raises(UserError, match="alpha on toy hold item 'toy-001' twice"):
    stack.stack_results(twice)
  with pytest.raises(UserError, match='no column item_id'):
    stack.stack_results({('toy', 'alpha'): frame.drop(columns='item_id')})


def test_an_infinite_measure_keeps_its_rank(toy_results):
  """The log margin of a tie is −∞: more uncertain than any other item."""
  frame = toy_results['toy', 'alpha']
  frame['mc_choice_log_margin'] = np.where(
      np.arange(40) == 3, -np.inf, np.arange(40.0))
  data, = stack.stack_results(toy_results)
  turned = data.uncertainty()[_row(data, 'alpha', 'mc_choice_log_margin')]
  assert turned[3] == 1 and np.delete(turned, 3).max() == 0
