import importlib.util
import pathlib
import sys

import pytest

_PATH = pathlib.Path(__file__).parent / 'tiny_model.py'


@pytest.fixture(scope='session')
def tiny():
  """The module that makes tiny models."""
  spec = importlib.util.spec_from_file_location('tiny_model', _PATH)
  module = importlib.util.module_from_spec(spec)
  sys.modules['tiny_model'] = module
  spec.loader.exec_module(module)
  return module
