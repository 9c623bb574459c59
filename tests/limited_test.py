"""A process of limits answers, is ended by them, and answers again."""

import pathlib

import pytest

from uncertainty import limited

_SCRIPT = """
from uncertainty import limited_process

def start(greeting):
  program = None
  def answer(request):
    nonlocal program
    program = request.get('program', program)
    while request['what'] == 'loop':
      pass
    if request['what'] == 'die':
      raise SystemExit
    return {'said': greeting + program, 'room': len('x' * request['size'])}
  return answer

limited_process.serve(start)
"""


@pytest.fixture
def process(tmp_path: pathlib.Path):
  (tmp_path / 'script.py').write_text(_SCRIPT)
  return limited.Process(tmp_path / 'script.py', 'Hello ', memory=1 << 29)


def _asked(process, what='', size=3, program='you', seconds=1):
  return process.ask(program, {'what': what, 'size': size}, seconds)


def test_a_program_is_told_once_and_kept(process):
  assert _asked(process) == {'said': 'Hello you', 'room': 3}
  assert _asked(process, size=5) == {'said': 'Hello you', 'room': 5}
  assert _asked(process, program='me')['said'] == 'Hello me'


@pytest.mark.parametrize('what, size', [('loop', 1), ('die', 1), ('', 10**10)])
def test_past_its_limits_it_ends_and_the_next_one_knows_the_program(
    process, what, size):
  assert _asked(process)['said'] == 'Hello you'
  assert _asked(process, what, size) is None
  assert _asked(process)['said'] == 'Hello you'
