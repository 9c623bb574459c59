"""Each reader on some mutated files; launch/fuzz.py does so for long."""

import importlib.util
import os
import pathlib
import subprocess
import sys
import types
import zlib

import pytest
from absl import logging

_PATH = pathlib.Path(__file__).resolve().parents[2] / 'launch' / 'fuzz.py'
_SPEC = importlib.util.spec_from_file_location('fuzz', _PATH)
fuzz = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(fuzz)


# Whole analyses and pages take seconds each: only launch/fuzz.py mutates them.
_READERS = sorted(set(fuzz.FORMATS) - {'study', 'page'})


@pytest.mark.parametrize('name', _READERS)
def test_readers_raise_user_errors_only(name, tmp_path):
  counts = fuzz.fuzz(name, tmp_path, examples=25, seed=0)
  assert counts['refused'] > 0
  # Changes of cells alone get behind the count of questions.
  assert counts['read'] > 0 or name != 'docx_cells'


@pytest.mark.parametrize('name', [
    'safetensors', 'gguf', 'tokenizer', 'tokenizer_config', 'csv', 'parquet',
    'parquet_headers', 'activations', 'activations_rows',
    'sums', 'shard', 'results', 'analysis', 'manifest', 'manifest_fields',
    'sheet', 'published_probes', 'study', 'docx', 'docx_document',
    'docx_cells'])
def test_the_honest_file_is_read(name, tmp_path):
  file_name, write, read = fuzz.FORMATS[name]
  write(tmp_path / file_name)
  read(tmp_path / file_name)


def test_past_its_end_nothing_is_tried_but_what_failed(tmp_path, monkeypatch):
  assert fuzz.fuzz('csv', tmp_path, 25, 0, end=0) == {'read': 0, 'refused': 0}

  def read(path):
    raise KeyError(path.read_bytes()[:1])

  name, write, _ = fuzz.FORMATS['csv']
  monkeypatch.setitem(fuzz.FORMATS, 'csv', (name, write, read))
  now = iter([0.0])
  monkeypatch.setattr(fuzz.time, 'monotonic', lambda: next(now, 2.0))
  with pytest.raises(KeyError):
    fuzz.fuzz('csv', tmp_path, 25, 0, end=1)


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
  """Runs the script, children in this process; what it printed."""
  def child(command, **_):
    try:
      run(*command[2:])
    except KeyError:
      return types.SimpleNamespace(returncode=1)
    return types.SimpleNamespace(returncode=0)

  def run(*flags):
    with monkeypatch.context() as patch:
      patch.setattr(fuzz.sys, 'argv', ['fuzz.py', *flags])
      return fuzz.main()

  def printed(*flags):
    run(*flags, '--formats=csv', f'--keep={tmp_path}')
    return capsys.readouterr().out

  monkeypatch.setattr(fuzz.subprocess, 'run', child)
  verbosity, level = logging.get_verbosity(), logging.get_absl_logger().level
  yield printed
  logging.set_verbosity(verbosity)
  logging.get_absl_logger().setLevel(level)


def test_a_failure_names_the_seed_that_repeats_it(monkeypatch, run):
  rounds = []

  def read(path):
    rounds.append(int((path.parent / '.round').read_text()))
    if rounds[-1] > 7 and zlib.crc32(path.read_bytes()) % 100 == 0:
      raise KeyError

  name, write, _ = fuzz.FORMATS['csv']
  monkeypatch.setitem(fuzz.FORMATS, 'csv', (name, write, read))
  first = run('--seed=7', '--minutes=5').splitlines()
  assert first[0] == 'seed 7' and rounds[0] == 7 < rounds[-1]
  assert f'FAILED (1) with --seed={rounds[-1]}, see ' in first[1]
  monkeypatch.setitem(fuzz.FORMATS, 'csv', (name, write, read))
  again = run(f'--seed={rounds[-1]}', '--minutes=5').splitlines()
  assert again == [f'seed {rounds[-1]}', first[1]]


_DRIVER = """
import subprocess, sys, time
from launch import fuzz

name, write, _ = fuzz.FORMATS['csv']

tried = []

def reader(path):
  tried.append(path)
  if len(tried) == 2:  # the first, an honest one, is read without limits
    PLANTED

fuzz.FORMATS['csv'] = name, write, reader
LIMITS
sys.argv = ['fuzz.py', '--in_folder=' + sys.argv[1], '--formats=csv',
            '--minutes=' + sys.argv[2]]
fuzz.main()
"""


def _process(code):
  return f'subprocess.run([sys.executable, "-c", {code!r}])'


@pytest.mark.parametrize('planted, limits, status, said', [
    ('pass', '', 0, 'csv: '),
    ('time.sleep(99)', 'fuzz.CLOCK_SECONDS = 1', -14, ''),
    ('b"x" * (300 << 20)', 'fuzz.BYTES = 100 << 20; b"x" * (400 << 20)', 1,
     'MiB'),
    (_process('sum(range(10**8))'), 'fuzz.SECONDS = .2', 1,
     's of processor time'),
    (_process('b"x" * (900 << 20)'), 'fuzz.BYTES = 100 << 20', 1, 'MiB'),
], ids=['well', 'sleeps', 'grows as before', 'a process burns',
        'a process grows'])
def test_what_is_planted_is_ended_or_found(
    tmp_path, planted, limits, status, said):
  driver = _DRIVER.replace('PLANTED', planted).replace('LIMITS', limits)
  done = subprocess.run(
      [sys.executable, '-c', driver, tmp_path, '2' if status else '.01'],
      capture_output=True, text=True, check=False,
      env=os.environ | {'PYTHONPATH': str(_PATH.parents[1])})
  assert done.returncode == status, done.stderr[-2000:]
  assert said in done.stdout + done.stderr


def test_a_format_that_does_not_end_is_ended(monkeypatch, tmp_path, capsys):
  def hangs(command, *, timeout, **_):
    assert timeout > 60
    folder = pathlib.Path(command[-1].partition('=')[2])
    (folder / fuzz.FORMATS['csv'][0]).write_text('tried last')
    (folder / '.round').write_text('7')
    raise subprocess.TimeoutExpired(command, timeout)

  monkeypatch.setattr(fuzz.subprocess, 'run', hangs)
  monkeypatch.setattr(fuzz.sys, 'argv', [
      'fuzz.py', '--minutes=1', '--formats=csv', f'--keep={tmp_path}'])
  assert fuzz.main() == 1
  assert 'FAILED (it did not end) with --seed=7' in capsys.readouterr().out
  (kept,) = tmp_path.iterdir()
  assert kept.read_text() == 'tried last'
