"""The best split against a regression tree of one cut."""

import numpy as np
import pytest
from sklearn import tree

from uncertainty.probes.fits import threshold


@pytest.mark.parametrize('seed', range(200))
def test_is_a_regression_trees_first_cut(seed):
  rng = np.random.default_rng(seed)
  values = rng.gamma(1 + seed % 3, size=int(rng.integers(2, 50)))
  if seed % 2:  # of ten samples there are few values
    values = np.round(values, 1)
    values[0] += 5
  grown = tree.DecisionTreeRegressor(max_depth=1).fit(values[:, None], values)
  assert threshold.best_split(values) == pytest.approx(
      grown.tree_.threshold[0], abs=1e-6)


@pytest.mark.parametrize('seed', range(20))
def test_no_cut_of_a_grid_leaves_less(seed):
  values = np.random.default_rng(seed).gamma(.7, size=40)

  def within(cut):
    low, high = values[values <= cut], values[values > cut]
    return sum(((x - x.mean()) ** 2).sum() for x in (low, high) if len(x))

  best = within(threshold.best_split(values))
  assert all(best <= within(cut) + 1e-12
             for cut in np.linspace(1e-10, values.max(), 100))


def test_hand_worked():
  assert threshold.best_split(np.array([0, .1, .2, 2, 2.2])) == pytest.approx(
      1.1)


def test_equal_values_have_nothing_above():
  assert threshold.best_split(np.full(4, .7)) == .7
