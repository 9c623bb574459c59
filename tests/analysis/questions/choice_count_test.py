"""Alignment within items of equal numbers of choices."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from uncertainty.analysis.questions import choice_count


def _found(table, label_N=None):
  whole = stats.spearmanr(table.values_MN[0], table.frame['human_entropy'])
  alignment = pd.DataFrame([{
      'dataset': table.dataset, 'model': table.model,
      'measure': table.measures[0], 'signal': 'human_entropy',
      'rho': whole.statistic, 'ci_low': .1, 'ci_high': .9,
      'p_value': whole.pvalue, 'n': len(table.frame)}])
  return choice_count.choice_count(
      [table], .95, alignment, {table.dataset: label_N})


@pytest.mark.parametrize('copies', [2, 5])
def test_copies_of_questions_tell_nothing_more(model_items, copies):
  rng = np.random.default_rng(4)
  k = np.repeat([2, 5], 60)
  x, y = (.1 * k + rng.normal(size=120) for _ in range(2))

  def found(times):
    label_N = np.repeat(np.arange(120), times)
    return _found(model_items(
        np.repeat(x, times)[None], human_entropy=np.repeat(y, times),
        n_choices=np.repeat(k, times)), label_N).set_index('stratum')

  once, often = (found(n).drop('all') for n in (1, copies))
  for column in ('rho', 'ci_low', 'ci_high', 'p_value'):
    np.testing.assert_allclose(once[column], often[column], rtol=.02)
  assert (often['n'] == once['n'] * copies).all()


def test_choice_count_pools_within_k(model_items):
  rng = np.random.default_rng(3)
  k = np.repeat([2, 5], 300)
  # Nothing but K connects the two.
  x, y = (k + rng.normal(size=600) for _ in range(2))
  table = model_items(x[None], human_entropy=y, n_choices=k)
  found = _found(table).set_index('stratum')
  assert found.loc['all', 'rho'] > .5
  assert abs(found.loc['within K', 'rho']) < .1
  inside = [stats.spearmanr(x[k == c], y[k == c]).statistic for c in (2, 5)]
  np.testing.assert_allclose(found.loc['K=2', 'rho'], inside[0])
  np.testing.assert_allclose(
      found.loc['within K', 'rho'], np.tanh(np.mean(np.arctanh(inside))))
  assert found.loc['partial on ln K', 'rho'] < .5
