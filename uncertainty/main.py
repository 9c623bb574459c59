"""Runs a study: uncertainty --config=quickstart --workdir=runs/quickstart."""

import os
import sys
from typing import NoReturn

from absl import app, flags, logging
from ml_collections import config_flags

from uncertainty import config_files, specs, study
from uncertainty.errors import UserError

_CONFIG = config_flags.DEFINE_config_file(
    'config', None, f'{", ".join(config_files.names())} or PATH.py, [:arg].')
_WORKDIR = flags.DEFINE_string('workdir', None, 'Folder of the run.')
_STAGES = flags.DEFINE_list('stages', list(study.STAGES), 'What to run.')
_LIST = flags.DEFINE_bool('list_measures', False, 'Print all measures.')
_DISTRIBUTED = flags.DEFINE_bool('distributed', False, 'Join a cluster.')


def _parse_flags(argv: list[str]) -> list[str]:
  for flag in flags.FLAGS.get_key_flags_for_module(__name__):
    # --help is about the flags of what was started, be it a console script.
    flags.FLAGS.register_key_flag_for_module(sys.argv[0], flag)
  flags.FLAGS['config'].parser = config_files.Parser()
  try:
    return flags.FLAGS(argv)
  except UserError as e:
    _fail(e)
  except (flags.Error, KeyError, AttributeError, TypeError, ValueError) as e:
    _fail(f'{e}; see configs/ and --help')


def _fail(message: object) -> NoReturn:
  sys.exit(f'error: {" ".join(str(message).split())}')


def _main(argv: list[str]) -> None:
  if _LIST.value:
    print(study.measures_table())
    return
  if len(argv) > 1 or not (_CONFIG.value and _WORKDIR.value):
    _fail('give --config=NAME or PATH.py, and --workdir=DIR')
  try:
    spec = specs.parse(_CONFIG.value.to_dict())
    study.run(spec, _WORKDIR.value, _STAGES.value, cluster=_DISTRIBUTED.value)
  except UserError as error:
    _fail(error)


def main() -> None:
  """Runs the program, and keeps what it compiles beside others' caches."""
  logging.set_verbosity(logging.INFO)
  cache = os.environ.get('XDG_CACHE_HOME', os.path.expanduser('~/.cache'))
  os.environ.setdefault('JAX_COMPILATION_CACHE_DIR', f'{cache}/uncertainty/xla')
  app.run(_main, flags_parser=_parse_flags)


if __name__ == '__main__':
  main()
