"""Configs by name or path: `coane:free`, `mine/study.py:quicktest`.

The package's own lie in `configs/` of a checkout, and in the installed
package (setup.py maps the folder to `uncertainty.configs`).
"""

import ast
import contextlib
import importlib.machinery
import importlib.util
import pathlib
import re
import sys
import types
from collections.abc import Iterator

from absl import flags
from ml_collections import config_dict

from uncertainty.errors import UserError, hint

_PACKAGE = pathlib.Path(__file__).parent
# What ml_collections says of a field that is not there, read or set.
_FIELD = re.compile(r"""(?:Key )?["'](\w+)["'](?: does not exist|\n|$)""")
_MEANT = re.compile(r'Did you mean "(\w+)"')
_NO_CONFIGS = ('__init__', 'common')


def folder() -> pathlib.Path:
  """Where the package's own configs are: installed with it, or beside it.

  Returns:
    A folder of Python files.
  """
  installed = _PACKAGE / 'configs'
  return installed if installed.is_dir() else _PACKAGE.parent / 'configs'


def names() -> tuple[str, ...]:
  """The package's own configs, in alphabetical order.

  Returns:
    Names without ending.
  """
  return tuple(sorted(
      path.stem for path in folder().glob('*.py')
      if path.stem not in _NO_CONFIGS))


def find(text: str) -> pathlib.Path:
  """The file of a config.

  Args:
    text: one of `names()`, or a path: what ends in .py or holds a slash;
      `:arg` behind it or not.

  Returns:
    A file that exists.

  Raises:
    UserError: there is none; names the nearest.

  Example:
    >>> find('coane').name
    'coane.py'
  """
  name, colon, arg = text.partition(':')
  path = pathlib.Path(name)
  if name in names():
    return folder() / f'{name}.py'
  if name and path.is_dir():
    raise UserError(f'--config={name} is a folder; give a Python file in it,'
                    f' or one of {", ".join(names())}')
  if path.is_file() and path.suffix == '.py':
    return path
  if path.is_file():
    raise UserError(
        f'--config={name} is no Python file; a table of questions goes with '
        f'--config=table --config.data.path={name}')
  kind = 'file' if '/' in name or name.endswith('.py') else 'named'
  near = hint(path.stem, names(), f'--config={{}}{colon}{arg}')
  if not near.endswith('?'):
    near += '; or give the path of a file of your own'
  raise UserError(f'no config {kind} {name!r}; {near}')


def about(text: str) -> str:
  """What a config says of itself.

  Args:
    text: NAME or PATH, `:arg` behind it or not.

  Returns:
    The docstring of its file, which is not run.

  Raises:
    UserError: there is no such config, or it is no Python.
  """
  return ast.get_docstring(_parsed(text)) or ''


def arguments(text: str) -> tuple[str, ...]:
  """What may stand behind a config's name.

  Args:
    text: NAME or PATH, `:arg` behind it or not.

  Returns:
    Names that it hands to `common.parse_arg`; the file is not run.

  Raises:
    UserError: there is no such config, or it is no Python.
  """
  return tuple(
      keyword.arg for node in ast.walk(_parsed(text))
      if isinstance(node, ast.Call)
      and ast.unparse(node.func).split('.')[-1] == 'parse_arg'
      for keyword in node.keywords if keyword.arg)


def _parsed(text: str) -> ast.Module:
  path = find(text)
  try:
    return ast.parse(path.read_text(encoding='utf-8'))
  except (SyntaxError, ValueError) as error:
    raise _broken(path, error) from error


def _broken(path: pathlib.Path, error: BaseException) -> UserError:
  """Says in which line of a config file something is wrong."""
  line, trace, whole = None, error.__traceback__, str(path.resolve())
  while trace is not None:
    if trace.tb_frame.f_code.co_filename in (whole, str(path)):
      line = trace.tb_lineno
    trace = trace.tb_next
  said: object = error
  if isinstance(error, SyntaxError):  # perhaps of a file that this one imports
    path, line, said = pathlib.Path(error.filename or path), error.lineno, (
        error.msg)
  place = f'{path}, line {line}' if line else str(path)
  inner = error
  while inner.args and isinstance(inner.args[0], Exception):
    inner = inner.args[0]  # an AttributeError holds the KeyError
  text = str(next(iter(inner.args), ''))
  if field := _FIELD.match(text):
    near = _MEANT.search(text)
    return UserError(f'{place}: no config field {field[1]!r}; ' + (
        f'did you mean {near[1]}?' if near else 'see --help'))
  return UserError(f'{place}: {type(error).__name__}: {said}; correct the file')


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
  _, colon, arg = text.partition(':')
  path = find(text)
  spec = importlib.util.spec_from_file_location('config', path)
  if spec is None or spec.loader is None:
    raise UserError(f'{path} is no Python file; give a config ending in .py')
  module = importlib.util.module_from_spec(spec)
  with _common_in_reach(path.parent):
    try:
      spec.loader.exec_module(module)
    except Exception as error:  # a config is a program, and may be a wrong one
      raise _broken(path, error) from error
    if not hasattr(module, 'get_config'):
      raise UserError(
          f'{path} defines no get_config(arg); begin as configs/table.py does')
    try:
      config = module.get_config(*([arg] if colon else []))
    except UserError as error:
      raise UserError(f'{text}: {error}') from error
    except Exception as error:
      raise _broken(path, error) from error
  if not isinstance(config, config_dict.ConfigDict):
    raise UserError(f'{path}: get_config returns no ConfigDict; begin with '
                    'config = common.default() and return it')
  return config.lock()


class Parser(flags.ArgumentParser):
  """Lets a config flag of ml_collections take what `load` takes."""

  def parse(self, argument: str) -> config_dict.ConfigDict:
    """Loads the config that the flag names, as `load` does.

    Args:
      argument: NAME or PATH, or NAME:ARG.

    Returns:
      The config, locked.

    Raises:
      UserError: see `load`.
    """
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
