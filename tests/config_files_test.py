"""Configs by name and path, and what they may import."""

import pathlib
import sys
import types

import pytest

from uncertainty import config_files, specs
from uncertainty.errors import UserError

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
    ('quikstart:quicktest', 'did you mean --config=quickstart?'),
    ('nowhere/vadr.py', 'did you mean --config=vader?'),
    ('zzz', 'own are camchoice, chaosnli'),
    ('coane:fre', "unknown config argument 'fre'"),
    (str(_CONFIGS / 'common.py'), 'defines no get_config'),
])
def test_a_mistake_says_what_was_meant(text, message):
  with pytest.raises(UserError) as error:
    config_files.load(text)
  assert message in str(error.value)


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
