"""Tests of what a tuned model says it comes from."""

import json

import pytest

from uncertainty.models import lineage
from uncertainty.types import UserError

FIRST = lineage.Lineage(
    'first', lineage.Base('base', 'org/base', '0f', 'abc'), '1', '2', '0.1.0',
    'human on vader')
SECOND = lineage.Lineage(
    'second', lineage.Base('first', 'runs/first/model', 'f0', None, FIRST),
    '3', '4', '0.1.0', 'hard on mmlu')


@pytest.mark.parametrize('written', [FIRST, SECOND])
def test_what_is_written_is_read(written, tmp_path):
  (tmp_path / lineage.FILE).write_text(json.dumps(written.as_json()))
  assert lineage.read(tmp_path) == written


def test_most_models_have_none(tmp_path):
  assert lineage.read(tmp_path) is None


@pytest.mark.parametrize(('path', 'value'), [
    (('base', 'fingerprint'), 7), (('base',), 'org/base'), (('name',), None),
    (('base', 'lineage'), {'name': 'x'}), (('base', 'lineage'), [])])
def test_a_damaged_one_is_refused(path, value, tmp_path):
  content = SECOND.as_json()
  inner = content
  for name in path[:-1]:
    inner = inner[name]
  inner[path[-1]] = value
  (tmp_path / lineage.FILE).write_text(json.dumps(content))
  with pytest.raises(UserError, match='lineage.json: .* tuning left'):
    lineage.read(tmp_path)
