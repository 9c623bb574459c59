"""Measures with the signals of their kind, in the order of the stack."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from uncertainty.analysis.scores import aligned, stack
from uncertainty.analysis.statistics import resampling


@pytest.fixture
def data():
  frame = pd.DataFrame({
      'item_id': list('abcde'),
      'human_entropy': [.1, .2, .3, .4, .5],
      'human_mc_prop_correct': [.9, .8, .7, .5, .6],
      'human_fr_prop_correct': [1., 1., 1., 1., 1.],
      'mc_choice_entropy': [.1, .3, .2, .4, np.nan],
      'mc_choice_logprob': [-.1, -.2, -.3, -.4, -.5],
      'fr_perplexity': [5., 4., 3., 2., 1.]})
  found, = stack.stack_results({('d', 'M'): frame})
  return found


def test_pairs_are_of_one_kind_and_high_is_uncertain(data):
  found = aligned.align(data, np.ones((5, 2), np.int32))
  pairs = [(data.rows[m].column, data.signal_names[s])
           for m, s in zip(found.row_X, found.signal_X, strict=True)]
  assert pairs == [
      ('mc_choice_entropy', 'human_entropy'),
      ('mc_choice_entropy', 'human_mc_prop_correct'),
      ('mc_choice_logprob', 'human_entropy'),
      ('mc_choice_logprob', 'human_mc_prop_correct'),
      ('fr_perplexity', 'human_entropy'),
      ('fr_perplexity', 'human_fr_prop_correct')]
  # Ranks 1 3 2 4 of 1 2 3 4: 1 − 6 (1 + 1) / (4 · 15); a log probability
  # falls where uncertainty rises; everyone's recall is alike.
  np.testing.assert_allclose(
      found.rho_X, [.8, -.8, 1, -.9, -1, np.nan], atol=1e-12)
  np.testing.assert_array_equal(found.n_X, [4, 4, 5, 5, 5, 5])
  # 8 of 24 orders are as extreme.
  assert found.p_value_X[1] == pytest.approx(8 / 24)
  # A resample that holds every item once is the data.
  np.testing.assert_allclose(
      found.draws_XR, np.repeat(found.rho_X[:, None], 2, 1), atol=1e-6)


def test_draws_are_correlations_of_the_items_drawn(data):
  counts_NR = np.array([[2, 0, 1, 1, 1]]).T
  found = aligned.align(data, counts_NR)
  x, y = [.1, .1, .3, .4, .5], [.9, .9, .7, .5, .6]
  assert found.draws_XR[3, 0] == pytest.approx(
      scipy.stats.spearmanr(x, y).statistic, abs=1e-6)


def test_nothing_to_compare_gives_nothing():
  frame = pd.DataFrame({'item_id': list('abc'), 'human_entropy': [1., 2., 3.]})
  data, = stack.stack_results({('d', 'M'): frame})
  found = aligned.align(data, np.ones((3, 4), np.int32))
  assert found.draws_XR.shape == (0, 4) and len(found.rho_X) == 0


def test_copies_of_a_question_are_no_further_evidence():
  """Forty questions asked four times: plain p-values are false at .3."""
  rng = np.random.default_rng(0)
  n, copies, n_models = 40, 4, 200
  cluster_N = np.repeat(np.arange(n), copies)
  frames = {
      ('d', f'm{i}'): pd.DataFrame({
          'item_id': [f'i{j}' for j in range(n * copies)],
          'human_entropy': people,
          'mc_choice_entropy': rng.random(n)[cluster_N]})
      for people in [rng.random(n)[cluster_N]] for i in range(n_models)}
  data, = stack.stack_results(frames)
  counts_NR = resampling.bootstrap_counts(
      n * copies, 200, seed=0, groups_N=cluster_N)
  told, plain = (aligned.align(data, counts_NR, c)
                 for c in (cluster_N, None))
  # Binomial(200, .05): .05 ± 3 standard errors.
  assert np.mean(told.p_value_X < .05) < .097
  assert np.mean(plain.p_value_X < .05) > .2
  ends = aligned.interval(told, .95)
  np.testing.assert_array_equal(
      (ends.low > 0) | (ends.high < 0), told.p_value_X < .05)
  np.testing.assert_allclose(
      aligned.align(data, counts_NR, np.arange(n * copies)).rho_X,
      aligned.align(data, counts_NR).rho_X)
