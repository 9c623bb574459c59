"""What --help prints: everything there is to choose, and nothing stale."""

import dataclasses
import re
import shlex

import pytest

from uncertainty import config_files, console, help_text, specs, study
from uncertainty.errors import UserError

_FIELDS = specs.flatten(dataclasses.asdict(specs.StudySpec()))


def test_the_overview_names_every_stage_config_and_field():
  text = help_text.overview()
  for name in (*help_text.STAGES, *config_files.names()):
    assert f'\n  {name} ' in text, name
  for name, value in _FIELDS.items():
    assert f'\n  {name}={value!r}' in text, name
  assert max(map(len, text.splitlines())) <= 80


def test_its_stages_are_those_that_there_are(tmp_path):
  with pytest.raises(UserError) as error:
    study.run(specs.StudySpec(), tmp_path, ['zzz'])
  stages = str(error.value).partition('known: ')[2].split(', ')
  assert stages == list(help_text.STAGES)


def test_its_examples_are_commands_that_parse():
  block = re.search(r'Examples\n(.*?)\n\n', help_text.overview(), re.S)
  assert block
  commands = block[1].replace('\\\n', '').splitlines()
  assert len(commands) == 5
  for command in commands:
    program, *arguments = shlex.split(command.split('    the ')[0])
    assert program == 'uncertainty'
    console.check([program, *arguments])
    config_files.load(arguments[0].removeprefix('--config='))


def test_a_config_shows_its_words_arguments_and_values():
  config = config_files.load('coane:free')
  config.data.limit = 7
  text = help_text.of_config('coane:free', config.to_dict())
  assert text.startswith("--config=coane:free\n\nThe paper's main question")
  assert ':quicktest, :paper, :free' in text
  assert re.search(r"prompt\.answer='letters,free' \*\n\s+tasks", text)
  assert re.search(r'data\.limit=7 \* +the first so many', text)
  assert re.search(r'seed=0 +of prompts', text)
  assert all(f'  {name}=' in text for name in _FIELDS)
