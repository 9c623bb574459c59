#!/usr/bin/env python
"""Writes the repository's public address into the notebooks.

    python launch/links.py

The address stands in one place, `repository-code` of CITATION.cff; without it
the notebooks have no badge, and in Colab they install an archive that is
uploaded. A test says when they must be written anew.
"""

import copy
import json
import pathlib
import re
from collections.abc import Mapping
from typing import Any

_ROOT = pathlib.Path(__file__).resolve().parent.parent
_GITHUB = 'https://github.com/'
_BADGE = (
    '[![Open in Colab](https://colab.research.google.com/assets/'
    'colab-badge.svg)](https://colab.research.google.com/github/{name}/blob/'
    'main/colabs/{notebook})')
_UPLOADED = 'file:///content/uncertainty.zip'
_HINT = ('  # The repository has no public address yet: upload what\n'
         '  # `git archive -o uncertainty.zip HEAD` writes.\n')


def address(citation: str) -> str | None:
  """Where the repository is public.

  Args:
    citation: text of CITATION.cff.

  Returns:
    An address without its last slash; None where none is given.
  """
  found = re.search(r'^repository-code: *(https://\S+?)/?$', citation,
                    re.MULTILINE)
  return found[1] if found else None


def linked(notebook: Mapping[str, Any], file: str,
           repository: str | None) -> dict[str, Any]:
  """A notebook that leads to the repository.

  Args:
    notebook: its JSON; the first cell is its title, the second installs.
    file: its name.
    repository: of `address`.

  Returns:
    The notebook with a badge (on GitHub) and the source that it installs.
  """
  new = copy.deepcopy(dict(notebook))
  title, install = (''.join(cell['source']) for cell in new['cells'][:2])
  title = re.sub(r'\n+\[!\[Open in Colab\].*', '', title)
  if repository is not None and repository.startswith(_GITHUB):
    title += '\n\n' + _BADGE.format(
        name=repository.removeprefix(_GITHUB), notebook=file)
  source = _UPLOADED if repository is None else f'git+{repository}'
  install, n = re.subn(r"^  source = '.*'$", f"  source = '{source}'",
                       install.replace(_HINT, ''), flags=re.MULTILINE)
  if n != 1:
    raise ValueError(f'{file}: the second cell must set `source` once')
  if repository is None:
    install = install.replace('  source = ', f'{_HINT}  source = ')
  for cell, text in zip(new['cells'], (title, install)):
    cell['source'] = text.splitlines(keepends=True)
  return new


def main() -> None:
  """Writes every notebook of colabs/."""
  repository = address(
      (_ROOT / 'CITATION.cff').read_text(encoding='utf-8'))
  for path in sorted((_ROOT / 'colabs').glob('*.ipynb')):
    notebook = linked(json.loads(path.read_text(encoding='utf-8')), path.name,
                      repository)
    path.write_text(json.dumps(notebook, ensure_ascii=False, indent=1) + '\n',
                    encoding='utf-8')


if __name__ == '__main__':
  main()
