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
    r'^```python\n# ([^\n]*)\n(.*?)^```$', re.MULTILINE | re.DOTALL)


def _blocks(path):
  """(where it goes, text) of each block of code."""
  text = path.read_text(encoding='utf-8')
  found = _BLOCK.findall(text)
  assert len(found) == text.count('```python'), 'a block does not say its place'
  return found


def _insert(path, text, literal):
  """Puts lines at the head of a literal dict or tuple, or of the imports."""
  code = path.read_text(encoding='utf-8')
  opens = (r'^(?=(?:from|import) uncertainty\b)' if literal is None
           else rf'^ *{literal}\b[^=]*= [{{(]\n')
  found = re.search(opens, code, re.MULTILINE)
  assert found, f'{path} has no {literal or "imports of the package"}'
  path.write_text(code[:found.end()] + text + code[found.end():],
                  encoding='utf-8')


@pytest.fixture
def checkout(tmp_path):
  for folder in ('uncertainty', 'tests'):
    shutil.copytree(
        _ROOT / folder, tmp_path / folder,
        ignore=shutil.ignore_patterns('__pycache__', 'testdata'))
  return tmp_path


@pytest.mark.parametrize('page', _PAGES, ids=lambda path: path.stem)
def test_page_works_as_written(page, checkout):
  tried = []
  for where, text in _blocks(page):
    if where == 'try it':
      tried.append(text)
    elif match := re.fullmatch(r'(\S+), in (\w+)', where):
      _insert(checkout / match[1], text, match[2])
    elif match := re.fullmatch(r'(\S+), among the imports', where):
      _insert(checkout / match[1], text, None)
    else:
      path = checkout / where
      assert where.startswith('uncertainty/') and not path.exists(), where
      path.write_text(text, encoding='utf-8')
  assert len(tried) == 1, 'a page has one block that tries it'
  done = subprocess.run(
      [sys.executable, '-c', tried[0]], cwd=checkout, capture_output=True,
      text=True, timeout=300, check=False)
  assert done.returncode == 0, done.stderr[-2000:]


def test_every_extension_point_has_its_page():
  assert {path.stem for path in _PAGES} >= {
      'measure', 'task', 'dataset', 'family', 'chapter'}
