"""A run that is told to stop does so at once, and says how to go on."""

import signal
import subprocess
import sys

import pytest

_PROGRAM = """
import hashlib, sys, time
from uncertainty import stopping
stopping.exit_on_signals()
print('ready', flush=True)
try:
  if sys.argv[1] == 'sleeps':
    time.sleep(30)
  # As a compiled program does: minutes without a line of Python.
  hashlib.pbkdf2_hmac('sha256', b'p', b's', 10**9)
except BaseException:
  print('swallowed', flush=True)
"""


@pytest.mark.parametrize(('number', 'code'), [
    (signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.parametrize('work', ['sleeps', 'computes'])
def test_signals_end_the_process_untraced(number, code, work):
  with subprocess.Popen(
      [sys.executable, '-c', _PROGRAM, work, 'a b'], text=True,
      stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
    assert process.stdout and process.stdout.readline() == 'ready\n'
    process.send_signal(number)
    out, said = process.communicate(timeout=20)
  assert process.returncode == code
  assert out == '' and 'Traceback' not in said
  assert f'stopped by {number.name}' in said
  assert said.rstrip().endswith("'a b'")  # the command, to be run again
