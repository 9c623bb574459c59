"""Arguments that are refused, and what of a log is shown."""

import os
import subprocess
import sys

import pytest

from uncertainty import console
from uncertainty.errors import UserError


@pytest.mark.parametrize('arguments', [
    ['--config=coane', '--workdir', 'runs/x'], ['--config', 'coane'],
    ['--config.data.limit=3'], ['--config.data.limit', '3'],
    ['--noconfig.prompt.few_shot'], ['--config.prompt.few_shot'],
    ['--config.analysis.alpha=1'], ['--config.model.revision=main']])
def test_flags_of_a_run_pass(arguments):
  console.check(['uncertainty', *arguments])


@pytest.mark.parametrize('arguments, said', [
    (['stray'], "unexpected argument 'stray'"),
    (['--workdir=x', 'y'], "unexpected argument 'y'"),
    (['--config.dta.limit=1'], 'unknown config field dta; did you mean data?'),
    (['--noconfig.prompt.few_shots'], 'did you mean prompt.few_shot?'),
    (['--config.data.limit=1.5'], 'limit=1.5 is not a whole number'),
    (['--config.analysis.alpha=x'], 'alpha=x is not a number'),
])
def test_what_is_no_flag_is_named(arguments, said):
  with pytest.raises(UserError) as error:
    console.check(['uncertainty', *arguments])
  assert said in str(error.value)


def test_a_log_holds_this_package_and_what_goes_wrong_elsewhere():
  code = '''
import logging, sys
from absl import logging as absl_logging
from uncertainty import console
console.prepare()
absl_logging.use_absl_handler()
def say(path, level, text):
  logging.getLogger().handle(logging.LogRecord(
      "x", level, path, 1, text, (), None))
say("/lib/jax/xla_bridge.py", logging.INFO, "no tpu")
say(console.__file__, logging.INFO, "score: 1.0 s")
say("/lib/jax/xla_bridge.py", logging.WARNING, "out of luck")
'''
  done = subprocess.run([sys.executable, '-c', code], capture_output=True,
                        text=True, check=True, timeout=60)
  first, second = done.stderr.splitlines()[-2:]
  assert first.endswith(' score: 1.0 s') and 'no tpu' not in done.stderr
  assert second[8:] == ' warning: out of luck'


@pytest.mark.parametrize('plugin, given, used', [
    ('jax_cuda13_plugin', None, console.XLA_FLAGS),
    ('jax_cuda13_plugin', '--mine', '--mine'), ('jax_other', None, '')])
def test_xla_is_told_what_is_faster_where_there_is_cuda(
    tmp_path, plugin, given, used):
  (tmp_path / plugin).mkdir()
  (tmp_path / plugin / '__init__.py').touch()
  code = f'''
import importlib.util, os, sys
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: (
    find(name, *rest) if "cuda" not in name or name == "{plugin}" else None)
sys.path.insert(0, "{tmp_path}")
from uncertainty import console
console.prepare()
print(os.environ.get("XLA_FLAGS", ""))
'''
  env = {k: v for k, v in os.environ.items() if k != 'XLA_FLAGS'}
  done = subprocess.run(
      [sys.executable, '-c', code], capture_output=True, text=True, check=True,
      timeout=60, env=env | ({'XLA_FLAGS': given} if given else {}))
  assert done.stdout.strip() == used


def test_a_reader_that_wants_no_more_is_no_error():
  reader, writer = os.pipe()
  os.close(reader)
  code = 'from uncertainty import console; console.show("a\\n" * 9)'
  with os.fdopen(writer, 'w') as file:
    done = subprocess.run([sys.executable, '-c', code], stdout=file,
                          stderr=subprocess.PIPE, text=True, check=False,
                          timeout=60)
  assert (done.returncode, done.stderr) == (0, '')


@pytest.mark.skipif(not os.path.exists('/dev/full'), reason='of Linux')
def test_a_full_disk_for_what_is_printed_is_one_line():
  with open('/dev/full', 'w', encoding='utf-8') as full:
    done = subprocess.run(
        [sys.executable, '-m', 'uncertainty', '--list_measures'], stdout=full,
        stderr=subprocess.PIPE, text=True, check=False, timeout=60)
  assert done.returncode == 1
  said, = done.stderr.splitlines()
  assert said.startswith('error: the output cannot be written (OSError: ')
