"""Every link to the repository follows the one place that names it."""

import json
import pathlib
import re

import pytest

from launch import links

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_NOTEBOOKS = sorted((_ROOT / 'colabs').glob('*.ipynb'))
_PUBLIC = 'https://github.com/someone/somewhere'


def _text(cell):
  return ''.join(cell['source'])


def _read(path):
  return json.loads(path.read_text(encoding='utf-8'))


@pytest.mark.parametrize('citation, found', [
    ('title: x\nrepository-code: https://github.com/a/b\n',
     'https://github.com/a/b'),
    ('repository-code: https://example.org/a/', 'https://example.org/a'),
    ('title: x\n# repository-code: https://github.com/a/b\n', None)])
def test_the_address_is_that_of_the_citation(citation, found):
  assert links.address(citation) == found


@pytest.mark.parametrize('path', _NOTEBOOKS, ids=lambda p: p.stem)
def test_notebooks_follow_the_citation(path):
  here = links.address((_ROOT / 'CITATION.cff').read_text(encoding='utf-8'))
  notebook = _read(path)
  assert notebook == links.linked(notebook, path.name, here), (
      'run python launch/links.py')


@pytest.mark.parametrize('path', _NOTEBOOKS, ids=lambda p: p.stem)
def test_all_links_follow_an_address(path):
  before = _read(path)
  public = links.linked(before, path.name, _PUBLIC)
  title, install = map(_text, public['cells'][:2])
  assert title.count(
      f'/github/someone/somewhere/blob/main/colabs/{path.name})') == 1
  assert f"source = 'git+{_PUBLIC}'" in install and 'archive' not in install
  assert public['cells'][2:] == before['cells'][2:]
  moved = links.linked(public, path.name, 'https://example.org/other')
  assert 'badge' not in _text(moved['cells'][0])
  assert 'someone' not in json.dumps(moved)
  here = links.address((_ROOT / 'CITATION.cff').read_text(encoding='utf-8'))
  assert links.linked(moved, path.name, here) == before


def test_without_an_address_no_link_leads_nowhere():
  notebook = links.linked(_read(_NOTEBOOKS[0]), 'x.ipynb', None)
  title, install = map(_text, notebook['cells'][:2])
  assert 'badge' not in title and 'github' not in install
  assert 'git archive -o uncertainty.zip HEAD' in install


def test_a_notebook_that_installs_otherwise_is_refused():
  cells = [{'source': ['# Title']}, {'source': ['import x']}]
  with pytest.raises(ValueError, match=r'x\.ipynb: the second cell'):
    links.linked({'cells': cells}, 'x.ipynb', None)


def test_nothing_else_names_an_address():
  pages = [*_ROOT.glob('*.md'), *_ROOT.glob('docs/**/*.md'),
           *_ROOT.glob('launch/*'), *_ROOT.glob('uncertainty/**/*.py'),
           *_ROOT.glob('configs/*.py'), _ROOT / 'setup.py']
  for path in pages:
    if path.is_file():
      text = path.read_text(encoding='utf-8')
      assert not re.search(r'OWNER|github\.com/[\w.-]+/uncertainty', text), path
