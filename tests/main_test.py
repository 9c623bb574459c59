"""The flags: what they accept, and what they answer to what they do not."""

import os
import pathlib
import pty
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

from launch import tiny_checkpoint

_ROOT = pathlib.Path(__file__).resolve().parents[1]


def _run(*arguments: str, cwd=_ROOT) -> subprocess.CompletedProcess:
  return subprocess.run(
      [sys.executable, '-m', 'uncertainty.main', *arguments], cwd=cwd,
      text=True, capture_output=True, check=False, timeout=120)


def test_help_names_the_flags_and_the_configs():
  done = _run('--help')
  for part in ('--config', '--workdir', '--stages', 'coane_probe',
               'score,probe,steer,analyze,report', 'data.limit=None'):
    assert part in done.stdout
  assert done.returncode == 0 and not done.stderr


def test_help_beside_a_config_is_about_it():
  done = _run('--help', '--config=coane:free', '--config.data.limit=3')
  assert done.returncode == 0 and not done.stderr
  assert 'data.limit=3 *' in done.stdout and ':paper' in done.stdout


@pytest.mark.parametrize('config', [
    ('--config=coane:free',), ('--config', 'coane:free'),
    ('--config=configs/coane.py:free',)])
def test_a_config_goes_by_name_or_path(config):
  done = _run(*config, '--config.data.limit=3', '--list_measures')
  assert done.returncode == 0, done.stderr[-2000:]
  assert 'choice_entropy' in done.stdout


def _start(place):
  return subprocess.Popen(
      [sys.executable, '-m', 'uncertainty.main', '--config=table',
       f'--config.model.source={place / "tiny"}', '--stages=score',
       f'--config.data.path={place / "table.csv"}',
       f'--workdir={place / "run"}',
       '--config.prompt.few_shot=False', '--config.score.batch_tokens=256',
       '--config.score.row_tokens=0'],
      cwd=_ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


# On a terminal of its own, whose ^C reaches it as it does a person's program.
_ON_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


@pytest.mark.parametrize('module', ['uncertainty', 'uncertainty.main'])
def test_ctrl_c_while_it_starts_stops_it_untraced(tmp_path, module):
  terminal, inner = pty.openpty()
  process = subprocess.Popen(
      [sys.executable, '-c', _ON_TERMINAL, '-X', 'importtime', '-m', module,
       '--config=quickstart', f'--workdir={tmp_path / "run"}'],
      cwd=_ROOT, stdin=inner, stdout=inner, stderr=inner,
      start_new_session=True)
  os.close(inner)
  said = b''
  while b' absl' not in said:  # the first of what takes long to import
    said += os.read(terminal, 4096)
  os.write(terminal, b'\x03')
  try:
    while more := os.read(terminal, 4096):
      said += more
  except OSError:  # how Linux says that the other end is closed
    pass
  os.close(terminal)
  assert process.wait(timeout=60) == 130
  lines = [line for line in said.decode().splitlines()
           if line and 'import time:' not in line]
  (line,) = [line for line in lines if line.strip() != '^C']
  assert 'stopped by SIGINT' in line and '--config=quickstart' in line


def test_a_stopped_run_says_how_to_go_on(tmp_path):
  tiny_checkpoint.write(tmp_path / 'tiny')
  pd.DataFrame({
      'question': [f'Which of these is {k}?' for k in range(400)],
      'choices': 'sky|blood', 'human_counts': '3|4'}).to_csv(
          tmp_path / 'table.csv', index=False)
  shards = tmp_path / 'run' / 'shards'
  for number, code in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
    held = len(list(shards.rglob('*.parquet')))
    process = _start(tmp_path)
    while (len(list(shards.rglob('*.parquet'))) == held
           and process.poll() is None):
      time.sleep(0.01)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code, errors[-2000:]
    assert 'Traceback' not in errors and '--config=table' in errors
    assert 'what was finished is kept' in errors
  # What the first start finished, the second did not ask again.
  ids = [i for path in shards.rglob('*.parquet')
         for i in pd.read_parquet(path, columns=['item_id'])['item_id']]
  assert len(ids) == len(set(ids)) > 0
