"""Modules that several tests of inference share."""

import importlib.util
import pathlib
import sys

import pytest


def _module(name):
  path = pathlib.Path(__file__).parent / f'{name}.py'
  spec = importlib.util.spec_from_file_location(name, path)
  module = importlib.util.module_from_spec(spec)
  sys.modules[name] = module
  spec.loader.exec_module(module)
  return module


@pytest.fixture(scope='session')
def tiny():
  """The module that makes tiny models."""
  return _module('tiny_model')


@pytest.fixture(scope='session')
def asked():
  """Open and closed items for the tasks that generate, and how to ask."""
  return _module('generation_items')


@pytest.fixture(scope='session')
def choices():
  """Closed items for the choice tasks, and how to ask."""
  return _module('choice_items')


@pytest.fixture(scope='session')
def answering(tiny):
  """A model whose generated answers vary."""
  return tiny.make(seed=1)
