"""What a stranger's manifest may hold, field by field."""

import copy
import dataclasses
import json

import pytest

from uncertainty import specs
from uncertainty.results import manifest, manifest_fields
from uncertainty.types import UserError

_MODEL = {'source': 'here', 'revision': None, 'fingerprint': 'f',
          'kind': 'base', 'family': 'llama', 'identity': {'weights': 'w'}}
_DATA = {'path': 't.csv', 'subset': None, 'limit': 3, 'items': 3, 'digest': 'd',
         'files': {'t': {'path': 't.csv', 'digest': 'sha256:0'}}}
WHOLE = {
    'config': json.loads(json.dumps(dataclasses.asdict(specs.StudySpec()))),
    'models': {'tiny': _MODEL}, 'data': {'table': _DATA},
    'starts': [{'run': 'r', 'command': ['main.py'], 'models': {'tiny': _MODEL},
                'code': {'commit': 'c', 'edited': False}, 'seed': 0}],
    'outputs': {'report/index': 'd'}, 'made_of': {'report/index': 'd'},
    'packages': {'jax': '1', 'x': None},
    'created': 'then', 'updated': 'now'}


def _changed(place, *value):
  """The whole manifest with one value changed, or dropped."""
  content = copy.deepcopy(WHOLE)
  *path, last = (int(part) if part.isdigit() else part
                 for part in place.split('.'))
  at = content
  for part in path:
    at = at[part]
  if value:
    at[last], = value
  else:
    del at[last]
  return content


def test_what_a_run_writes_is_well():
  assert manifest_fields.problem(WHOLE) is None
  assert manifest_fields.problem({}) is None
  assert manifest_fields.problem({'of a later version': 3}) is None


@pytest.mark.parametrize('place, value', [
    ('config.seed', 7), ('config.free.temperature', 1),
    ('config.data.limit', None), ('config.of_a_plugin', 'x'),
    ('starts.0.code', None), ('models.tiny.revision', 'abc')])
def test_other_values_of_its_type_are_well(place, value):
  assert manifest_fields.problem(_changed(place, value)) is None


@pytest.mark.parametrize('place, value, wanted', [
    ('config', [], 'an object'), ('config.seed', '0', 'a whole number'),
    ('config.seed', True, 'a whole number'),
    ('config.prompt', 'letters', 'an object'),
    ('config.prompt.answer', ['letters'], 'a text'),
    ('config.free.temperature', '1', 'a number or a whole number'),
    ('config.data.limit', 'all', 'a whole number or null'),
    ('models', [], 'an object'), ('models.tiny', 'base', 'an object'),
    ('models.tiny.kind', 3, 'a text'), ('models.tiny.fingerprint', 3, 'a text'),
    ('models.tiny.identity', 'w', 'an object'),
    ('models.tiny.identity.weights', 0, 'a text'),
    ('data.table', None, 'an object'), ('data.table.items', '3', 'a whole'),
    ('data.table.files', [], 'an object'),
    ('data.table.files.t.digest', 5, 'a text'),
    ('starts', {}, 'a list'), ('starts.0', 'x', 'an object'),
    ('starts.0.command', 'main.py', 'a list'),
    ('starts.0.command.0', 1, 'a text'), ('starts.0.code', 'c', 'an object'),
    ('starts.0.code.edited', 'no', 'true or false'),
    ('outputs.report/index', 3, 'a text'), ('packages', [], 'an object'),
    ('updated', 3, 'a text')])
def test_another_type_is_named_with_its_place(place, value, wanted):
  said = manifest_fields.problem(_changed(place, value))
  assert said is not None
  assert said.startswith(f'{place} is {value!r}, expected {wanted}')


@pytest.mark.parametrize('name', ['../x', '/etc/shadow', 'zzz', 'a/../../x'])
def test_outputs_lie_in_the_workdir(name):
  said = manifest_fields.problem({**WHOLE, 'outputs': {name: 'd'}})
  assert said == f'outputs names {name!r}, which lies not in the workdir'


@pytest.mark.parametrize('change', [
    {'outputs': {'report/\ud800': 'd'}}, {'created': 'a\0'},
    {'of a later version': [[{'\udcff': 1}]]}])
def test_texts_can_be_printed(change):
  assert 'is no text' in (manifest_fields.problem(WHOLE | change) or '')


@pytest.mark.parametrize('place', [
    'config.prompt', 'config.prompt.answer', 'config.data.name', 'config.seed',
    'config.probe.sites', 'models.tiny.kind', 'models.tiny.fingerprint',
    'data.table.path', 'data.table.files.t.digest', 'starts.0.code.commit'])
def test_what_is_asked_for_by_name_must_be_there(place):
  assert manifest_fields.problem(_changed(place)) == f'{place} is missing'


def test_a_manifest_is_refused_where_it_is_read(tmp_path, caplog):
  path = manifest.path_of(tmp_path)
  path.write_text(json.dumps(_changed('models.tiny.kind', 3)))
  with pytest.raises(UserError) as caught:
    manifest.read(tmp_path)
  assert str(caught.value) == (
      f'{path}: models.tiny.kind is 3, expected a text; run --stages=score '
      'again to write it anew')
  # As one that is no JSON: set aside and written anew.
  manifest.claim(tmp_path, specs.StudySpec())
  assert 'models.tiny.kind is 3' in caplog.text
  assert (tmp_path / 'aside' / 'manifest.json').exists()
