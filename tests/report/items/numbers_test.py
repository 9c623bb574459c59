"""Columns of numbers that the Explore view draws items by."""

import numpy as np
import pandas as pd
import pytest

from uncertainty.report.items import numbers


def _by_name(columns):
  return {c['name']: c for c in columns}


def test_people_s_entropy_comes_first_and_signals_are_in_words(results):
  people = pd.Series(np.linspace(1, 0, len(results)))
  columns = numbers.of_people(results.assign(human_mood='x'), people)
  assert [c['name'] for c in columns] == ['human_entropy', 'human_valence']
  assert columns[0]['v'][:2] == [1.0, .9091]  # the analysis' own
  assert [c['said'] for c in columns] == [
      "people's entropy (of ln K)", 'mean rating (−4 to 4)']


def test_a_model_s_doubt_comes_first_and_its_measures_follow(results):
  n = len(results)
  frame = results.assign(
      mc_choice_entropy=np.arange(n) / 3, mc_top_k_entropy_5=np.arange(n),
      fr_perplexity=[np.nan, np.inf, *range(n - 2)], n_tokens=np.arange(n))
  analysed = pd.DataFrame({
      'model_uncertainty': np.arange(n), 'disagreement': np.arange(n) / n,
      'uncertainty_measure': 'mc_choice_entropy'})
  columns = numbers.of_model(frame, analysed)
  assert [c['name'] for c in columns[:2]] == [
      'model_uncertainty', 'disagreement']
  found = _by_name(columns)
  # Not what is the same for all items, nor what is no measure.
  assert set(found) == {
      'model_uncertainty', 'disagreement', 'mc_choice_entropy',
      'mc_top_k_entropy_5', 'fr_perplexity'}
  assert columns[0]['said'] == (
      "the model's doubt: choice entropy (multiple choice)")
  assert found['mc_top_k_entropy_5']['said'] == (
      'entropy of the top 5 (multiple choice)')
  assert found['mc_choice_entropy']['v'][1] == .3333
  assert found['fr_perplexity']['v'][:4] == [None, None, 0.0, 1.0]


@pytest.mark.parametrize('dtype', ['Float64', 'float32', 'Int64'])
def test_any_kind_of_number_is_one(results, dtype):
  frame = results[['item_id']].assign(
      mc_total_entropy=pd.array(range(len(results)), dtype=dtype))
  (column,) = numbers.of_model(frame, pd.DataFrame())
  assert column['v'] == list(range(len(results)))


def test_an_item_that_a_model_lacks_has_no_number(results):
  frame = results.assign(mc_total_entropy=np.arange(12.0)).reindex(range(13))
  found = _by_name(numbers.of_model(frame, pd.DataFrame()))
  assert found['mc_total_entropy']['v'][12] is None
