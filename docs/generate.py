"""Pages that follow from the code.

`python docs/generate.py` writes docs/configuration.md, which is committed and
tested to be up to date. What only the site needs (pages of the modules, copies
of the notebooks) is written by `build_inputs` on each build, and ignored by
git.
"""

import ast
import pathlib
import shutil
import sys
import tokenize

_ROOT = pathlib.Path(__file__).resolve().parent.parent

# Rooms of the package, from the lowest floor up: a page of the API each.
ROOMS = {
    'errors': 'Errors', 'types': 'Shared types', 'specs': 'Configuration',
    'config_files': 'Config files', 'data': 'Data sets', 'prompts': 'Prompts',
    'models': 'Models', 'measures': 'Measures', 'results': 'Tables on disk',
    'inference': 'Inference', 'probes': 'Probes', 'analysis': 'Analysis',
    'calibration': 'Calibration in one line', 'report': 'Report',
    'worlds': 'Simulated studies', 'study': 'The study',
    'notebook': 'A study in a notebook',
}
# Modules that act when they are imported, such as flags and scripts.
_NOT_IMPORTED = ('main',)


def configuration(source: str) -> str:
  """The configuration reference as Markdown.

  Args:
    source: text of uncertainty/specs.py. A field's meaning is the comment on
      its line, or the lines of comment above it.
  """
  comments, alone = _comments(source)
  tree = ast.parse(source)
  classes = {node.name: node for node in tree.body
             if isinstance(node, ast.ClassDef)}
  allowed = _literal(tree, '_CHOICES')
  lines = [
      '# Configuration', '',
      'Written by `python docs/generate.py` from `uncertainty/specs.py`. A',
      'field is set in a config file or by `--config.SECTION.FIELD=VALUE`; an',
      'unknown field, a value of another type or out of range is an error',
      'that says what to do.']
  top = _fields(classes['StudySpec'])
  plain = [f for f in top if ast.unparse(f.annotation) not in classes]
  for field in [f for f in top if f not in plain]:
    section = classes[ast.unparse(field.annotation)]
    name = ast.unparse(field.target)
    lines += ['', f'## {name}', '', ast.get_docstring(section) or '', '']
    lines += _table(_fields(section), f'{name}.', comments, alone, allowed)
  lines += ['', '## The run as a whole', '']
  lines += _table(plain, '', comments, alone, allowed)
  return '\n'.join(lines) + '\n'


def _comments(source: str) -> tuple[dict[int, str], set[int]]:
  """Line → its comment, and which lines hold nothing else."""
  comments, alone = {}, set()
  for token in tokenize.generate_tokens(iter(
      source.splitlines(keepends=True)).__next__):
    if token.type == tokenize.COMMENT:
      comments[token.start[0]] = token.string.lstrip('# ')
      if token.line.lstrip().startswith('#'):
        alone.add(token.start[0])
  return comments, alone


def _literal(tree: ast.Module, name: str) -> dict:
  for node in tree.body:
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
      return ast.literal_eval(node.value)
  return {}


def _fields(section: ast.ClassDef) -> list[ast.AnnAssign]:
  return [node for node in section.body if isinstance(node, ast.AnnAssign)]


def _table(fields: list[ast.AnnAssign], prefix: str, comments: dict[int, str],
           alone: set[int], allowed: dict) -> list[str]:
  lines = ['| field | type | default | meaning |', '|---|---|---|---|']
  for field in fields:
    name = prefix + ast.unparse(field.target)
    meaning = [comments[n] for n in range(field.lineno, field.end_lineno + 1)
               if n in comments]
    above = field.lineno - 1
    while above in alone:
      meaning.insert(0, comments[above])
      above -= 1
    text = ' '.join(meaning)
    words = allowed.get(name, ())
    if words and not all(word in text for word in words):
      text = '; '.join(filter(None, [text, 'one of ' + ', '.join(words)]))
    default = ast.unparse(field.value) if field.value else ''
    cells = (f'`{name}`', f'`{ast.unparse(field.annotation)}`',
             f'`{default}`', text)
    lines.append('| ' + ' | '.join(
        cell.replace('|', r'\|') for cell in cells) + ' |')
  return lines


def modules(package: pathlib.Path) -> dict[str, list[str]]:
  """Room → its modules by their dotted names, found without importing."""
  found: dict[str, list[str]] = {}
  for path in sorted(package.rglob('*.py')):
    parts = path.relative_to(package).with_suffix('').parts
    if parts[-1] == '__init__':
      parts = parts[:-1]
    if parts and parts[0] not in _NOT_IMPORTED and not any(
        part.startswith('_') for part in parts):
      found.setdefault(parts[0], []).append(
          '.'.join((package.name, *parts)))
  return found


def build_inputs(docs: pathlib.Path) -> None:
  """Writes docs/api/ and docs/colabs/ anew."""
  for folder in ('api', 'colabs'):
    shutil.rmtree(docs / folder, ignore_errors=True)
    (docs / folder).mkdir()
  for path in sorted((_ROOT / 'colabs').glob('*.ipynb')):
    shutil.copy(path, docs / 'colabs' / path.name)
  found = modules(_ROOT / 'uncertainty')
  order = [r for r in ROOMS if r in found]
  order += [r for r in found if r not in ROOMS]
  index = ['# Modules, from the lowest floor up', '', '```{toctree}', *order,
           '```']
  (docs / 'api' / 'index.md').write_text(
      '\n'.join(index) + '\n', encoding='utf-8')
  for room in order:
    lines = [f'# {ROOMS.get(room, room)}: `uncertainty.{room}`']
    for name in found[room]:
      if len(found[room]) > 1:
        lines += ['', f'## {name}']
      lines += ['', '```{eval-rst}', f'.. automodule:: {name}', '   :members:',
                '   :ignore-module-all:', '```']
    (docs / 'api' / f'{room}.md').write_text(
        '\n'.join(lines) + '\n', encoding='utf-8')


def main() -> None:
  source = (_ROOT / 'uncertainty' / 'specs.py').read_text(encoding='utf-8')
  path = _ROOT / 'docs' / 'configuration.md'
  path.write_text(configuration(source), encoding='utf-8')
  sys.stdout.write(f'{path}\n')


if __name__ == '__main__':
  main()
