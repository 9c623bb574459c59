"""Tests mirror the package: X_test.py tests the module X at the same place.

And they test it by its public names.
"""

import ast
import pathlib

import pytest

TESTS = pathlib.Path(__file__).resolve().parent
PACKAGE = TESTS.parent / 'uncertainty'

# Tests of what no one module of the package holds.
CROSS_CUTTING = {
    'buckets/study_test.py': 'a study whose workdir is in a bucket',
    'bad_starts_test.py': 'what the program answers to mistakes',
    'colabs_test.py': 'the notebooks',
    'determinism_test.py': 'what a rerun gives again',
    'distributed_test.py': 'several processes',
    'docs/dependencies_test.py': 'the list of dependencies',
    'docs/howto_test.py': 'the examples of the site',
    'docs/pages_test.py': 'the pages of the site',
    'end_to_end_test.py': 'a whole study',
    'docstrings_test.py': 'what docstrings say',
    'doors_test.py': 'what `import uncertainty` gives, and in what time',
    'imports_test.py': 'the order of imports',
    'mirror_test.py': 'the order of tests',
    'quicktests_test.py': 'every config',
    'inference/accelerators_test.py': 'programs lowered for GPUs and TPUs',
    'inference/mesh_test.py': 'scoring over a mesh of devices',
    'inference/generate_parity_test.py': 'generation against PyTorch',
    'inference/tasks/resume_test.py': 'what all tasks that generate promise',
    'results/column_literals_test.py': 'where columns are spelt out',
    'report/browser_test.py': 'the page in a browser',
    'report/filtered_test.py': 'what a filter of the page must reach',
    'report/vendored_test.py': 'what is vendored for the page',
    'results/written_columns_test.py': 'what whole runs write',
    'tuning/step_parity_test.py': 'steps of a tuning against PyTorch',
    'models/loading_parity_test.py': 'loaded models against PyTorch',
}
# Modules above a few lines without a test file of their own, and why.
_FEW_LINES = 40  # not blank
WITHOUT_TESTS = {
    'analysis/paper/tables.py': 'joins cells; end_to_end_test runs it whole',
    'measures/measure.py': 'records; measures/registry_test.py',
    'report/chapters/order.py': 'names; tests/report/page_test.py',
    'results/analysis_columns.py': 'descriptions; results/columns_test.py',
    'results/derived.py': 'names; results/column_literals_test.py',
    'results/outcomes.py': 'descriptions; results/written_columns_test.py',
    'results/probe_columns.py': 'descriptions; results/columns_test.py',
    'results/published_columns.py': 'names; results/published_test.py',
    'results/set_columns.py': 'descriptions; results/columns_test.py',
    'results/table_columns.py': 'descriptions; results/columns_test.py',
    'spec_limits.py': 'descriptions; specs_test.py',
    'types.py': 'records without logic',
}
# Live comparisons of a whole room with another library.
PARITY = 'parity_test.py'
# launch holds scripts beside the package.
OUTSIDE = ('launch',)


def misplaced(tests, package):
  """Test files without a module or folder of their name, relative paths."""
  out = []
  for path in sorted(tests.rglob('*_test.py')):
    name = path.relative_to(tests)
    if (name.as_posix() in CROSS_CUTTING or name.name == PARITY
        or name.parts[0] in OUTSIDE):
      continue
    stem = name.name.removesuffix('_test.py')
    # A room's own door is tested beside its files, or under its name.
    place = (package / name.parent if stem == name.parent.name
             else package / name.parent / stem)
    if not (place.with_suffix('.py').is_file()
            or (place / '__init__.py').is_file()):
      out.append(name.as_posix())
  return out


def untested(tests, package):
  """Modules that hold code and have no test file of their name."""
  out = []
  for path in sorted(package.rglob('*.py')):
    name = path.relative_to(package)
    if name.name == '__init__.py':
      continue
    lines = path.read_text(encoding='utf-8').splitlines()
    mirrored = tests / name.parent / f'{name.stem}_test.py'
    if sum(map(bool, lines)) > _FEW_LINES and not mirrored.is_file():
      out.append(name.as_posix())
  return out


def test_every_module_has_its_test_file():
  assert untested(TESTS, PACKAGE) == sorted(WITHOUT_TESTS)


def test_a_module_without_a_test_is_found(tmp_path):
  (tmp_path / 'long.py').write_text('x = 1\n' * (_FEW_LINES + 1))
  (tmp_path / 'short.py').write_text('x = 1\n')
  assert untested(TESTS, tmp_path) == ['long.py']


def test_every_test_file_has_its_module():
  assert misplaced(TESTS, PACKAGE) == []


@pytest.mark.parametrize(('name', 'found'), [
    ('data/coane_test.py', []),
    ('models/families_test.py', []),
    ('data/parity_test.py', []),
    ('data/coan_test.py', ['data/coan_test.py']),
    ('coane_test.py', ['coane_test.py']),
])
def test_a_misplaced_file_is_found(tmp_path, name, found):
  path = tmp_path / name
  path.parent.mkdir(parents=True, exist_ok=True)
  path.touch()
  assert misplaced(tmp_path, PACKAGE) == found


@pytest.mark.parametrize('name', CROSS_CUTTING)
def test_no_exception_is_stale(name):
  assert (TESTS / name).is_file()


def private_uses(source):
  """Private names of the package that a test takes, `line: name` of each."""
  tree = ast.parse(source)
  ours, out = set(), []
  for node in ast.walk(tree):
    if isinstance(node, ast.ImportFrom) and node.module and (
        node.module.split('.')[0] in ('uncertainty', 'launch')):
      ours |= {alias.asname or alias.name for alias in node.names}
      out += [f'{node.lineno}: {alias.name}' for alias in node.names
              if _private(alias.name)]
    elif isinstance(node, ast.Import):
      ours |= {alias.asname or 'uncertainty' for alias in node.names
               if alias.name.split('.')[0] == 'uncertainty'}
  known = 0
  while known < len(ours):  # until no name of a name is new
    known = len(ours)
    ours |= {target.id for node in ast.walk(tree)
             if isinstance(node, ast.Assign)
             and isinstance(node.value, ast.Name | ast.Attribute)
             and ast.unparse(node.value).split('.')[0] in ours
             for target in node.targets if isinstance(target, ast.Name)}
  for node in ast.walk(tree):
    if isinstance(node, ast.Attribute) and _private(node.attr):
      name = ast.unparse(node)
      if name.split('.')[0] in ours:
        out.append(f'{node.lineno}: {name}')
  return out


def _private(name):
  return name.startswith('_') and not name.startswith('__')


def test_tests_use_public_names():
  found = {path.relative_to(TESTS).as_posix(): uses
           for path in sorted(TESTS.rglob('*.py'))
           if (uses := private_uses(path.read_text(encoding='utf-8')))}
  assert found == {}


@pytest.mark.parametrize(('source', 'found'), [
    ('from uncertainty import study\nstudy._LOADED.clear()\n',
     ['2: study._LOADED']),
    ('from uncertainty.study import _run\n', ['1: _run']),
    ('import uncertainty as u\nu.study._LOADED\n', ['2: u.study._LOADED']),
    ('from uncertainty import study as s\nr = q = s.run\nq._joined()\n',
     ['3: q._joined']),
    ('from uncertainty import study\nstudy.__name__\nself._mine\n', []),
])
def test_a_private_name_is_found(source, found):
  assert private_uses(source) == found
