"""Digests of files: every byte counts, and a changed file is read again."""

import hashlib
import os
import pathlib

import pytest

from uncertainty import file_digest


@pytest.fixture
def cached(tmp_path, monkeypatch):
  """Small files are remembered, in a cache of the test's own."""
  monkeypatch.setenv('UNCERTAINTY_CACHE', str(tmp_path / 'cache'))
  monkeypatch.setattr(file_digest, 'REMEMBERED_BYTES', 1)
  monkeypatch.setattr(file_digest, '_CHUNK_BYTES', 4)


@pytest.mark.usefixtures('cached')
def test_a_digest_is_that_of_the_stretches_digests(tmp_path):
  path = tmp_path / 'weights'
  path.write_bytes(b'abcdefghij')
  parts = [hashlib.sha256(b).digest() for b in (b'abcd', b'efgh', b'ij')]
  assert file_digest.digest(path) == hashlib.sha256(b''.join(parts)).hexdigest()
  path.write_bytes(b'')
  assert file_digest.digest(path) == hashlib.sha256(b'').hexdigest()


@pytest.mark.usefixtures('cached')
@pytest.mark.parametrize('place', range(10))
def test_every_byte_counts(tmp_path, place):
  path = tmp_path / 'weights'
  content = bytearray(b'abcdefghij')
  path.write_bytes(content)
  before = file_digest.digest(path)
  content[place] ^= 1
  path.write_bytes(content)
  assert file_digest.digest(path) != before


@pytest.mark.usefixtures('cached')
def test_an_unchanged_file_is_not_read_twice(tmp_path, monkeypatch):
  path = tmp_path / 'weights'
  path.write_bytes(b'abcd')
  first = file_digest.digest(path)
  opened = []
  plain = pathlib.Path.open
  monkeypatch.setattr(pathlib.Path, 'open', lambda self, *args, **kwargs: (
      opened.append(self), plain(self, *args, **kwargs))[1])
  assert file_digest.digest(path) == first and path not in opened
  assert file_digest.digest(path, remembered=False) == first
  assert opened.count(path) == 1
  os.utime(path, (1, 1))
  assert file_digest.digest(path) == first and opened.count(path) == 2


@pytest.mark.usefixtures('cached')
def test_bytes_replaced_under_the_old_time_are_seen(tmp_path):
  path = tmp_path / 'weights'
  path.write_bytes(b'abcd')
  stat = path.stat()
  before = file_digest.digest(path)
  path.write_bytes(b'abce')
  os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
  assert file_digest.digest(path) != before


@pytest.mark.usefixtures('cached')
def test_a_damaged_note_in_the_cache_is_read_over(tmp_path):
  path = tmp_path / 'weights'
  path.write_bytes(b'abcd')
  before = file_digest.digest(path)
  note, = (tmp_path / 'cache' / 'digests').iterdir()
  for text in ('{"size"', '[]', '{}'):
    note.write_text(text)
    assert file_digest.digest(path) == before


def test_a_folders_digest_is_of_names_and_bytes(tmp_path):
  (tmp_path / 'a').mkdir()
  (tmp_path / 'a' / 'x').write_bytes(b'1')
  first = file_digest.of_folder(tmp_path)
  (tmp_path / 'a' / 'x').rename(tmp_path / 'a' / 'y')
  assert file_digest.of_folder(tmp_path) != first
