"""The flags: what they accept, and what they answer to what they do not."""

import pathlib
import subprocess
import sys

import pytest

_ROOT = pathlib.Path(__file__).resolve().parents[1]


def _run(*arguments: str, cwd=_ROOT) -> subprocess.CompletedProcess:
  return subprocess.run(
      [sys.executable, '-m', 'uncertainty.main', *arguments], cwd=cwd,
      text=True, capture_output=True, check=False, timeout=120)


def test_help_names_the_flags_and_the_configs():
  done = _run('--help')
  for part in ('--config', '--workdir', '--stages', 'coane_probe',
               'score,probe,analyze,report'):
    assert part in done.stdout
  assert not done.stderr


@pytest.mark.parametrize('config', [
    ('--config=coane:free',), ('--config', 'coane:free'),
    ('--config=configs/coane.py:free',)])
def test_a_config_goes_by_name_or_path(config):
  done = _run(*config, '--config.data.limit=3', '--list_measures')
  assert done.returncode == 0, done.stderr[-2000:]
  assert 'choice_entropy' in done.stdout


@pytest.mark.parametrize('arguments,message', [
    (('--config=coan',), "no config named 'coan'; did you mean --config=coane"),
    (('--config=configs/coan.py',), 'did you mean --config=coane'),
    (('--config=coane:fre',), "unknown config argument 'fre'"),
    (('--config=coane', '--config.data.limit=ten'), "'ten'"),
    (('--config=coane', '--config.dta.limit=1'), 'dta'),
    (('--confg=coane',), 'confg'),
    (('--config=coane',), '--workdir=DIR'),
    (('--workdir=runs/x',), '--config=NAME'),
])
def test_a_mistake_is_one_line_with_what_was_meant(arguments, message):
  done = _run(*arguments)
  assert done.returncode == 1
  (line,) = done.stderr.strip().splitlines()
  assert line.startswith('error: ') and message in line
