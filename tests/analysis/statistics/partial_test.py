"""Intervals of rank correlations cover."""

import numpy as np
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
