"""The pages say what is true of the code: names, sections, fields, lengths."""

import ast
import importlib
import importlib.util
import os
import pathlib
import re
import types

import pytest

_ROOT = pathlib.Path(__file__).parents[2]
_DOCS = _ROOT / 'docs'
_PAGES = sorted(
    [*_DOCS.glob('*.md'), *_DOCS.glob('howto/*.md'), *_ROOT.glob('*.md')])
_LINK = re.compile(r'\]\(([^)#\s]+)(?:#[^)]*)?\)')


def _module(name) -> types.ModuleType:
  spec = importlib.util.spec_from_file_location(name, _DOCS / f'{name}.py')
  assert spec is not None and spec.loader is not None
  module = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(module)
  return module


generate, docstrings = _module('generate'), _module('docstrings')


def _resolves(dotted):
  """Whether `uncertainty.a.b.c` is a module, or a name in one."""
  parts = dotted.split('.')
  for n in range(len(parts), 0, -1):
    try:
      found = importlib.import_module('.'.join(parts[:n]))
    except ModuleNotFoundError:
      continue
    for name in parts[n:]:
      if not hasattr(found, name):
        return False
      found = getattr(found, name)
    return True
  return False


def test_configuration_page_is_that_of_specs():
  source = (_ROOT / 'uncertainty' / 'specs.py').read_text(encoding='utf-8')
  assert generate.configuration(source) == (
      _DOCS / 'configuration.md').read_text(encoding='utf-8'), (
          'run python docs/generate.py')


def test_measures_page_is_that_of_the_registry_and_the_taxonomy():
  assert generate.measures() == (_DOCS / 'measures.md').read_text(
      encoding='utf-8'), 'run python docs/generate.py'


def test_every_field_has_a_meaning():
  rows = re.findall(r'^\| `(.*?)` \|.*\| (.*) \|$', (
      _DOCS / 'configuration.md').read_text(encoding='utf-8'), re.MULTILINE)
  assert len(rows) > 40
  assert [name for name, meaning in rows if not meaning.strip()] == []


def test_a_pipe_in_a_default_is_no_column_of_the_page():
  page = generate.configuration(
      'class ModelSpec:\n  """Which model."""\n'
      "  source: str = 'a|b'  # where from\n"
      'class StudySpec:\n  model: ModelSpec = ModelSpec()\n')
  assert '## model\n\nWhich model.' in page
  assert r"| `model.source` | `str` | `'a\|b'` | where from |" in page


@pytest.mark.parametrize('page', _PAGES, ids=lambda path: path.name)
def test_links_lead_to_files(page):
  # What the site's build makes has its source elsewhere.
  text = re.sub(r'```.*?```', '', page.read_text(encoding='utf-8'),
                flags=re.DOTALL)
  for link in _LINK.findall(text):
    if link.startswith(('http:', 'https:')):
      continue
    target = page.parent / link
    made = os.path.relpath(target, _DOCS)
    if made.startswith('colabs/'):
      target = _ROOT / made
    elif made.startswith('api/'):
      target = _ROOT / 'uncertainty'
      assert made == 'api/index.md', link
    assert target.exists(), link


def test_the_picture_of_floors_has_every_room():
  picture = (_DOCS / 'floors.svg').read_text(encoding='utf-8')
  drawn = set(re.findall(r'class="name"[^>]*>(\w+)<', picture))
  rooms = {path.parent.name
           for path in (_ROOT / 'uncertainty').glob('*/__init__.py')}
  assert rooms | {'served', 'steer'} <= drawn


@pytest.mark.parametrize(
    'page', ['architecture.md', 'running.md', 'method.md', 'glossary.md'])
def test_names_of_the_package_are_true(page):
  text = (_DOCS / page).read_text(encoding='utf-8')
  for name in set(re.findall(r'`(uncertainty(?:\.\w+)+)`', text)):
    assert _resolves(name), name
  for path in re.findall(r'`((?:uncertainty/)?[a-z_]+/[a-z_/]+\.py)`', text):
    assert (_ROOT / path).exists() or (
        _ROOT / 'uncertainty' / path).exists(), path


def test_sections_that_the_code_names_are_there():
  titles = dict(re.findall(
      r'^## (\d+)\. (.+)$', (_DOCS / 'method.md').read_text(encoding='utf-8'),
      re.MULTILINE))
  named = set()
  for path in (_ROOT / 'uncertainty').rglob('*.py'):
    named.update(re.findall(r'method\.md,?\s+(?:section\s+)?(\d+)',
                            path.read_text(encoding='utf-8')))
  assert named and named <= set(titles)
  assert titles['3'] == 'Measures' and titles['2'] == 'Prompts'


def test_every_task_config_and_room_is_on_its_page():
  inference = importlib.import_module('uncertainty.inference')
  running = (_DOCS / 'running.md').read_text(encoding='utf-8')
  for name in inference.TASKS:
    assert f'`{name}`' in running, name
  for path in (_ROOT / 'configs').glob('*.py'):
    tree = ast.parse(path.read_text(encoding='utf-8'))
    if any(isinstance(node, ast.FunctionDef) and node.name == 'get_config'
           for node in tree.body):
      assert f'`{path.stem}`' in running, path.stem
  architecture = (_DOCS / 'architecture.md').read_text(encoding='utf-8')
  for path in (_ROOT / 'uncertainty').glob('*/__init__.py'):
    assert f'`{path.parent.name}`' in architecture, path.parent.name


def test_all_that_a_run_leaves_is_in_the_tree_of_a_workdir():
  study = importlib.import_module('uncertainty.study')
  tree = (_DOCS / 'architecture.md').read_text(encoding='utf-8').partition(
      '## A workdir')[2]
  written = {study.PROGRESS}
  for path in (_ROOT / 'uncertainty').rglob('*.py'):
    written.update(re.findall(r"\bworkdir / '(\w[\w.]*)'",
                              path.read_text(encoding='utf-8')))
  assert {'shards', 'moments', 'manifest.json'} <= written
  assert [name for name in sorted(written)
          if not re.search(rf'\b{re.escape(name)}(/|\s)', tree)] == []


def test_every_bootstrap_is_where_the_architecture_says():
  architecture = (_DOCS / 'architecture.md').read_text(encoding='utf-8')
  drawing = {
      str(path.relative_to(_ROOT / 'uncertainty'))
      for path in (_ROOT / 'uncertainty' / 'analysis').rglob('*.py')
      if 'resampling.bootstrap_counts(' in path.read_text(encoding='utf-8')}
  assert len(drawing) >= 2
  assert [path for path in sorted(drawing) if path not in architecture] == []


def test_readme_is_short():
  words = (_ROOT / 'README.md').read_text(encoding='utf-8').split()
  assert len(words) <= 700


def test_modules_are_found_without_main(tmp_path):
  package = tmp_path / 'pack'
  (package / 'room').mkdir(parents=True)
  for name in ('__init__', 'main', 'room/__init__', 'room/a', 'room/_b'):
    (package / f'{name}.py').write_text('raise SystemExit')
  assert generate.modules(package) == {'room': ['pack.room', 'pack.room.a']}


@pytest.mark.parametrize('lines, expected', [
    (['Takes `a_` and `b c`.'], ['Takes ``a_`` and ``b c``.', '']),
    (['All `id`s.'], ['All ``id``\\ s.', '']),
    (['mc_ * |x|'], ['mc\\_ \\* \\|x\\|', '']),
    (['So:', '', '    f(x)', '', 'End.'],
     ['So:', '', '::', '', '    f(x)', '', '', 'End.', '']),
    (['Args:', '  **known: each `x`.'], ['Args:', '  **known: each ``x``.']),
])
def test_docstrings_become_rst(lines, expected):
  assert docstrings.convert(lines) == expected
