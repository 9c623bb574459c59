"""Runs a study: python -m uncertainty.main --config=configs/quickstart.py."""

import os
import sys
from typing import NoReturn

import jax
from absl import app, flags, logging
from ml_collections import config_flags

from uncertainty import specs, study
from uncertainty.measures import registry
from uncertainty.models import sharding
from uncertainty.types import UserError

_CONFIG = config_flags.DEFINE_config_file(
    'config', None, 'The question asked: configs/NAME.py[:arg].')
_WORKDIR = flags.DEFINE_string('workdir', None, 'Folder of the run.')
_STAGES = flags.DEFINE_list('stages', list(study.STAGES), 'What to run.')
_LIST = flags.DEFINE_bool('list_measures', False, 'Print all measures.')
_DISTRIBUTED = flags.DEFINE_bool('distributed', False, 'Join a cluster.')


def _parse_flags(argv: list[str]) -> list[str]:
  try:
    return flags.FLAGS(argv)
  except (flags.Error, KeyError, AttributeError, TypeError, ValueError,
          FileNotFoundError) as error:
    _fail(f'{error}; see configs/ and --help')


def _fail(message: object) -> NoReturn:
  sys.exit(f'error: {" ".join(str(message).split())}')


def _main(argv: list[str]) -> None:
  if _LIST.value:
    print(registry.table())
    return
  if len(argv) > 1 or not (_CONFIG.value and _WORKDIR.value):
    _fail('give --config=configs/NAME.py and --workdir=DIR')
  try:
    if _DISTRIBUTED.value:
      sharding.join_cluster()
    spec = specs.parse(_CONFIG.value.to_dict())
    study.run(spec, _WORKDIR.value, _STAGES.value)
  except UserError as error:
    _fail(error)


def main() -> None:
  logging.set_verbosity(logging.INFO)
  # Compiled programs are kept between runs, next to other programs' caches.
  cache = os.environ.get('XDG_CACHE_HOME', os.path.expanduser('~/.cache'))
  jax.config.update('jax_compilation_cache_dir', f'{cache}/uncertainty/xla')
  app.run(_main, flags_parser=_parse_flags)


if __name__ == '__main__':
  main()
