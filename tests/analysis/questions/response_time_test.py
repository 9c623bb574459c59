"""Hick's law and its rivals on made-up times."""

import dataclasses

import numpy as np
import pytest

from uncertainty.analysis.questions import response_time


def test_hicks_law_wins_where_it_made_the_times(model_items):
  rng = np.random.default_rng(5)
  people, k = rng.random(300), np.full(300, 4.)
  wrong = rng.random(300)
  time = 500 + 900 * (2 * people) + 100 * rng.normal(size=300)
  table = model_items(
      rng.random((1, 300)), human_entropy=people, n_choices=k,
      human_mc_prop_correct=1 - wrong, human_mc_rt_combined=time)
  table = dataclasses.replace(table, measures=('mc_choice_entropy',))
  found = response_time.hick([table])
  found = found[found['scale'] == 'ms'].set_index('form')
  law = found.loc['a + b·H(people)']
  assert abs(law['a'] - 500) < 60 and abs(law['b'] - 900) < 40
  assert found['bic'].idxmin() == 'a + b·H(people)'
  assert found.loc['a + b·H(model)', 'cv_r2'] < .02 < .9 < law['cv_r2']
  assert found.loc['a', 'cv_r2'] == pytest.approx(0)
  assert found['delta_aic'].min() == 0


def test_response_time_follows_hicks_law(study_tables):
  table = study_tables['response_time']
  best = table[(table['scale'] == 'ms') & (table['model'] == 'people')]
  row = best.set_index('form').loc['a + b·H(people)']
  np.testing.assert_allclose(row['b'], 500 / np.log2(3))
  np.testing.assert_allclose(row['r2'], 1)


def test_all_forms_are_fitted_to_the_same_items(model_items):
  """A model that lacks items, and one that lacks too many."""
  rng = np.random.default_rng(6)
  k = rng.integers(2, 6, 200).astype(float)
  people = {
      'human_entropy': rng.random(200), 'n_choices': k,
      'human_mc_prop_correct': rng.random(200),
      'human_mc_rt_combined': 500 + 300 * np.log(k) + rng.normal(size=200)}
  tables = []
  for name, n_missing in (('whole', 0), ('gaps', 9), ('few', 120)):
    values = rng.random((1, 200))
    values[0, :n_missing] = np.nan
    table = model_items(values, model=name, **people)
    tables.append(dataclasses.replace(table, measures=('mc_choice_entropy',)))
  found = response_time.hick(tables)
  assert set(found['model']) == {'people', 'whole', 'gaps'}
  assert set(found['n']) == {191}
  # The report names ln K among the rivals; here it made the times.
  rows = found[(found['scale'] == 'ms')]
  assert rows.loc[rows['aic'].idxmin(), 'form'] == 'a + b·ln K'
  # In any order of models the people's fits are the same.
  again = response_time.hick(tables[::-1])
  first, second = (
      t[t['model'] == 'people'].set_index(['scale', 'form'])['aic']
      for t in (found, again))
  np.testing.assert_allclose(first, second[first.index])


def test_no_times_give_a_table_with_all_columns():
  found = response_time.hick([])
  assert found.empty and 'delta_aic' in found
