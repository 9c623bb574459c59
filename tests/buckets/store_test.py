"""A bucket's objects: whole or not there, whatever befalls a request."""

import http.client
import os
import re

import fsspec
import pytest

from launch import bucket_server
from uncertainty.buckets import store
from uncertainty.errors import UserError

_FAULTS = (bucket_server.UNAVAILABLE, bucket_server.CUT, bucket_server.DEAF)


def _once(fault, method):
  """A fault of the first request of a kind, after which all is well."""
  seen = []

  def befalls(asked, path):
    if asked != method or seen:
      return ''
    seen.append(path)
    return fault

  return befalls


@pytest.fixture
def bucket(server):
  return store.Bucket(server.folder)


def test_an_extra_that_is_missing_is_named(monkeypatch):
  def missing(*_, **__):
    raise ImportError('Install s3fs to access S3')

  monkeypatch.setattr(fsspec, 'filesystem', missing)
  with pytest.raises(UserError, match=r"pip install 'uncertainty\[buckets\]'"):
    store.Bucket('s3://bucket/run')


@pytest.mark.parametrize('url', ['s3://', 's3:///run', 'gs:///'])
def test_an_address_without_a_bucket_is_refused(url):
  with pytest.raises(UserError, match='names no bucket'):
    store.Bucket(url)


@pytest.mark.parametrize('name, expected', [
    ('a/b.json', True), ('a', True), ('../a', False), ('a/../../b', False),
    ('/etc/passwd', False), ('a//b', False), ('./a', False), ('', False)])
def test_a_name_may_not_lead_out_of_its_folder(name, expected):
  assert store.safe(name) == expected


@pytest.mark.buckets
def test_objects_are_listed_of_this_folder_alone(server, bucket):
  bucket.write('a/b', b'12')
  bucket.write('c', b'3')
  store.Bucket(f'{server.folder}2').write('other', b'4')
  found = bucket.list()
  assert {name: about.size for name, about in found.items()} == {
      'a/b': 2, 'c': 1}
  assert list(bucket.list('a')) == ['a/b']
  assert bucket.about('c') == found['c'] and bucket.about('d') is None
  assert bucket.read('a/b') == b'12' and bucket.read('d') is None
  bucket.write('c', b'5')
  assert bucket.about('c').version != found['c'].version
  bucket.delete('c')
  bucket.delete('c')
  assert list(bucket.list()) == ['a/b']


@pytest.mark.buckets
def test_names_that_lead_out_are_not_listed(server, bucket):
  bucket.write('a', b'1')
  request = http.client.HTTPConnection(server.moto_host)
  place = server.folder.removeprefix('s3://')
  request.request('PUT', f'/{place}/x/%2E%2E/%2E%2E/y', body=b'2')
  assert request.getresponse().status == 200
  request.close()
  assert list(bucket.list()) == ['a']


@pytest.mark.buckets
@pytest.mark.parametrize('fault', _FAULTS)
def test_a_fault_is_got_over(server, bucket, fault, tmp_path):
  path = tmp_path / 'file'
  path.write_bytes(b'whole' * 1000)
  server.fault = _once(fault, 'PUT')
  assert bucket.put(path, 'a').size == 5000
  server.fault = _once(fault, 'GET')
  assert bucket.get('a', tmp_path / 'b')
  assert (tmp_path / 'b').read_bytes() == path.read_bytes()
  server.fault = _once(fault, 'GET')
  assert list(bucket.list()) == ['a']


@pytest.mark.buckets
@pytest.mark.parametrize('fault', _FAULTS)
def test_what_must_not_exist_is_made_once(server, bucket, fault):
  server.fault = _once(fault, 'PUT')
  assert bucket.create('a', b'mine')  # even if the answer was lost
  assert not bucket.create('a', b'theirs')
  assert bucket.read('a') == b'mine'


@pytest.mark.buckets
def test_half_an_upload_is_not_there(server, bucket, tmp_path):
  path = tmp_path / 'file'
  path.write_bytes(os.urandom(1000))
  bucket.put(path, 'a')
  before = path.read_bytes()
  server.fault = lambda method, _: (
      bucket_server.CUT if method == 'PUT' else '')
  path.write_bytes(os.urandom(1000))
  for name in 'ab':
    with pytest.raises(UserError, match=f'/{name} cannot be written .*Connect'):
      bucket.put(path, name)
  assert list(bucket.list()) == ['a'] and bucket.read('a') == before


@pytest.mark.buckets
def test_a_large_file_goes_in_parts_that_are_no_object(
    server, bucket, tmp_path):
  path = tmp_path / 'large'
  path.write_bytes(os.urandom(33 << 20))
  server.fault = lambda method, path: (
      bucket_server.CUT if 'partNumber=3' in path else '')
  with pytest.raises(UserError, match='/a cannot be written'):
    bucket.put(path, 'a')
  # Another one's that was never completed.
  request = http.client.HTTPConnection(server.moto_host)
  place = server.folder.removeprefix('s3://')
  request.request('POST', f'/{place}/a?uploads')
  upload = re.search(rb'<UploadId>(.*?)<', request.getresponse().read())[1]
  request.request('PUT', f'/{place}/a?partNumber=1&uploadId={upload.decode()}',
                  body=b'half')
  assert request.getresponse().status == 200
  request.close()
  assert bucket.list() == {} and bucket.about('a') is None
  server.fault = lambda method, path: ''
  server.requests.clear()
  assert bucket.put(path, 'a').size == 33 << 20
  assert sum('partNumber' in asked for _, asked in server.requests) == 3
  assert bucket.get('a', tmp_path / 'b')
  assert (tmp_path / 'b').read_bytes() == path.read_bytes()


@pytest.mark.buckets
def test_what_stays_away_is_an_error_that_says_what_to_do(server, bucket):
  server.fault = lambda method, path: bucket_server.UNAVAILABLE
  with pytest.raises(UserError, match=(
      '/a cannot be written .*request rate.*run the same command again')):
    bucket.write('a', b'1')
  with pytest.raises(UserError, match='cannot be listed'):
    bucket.list()
  with pytest.raises(UserError, match='/a cannot be reached'):
    bucket.read('a')


@pytest.mark.buckets
def test_what_no_second_try_helps_is_said_at_once(
    server, tmp_path, monkeypatch):
  monkeypatch.setattr(store, 'PAUSES', (100.0,))
  nowhere = store.Bucket('s3://nowhere/run')
  with pytest.raises(UserError, match='bucket does not exist'):
    nowhere.list()
  (tmp_path / 'a').write_bytes(b'1')
  with pytest.raises(UserError, match='bucket does not exist'):
    nowhere.put(tmp_path / 'a', 'a')


@pytest.mark.buckets
def test_a_file_that_went_away_is_not_sent(bucket, tmp_path):
  assert bucket.put(tmp_path / 'none', 'a') is None
  assert not bucket.get('a', tmp_path / 'b')
  assert not (tmp_path / 'b').exists() and bucket.list() == {}
