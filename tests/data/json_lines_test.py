"""Files of one JSON object a line."""

import pytest

from uncertainty.data import json_lines
from uncertainty.types import UserError


def test_each_line_is_made_and_empty_ones_are_left_out(tmp_path):
  path = tmp_path / 'some.jsonl'
  path.write_text('{"a": 1}\n\n{"a": 2}\n')
  assert list(json_lines.read(path, lambda r: r['a'], 'a number')) == [1, 2]


@pytest.mark.parametrize('line', ['{"b": 1}', '{', '[]', '3'])
def test_a_bad_line_is_named(tmp_path, line):
  path = tmp_path / 'some.jsonl'
  path.write_text('{"a": 1}\n' + line + '\n')
  with pytest.raises(UserError, match='some.jsonl, line 2: not a number'):
    list(json_lines.read(path, lambda r: r['a'], 'a number'))
