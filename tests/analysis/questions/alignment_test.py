"""Cells of alignment: turned measures, intervals of the draws, corrections."""

import numpy as np
import pandas as pd
import scipy.stats

from uncertainty.analysis.questions import alignment
from uncertainty.analysis.scores import aligned, stack
from uncertainty.analysis.statistics import resampling


def _table(frame):
  data, = stack.stack_results({('d', 'M'): frame})
  draws = resampling.bootstrap_counts(len(frame), 200, seed=0)
  found = aligned.align(data, draws)
  return alignment.alignment_table(data, found, level=.9), found


def test_cells_are_spearman_with_intervals_and_corrections():
  rng = np.random.default_rng(0)
  people, unsure = rng.random((2, 60))
  table, found = _table(pd.DataFrame({
      'item_id': [f'i{i}' for i in range(60)], 'human_entropy': people,
      'mc_choice_entropy': people + rng.random(60),
      'mc_choice_logprob': unsure,
      'mc_varentropy': np.ones(60)}))
  logprob = table.set_index('measure').loc['mc_choice_logprob']
  assert np.isclose(logprob['rho'], scipy.stats.spearmanr(
      people, -unsure).statistic)  # turned: high is uncertain
  assert (table['n_tests'] == 2).all()  # what is constant is no test
  for i, row in enumerate(table.to_dict('records')):
    if row['measure'] == 'mc_varentropy':
      assert np.isnan([row['rho'], row['p_value'], row['ci_low']]).all()
      continue
    z_R = np.arctanh(found.draws_XR[i].astype(float))
    freedom = 1 / (1 / 59 + 1 / (len(z_R) - 1))
    reach = scipy.stats.t.ppf(.95, freedom) * z_R.std(ddof=1)
    np.testing.assert_allclose(
        [row['ci_low'], row['ci_high']],
        np.tanh(np.arctanh(row['rho']) + [-reach, reach]), rtol=1e-5)
    assert row['p_bonferroni'] == min(1, 2 * row['p_value'])


def test_nothing_to_compare_is_an_empty_table():
  table, _ = _table(pd.DataFrame({
      'item_id': list('abc'), 'mc_choice_entropy': [.1, .2, .3]}))
  assert table.empty and list(table) == list(alignment.COLUMNS)
