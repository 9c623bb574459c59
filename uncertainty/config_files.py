"""Configs by name or path: `coane:free`, `mine/study.py:quicktest`.

The package's own lie in `configs/` of a checkout, and in the installed
package (setup.py maps the folder to `uncertainty.configs`).
"""

import contextlib
import difflib
import importlib.machinery
import importlib.util
import pathlib
import sys
import types
from collections.abc import Iterator

from absl import flags
from ml_collections import config_dict

from uncertainty.errors import UserError

_PACKAGE = pathlib.Path(__file__).parent
_NO_CONFIGS = ('__init__', 'common')


def folder() -> pathlib.Path:
  """Where the package's own configs are: installed with it, or beside it."""
  installed = _PACKAGE / 'configs'
  return installed if installed.is_dir() else _PACKAGE.parent / 'configs'


def names() -> tuple[str, ...]:
  """The package's own configs, in alphabetical order."""
  return tuple(sorted(
      path.stem for path in folder().glob('*.py')
      if path.stem not in _NO_CONFIGS))


def find(name: str) -> pathlib.Path:
  """The file of a config.

  Args:
    name: one of `names()`, or a path: what ends in .py or holds a slash.

  Returns:
    A file that exists.

  Raises:
    UserError: there is none; names the nearest.

  Example:
    >>> find('coane').name
    'coane.py'
  """
  if '/' in name or name.endswith('.py'):
    path = pathlib.Path(name)
    if path.is_file():
      return path
    problem, stem = f'no config file {name!r}', path.stem
  elif name in names():
    return folder() / f'{name}.py'
  else:
    problem, stem = f'no config named {name!r}', name
  near = difflib.get_close_matches(stem, names(), n=1)
  hint = f'did you mean --config={near[0]}?' if near else (
      f"the package's own are {', '.join(names())}; a file's path works too")
  raise UserError(f'{problem}; {hint}')


def load(text: str) -> config_dict.ConfigDict:
  """Runs a config file and returns its config, locked.

  Args:
    text: NAME or PATH, or NAME:ARG, where ARG goes to the file's
      `get_config`, such as `coane:paper,free`.

  Returns:
    What `get_config` returns; setting a field that it lacks is an error.

  Raises:
    UserError: no such config, a file without `get_config`, or an argument
      that it does not know.

  Example:
    >>> load('coane:free').prompt.answer
    'letters,free'
  """
  name, colon, arg = text.partition(':')
  path = find(name)
  spec = importlib.util.spec_from_file_location('config', path)
  if spec is None or spec.loader is None:
    raise UserError(f'{path} is no Python file; give a config ending in .py')
  module = importlib.util.module_from_spec(spec)
  with _common_in_reach(path.parent):
    spec.loader.exec_module(module)
    if not hasattr(module, 'get_config'):
      raise UserError(
          f'{path} defines no get_config(arg); begin as configs/table.py does')
    try:
      config = module.get_config(*([arg] if colon else []))
    except ValueError as error:
      raise UserError(f'{text}: {error}') from error
  return config.lock()


class Parser(flags.ArgumentParser):
  """Lets a config flag of ml_collections take what `load` takes."""

  def parse(self, argument: str) -> config_dict.ConfigDict:
    """Loads the config that the flag names, as `load` does."""
    return load(argument)


@contextlib.contextmanager
def _common_in_reach(beside: pathlib.Path) -> Iterator[None]:
  """Lets a config say `from configs import common`, wherever it lies.

  `configs` is the config's own folder first, then the package's. Only for as
  long as the file runs: no package of that name is installed, and one that a
  program has of its own comes back.
  """
  held = {name: module for name, module in sys.modules.items()
          if name.split('.')[0] == 'configs'}
  for name in held:
    del sys.modules[name]
  spec = importlib.machinery.ModuleSpec('configs', None, is_package=True)
  spec.submodule_search_locations = [str(beside), str(folder())]
  package: types.ModuleType = importlib.util.module_from_spec(spec)
  sys.modules['configs'] = package
  try:
    yield
  finally:
    for name in [n for n in sys.modules if n.split('.')[0] == 'configs']:
      del sys.modules[name]
    sys.modules.update(held)
