"""What tuning changed: by hand, under no change, and over items and seeds."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from uncertainty import specs
from uncertainty.analysis.claims import table as claims_table
from uncertainty.analysis.claims import tuned
from uncertainty.analysis.scores import people, stack

SPEC = specs.StudySpec(analysis=specs.AnalysisSpec(n_bootstrap=100, n_bins=5))
N = 120


def _frame(sharpness, seed, recipe='', n_items=N):
  """A model whose shares are people's, raised to a power, with noise."""
  shares = np.random.default_rng(0).dirichlet(np.ones(3), n_items)
  rng = np.random.default_rng([1, seed])
  logits = sharpness * np.log(shares) + rng.normal(0, 0.5, shares.shape)
  logs = logits - np.log(np.exp(logits).sum(1, keepdims=True))
  entropy = -(np.exp(logs) * logs).sum(1) / np.log(3)
  answer = np.random.default_rng(2).integers(0, 3, n_items)
  return pd.DataFrame({
      'item_id': [f'q{i}' for i in range(n_items)],
      'human_shares': list(shares),
      'human_entropy': -(shares * np.log(shares)).sum(1) / np.log(3),
      'choice_logprobs': list(logs), 'mc_choice_entropy': entropy,
      'mc_choice_logprob': logs.max(1), 'mc_choice_log_mass': 0.0,
      'correct': (logs.argmax(1) == answer).astype(float),
      'agrees': (logs.argmax(1) == shares.argmax(1)).astype(float),
      'tuned_from': 'base' if recipe else '', 'tuning_recipe': recipe})


def _table(**frames):
  stacks = stack.stack_results(people.estimated(
      {('quiz', name): frame for name, frame in frames.items()}, SPEC))
  return tuned.tuned_table(stacks, SPEC)


def _asked():
  return {
      'base': _frame(0.1, 0), 'a': _frame(1.0, 1, 'human'),
      'b': _frame(1.0, 2, 'human'), 'e': _frame(1.0, 5, 'human'),
      'c': _frame(0.1, 3, 'shuffled'),
      'other': _frame(0.3, 4)}


@pytest.fixture(scope='module')
def table():
  return _table(**_asked()).set_index(['tuning_recipe', 'outcome'])


def test_one_row_a_recipe_and_outcome_over_its_seeds(table):
  assert set(table.index) == {
      (recipe, outcome) for recipe in ('human', 'shuffled')
      for outcome in tuned.OUTCOMES}
  assert (table.loc['human', 'n_seeds'] == 3).all()
  assert (table['tuned_from'] == 'base').all() and (table['n_items'] == N).all()


def test_learning_people_shows_and_its_control_does_not(table):
  human = table.loc['human']['verdict']
  assert human['alignment'] == human['agreement'] == 'higher'
  assert human['divergence from people'] == 'lower'
  assert human['accuracy'] == 'cannot tell'
  assert (table.loc['shuffled', 'verdict'] == 'cannot tell').all()


def test_the_claim_says_of_each_row_what_the_table_says(table):
  made = claims_table.claims(
      {('quiz', name): frame for name, frame in _asked().items()}, SPEC,
      only={'tuned'}).set_index('model')
  verdicts = {'higher': 'supported', 'lower': 'contradicted'}
  assert len(made) == len(table)
  for (recipe, outcome), row in table.iterrows():
    claim = made.loc[f'base → {recipe}: {outcome}']
    assert claim['verdict'] == verdicts.get(row['verdict'], row['verdict'])
    for mine, other in (('estimate', 'difference'), ('low', 'low'),
                        ('high', 'high'), ('p_corrected', 'p_corrected')):
      assert claim[mine] == row[other]
    assert claim['n_models'] == 1 + row['n_seeds']
    # What would be seen counts that seeds are few: more than of normals.
    reach = (claim['high'] - claim['low']) / 2
    assert claim['smallest_effect'] > 1.3 * reach
  for said in ('alignment rose (0.', 'divergence from people fell (−0.'):
    assert made['sentence'].str.startswith(f'base → human: {said}').sum() == 1


def test_values_are_means_over_items_and_seeds(table):
  row = table.loc['human', 'accuracy']
  base, *seeds = (_frame(s, k)['correct'].mean()
                  for s, k in ((0.1, 0), (1.0, 1), (1.0, 2), (1.0, 5)))
  np.testing.assert_allclose(row['base_value'], base)
  np.testing.assert_allclose(row['tuned_value'], np.mean(seeds))
  np.testing.assert_allclose(row['difference'], np.mean(seeds) - base)
  assert row['low'] < row['difference'] < row['high']


def test_only_items_of_all_models_count():
  frames = {'base': _frame(0.1, 0), 'a': _frame(1.0, 1, 'human').iloc[40:]}
  row = _table(**frames).set_index('outcome').loc['accuracy']
  assert row['n_items'] == N - 40
  np.testing.assert_allclose(
      row['base_value'], frames['base']['correct'].iloc[40:].mean())


def test_a_copy_that_lacks_items_changes_nothing():
  base = _frame(0.3, 0)
  lacks = base.sort_values('human_entropy').iloc[:80].assign(
      tuned_from='base', tuning_recipe='none')
  found = _table(base=base, copy=lacks).set_index('outcome')
  np.testing.assert_allclose(found['difference'], 0, atol=1e-12)


def test_a_tuned_model_without_its_base_says_nothing():
  assert _table(a=_frame(1.0, 1, 'human'), b=_frame(1.0, 2)).empty


def test_few_items_make_no_claim():
  table = _table(base=_frame(0.1, 0, n_items=9),
                 a=_frame(1.0, 1, 'human', n_items=9))
  assert (table['verdict'] == 'too little data').all()


def test_by_hand():
  change = tuned.Change(0.5, np.array([0.6, 0.7, 0.8]), 0.0025, 100, 100)
  found = tuned.interval(change, 0.95)
  np.testing.assert_allclose(found.value, 0.2)
  # Seeds: var(.1, .2, .3) / 3 = .01 / 3, two degrees of freedom; items: 99.
  variance = 0.0025 + 0.01 / 3
  freedom = variance**2 / (0.0025**2 / 99 + (0.01 / 3)**2 / 2)
  assert 6 < freedom < 6.1
  assert 0 < found.low < 0.2 < found.high and 0.03 < found.p < 0.05
  np.testing.assert_allclose((found.se**2, found.freedom), (variance, freedom))
  one = tuned.interval(dataclasses.replace(
      change, tuned_S=np.array([0.7])), 0.95)
  np.testing.assert_allclose(
      (one.high - one.low) / 2, 0.05 * 1.9842, rtol=1e-4)
  assert np.isnan(tuned.interval(dataclasses.replace(
      change, item_variance=float('nan')), 0.95).p)


def test_two_seeds_say_too_little_of_seeds():
  """Satterthwaite's t over two rejects .09 where seeds differ twice as much."""
  found = tuned.interval(tuned.Change(
      0.5, np.array([0.6, 0.8]), 0.0025, 100, 100), 0.95)
  np.testing.assert_allclose(found.value, 0.2)
  assert np.isnan([found.low, found.high, found.p]).all()


@pytest.mark.parametrize('n_seeds', [1, 3])
def test_no_change_is_found_no_more_often_than_stated(n_seeds):
  """400 tunings that add noise of items, of seeds, and of both."""
  rng = np.random.default_rng(n_seeds)
  wrong = 0
  for _ in range(400):
    items_N = rng.normal(0, 1, 60)
    seeds_S1 = rng.normal(0, 0.2, (n_seeds, 1)) * (n_seeds > 1)
    delta_SN = items_N + seeds_S1 + rng.normal(0, 1, (n_seeds, 60))
    found = tuned.interval(tuned.Change(
        0.0, delta_SN.mean(1), delta_SN.mean(0).var(ddof=1) / 60, 60, 60),
                           0.95)
    wrong += found.p < 0.05
  assert wrong <= 33  # 20 expected of exact tests; 3 standard deviations
