"""Data that tests of several statistics share."""

import numpy as np
import pytest


@pytest.fixture
def ragged() -> tuple[np.ndarray, np.ndarray]:
  """Measures and signals with ties, gaps of several patterns, constants."""
  rng = np.random.default_rng(3)
  signals = rng.random((4, 60))
  signals[1] = np.round(signals[1], 1)
  signals[2, :7] = np.nan
  signals[3, [5, 40]] = np.nan
  measures = rng.random((6, 60)) + signals[0]
  measures[1] = np.round(3 * measures[1])
  measures[2, 10:20] = np.nan
  measures[3, ::9] = -9
  measures[4] = 0.3
  measures[5] = np.nan
  return measures, signals
