"""Plugins: found, refused, and what their measures and tasks lead to."""

import dataclasses
import math
import types

import pandas as pd
import pytest

from uncertainty import data, plugins
from uncertainty.errors import UserError
from uncertainty.inference import TASKS
from uncertainty.inference.tasks import prompt_texts
from uncertainty.measures import registry
from uncertainty.measures.registry import Measure
from uncertainty.models import families
from uncertainty.prompts import instructions
from uncertainty.specs import DataSpec
from uncertainty.types import Item


@pytest.fixture(autouse=True)
def _own_registries(monkeypatch, tmp_path):
  """What a test registers is forgotten after it."""
  for held in (TASKS, prompt_texts.TEXTS, registry.MEASURES, registry.PRIMARY,
               data.DATASETS, instructions.WORDINGS, families.FAMILIES,
               families.ARCHITECTURES):
    for name in ['mine', 'mine2']:
      monkeypatch.setitem(held, name, None)
      monkeypatch.delitem(held, name)
  monkeypatch.chdir(tmp_path)


def _measure(name='mine', prefixes=('mc',)):
  return Measure(name, 'x', 'here', 1, (0.0, 1.0), 'letters', '1', prefixes)


def _plugin(path, body):
  path.write_text('from uncertainty.types import Item\n\ndef register(to):\n'
                  + body)


def test_a_data_set_by_module_or_path(tmp_path):
  _plugin(tmp_path / 'by_name.py',
          '  to.dataset("mine", lambda spec: [Item("a", spec.subset or "b?")])')
  _plugin(tmp_path / 'by_path.py',
          '  to.dataset("mine2", lambda spec: [Item("c", "d?")])')
  plugins.load(f'by_name, {tmp_path}/by_path.py')
  plugins.load('by_name')  # once is enough, and twice no clash
  assert data.load(DataSpec('mine')) == [Item('a', 'b?')]
  assert data.load(DataSpec('mine2')) == [Item('c', 'd?')]
  assert data.source_files(DataSpec('mine')) == {}
  assert instructions.WORDINGS['mine'] is instructions.PAPER


@pytest.mark.parametrize('content, message', [
    ('x = 1\n', r'wrong, which defines no register\(to\)'),
    ('import nosuchmodule\n', 'ModuleNotFoundError.*correct the module'),
    ('def register(to):\n  to.x()\n', 'AttributeError'),
    ('def register(to):\n  to.dataset("coane", None)\n',
     "there is a data set named 'coane' already"),
    ('def register(to):\n  to.task("free", None, None)\n',
     "there is a task named 'free' already"),
])
def test_a_wrong_plugin_is_an_error_that_names_it(tmp_path, content, message):
  (tmp_path / 'wrong.py').write_text(content)
  with pytest.raises(UserError, match=message):
    plugins.load(str(tmp_path / 'wrong.py') if 'defines' not in message
                 else 'wrong')


def test_a_missing_plugin_is_an_error():
  with pytest.raises(UserError, match='no such module in this folder'):
    plugins.load('nosuchplugin')
  with pytest.raises(UserError, match='there is no such file'):
    plugins.load('no/such.py')


def _registry(name='test'):
  return plugins.Registry(types.ModuleType(name))


def test_measures_are_computed_where_their_columns_are(monkeypatch):
  to = _registry()
  to.measure(_measure(), lambda row: row['x'] / 4, needs=['x'])
  table = pd.DataFrame({'item_id': ['a', 'b'], 'x': [1.0, math.nan]})
  found = plugins.measured(table)['mc_mine']
  assert found[0] == 0.25 and math.isnan(found[1])
  assert 'mc_mine' not in plugins.measured(table.drop(columns='x'))
  for wrong, message in ((lambda row: row['y'], "item a: KeyError: 'y'"),
                         (lambda row: math.inf, 'item a is infinite')):
    del registry.MEASURES['mine']
    to.measure(_measure(), wrong, needs=['x'])
    with pytest.raises(UserError, match=f'mc_mine of {message}'):
      plugins.measured(table)
  del registry.MEASURES['mine']
  to.measure(_measure(), lambda row: math.nan, needs=['nothing_has_it'])
  with pytest.raises(UserError, match='takes one prefix'):
    to.measure(_measure('mine2', ('mc', 'fr')), max, needs=[])


def test_a_task_has_its_texts_its_primary_and_its_version():
  to = plugins.Registry(registry_module := types.ModuleType('test'))
  registry_module.__file__ = __file__
  to.task('mine', TASKS['letters'], lambda *_: [('a',)], primary='mc_x')
  assert TASKS['mine'] is TASKS['letters']
  assert prompt_texts.prompt_texts(None, [], None, 'mine') == [('a',)]
  assert registry.PRIMARY['mine'] == 'mc_x'
  assert len(plugins.code_of('task', 'mine')) == 32
  assert plugins.code_of('task', 'free') == ''


def test_a_family_has_its_architectures():
  family = families.FAMILIES['llama']
  to = _registry()
  with pytest.raises(UserError, match='family named .llama. already'):
    to.family(family, 'Mine')
  assert plugins.code_of('family', 'llama') == ''
  to = plugins.Registry(module := types.ModuleType('test'))
  module.__file__ = __file__
  to.family(dataclasses.replace(family, name='mine'), 'mine2')
  assert families.ARCHITECTURES['mine2'] == 'mine'
  assert len(plugins.code_of('family', 'mine')) == 32
