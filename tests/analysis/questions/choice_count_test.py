"""Alignment within items of equal numbers of choices."""

import numpy as np
from scipy import stats

from uncertainty.analysis.questions import choice_count


def test_choice_count_pools_within_k(model_items):
  rng = np.random.default_rng(3)
  k = np.repeat([2, 5], 300)
  # Nothing but K connects the two.
  x, y = (k + rng.normal(size=600) for _ in range(2))
  table = model_items(x[None], human_entropy=y, n_choices=k)
  found = choice_count.choice_count([table], .95).set_index('stratum')
  assert found.loc['all', 'rho'] > .5
  assert abs(found.loc['within K', 'rho']) < .1
  inside = [stats.spearmanr(x[k == c], y[k == c]).statistic for c in (2, 5)]
  np.testing.assert_allclose(found.loc['K=2', 'rho'], inside[0])
  np.testing.assert_allclose(
      found.loc['within K', 'rho'], np.tanh(np.mean(np.arctanh(inside))))
  assert found.loc['partial on ln K', 'rho'] < .5
