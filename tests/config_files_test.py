"""Configs by name and path, and what they may import."""

import pathlib
import sys
import types

import pytest

from uncertainty import config_files, specs
from uncertainty.errors import UserError

_BEGIN = 'from configs import common\ndef get_config():\n'
_CONFIGS = pathlib.Path(__file__).resolve().parents[1] / 'configs'


def test_names_are_the_files_that_ask_a_question():
  assert set(config_files.names()) == {
      p.stem for p in _CONFIGS.glob('*.py')} - {'common', '__init__'}


@pytest.mark.parametrize('text', ['coane', str(_CONFIGS / 'coane.py')])
def test_a_name_and_a_path_are_the_same_config(text):
  config = config_files.load(f'{text}:free,paper')
  assert config.prompt.answer == 'letters,free'
  assert config.prompt.profile == 'paper'
  assert config.is_locked
  assert specs.parse(config_files.load(text).to_dict()).data.name == 'coane'


@pytest.mark.parametrize('text,message', [
    ('coan', "no config named 'coan'; did you mean --config=coane?"),
    ('coan:free', 'did you mean --config=coane:free?'),
    ('dices', 'mean --config=dices990 or --config=dices350?'),
    ('', "no config named ''"),
    ('quikstart:quicktest', 'did you mean --config=quickstart:quicktest?'),
    ('nowhere/vadr.py', 'did you mean --config=vader?'),
    ('zzz', 'known: camchoice, chaosnli'),
    ('zzz', 'warriner; or give the path of a file of your own'),
    ('coane:fre', "unknown config argument 'fre'; did you mean free?"),
    (str(_CONFIGS / 'common.py'), 'defines no get_config'),
])
def test_a_mistake_says_what_was_meant(text, message):
  with pytest.raises(UserError) as error:
    config_files.load(text)
  assert message in str(error.value)


@pytest.mark.parametrize('content, message', [
    ('def get_config(:\n', 'line 1: SyntaxError'),
    ('\nimport nosuchmodule\n', "line 2: ModuleNotFoundError: No module"),
    ('def get_config():\n  return {}["x"]\n', "line 2: KeyError: 'x'"),
    ('def get_config():\n  return int("x")\n', 'line 2: ValueError: invalid'),
    ('def get_config():\n  return coane\n', "line 2: NameError: name 'coane'"),
    (_BEGIN + '  common.default().data.limt = 3\n',
     "line 3: no config field 'limt'; did you mean limit[?]"),
    (_BEGIN + '  common.default()["data"]["limt"] = 3\n',
     "line 3: no config field 'limt'; did you mean limit[?]"),
    (_BEGIN + '  common.default().dta.limit = 3\n',
     "line 3: no config field 'dta'; did you mean data[?]"),
    (_BEGIN + '  common.default().data.zzz = 3\n',
     "line 3: no config field 'zzz'; see --help"),
    ('def get_config():\n  return None\n', 'returns no ConfigDict')])
def test_a_wrong_file_names_its_line(tmp_path, content, message):
  path = tmp_path / 'mine.py'
  path.write_text(content)
  with pytest.raises(UserError, match=message):
    config_files.load(str(path))


def test_a_wrong_neighbour_is_the_file_that_is_named(tmp_path):
  (tmp_path / 'sizes.py').write_text('\nLIMIT = (\n')
  path = tmp_path / 'mine.py'
  path.write_text('from configs import sizes\n')
  with pytest.raises(UserError, match='sizes.py, line 2: SyntaxError'):
    config_files.load(str(path))


def test_folders_and_tables_are_no_configs(tmp_path):
  with pytest.raises(UserError, match='is a folder; give a Python file'):
    config_files.load(str(tmp_path))
  table = tmp_path / 'mine.csv'
  table.write_text('question\n')
  with pytest.raises(UserError, match='--config=table --config.data.path='):
    config_files.load(str(table))


def test_what_a_config_says_of_itself_is_read_without_running_it(tmp_path):
  path = tmp_path / 'mine.py'
  path.write_text('"""Mine."""\nraise SystemExit\n'
                  'common.parse_arg(arg, fast=True, limit=3)\n')
  assert config_files.about(f'{path}:fast') == 'Mine.'
  assert config_files.arguments(str(path)) == ('fast', 'limit')
  assert config_files.arguments('coane') == ('quicktest', 'paper', 'free')
  path.write_text('(')
  with pytest.raises(UserError, match='line 1: SyntaxError'):
    config_files.about(str(path))


def test_a_config_elsewhere_has_common_and_its_own_neighbours(tmp_path):
  (tmp_path / 'sizes.py').write_text('LIMIT = 7\n')
  path = tmp_path / 'mine.py'
  path.write_text(
      'from configs import common, sizes\n\ndef get_config():\n'
      '  config = common.default()\n  config.data.limit = sizes.LIMIT\n'
      '  return config\n')
  assert config_files.load(str(path)).data.limit == 7


def test_a_programs_own_module_named_configs_stays(monkeypatch):
  mine = types.ModuleType('configs')
  monkeypatch.setitem(sys.modules, 'configs', mine)
  monkeypatch.delitem(sys.modules, 'configs.common', raising=False)
  assert config_files.load('vader').data.name == 'vader'
  assert sys.modules['configs'] is mine
  assert 'configs.common' not in sys.modules
