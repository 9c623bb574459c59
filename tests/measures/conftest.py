"""LM-Polygraph's estimators, without what the rest of it needs."""

import importlib
import importlib.util
import pathlib
import sys
import types

import pytest


@pytest.fixture(scope='session')
def polygraph():
  """`polygraph('deg_mat').DegMat` is lm_polygraph.estimators.deg_mat.DegMat.

  The package comes without its own needs (clients of servers, engines), which
  its `__init__` files import: they are passed over, its modules are its own.
  """
  found = importlib.util.find_spec('lm_polygraph')
  assert found and found.submodule_search_locations
  root = pathlib.Path(next(iter(found.submodule_search_locations)))
  added = []
  for name in ('lm_polygraph', 'lm_polygraph.estimators',
               'lm_polygraph.utils'):
    package = types.ModuleType(name)
    package.__path__ = [str(root.joinpath(*name.split('.')[1:]))]
    if name not in sys.modules:
      sys.modules[name] = package
      added.append(name)
  yield lambda module: importlib.import_module(
      f'lm_polygraph.estimators.{module}')
  for name in [m for m in sys.modules if m in added or any(
      m.startswith(f'{a}.') for a in added)]:
    del sys.modules[name]
