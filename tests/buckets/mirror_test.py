"""A folder of a bucket and its copy: what is brought, sent, kept and left."""

import logging
import shutil
import time

import pytest

from uncertainty import files
from uncertainty.buckets import lease, mirror, store
from uncertainty.errors import UserError
from uncertainty.results import manifest
from uncertainty.specs import StudySpec

_SHARD = 'shards/d/m/text/00000-0.parquet'


@pytest.fixture
def bucket(server):
  return store.Bucket(server.folder)


@pytest.fixture
def elsewhere(monkeypatch, tmp_path):
  """From now on, another machine, whose cache is empty."""
  def move(name='elsewhere'):
    monkeypatch.setenv('UNCERTAINTY_CACHE', str(tmp_path / name))
  return move


def _write(folder, **content):
  for name, text in content.items():
    path = folder / name.replace('__', '/')
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _texts(folder):
  return {p.relative_to(folder).as_posix(): p.read_text()
          for p in folder.rglob('*') if p.is_file()}


def _names(bucket):
  return {n for n in bucket.list() if lease.FOLDER not in n}


@pytest.fixture
def quiet(monkeypatch):
  """Nothing is sent before the end."""
  monkeypatch.setattr(mirror, 'EVERY', 100.0)


@pytest.mark.buckets
def test_what_one_machine_writes_another_one_brings(
    server, bucket, elsewhere):
  copy = mirror.Mirror(server.folder)
  with copy.held():
    _write(copy.folder, a='1', b__c='2')
  assert _names(bucket) == {'a', 'b/c'}
  elsewhere()
  other = mirror.Mirror(server.folder)
  assert other.folder != copy.folder
  other.bring()
  assert _texts(other.folder) == {'a': '1', 'b/c': '2'}
  server.requests.clear()
  other.bring()
  assert all('list-type' in path or path.endswith('manifest.json')
             for _, path in server.requests)  # nothing is brought twice


@pytest.mark.buckets
def test_work_is_sent_while_the_run_goes_on(server, bucket):
  copy = mirror.Mirror(server.folder)
  with copy.held():
    _write(copy.folder, a='1')
    until = time.monotonic() + 20
    while 'a' not in bucket.list():
      assert time.monotonic() < until
      time.sleep(.05)


@pytest.mark.buckets
def test_shards_are_sent_after_what_they_need_and_the_manifest_last(
    server, quiet):
  copy = mirror.Mirror(server.folder)
  with copy.held():
    for name in ('manifest.json', _SHARD, 'activations/d/m/s/00000.json',
                 'activations/d/m/s/00000.npy', 'results/d/m.parquet'):
      _write(copy.folder, **{name: name})
    server.requests.clear()
  place = '/' + server.folder.removeprefix('s3://') + '/'
  sent = [path.removeprefix(place) for method, path in server.requests
          if method == 'PUT' and lease.FOLDER not in path]
  assert set(sent[:2]) == {
      'activations/d/m/s/00000.npy', 'results/d/m.parquet'}
  assert sent[2:] == [
      'activations/d/m/s/00000.json', _SHARD, 'manifest.json']


@pytest.mark.buckets
def test_what_is_not_whole_is_not_sent(server, bucket):
  copy = mirror.Mirror(server.folder)
  with copy.held():
    _write(copy.folder, **{'a.partial': '1', 'tuning/50.partial/x': '2',
                           'checkpoints/d/m/s/1/x': '3', 'a': '4'})
  assert _names(bucket) == {'a'}


@pytest.mark.buckets
def test_what_was_taken_away_here_is_taken_away_there(server, bucket, quiet):
  copy = mirror.Mirror(server.folder)
  with copy.held():
    _write(copy.folder, a='1', b='2')
  again = mirror.Mirror(server.folder)
  with again.held():
    (again.folder / 'a').unlink()
    again.push()
    assert _names(bucket) == {'a', 'b'}
  assert _names(bucket) == {'b'}


@pytest.mark.buckets
def test_a_cache_that_is_deleted_takes_nothing_with_it(server, bucket, quiet):
  first = mirror.Mirror(server.folder)
  with first.held():
    _write(first.folder, a='1', b='2')
  shutil.rmtree(first.folder)  # between two runs
  copy = mirror.Mirror(server.folder)
  with copy.held():
    assert _texts(copy.folder) == {'a': '1', 'b': '2'}
  with pytest.raises(UserError, match='was deleted while'), copy.held():
    shutil.rmtree(copy.folder.parent)  # and during one
  assert _names(bucket) == {'a', 'b'}


@pytest.mark.buckets
def test_unsent_work_stays_if_nobody_else_changed_a_thing(
    server, bucket, quiet):
  copy = mirror.Mirror(server.folder)
  with copy.held():
    _write(copy.folder, a='1')
  _write(copy.folder, a='2', b='3')  # killed before it was sent
  again = mirror.Mirror(server.folder)
  with again.held():
    assert _texts(again.folder) == {'a': '2', 'b': '3'}
  assert bucket.read('a') == b'2' and bucket.read('b') == b'3'


@pytest.mark.buckets
def test_unsent_work_is_left_out_if_somebody_else_went_on(
    server, bucket, quiet, caplog):
  copy = mirror.Mirror(server.folder)
  with copy.held():
    _write(copy.folder, a='1', c='1', d='1')
  _write(copy.folder, a='2', b='3')
  bucket.write('c', b'4')
  bucket.delete('d')
  again = mirror.Mirror(server.folder)
  with caplog.at_level(logging.WARNING, 'absl'):
    again.bring()
  assert _texts(again.folder) == {'a': '1', 'c': '4'}
  assert '1 files here that it never got' in caplog.text


@pytest.mark.buckets
def test_an_old_listing_takes_nothing_away(server, quiet):
  copy = mirror.Mirror(server.folder)
  with copy.held():
    _write(copy.folder, **{'a': '1', _SHARD: '2'})
  server.hidden = lambda name: True
  copy.bring()
  assert _texts(copy.folder) == {'a': '1', _SHARD: '2'}


@pytest.mark.buckets
def test_the_manifest_and_what_it_names_need_no_listing(
    server, bucket, elsewhere):
  copy = mirror.Mirror(server.folder)
  with copy.held():
    for place in ('results/d/m.parquet', 'shards/x'):
      _write(copy.folder, **{place: '1'})
    manifest.write(copy.folder, {'created': 'then', 'outputs': {
        'results/d/m.parquet': '0', '../../outside': '0', 'gone': '0'}})
  server.hidden = lambda name: True
  elsewhere()
  other = mirror.Mirror(server.folder)
  other.bring()
  assert sorted(_texts(other.folder)) == [
      'manifest.json', 'results/d/m.parquet']


@pytest.mark.buckets
def test_one_run_at_a_time_here_and_elsewhere(server, elsewhere):
  copy = mirror.Mirror(server.folder)
  with copy.locked(), copy.held():
    with pytest.raises(manifest.InUseError), mirror.Mirror(
        server.folder).locked():
      pass
    elsewhere()
    other = mirror.Mirror(server.folder)
    with pytest.raises(manifest.InUseError, match=lease.FOLDER), other.held():
      pass
  with other.held():
    pass


@pytest.mark.buckets
def test_a_run_that_lost_the_bucket_is_told_and_writes_no_more(
    server, bucket):
  copy = mirror.Mirror(server.folder)
  with pytest.raises(lease.LostError), copy.held():
    bucket.write(f'{lease.FOLDER}/00002', b'{}')  # took over
    until = time.monotonic() + 20
    while time.monotonic() < until:
      time.sleep(.05)
      copy.check()
    _write(copy.folder, a='1')
  assert 'a' not in bucket.list()


@pytest.mark.buckets
def test_an_outage_ends_the_run_and_its_work_waits(
    server, bucket, monkeypatch):
  monkeypatch.setattr(mirror, 'GIVE_UP', .5)
  copy = mirror.Mirror(server.folder)
  with pytest.raises(UserError, match='run the same command again'), (
      copy.held()):
    _write(copy.folder, a='1')
    server.fault = lambda method, path: '503'
    until = time.monotonic() + 60
    while time.monotonic() < until:
      time.sleep(.05)
      copy.check()
  server.fault = lambda method, path: ''
  with mirror.Mirror(server.folder).held():
    pass
  assert bucket.read('a') == b'1'


@pytest.mark.buckets
def test_a_shorter_outage_is_only_said(server, bucket, caplog):
  copy = mirror.Mirror(server.folder)
  with copy.held():
    _write(copy.folder, a='1')
    server.fault = lambda method, path: '503'
    until = time.monotonic() + 60
    while 'cannot be' not in caplog.text:
      assert time.monotonic() < until
      time.sleep(.05)
    server.fault = lambda method, path: ''
    copy.check()
  assert bucket.read('a') == b'1'


@pytest.mark.buckets
def test_results_are_brought_without_what_no_analysis_needs(server, bucket):
  for run in ('one', 'model'):
    for name in ('manifest.json', 'results/d/m.parquet', _SHARD, 'model/w',
                 'activations/d/m/s/00000.npy', 'report/index.html'):
      bucket.write(f'{run}/{name}', b'{}')
  bucket.write('sweep.jsonl', b'{}')
  folder = mirror.brought(server.folder)
  assert set(_texts(folder)) == {'sweep.jsonl', *(
      f'{run}/{name}' for run in ('one', 'model') for name in (
          'manifest.json', 'results/d/m.parquet', 'report/index.html'))}


@pytest.mark.buckets
def test_results_that_are_not_there_are_named_by_their_address(server):
  with pytest.raises(UserError, match=f'{server.folder}/no: there is no'):
    mirror.brought(f'{server.folder}/no')


@pytest.mark.buckets
def test_places_on_this_machine_are_left_as_they_are(server, bucket, tmp_path):
  bucket.write('results/d/m.parquet', b'1')
  spec = StudySpec(results_dir=f'{tmp_path},{server.folder}')
  with mirror.opened(spec, tmp_path / 'run', ('analyze',)) as here:
    first, second = here.spec.results_dir.split(',')
    assert first == str(tmp_path) and here.mirror is None
    assert here.folder == tmp_path / 'run'
  assert second == str(mirror.brought(server.folder))
  assert files.cache_dir() in mirror.brought(server.folder).parents
