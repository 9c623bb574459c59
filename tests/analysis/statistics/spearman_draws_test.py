"""Draws of Spearman against SciPy on resampled items, with ties and gaps."""

import warnings

import numpy as np
import pytest
import scipy.stats

from uncertainty.analysis.statistics import (
  ranking,
  resampling,
  spearman_draws,
)


def test_every_draw_equals_scipy_on_the_resampled_items(monkeypatch, ragged):
  measures, signals = ragged
  counts = resampling.bootstrap_counts(60, 7, seed=1)
  # Several blocks of draws, the last one short.
  monkeypatch.setattr(spearman_draws, '_BLOCK', 3 * 60)
  monkeypatch.setattr(spearman_draws, '_LEAST_DRAWS', 1)
  draws = spearman_draws.bootstrap_spearman(measures, signals, counts)
  assert draws.shape == (6, 4, 7)
  assert np.isnan(draws[4:]).all()
  for r in range(7):
    items = np.repeat(np.arange(60), counts[:, r])
    for m in range(4):
      for s in range(4):
        x, y = measures[m, items], signals[s, items]
        known = ~(np.isnan(x) | np.isnan(y))
        assert draws[m, s, r] == pytest.approx(
            scipy.stats.spearmanr(x[known], y[known]).statistic, abs=3e-6)


def test_unit_weights_give_the_point_estimate(ragged):
  measures, signals = ragged
  draws = spearman_draws.bootstrap_spearman(
      measures, signals, np.ones((60, 1), np.int32))
  np.testing.assert_allclose(
      draws[..., 0], ranking.spearman(measures, signals).rho_MS, atol=2e-6)


def test_intervals_cover_the_populations_rho():
  rng = np.random.default_rng(5)
  slope = 0.5
  truth = 6 / np.pi * np.arcsin(slope / 2)  # of a bivariate normal
  counts = resampling.bootstrap_counts(120, 300, seed=0)
  covered = []
  for _ in range(150):
    x = rng.normal(size=(1, 120))
    y = slope * x + np.sqrt(1 - slope ** 2) * rng.normal(size=(1, 120))
    draws = spearman_draws.bootstrap_spearman(x, y, counts)[0, 0]
    interval = resampling.percentile_interval(draws, 0.95)
    covered.append(interval.low <= truth <= interval.high)
  assert 0.90 <= np.mean(covered) <= 0.99


@pytest.mark.parametrize('seed', range(4))
def test_signals_that_lack_items_equal_scipy(seed):
  # Whatever is missing: an eighth of the items more or less, alone or in ties.
  rng = np.random.default_rng(seed)
  n_items = int(rng.integers(20, 60))
  measures, signals = rng.normal(size=(2, 5, n_items))
  measures[1:3] = measures[1:3].round(rng.integers(2))
  signals[1::2] = signals[1::2].round(rng.integers(2))
  measures[3:][rng.random((2, n_items)) < .1] = np.nan
  signals[rng.random(signals.shape) < rng.random((5, 1)) / 3] = np.nan
  counts = resampling.bootstrap_counts(n_items, 5, seed=seed)
  draws = spearman_draws.bootstrap_spearman(measures, signals, counts)
  for (m, s, r), found in np.ndenumerate(draws):
    items = np.repeat(np.arange(n_items), counts[:, r])
    x, y = measures[m, items], signals[s, items]
    known = ~(np.isnan(x) | np.isnan(y))
    x, y = x[known], y[known]
    expected = (np.nan if np.ptp(x) == 0 or np.ptp(y) == 0
                else scipy.stats.spearmanr(x, y).statistic)
    assert found == pytest.approx(expected, abs=1e-6, nan_ok=True)


def test_many_items_do_not_drift():
  # Sums of float32 over thousands of items, against ranks in float64.
  rng = np.random.default_rng(0)
  x = rng.normal(size=(1, 5000)).round(2)
  y = rng.normal(size=(1, 5000)) + .1 * x
  counts = resampling.bootstrap_counts(5000, 3, seed=0)
  draws = spearman_draws.bootstrap_spearman(x, y, counts)[0, 0]
  for r in range(3):
    items = np.repeat(np.arange(5000), counts[:, r])
    assert draws[r] == pytest.approx(scipy.stats.spearmanr(
        x[0, items], y[0, items]).statistic, abs=1e-6)


@pytest.mark.filterwarnings('ignore:Degrees of freedom')
def test_the_error_is_numpys_without_its_warnings():
  draws = np.random.default_rng(3).uniform(
      -1, 1, (6, 40)).astype(np.float32)
  draws[0], draws[1, 1:], draws[2, ::3], draws[3] = np.nan, np.nan, np.nan, .5
  z = np.arctanh(np.clip(
      draws, -spearman_draws.LIMIT, spearman_draws.LIMIT))
  expected = np.nanstd(z, axis=1, ddof=1, dtype=np.float64)
  with warnings.catch_warnings():
    warnings.simplefilter('error')
    found, _ = spearman_draws.fisher_error(draws, np.full(6, 30))
  np.testing.assert_array_equal(found, expected)
