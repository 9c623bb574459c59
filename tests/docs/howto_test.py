"""Each how-to page is carried out as written, on a copy of the package."""

import pathlib
import re
import shutil
import subprocess
import sys

import pytest

_ROOT = pathlib.Path(__file__).parents[2]
_PAGES = sorted((_ROOT / 'docs' / 'howto').glob('*.md'))
_BLOCK = re.compile(
    r'^```(?:python\n# ([^\n]*)|jinja\n{# (\S*) #})\n(.*?)^```$',
    re.MULTILINE | re.DOTALL)
_CODE = ('```python', '```jinja')


def _blocks(path):
  """(where it goes, text) of each block of code."""
  text = path.read_text(encoding='utf-8')
  found = [(python or jinja, block)
           for python, jinja, block in _BLOCK.findall(text)]
  assert len(found) == sum(map(text.count, _CODE)), (
      'a block does not say its place')
  return found


def _insert(path, text, literal, under=False):
  """Puts lines at the head of a literal or of the imports, or under a line."""
  code = path.read_text(encoding='utf-8')
  opens = (r'^(?=(?:from|import) uncertainty\b)' if literal is None
           else rf'^{literal}\b[^=]*=.*\n' if under
           else rf'^ *{literal}\b[^=]*= [{{(]\n')
  found = re.search(opens, code, re.MULTILINE)
  assert found, f'{path} has no {literal or "imports of the package"}'
  path.write_text(code[:found.end()] + text + code[found.end():],
                  encoding='utf-8')


@pytest.fixture
def checkout(tmp_path):
  shutil.copy(_ROOT / 'pyproject.toml', tmp_path)
  for folder in ('uncertainty', 'tests', 'launch'):
    shutil.copytree(_ROOT / folder, tmp_path / folder,
                    ignore=shutil.ignore_patterns('testdata'))
  return tmp_path


def _write(page, checkout) -> str:
  """Does what a page says; returns the block that tries it."""
  tried = []
  for where, text in _blocks(page):
    if where == 'try it':
      tried.append(text)
    elif match := re.fullmatch(r'(\S+), in (\w+)', where):
      _insert(checkout / match[1], text, match[2])
    elif match := re.fullmatch(r'(\S+), under ([\w, ]+)', where):
      _insert(checkout / match[1], text, match[2], under=True)
    elif match := re.fullmatch(r'(\S+), among the imports', where):
      _insert(checkout / match[1], text, None)
    else:
      path = checkout / where
      # A room of the package, or a folder of the reader's own.
      assert where.startswith(('uncertainty/', 'mine/')), where
      assert not path.exists(), where
      path.parent.mkdir(exist_ok=True)
      path.write_text(text, encoding='utf-8')
  assert len(tried) == 1, 'a page has one block that tries it'
  return tried[0]


@pytest.mark.parametrize('page', _PAGES, ids=lambda path: path.stem)
def test_page_works_as_written(page, checkout):
  tried = _write(page, checkout)
  done = subprocess.run(
      [sys.executable, '-c', tried], cwd=checkout, capture_output=True,
      text=True, timeout=300, check=False)
  assert done.returncode == 0, done.stderr[-2000:]


def test_what_the_pages_add_keeps_the_rules(checkout):
  # All pages at once: most of the time goes into reading the package.
  for page in _PAGES:
    _write(page, checkout)
  for command in (
      # Where in the imports a line goes, the page leaves to ruff's --fix.
      ['ruff', 'check', '--no-cache', '--ignore=I001', 'uncertainty'],
      ['pytest', '-q', '-n0', '-p', 'no:cacheprovider',
       'tests/docstrings_test.py', 'tests/imports_test.py',
       'tests/results/column_literals_test.py', '-k',
       'literal_outside or say_what_they or point_downward']):
    done = subprocess.run(
        [sys.executable, '-m', *command], cwd=checkout, capture_output=True,
        text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def test_every_extension_point_has_its_page():
  assert {path.stem for path in _PAGES} >= {
      'measure', 'task', 'dataset', 'family', 'chapter', 'template',
      'plugin', 'objective', 'steering'}
