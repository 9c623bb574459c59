"""Tests mirror the package: X_test.py tests the module X at the same place."""

import pathlib

import pytest

TESTS = pathlib.Path(__file__).resolve().parent
PACKAGE = TESTS.parent / 'uncertainty'

# Tests of what no one module of the package holds.
CROSS_CUTTING = {
    'colabs_test.py': 'the notebooks',
    'distributed_test.py': 'several processes',
    'docs/howto_test.py': 'the examples of the site',
    'docs/pages_test.py': 'the pages of the site',
    'end_to_end_test.py': 'a whole study',
    'docstrings_test.py': 'what docstrings say',
    'doors_test.py': 'what `import uncertainty` gives, and in what time',
    'imports_test.py': 'the order of imports',
    'mirror_test.py': 'the order of tests',
    'inference/mesh_test.py': 'scoring over a mesh of devices',
    'inference/generate_parity_test.py': 'generation against PyTorch',
    'inference/tasks/resume_test.py': 'what all tasks that generate promise',
    'results/written_columns_test.py': 'what whole runs write',
    'models/loading_parity_test.py': 'loaded models against PyTorch',
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
