"""The order of imports over the package's rooms: downward only, no circle."""

import ast
import collections
import graphlib
import itertools
import pathlib

import pytest

PACKAGE = pathlib.Path(__file__).resolve().parents[1] / 'uncertainty'

# Bottom to top: a file imports from its own room and from those before it. A
# room is a folder; a file is named where it stands apart from its folder: as
# the room's door (`__init__`), or as what drives the rooms under it.
ORDER = (
    'errors',
    'limited_process',
    'limited',
    'memory',
    'arrays',
    'spreadsheets',
    'files',
    'parquet_pages',
    'parquet',
    'file_digest',
    'types',
    'human',
    'spec_limits',
    'specs',
    'paths',
    'config_fields',
    'config_files',
    'help_text',
    'stopping',
    'console',
    'progress',
    'measures',
    'results',
    'buckets',
    'data',
    'prompts',
    'models.families',
    'models',
    'inference',
    'inference.tasks',
    'inference.__init__',
    'tuning',
    'analysis.statistics',
    'analysis.calibration',
    'calibration',
    'analysis.scores',
    'probes.fits',
    'probes',
    'analysis.paper',
    'analysis.questions',
    'analysis.claims',
    'analysis',
    'worlds',
    'report.drawing',
    'report',
    'report.items',
    'report.chapters',
    'report.page',
    'report.__init__',
    'plugins',
    'steer_settings',
    'plan',
    'served',
    'steer',
    'check',
    'verify',
    'scoring',
    'study',
    'notebook',
    '__init__',
    'main',
    '__main__',
)

# Rooms that know nothing of each other, whatever their place in the order, not
# through a third one either.
STRANGERS = (
    {'measures', 'data', 'prompts', 'models'},
    {'analysis.paper', 'analysis.questions'},
    # Analysis and report run on a laptop, from results, without a model.
    {'models', 'analysis'}, {'inference', 'analysis'}, {'tuning', 'analysis'},
    {'models', 'report'}, {'inference', 'report'}, {'tuning', 'report'},
)

# Strangers may meet over the names of columns.
NAMES = ('results.column', 'results.answer_columns', 'results.columns')


def _modules(package):
  """Dotted name within the package → file."""
  return {
      '.'.join(path.relative_to(package).with_suffix('').parts): path
      for path in sorted(package.rglob('*.py'))}


def _room(module):
  """The longest entry of ORDER that holds a module; None: it has no place."""
  parts = module.split('.')
  names = ['.'.join(parts[:n]) for n in range(len(parts), 0, -1)]
  return next((name for name in names if name in ORDER), None)


def _imported(tree, module, package_name, modules):
  """Modules of the package that a file imports, wherever in it, with lines."""
  folder = module.split('.')[:-1]
  for node in ast.walk(tree):
    if isinstance(node, ast.Import):
      names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
      base = [node.module] if node.module else []
      if node.level:
        kept = folder[:len(folder) - node.level + 1]
        base = ['.'.join([package_name, *kept, *base])]
      names = [f'{base[0]}.{alias.name}' for alias in node.names]
    elif _by_name(node):
      names = [node.args[0].value]
    else:
      continue
    for name in names:
      if name.split('.')[0] != package_name:
        continue
      if name == f'{package_name}.__version__':  # no door: set before all else
        continue
      parts = name.split('.')[1:]
      # What is imported out of a module is no module: look for the file.
      for n in range(len(parts), -1, -1):
        found = '.'.join(parts[:n])
        door = '.'.join([*parts[:n], '__init__'])
        if found in modules or door in modules:
          yield node.lineno, found if found in modules else door
          break


# What must import by names that are not written out: doors, whose targets
# doors_test opens, and modules that people give.
BY_ANY_NAME = ('__init__', 'plugins')


def _calls_import_module(node):
  return (isinstance(node, ast.Call)
          and ast.unparse(node.func).split('.')[-1] == 'import_module')


def _by_name(node):
  """Whether this is `importlib.import_module('…')`, the name written out."""
  return (_calls_import_module(node) and len(node.args) == 1
          and isinstance(node.args[0], ast.Constant)
          and not node.args[0].value.startswith('.'))


def _hides(node):
  """Whether this imports in a way that `_imported` does not follow."""
  names = {'__import__', 'exec', 'runpy', 'pkgutil'}
  return (isinstance(node, ast.Name) and node.id in names
          or isinstance(node, ast.Attribute) and node.attr == '__import__'
          # Under another name: an assignment, an argument, getattr.
          or any(isinstance(part, ast.Attribute)
                 and part.attr == 'import_module'
                 for part in ast.iter_child_nodes(node)
                 if part is not getattr(node, 'func', None))
          or isinstance(node, ast.Constant) and node.value == 'import_module'
          # A door of the package opens on use, whatever was imported of it.
          or isinstance(node, ast.Attribute)
          and ast.unparse(node.value) == 'uncertainty'
          or isinstance(node, ast.ImportFrom) and node.module == 'importlib'
          or _calls_import_module(node) and not _by_name(node))


def _strangers(room, other):
  tops = {room.split('.')[0], other.split('.')[0]}
  return any((len(tops) == 2 and tops <= some) or some == {room, other}
             for some in STRANGERS)


def _ways(module, imports):
  """Every module that one leads to → a shortest way there."""
  ways, waiting = {module: (module,)}, [module]
  for at in waiting:
    for other in imports.get(at, ()):
      if other not in ways:
        ways[other] = (*ways[at], other)
        if other not in NAMES:
          waiting.append(other)
  return ways


def violations(package):
  """What breaks the order, one line of text each."""
  modules = _modules(package)
  found, imports = [], {}
  for module, path in modules.items():
    room = _room(module)
    if room is None:
      found.append(f'{module} has no place in ORDER')
      continue
    tree = ast.parse(path.read_text(encoding='utf-8'))
    found += [f'{module}:{node.lineno} hides an import'
              for node in ast.walk(tree)
              if _hides(node) and module not in BY_ANY_NAME]
    imports[module] = []
    for line, other in _imported(tree, module, package.name, modules):
      imports[module].append(other)
      target = _room(other)
      if target is None or target == room:
        continue
      if _strangers(room, target):
        found.append(f'{module}:{line} imports a stranger: {other}')
      elif ORDER.index(target) > ORDER.index(room):
        found.append(f'{module}:{line} imports upward: {other}')
  folders = collections.defaultdict(set)
  for module, others in imports.items():
    top = module.split('.')[0]
    folders[top] |= {other.split('.')[0] for other in others} - {top}
  for graph in imports, folders:
    try:
      graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
      found.append(f'a circle: {" > ".join(reversed(error.args[1]))}')
  for module in imports:
    found += [f'{" > ".join(way)} leads to a stranger'
              for other, way in _ways(module, imports).items()
              if len(way) > 2 and _room(other)
              and _strangers(_room(module), _room(other))]
  return found


def test_every_place_in_the_order_is_taken():
  rooms = {_room(module) for module in _modules(PACKAGE)}
  assert rooms == set(ORDER)


def test_imports_point_downward():
  assert violations(PACKAGE) == []


def test_every_folder_has_a_place():
  folders = {'.'.join(path.parent.relative_to(PACKAGE).parts)
             for path in PACKAGE.rglob('*.py')} - {''}
  assert folders <= set(ORDER)


def told():
  """Rooms in CONTRIBUTING.md's list, named in its columns 5 to 37."""
  text = (PACKAGE.parent / 'CONTRIBUTING.md').read_text(encoding='utf-8')
  listed = text.partition('## Where things go\n\n')[2].partition('\n\n')[0]
  return [name for line in listed.splitlines() for name in line[4:37].split()]


def test_contributors_are_told_this_order():
  assert told() == [room for room in ORDER if room in told()]
  top = {module.split('.')[0] for module in _modules(PACKAGE)} - {'__init__'}
  assert top <= set(told())


def _plant(tmp_path, **files):
  package = tmp_path / 'uncertainty'
  for name, text in files.items():
    path = package.joinpath(*name.split('__')).with_suffix('.py')
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
  return package


@pytest.mark.parametrize(('text', 'what'), [
    ('from uncertainty import study\n', 'measures.a:1 imports upward: study'),
    ('import uncertainty.study\n', 'measures.a:1 imports upward: study'),
    ('from uncertainty.study import run\n',
     'measures.a:1 imports upward: study'),
    ('from ..study import run\n', 'measures.a:1 imports upward: study'),
    ('def f():\n  from uncertainty.study import run\n',
     'measures.a:2 imports upward: study'),
    ("import importlib\nimportlib.import_module('uncertainty.study')\n",
     'measures.a:2 imports upward: study'),
    ('from importlib import import_module as load\n',
     'measures.a:1 hides an import'),
    ("__import__('uncertainty.study')\n", 'measures.a:1 hides an import'),
    ("builtins.__import__('uncertainty.study')\n",
     'measures.a:1 hides an import'),
    ("importlib.import_module('.study', 'uncertainty')\n",
     'measures.a:1 hides an import'),
    ("importlib.import_module(name='uncertainty.study')\n",
     'measures.a:1 hides an import'),
    ("importlib.import_module(name)\n", 'measures.a:1 hides an import'),
    ('load = importlib.import_module\n', 'measures.a:1 hides an import'),
    ('use(importlib.import_module)\n', 'measures.a:1 hides an import'),
    ("getattr(importlib, 'import_module')\n", 'measures.a:1 hides an import'),
    ("exec('import uncertainty.study')\n", 'measures.a:1 hides an import'),
    ('import uncertainty.types\nuncertainty.run()\n',
     'measures.a:2 hides an import'),
    ('from uncertainty.data import b\n',
     'measures.a:1 imports a stranger: data.b'),
    ('from uncertainty.types import Item\nimport numpy\n', None),
])
def test_a_planted_import_is_found(tmp_path, text, what):
  package = _plant(tmp_path, types='', study='', data__b='', measures__a=text)
  assert violations(package) == ([what] if what else [])


def test_a_planted_circle_is_found(tmp_path):
  """Of two folders, one direction is always upward."""
  for low, high in itertools.pairwise(('inference', 'probes', 'report')):
    package = _plant(tmp_path / low, **{
        f'{low}__a': f'from uncertainty.{high} import b\n',
        f'{high}__b': f'from uncertainty.{low} import a\n'})
    assert f'{low}.a:1 imports upward: {high}.b' in violations(package)


def test_a_planted_circle_within_a_room_is_found(tmp_path):
  package = _plant(
      tmp_path, measures__a='from uncertainty.measures import b\n',
      measures__b='from uncertainty.measures import c\n',
      measures__c='from uncertainty.measures import a\n')
  (found,) = violations(package)
  assert found.startswith('a circle: ') and found.count(' > ') == 3


def test_a_planted_circle_of_folders_in_order_is_found(tmp_path):
  """Each file is in its place, and still neither folder stands alone."""
  package = _plant(
      tmp_path, analysis__scores__a='',
      probes__b='from uncertainty.analysis.scores import a\n',
      analysis__questions__c='from uncertainty.probes import b\n')
  (found,) = violations(package)
  assert found.startswith('a circle: ') and found.count(' > ') == 2
  assert 'probes' in found and 'analysis' in found


def test_questions_and_what_reproduces_the_paper_are_strangers(tmp_path):
  package = _plant(
      tmp_path, analysis__paper__a='', analysis__questions__b=(
          'from uncertainty.analysis.paper import a\n'))
  assert violations(package) == [
      'analysis.questions.b:1 imports a stranger: analysis.paper.a']


def test_a_stranger_behind_a_third_room_is_found(tmp_path):
  package = _plant(
      tmp_path, models__m='', probes__p='from uncertainty.models import m\n',
      report__r='from uncertainty.probes import p\n')
  assert violations(package) == [
      'report.r > probes.p > models.m leads to a stranger']


def test_the_engine_may_not_use_its_own_door(tmp_path):
  package = _plant(
      tmp_path, inference__tasks__t='',
      inference__score='from uncertainty.inference import TASKS\n')
  (package / 'inference' / '__init__.py').write_text(
      'from uncertainty.inference.tasks import t\n')
  assert violations(package) == [
      'inference.score:1 imports upward: inference.__init__']


def test_a_folder_without_a_place_is_named(tmp_path):
  package = _plant(tmp_path, helpers__a='')
  assert violations(package) == ['helpers.a has no place in ORDER']
