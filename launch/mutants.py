"""Mutation testing: changes one place of a file at a time, runs its tests.

    pip install cosmic-ray
    python launch/mutants.py uncertainty/measures/choice.py ... \\
        [--sample=60] [--seed=0] [--timeout=60] [--known=FILE]

The changes are cosmic-ray's (another operator, a number more or less, `and`
for `or`, `not`, no loop, ...) at no more than --sample places a file, drawn at
random, one change a place; the tests are the file's own (tests mirror the
package), without those marked parity. Libraries are imported once, and for
each change, held in memory only, a process is forked: a change costs its tests
and no more. One that no test fails is a survivor, and is printed; so are a
file's counts. Do not edit what is being tested. --known keeps which changes
were found out: the next run asks about the others. Exits with 1 if any lived.
"""

import argparse
import ast
import gc
import hashlib
import importlib.abc
import importlib.util
import os
import pathlib
import random
import resource
import signal
import sys
import time
import warnings

import pytest
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import MutationVisitor
from cosmic_ray.operators.provider import OperatorProvider

_PYTEST = ('-qq', '-p', 'no:cacheprovider', '--assert=plain', '-mnot parity')
_KINDS = (
    {'Add', 'Sub', 'Mul', 'Div', 'FloorDiv', 'Mod'},
    {'BitAnd', 'BitOr', 'BitXor'}, {'Is', 'IsNot'},
    {'Eq', 'NotEq', 'Lt', 'LtE', 'Gt', 'GtE'})
# The first two need names of variables, no jit is slow but not wrong, and the
# last cannot read `except module.Error`.
_LEFT_OUT = ('VariableReplacer', 'VariableInserter', 'RemoveDecorator',
             'ExceptionReplacer')


class _Mutant(importlib.abc.MetaPathFinder, importlib.abc.SourceLoader):
  """Gives out changed source as a module."""

  def __init__(self, path: pathlib.Path, code: str):
    self._path, self._code = path, code

  def find_spec(self, fullname, path, target=None):
    if fullname == _module(self._path):
      return importlib.util.spec_from_loader(fullname, self)
    return None

  def get_filename(self, fullname):
    return str(self._path.resolve())

  def get_data(self, path):
    return self._code.encode()


def _module(path: pathlib.Path) -> str:
  return '.'.join(path.with_suffix('').parts)


def _is_apt(operator: str) -> bool:
  """Whether a change is one that a slip of the pen could make."""
  kind, _, change = operator.partition('Operator_')
  if kind in ('ReplaceBinary', 'ReplaceComparison'):
    return any(set(change.split('_')) <= names for names in _KINDS)
  return operator not in _LEFT_OUT


def _decides_nothing(node) -> bool:
  """Whether a node belongs to an annotation or a decorator."""
  while node.parent is not None and node.type != 'suite':
    if node.type == 'decorator':
      return True
    if node.parent.type in ('tfpdef', 'annassign', 'funcdef'):
      # A parameter's default, and an annotated name's value, are no types.
      before = node.get_previous_sibling()
      return before is None or before != '='
    node = node.parent
  return False


def mutants(code: str, sample: int, seed: int) -> list[tuple[int, str, str]]:
  """One change at each of at most `sample` places: line, operator, code."""
  operators = {name: OperatorProvider()[name]()
               for name in OperatorProvider() if _is_apt(name)}
  places, nodes = {}, list(ast_nodes(get_ast(code)))
  for name, operator in operators.items():
    occurrence = 0
    for node in nodes:
      for place in operator.mutation_positions(node):
        if not _decides_nothing(node):
          places.setdefault(place, []).append((name, occurrence))
        occurrence += 1
  rng, out = random.Random(seed), []
  for place in sorted(rng.sample(sorted(places), min(sample, len(places)))):
    name, occurrence = rng.choice(places[place])
    changed = MutationVisitor.mutate_code(code, operators[name], occurrence)
    out.append((place[0][0], name, changed))
  return out


def _importers(module: str) -> set[str]:
  """The module and all loaded ones of this checkout that lean on it."""
  imports = {}
  for name, loaded in sys.modules.items():
    path = getattr(loaded, '__file__', None)
    if path and pathlib.Path(path).is_relative_to(pathlib.Path.cwd()):
      found = imports[name] = set()
      for node in ast.parse(pathlib.Path(path).read_text()).body:
        if isinstance(node, ast.Import):
          found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
          found.add(node.module)
          found.update(f'{node.module}.{a.name}' for a in node.names)
  out = {module}
  while more := {n for n, found in imports.items() if found & out} - out:
    out |= more
  return out


def outcome(path: pathlib.Path, code: str, stale: set[str], test: str,
            timeout: float) -> tuple[str, float]:
  """What tests do to `code` in the file's place, and in how many seconds.

  Killed, late or survived. Seconds are of processor time, as is `timeout`:
  others at work on the machine make no change late. One that only waits is
  late after ten times as long.
  """
  child = os.fork()
  if not child:
    signal.setitimer(signal.ITIMER_PROF, timeout)
    signal.alarm(round(10 * timeout))
    resource.setrlimit(resource.RLIMIT_DATA, (8 << 30, 8 << 30))
    quiet = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
      os.dup2(quiet, stream)
    for name in stale & sys.modules.keys():
      del sys.modules[name]
      package, _, last = name.rpartition('.')
      if package in sys.modules:
        vars(sys.modules[package]).pop(last, None)
    sys.meta_path.insert(0, _Mutant(path, code))
    os._exit(pytest.main([*_PYTEST, '-x', test]))
  _, status, used = os.wait4(child, 0)
  late = os.WIFSIGNALED(status) and os.WTERMSIG(status) in (
      signal.SIGPROF, signal.SIGALRM)
  found = 'late' if late else 'killed' if status else 'survived'
  return found, used.ru_utime + used.ru_stime


def run(path: pathlib.Path, args: argparse.Namespace) -> int:
  """Prints a file's survivors and counts; how many survived."""
  code, start = path.read_text(), time.monotonic()
  test = str(pathlib.Path('tests', *path.parts[1:-1], f'{path.stem}_test.py'))
  # Imports all that the tests need. None runs: no backend, thread or device.
  if pytest.main([*_PYTEST, '--collect-only', test]):
    sys.exit(f'{path}: its tests cannot be collected')
  stale = _importers(_module(path))
  gc.freeze()  # or each fork's collections would walk all libraries
  unchanged, seconds = outcome(path, code, stale, test, args.timeout)
  if unchanged != 'survived':
    sys.exit(f'{path}: its tests, unchanged, are {unchanged}')
  timeout = min(args.timeout, 20 + 5 * seconds)
  known = set(args.known.read_text().split()) if args.known.exists() else set()
  found = dict.fromkeys(('killed', 'late', 'survived'), 0)
  for line, name, changed in mutants(code, args.sample, args.seed):
    digest = hashlib.sha256(f'{path}\n{changed}'.encode()).hexdigest()
    result = 'killed' if digest in known else outcome(
        path, changed, stale, test, timeout)[0]
    found[result] += 1
    if result == 'survived':
      pairs = zip(code.splitlines(), changed.splitlines(), strict=False)
      before, after = next((a, b) for a, b in pairs if a != b)
      print(f'{path}:{line}: {name}\n    - {before.strip()}\n    + '
            f'{after.strip()}', flush=True)
    elif digest not in known:
      with args.known.open('a') as file:
        file.write(digest + '\n')
  counts = ', '.join(f'{n} {result}' for result, n in found.items())
  print(f'{path}: {counts} ({time.monotonic() - start:.0f} s)', flush=True)
  return found['survived']


def main():
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('files', nargs='+', type=pathlib.Path)
  parser.add_argument('--sample', type=int, default=60)
  parser.add_argument('--seed', type=int, default=0)
  parser.add_argument('--timeout', type=float, default=60.)
  parser.add_argument('--known', type=pathlib.Path, default=os.devnull)
  args = parser.parse_args()
  sys.path.insert(0, os.getcwd())
  # JAX warns of the threads that it has not started yet.
  warnings.filterwarnings('ignore', message='os.fork')
  sys.exit(sum(run(path, args) for path in args.files) > 0)


if __name__ == '__main__':
  main()
