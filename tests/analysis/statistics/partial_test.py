"""Partial correlations against regressions; their intervals cover."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from uncertainty.analysis.statistics import partial


def test_fisher_interval_covers():
  rng = np.random.default_rng(2)
  truth = 6 / np.pi * np.arcsin(.5 / 2)  # Spearman of a normal with r = .5
  hits = 0
  for _ in range(400):
    x = rng.normal(size=60)
    y = .5 * x + np.sqrt(.75) * rng.normal(size=60)
    low, high = partial.fisher_interval(
        stats.spearmanr(x, y)[0], 60, .95)
    hits += low <= truth <= high
  assert .92 <= hits / 400 <= .98


def test_partial_correlation_is_that_of_the_residuals():
  rng = np.random.default_rng(0)
  z = rng.normal(size=40)
  x, y = z + rng.normal(size=40), rng.normal(size=40) - .5 * z
  r = np.corrcoef([x, y, z])
  found = partial.partial_correlation(r[0, 1], r[0, 2], r[1, 2])
  fit = sm.OLS(y, np.column_stack([np.ones(40), x, z])).fit()
  assert found == pytest.approx(
      fit.tvalues[1] / np.hypot(fit.tvalues[1], np.sqrt(37)), abs=1e-12)
  assert partial.partial_p_value(found, 40) == pytest.approx(fit.pvalues[1])


def test_each_control_costs_a_degree_of_freedom():
  rng = np.random.default_rng(1)
  x, z, w = rng.normal(size=(3, 20))
  y = x + z + w + rng.normal(size=20)
  fit = sm.OLS(y, np.column_stack([np.ones(20), x, z, w])).fit()
  r = fit.tvalues[1] / np.hypot(fit.tvalues[1], 4)
  assert partial.partial_p_value(r, 20, 2) == pytest.approx(fit.pvalues[1])
  # A control that determines a side leaves nothing, and does not warn.
  assert np.isnan(partial.partial_correlation(1., 1., 1.))
  assert partial.partial_p_value(1., 20) == 0


def test_measures_alike_share_items_and_control():
  values = np.array([[1., 2., 3., 4.], [4., 3., 2., 1.], [1., np.nan, 3., 4.],
                     [5., 6., 7., 8.]])
  people = np.array([1., 1., np.nan, 2.])
  control = np.array([[0., 1., 2., 3.]] * 3 + [[3., 2., 1., 0.]])
  blocks = list(partial.alike(values, people, control))
  assert [b.rows.tolist() for b in blocks] == [[0, 1], [2], [3]]
  assert [b.items.tolist() for b in blocks] == [[0, 1, 3], [0, 3], [0, 1, 3]]
  assert [b.control_N.tolist() for b in blocks] == [
      [0, 1, 3], [0, 3], [3, 2, 0]]


def test_fisher_interval_by_hand_and_where_there_is_none():
  half = 1.959963984540054 * np.sqrt((1 + .5**2 / 2) / 25)
  np.testing.assert_allclose(
      partial.fisher_interval(.5, 28, .95),
      np.tanh([np.arctanh(.5) - half, np.arctanh(.5) + half]), rtol=1e-12)
  assert np.isfinite(partial.fisher_interval(.5, 4, .95)).all()
  for r, n in ((.5, 3), (1., 9), (-1., 9), (np.nan, 9)):
    assert np.isnan(partial.fisher_interval(r, n, .95)).all()
