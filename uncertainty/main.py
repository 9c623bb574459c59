"""Runs a study: uncertainty --config=quickstart --workdir=runs/quickstart."""

from uncertainty import stopping

if __name__ == '__main__':
  stopping.exit_on_signals()  # before what takes long to import

import sys
from typing import NoReturn

from absl import app, flags
from ml_collections import config_flags

from uncertainty import config_files, console, errors, help_text, specs, study
from uncertainty.errors import UserError

_CONFIG = config_flags.DEFINE_config_file('config', None, 'NAME or PATH.py.')
_WORKDIR = flags.DEFINE_string('workdir', None, 'Folder of the run.')
_STAGES = flags.DEFINE_list(
    'stages', list(study.STAGES), 'Or check, tune, verify.')
_LIST = flags.DEFINE_bool('list_measures', False, 'Print all measures.')
_DISTRIBUTED = flags.DEFINE_bool('distributed', False, 'Join a cluster.')


def _parse_flags(argv: list[str]) -> list[str]:
  flags.FLAGS['config'].parser = config_files.Parser()
  asked = [argument for argument in argv if argument not in console.HELP]
  try:
    console.check(asked)
    left = flags.FLAGS(asked)
    if len(asked) < len(argv):
      console.show(help_text.shown(flags.FLAGS['config']))
      sys.exit()
    return left
  except UserError as error:
    _fail(error)
  except (flags.Error, KeyError, AttributeError, TypeError, ValueError) as e:
    _fail(f'{e}; see --help')


def _fail(message: object) -> NoReturn:
  sys.exit(f'error: {" ".join(errors.shortened(str(message)).split())}')


def _main(_: list[str]) -> None:
  try:
    if _LIST.value:
      from uncertainty.measures import registry  # which --help waits not for

      return console.show(registry.table())
    if not _STAGES.value:
      _fail(f'--stages names none; give some of {",".join(help_text.STAGES)}')
    if not (_CONFIG.value and _WORKDIR.value):
      _fail('give --config=NAME or PATH.py, and --workdir=DIR; see --help')
    spec = specs.parse(_CONFIG.value.to_dict())
    study.run(spec, _WORKDIR.value, _STAGES.value, cluster=_DISTRIBUTED.value)
  except UserError as error:
    _fail(error)


def main() -> None:
  """Runs the program."""
  console.prepare()
  app.run(_main, flags_parser=_parse_flags)


if __name__ == '__main__':
  main()
