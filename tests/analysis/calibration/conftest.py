"""Confidences of several rows, half of them with ties."""

import numpy as np
import pytest


@pytest.fixture
def binned_data():
  """Makes (confidence, grade), each [rows, n_items]."""
  def make(rows=6, n_items=97, ties=True):
    rng = np.random.default_rng(2)
    confidence = rng.beta(2, 1, (rows, n_items))
    if ties:
      confidence[::2] = np.round(confidence[::2], 1)
    correct = (rng.random((rows, n_items)) < confidence ** 1.5).astype(float)
    return confidence, correct
  return make
