"""What each field of a config is, read from the source of `specs`.

The help and the page of the configuration both come from here: a field's
meaning is the comment on its line, or the lines of comment above it.
"""

import ast
import dataclasses
import importlib.resources
import tokenize
from collections.abc import Mapping, Sequence

from uncertainty import spec_limits


@dataclasses.dataclass(frozen=True)
class Field:
  """One field.

  Attributes:
    name: dotted, such as `data.limit`.
    type: as it is annotated.
    default: as it is written.
    meaning: its comment, and the words that it takes.
  """

  name: str
  type: str
  default: str
  meaning: str


@dataclasses.dataclass(frozen=True)
class Section:
  """Fields that belong together.

  Attributes:
    name: such as `data`; '' for those of the run as a whole.
    meaning: in a sentence.
    fields: in the order in which they are written.
  """

  name: str
  meaning: str
  fields: tuple[Field, ...]


def source() -> str:
  """The text of `uncertainty/specs.py`.

  Returns:
    Python.
  """
  return importlib.resources.files('uncertainty').joinpath(
      'specs.py').read_text(encoding='utf-8')


def sections(
    text: str, allowed: Mapping[str, Sequence[str]] = spec_limits.CHOICES,
) -> tuple[Section, ...]:
  """Every section of a config, that of the run as a whole last.

  Args:
    text: of a module like `specs`: a class `StudySpec` whose fields are
      values or other classes.
    allowed: dotted field → words it takes.

  Returns:
    The sections in the order of `StudySpec`.
  """
  comments, alone = _comments(text)
  tree = ast.parse(text)
  classes = {node.name: node for node in tree.body
             if isinstance(node, ast.ClassDef)}

  def fields(nodes: list[ast.AnnAssign], prefix: str) -> tuple[Field, ...]:
    return tuple(_field(node, prefix, comments, alone, allowed)
                 for node in nodes)

  top = _assignments(classes['StudySpec'])
  plain = [node for node in top if ast.unparse(node.annotation) not in classes]
  found = []
  for node in [node for node in top if node not in plain]:
    section, name = classes[ast.unparse(node.annotation)], _name(node)
    found.append(Section(name, ast.get_docstring(section) or '',
                         fields(_assignments(section), f'{name}.')))
  return (*found, Section('', 'The run as a whole.', fields(plain, '')))


def _comments(text: str) -> tuple[dict[int, str], set[int]]:
  """Line → its comment, and which lines hold nothing else."""
  comments, alone = {}, set()
  for token in tokenize.generate_tokens(iter(
      text.splitlines(keepends=True)).__next__):
    if token.type == tokenize.COMMENT:
      comments[token.start[0]] = token.string.lstrip('# ')
      if token.line.lstrip().startswith('#'):
        alone.add(token.start[0])
  return comments, alone


def _assignments(section: ast.ClassDef) -> list[ast.AnnAssign]:
  return [node for node in section.body if isinstance(node, ast.AnnAssign)]


def _name(node: ast.AnnAssign) -> str:
  return ast.unparse(node.target)


def _field(node: ast.AnnAssign, prefix: str, comments: dict[int, str],
           alone: set[int], allowed: Mapping[str, Sequence[str]]) -> Field:
  name, end = prefix + _name(node), node.end_lineno or node.lineno
  meaning = [comments[n] for n in range(node.lineno, end + 1) if n in comments]
  above = node.lineno - 1
  while above in alone:
    meaning.insert(0, comments[above])
    above -= 1
  text, words = ' '.join(meaning), allowed.get(name, ())
  if words and not all(word in text for word in words):
    text = '; '.join(filter(None, [text, 'one of ' + ', '.join(words)]))
  return Field(name, ast.unparse(node.annotation),
               ast.unparse(node.value) if node.value else '', text)
