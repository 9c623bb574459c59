"""What the terminal takes and shows: arguments, and lines of a log."""

import importlib.util
import logging as python_logging
import os
import pathlib
import sys
from collections.abc import Sequence

from absl import logging

from uncertainty import files, specs, stopping
from uncertainty.errors import UserError

_PACKAGE = str(pathlib.Path(__file__).parent)
_CONFIG = 'config.'
HELP = ('--help', '-help', '-h')
XLA_FLAGS = ('--xla_gpu_enable_dynamic_slice_fusion=true '
             '--xla_gpu_enable_triton_gemm=false')
"""For NVIDIA's GPUs: a layer's weights are read where they lie, not copied
first (a third less time a token on an H100), and compiling takes seconds."""


def check(argv: Sequence[str]) -> None:
  """Refuses fields of a config that there are not, and what is no flag.

  Args:
    argv: the program, then its arguments.

  Raises:
    UserError: names the argument, and what was meant.
  """
  before = argv[0]
  for argument in argv[1:]:
    name, equals, text = argument.lstrip('-').partition('=')
    if not argument.startswith('-'):
      # A value may stand apart from its flag: --workdir runs/x.
      if not before.startswith('--') or '=' in before:
        raise UserError(
            f'unexpected argument {argument!r}: flags begin with --, and a '
            'value that holds spaces takes quotes; see --help')
    elif name.startswith(_CONFIG):
      specs.check_name(name.removeprefix(_CONFIG))
      if equals:
        specs.from_text(name.removeprefix(_CONFIG), text)
    elif name.startswith(f'no{_CONFIG}'):
      specs.check_name(name.removeprefix(f'no{_CONFIG}'))
    before = argument


def prepare() -> None:
  """What the program sets up before it looks at its flags.

  Signals end it at once. Its log is this package's, and of other libraries
  only what goes wrong; their bars of progress are for terminals, since a file
  would fill with them. What is compiled is kept beside others' caches.
  """
  stopping.exit_on_signals()
  os.environ.setdefault(
      'JAX_COMPILATION_CACHE_DIR', str(files.cache_dir() / 'xla'))
  if any(importlib.util.find_spec(f'jax_cuda{n}_plugin') for n in (12, 13)):
    os.environ.setdefault('XLA_FLAGS', XLA_FLAGS)
  logging.set_verbosity(logging.INFO)
  handler = logging.get_absl_handler()
  handler.addFilter(_concerns)
  handler.setFormatter(_Lines())
  if not sys.stderr.isatty():
    os.environ.setdefault('HF_HUB_DISABLE_PROGRESS_BARS', '1')


def show(text: str) -> None:
  """Prints a text, of which a pager may want no more than the head.

  Args:
    text: without its last end of line.

  Raises:
    UserError: what the text is sent to takes it not, as a full disk.
  """
  try:
    print(text, flush=True)
  except OSError as error:
    # Python would complain again when it closes the stream.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if not isinstance(error, BrokenPipeError):
      raise UserError(
          f'the output cannot be written ({files.reason(error)}); send it to '
          'another place') from error


def _concerns(record: python_logging.LogRecord) -> bool:
  return (record.levelno >= python_logging.WARNING
          or record.pathname.startswith(_PACKAGE))


class _Lines(python_logging.Formatter):
  """`14:03:27 score: 12.1 s`."""

  def __init__(self):
    super().__init__('%(asctime)s %(message)s', '%H:%M:%S')

  def format(self, record: python_logging.LogRecord) -> str:
    line = super().format(record)
    if record.levelno >= python_logging.WARNING:
      time, _, rest = line.partition(' ')
      line = f'{time} {record.levelname.lower()}: {rest}'
    return line
