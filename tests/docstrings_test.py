"""Public functions say what they take and give (ruff holds the rest).

pydocstyle checks the sections that are there; that they are there, it does
not.
"""

import ast
import pathlib

PACKAGE = pathlib.Path(__file__).resolve().parents[1] / 'uncertainty'


def _public(node, prefix=''):
  """(qualified name, function) of all public ones of a module or class."""
  for child in node.body:
    public = not getattr(child, 'name', '_').startswith('_')
    if isinstance(child, ast.ClassDef) and public:
      yield from _public(child, f'{prefix}{child.name}.')
    elif isinstance(child, ast.FunctionDef) and public:
      yield prefix + child.name, child


def silent(source):
  """Functions whose docstring leaves out arguments or result."""
  out = []
  for name, function in _public(ast.parse(source)):
    text = ast.get_docstring(function) or ''
    spec = function.args
    takes = [a.arg for a in spec.args + spec.kwonlyargs
             if a.arg not in ('self', 'cls')]
    gives = function.returns is None or ast.unparse(
        function.returns) not in ('None', 'NoReturn')
    decorators = [ast.unparse(d) for d in function.decorator_list]
    if 'override' in decorators:  # says what the base class says
      continue
    attribute = any('property' in d for d in decorators)
    if takes and 'Args:\n' not in text:
      out.append(f'{name}: Args')
    if gives and not attribute and not (
        'Returns:\n' in text or 'Yields:\n' in text):
      out.append(f'{name}: Returns')
  return out


def test_public_functions_say_what_they_take_and_give():
  found = {
      str(path.relative_to(PACKAGE)): missing
      for path in sorted(PACKAGE.rglob('*.py'))
      if (missing := silent(path.read_text(encoding='utf-8')))}
  assert found == {}


def test_a_silent_function_is_found():
  source = '''
def told(x):
  """Doubles.

  Args:
    x: a number.

  Returns:
    Twice x.
  """

class Public:
  def silent(self, x) -> int:
    """Doubles."""

def _private(x):
  pass
'''
  assert silent(source) == ['Public.silent: Args', 'Public.silent: Returns']
