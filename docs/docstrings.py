"""The package's docstrings, which are plain text, as reStructuredText.

A name between single backticks is code, an indented block after a colon is
an example, and `*`, `|` and a final `_` are only themselves.
"""

import re

_CODE = re.compile(r'``[^`]+``|`([^`]+)`')
_STARS = re.compile(r'^(\s*)(\*{1,2}\w+:)')  # **kwargs: napoleon's to read
# What RST lets stand right before and after code; `id`s needs an escape.
_BEFORE, _AFTER = '\'"([{<-/:', '\'")]}>-/:.,;!?'
_SECTION = re.compile(
    r'(Args|Arguments|Attributes|Returns|Raises|Yields|Note|Notes|Example|'
    r'Examples|References?|Keyword Args|See Also|Todo|Warns?):$')


def to_rst(app, what, name, obj, options, lines: list[str]) -> None:
  """Sphinx's hook: changes the lines of one docstring in place."""
  del app, what, name, obj, options
  lines[:] = convert(lines)


def convert(lines: list[str]) -> list[str]:
  """The docstring's lines, with markup where there was meant to be some."""
  body, sections = _split(lines)
  out: list[str] = []
  for is_block, part in _parts(body):
    if is_block:
      out += ['::', '', *part, '']
    else:
      out += [*_inline(part), '']
  return out + (_inline(sections) if sections else [])


def _split(lines: list[str]) -> tuple[list[str], list[str]]:
  """What stands before the first Google section, and from there on."""
  for i, line in enumerate(lines):
    if _SECTION.fullmatch(line):
      return lines[:i], lines[i:]
  return lines, []


def _parts(lines: list[str]) -> list[tuple[bool, list[str]]]:
  """Paragraphs, and the blocks that are indented: (is a block, lines)."""
  parts: list[tuple[bool, list[str]]] = []
  after_blank, bullet = True, False
  for line in lines:
    if not line.strip():
      after_blank = True
      if parts and parts[-1][0]:
        parts[-1][1].append('')
      continue
    indented = line.startswith(' ')
    if parts and parts[-1][0] and indented:
      parts[-1][1].append(line)
    elif indented and after_blank and not bullet:
      parts.append((True, [line]))
    elif after_blank or not parts or (parts[-1][0] and not indented):
      parts.append((False, [line]))
      bullet = line.startswith(('- ', '* '))
    else:
      # A line that hangs belongs to its paragraph.
      parts[-1][1].append(line if bullet else line.strip())
    after_blank = False
  return parts


def _inline(lines: list[str]) -> list[str]:
  text = '\n'.join(lines)
  out, end = [], 0
  for match in _CODE.finditer(text):
    out.append(_escaped(text[end:match.start()]))
    code = ' '.join((match[1] or match[0].strip('`')).split())
    before = '' if _may_border(text[:match.start()][-1:], _BEFORE) else '\\ '
    after = '' if _may_border(text[match.end():][:1], _AFTER) else '\\ '
    out.append(f'{before}``{code}``{after}')
    end = match.end()
  return ''.join([*out, _escaped(text[end:])]).split('\n')


def _may_border(character: str, signs: str) -> bool:
  return not character or character.isspace() or character in signs


def _escaped(text: str) -> str:
  lines = []
  for line in text.replace('\\', '\\\\').split('\n'):
    stars = _STARS.match(line)
    start, rest = (stars[0], line[stars.end():]) if stars else ('', line)
    if rest.lstrip().startswith('* '):
      start, _, rest = rest.partition('* ')
      start += '* '
    rest = re.sub(r'([*|`])', r'\\\1', rest)
    lines.append(start + re.sub(r'_(?=\W|$)', r'\\_', rest))
  return '\n'.join(lines)
