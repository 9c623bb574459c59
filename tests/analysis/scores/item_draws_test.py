"""Items of one cluster are drawn together, and why."""

import dataclasses

import numpy as np
import pandas as pd

from uncertainty import specs
from uncertainty.analysis.scores import item_draws, stack
from uncertainty.analysis.statistics import resampling, spearman_draws

SPEC = specs.StudySpec(analysis=specs.AnalysisSpec(n_bootstrap=50))


def _stack(**columns):
  frame = pd.DataFrame({'item_id': list('abcd'), **columns})
  return stack.stack_results({('d', 'M'): frame})[0]


def test_items_of_a_cluster_are_drawn_together():
  data = _stack(cluster=['p', '', 'p', None])
  np.testing.assert_array_equal(item_draws.clusters(data), [0, 1, 0, 2])
  draws = item_draws.item_draws(data, SPEC)
  np.testing.assert_array_equal(draws[0], draws[2])
  assert (draws[[0, 1, 3]].sum(0) == 3).all()


def test_single_items_and_reproduction_draw_plain_items():
  plain = resampling.bootstrap_counts(4, 50, seed=0)
  reproduction = dataclasses.replace(SPEC, mode='reproduction')
  for columns, spec in (({}, SPEC), ({'cluster': list('pqrs')}, SPEC),
                        ({'cluster': ['p'] * 4}, reproduction)):
    np.testing.assert_array_equal(
        item_draws.item_draws(_stack(**columns), spec), plain)
    assert item_draws.heeded_clusters(_stack(**columns), spec) is None


def test_plain_intervals_of_clustered_items_cover_too_little():
  """50 passages of 4 copies, rho = 0, 100 studies at 95 %."""
  rng = np.random.default_rng(0)
  groups = np.repeat(np.arange(50), 4)
  covered = {'plain': 0, 'clusters': 0}
  draws = {'plain': resampling.bootstrap_counts(200, 200, seed=0),
           'clusters': resampling.bootstrap_counts(
               200, 200, seed=0, groups_N=groups)}
  for _ in range(100):
    x_N, y_N = rng.normal(size=(2, 50))[:, groups]
    for name, counts_NR in draws.items():
      rho_R = spearman_draws.bootstrap_spearman(
          x_N[None], y_N[None], counts_NR)[0, 0]
      ends = resampling.percentile_interval(rho_R, .95)
      covered[name] += bool(ends.low < 0 < ends.high)
  assert covered['plain'] < 80  # .68 in large simulations
  assert covered['clusters'] >= 89
