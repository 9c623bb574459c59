"""Modules of one's own, named by `config.plugins`; the package stays as it is.

A plugin is a Python module, or the path of one, that defines
`register(to: plugins.Registry)`. It runs once in each start of the program,
before anything is looked up by name.
"""

import hashlib
import importlib
import importlib.util
import inspect
import math
import pathlib
import sys
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from uncertainty import specs
from uncertainty.data import registry as datasets
from uncertainty.errors import UserError
from uncertainty.inference.tasks import prompt_texts
from uncertainty.inference.tasks.registry import TASKS
from uncertainty.inference.tasks.task import Task
from uncertainty.measures import registry as measures
from uncertainty.models import families
from uncertainty.prompts import instructions
from uncertainty.results import columns
from uncertainty.specs import DataSpec
from uncertainty.types import Item

# A row of results → a measure's value.
Compute = Callable[[Mapping[str, Any]], float]
Texts = Callable[..., list[tuple[str, ...]]]

_LOADED: dict[str, types.ModuleType] = {}
_COMPUTED: dict[str, tuple[tuple[str, ...], Compute]] = {}
# (task or family, name) → digest of its plugin
_CODE: dict[tuple[str, str], str] = {}


class Registry:
  """What a plugin's `register` is handed; each method adds one thing."""

  def __init__(self, module: types.ModuleType):
    """That of one plugin."""
    self._module = module

  def measure(self, measure: measures.Measure, compute: Compute, *,
              needs: Sequence[str]) -> None:
    """Adds a measure of what a row of results already holds.

    It is computed anew whenever a results table is written, so that no model
    is asked again for it.

    Args:
      measure: what it is; over one prefix.
      compute: from a row, column → value, to a number; NaN if there is none.
      needs: columns that it reads. Tables without one of them go without it.

    Raises:
      UserError: there is such a measure already, or it has several prefixes.
    """
    self._new('measure', measure.name, measures.MEASURES)
    if len(measure.prefixes) != 1:
      raise UserError(f'{self._module.__name__}: the measure {measure.name} '
                      'takes one prefix; make one measure of each')
    measures.MEASURES[measure.name] = measure
    column = measures.column(measure.prefixes[0], measure.name)
    _COMPUTED[column] = (tuple(needs), compute)

  def task(self, name: str, run: Task, texts: Texts, *,
           primary: str = '') -> None:
    """Adds a way of asking, for `config.prompt.answer`.

    Args:
      name: of it.
      run: as `inference.tasks.task.Task` says. Its rows are asked again where
        the plugin's file changed.
      texts: (model, items, spec, name) → what the model reads of each item;
        the digests of rows come from it.
      primary: results column that it is judged by; '' for none.

    Raises:
      UserError: there is such a task already.
    """
    self._new('task', name, TASKS)
    TASKS[name] = run
    prompt_texts.TEXTS[name] = texts
    if primary:
      measures.PRIMARY[name] = primary
    self._keep_code('task', name)

  def dataset(self, name: str, load: Callable[[DataSpec], Iterable[Item]], *,
              wording: instructions.Wording = instructions.PAPER) -> None:
    """Adds a data set, for `config.data.name`.

    Args:
      name: of it.
      load: from the section `data` of a config to items.
      wording: of its prompts.

    Raises:
      UserError: there is such a data set already.
    """
    self._new('data set', name, datasets.DATASETS)
    datasets.DATASETS[name] = load
    instructions.WORDINGS[name] = wording

  def family(self, family: families.Family, *architectures: str) -> None:
    """Adds a family of models; where the file changed, all is asked again.

    Args:
      family: how its config and tensors are read.
      *architectures: names in `config.json` that are of it.

    Raises:
      UserError: there is such a family or architecture already.
    """
    self._new('family', family.name, families.FAMILIES)
    for name in architectures:
      self._new('architecture', name, families.ARCHITECTURES)
    families.FAMILIES[family.name] = family
    families.ARCHITECTURES.update(dict.fromkeys(architectures, family.name))
    self._keep_code('family', family.name)

  def _keep_code(self, kind: str, name: str) -> None:
    source = inspect.getsourcefile(self._module)
    content = pathlib.Path(source).read_bytes() if source else b''
    _CODE[kind, name] = hashlib.blake2b(content, digest_size=16).hexdigest()

  def _new(self, kind: str, name: str, known: Mapping[str, Any]) -> None:
    if name in known:
      raise UserError(f'{self._module.__name__}: there is a {kind} named '
                      f'{name!r} already; choose another name')


def load(names: str) -> None:
  """Imports plugins and lets them register; once for each.

  Args:
    names: of modules, or paths of Python files, between commas.

  Raises:
    UserError: no such module, one that cannot be imported or registers what
      there is already.
  """
  for name in specs.listed(names):
    if name not in _LOADED:
      module = _imported(name)
      register = getattr(module, 'register', None)
      if not callable(register):
        raise UserError(f'config.plugins names {name}, which defines no '
                        'register(to)')
      try:
        register(Registry(module))
      except UserError:
        raise
      except Exception as error:  # a plugin is a stranger's program
        raise _failed(name, error) from error
      _LOADED[name] = module


def _imported(name: str) -> types.ModuleType:
  path = pathlib.Path(name)
  try:
    if path.suffix != '.py':
      # A console script does not look where it is started.
      sys.path.insert(0, str(pathlib.Path.cwd()))
      try:
        return importlib.import_module(name)
      finally:
        sys.path.remove(str(pathlib.Path.cwd()))
    if not path.is_file():
      raise UserError(f'config.plugins={name}: there is no such file')
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module
  except UserError:
    raise
  except ModuleNotFoundError as error:
    if error.name == name.split('.')[0]:
      raise UserError(
          f'config.plugins={name}: there is no such module in this folder or '
          'environment; give the path of its file, such as mine/plugin.py'
      ) from error
    raise _failed(name, error) from error
  except Exception as error:  # a plugin is a stranger's program
    raise _failed(name, error) from error


def _failed(name: str, error: BaseException) -> UserError:
  return UserError(f'config.plugins={name}: {type(error).__name__}: {error}; '
                   'correct the module')


def measured(table: pd.DataFrame) -> pd.DataFrame:
  """A results table with the measures of plugins.

  Args:
    table: a row an item.

  Returns:
    The table, with a column for each of their measures whose needs it has.

  Raises:
    UserError: one that raises, or gives no number; names measure and item.
  """
  rows = table.to_dict('records')
  added = {}
  for column, (needs, compute) in _COMPUTED.items():
    if set(needs) <= set(table):
      added[column] = [_value(column, compute, row) for row in rows]
  return table.assign(**added)


def _value(column: str, compute: Compute, row: Mapping[Any, Any]) -> float:
  try:
    value = float(compute(row))
  except Exception as error:  # a plugin is a stranger's program
    raise UserError(
        f'the measure {column} of item {row[columns.ITEM_ID]}: '
        f'{type(error).__name__}: {error}; correct the plugin') from error
  if math.isinf(value):
    raise UserError(f'the measure {column} of item {row[columns.ITEM_ID]} is '
                    'infinite; give NaN where there is none')
  return value


def code_of(kind: str, name: str) -> str:
  """Which version of a plugin a task or a family of models comes from.

  Args:
    kind: 'task' or 'family'.
    name: of `TASKS` or of a family.

  Returns:
    A digest of the plugin's file; '' for those of the package.
  """
  return _CODE.get((kind, name), '')
