"""The rooms of the analysis import downward only."""

import ast
import pathlib

import pytest

from uncertainty import analysis

ROOT = pathlib.Path(analysis.__file__).parent
# What each room may import, besides itself.
BELOW = {
    'statistics': set(),
    'calibration': {'statistics'},
    'scores': {'statistics', 'calibration'},
    'questions': {'statistics', 'calibration', 'scores'},
    'paper': {'statistics', 'calibration', 'scores'},
}


def _upward(source: str, room: str) -> list[str]:
  """Imports of a room's file that leave it other than downward."""
  found = []
  for node in ast.walk(ast.parse(source)):
    names = []
    if isinstance(node, ast.ImportFrom) and node.module:
      names = [f'{node.module}.{alias.name}' for alias in node.names]
    elif isinstance(node, ast.Import):
      names = [alias.name for alias in node.names]
    for name in names:
      parts = name.split('.')
      if parts[:2] == ['uncertainty', 'analysis'] and (
          parts[2] not in BELOW[room] | {room}):
        found.append(name)
      if parts[:2] == ['uncertainty', 'report']:
        found.append(name)
  return found


@pytest.mark.parametrize('room', BELOW)
def test_rooms_import_downward_only(room):
  files = sorted((ROOT / room).glob('*.py'))
  assert len(files) > 1
  found = {path.name: _upward(path.read_text(), room) for path in files}
  assert not any(found.values()), found


def test_a_planted_violation_is_found():
  planted = 'from uncertainty.analysis.paper.cells import cells'
  assert _upward(planted, 'questions')
  assert _upward('import uncertainty.analysis.run', 'paper')
  assert not _upward(planted, 'paper')


def test_every_room_is_in_the_order():
  rooms = {p.parent.name for p in ROOT.glob('*/__init__.py')}
  assert rooms == set(BELOW)
