"""What is vendored for the page is what third_party/vendor.sh builds."""

import hashlib
import json
import pathlib
import re

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_VENDORED = 'uncertainty/report/vendored'


def _text(name):
  return (_ROOT / 'third_party' / name).read_text(encoding='utf-8')


def test_every_file_has_the_digest_that_the_script_asks_for():
  asked = {name: digest for digest, name in (
      line.split() for line in _text('SHA256SUMS').splitlines())}
  found = {f'{_VENDORED}/{path.name}':
           hashlib.sha256(path.read_bytes()).hexdigest()
           for path in (_ROOT / _VENDORED).iterdir()}
  assert found == asked
  assert 'sha256sum --check third_party/SHA256SUMS' in _text('vendor.sh')


def test_versions_are_pinned_by_digests_and_no_registry_is_named():
  lock = json.loads(_text('package-lock.json'))['packages']
  assert lock['']['dependencies'] == json.loads(
      _text('package.json'))['dependencies']
  assert all('integrity' in about for name, about in lock.items() if name)
  assert 'http' not in re.sub(
      r'"(?:url|funding)": ".*"', '', _text('package-lock.json'))


def test_the_licence_of_every_package_stands_with_its_version():
  lock = json.loads(_text('package-lock.json'))['packages']
  text = (_ROOT / _VENDORED / 'LICENSES.txt').read_text(encoding='utf-8')
  parts = re.split(r'\n-{72}\n\n', text)
  heads = [part.splitlines()[0] for part in parts]
  assert heads[0] == '@observablehq/plot 0.6.17' and len(heads) > 10
  for head, part in zip(heads, parts):
    name, version = head.split()
    assert lock[f'node_modules/{name}']['version'] == version
    assert lock[f'node_modules/{name}']['license'] in ('ISC', 'BSD-3-Clause')
    assert 'Copyright' in part and 'AS IS' in part
  assert heads[0].split()[1] in _text('README.md')
