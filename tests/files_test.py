import errno
import os
import pathlib
import zipfile

import pytest

from uncertainty import files, parquet
from uncertainty.errors import UserError


class PanicException(BaseException):
  """As pyo3 names a panic in Rust."""


@pytest.mark.parametrize('error', [
    KeyError('x'), RecursionError('deep'), MemoryError(),
    PanicException('rust'),
])
def test_what_a_reader_raises_becomes_one_user_error(error):
  with (pytest.raises(UserError, match='a.bin: cannot be read .*; fetch it'),
        files.malformed('a.bin', 'fetch it again')):
    raise error


@pytest.mark.parametrize('error', [
    UserError('of its own'), KeyboardInterrupt(), SystemExit(3)])
def test_what_is_not_about_the_content_passes(error):
  with (pytest.raises(type(error)) as raised,
        files.malformed('a.bin', 'fetch it again')):
    raise error
  assert raised.value is error


@pytest.mark.parametrize('content', [
    b'{', b'\xff', b'[' * 100_000, b'3', b'1' * 100_000])
def test_json_is_an_object_or_a_user_error(tmp_path, content):
  path = tmp_path / 'a.json'
  path.write_bytes(content)
  with pytest.raises(UserError, match='a.json: .*; get it again'):
    files.read_json(path, 'get it again')


@pytest.mark.parametrize('make', [
    lambda path: path.mkdir(), os.mkfifo,
    lambda path: path.symlink_to('/dev/zero'),
    lambda path: path.write_bytes(b'{}') and os.truncate(path, 1 << 40)])
@pytest.mark.parametrize('read', [
    files.read_json, parquet.read])
def test_what_is_no_file_or_no_small_one_is_not_waited_for(
    tmp_path, make, read):
  make(tmp_path / 'a')
  with pytest.raises(UserError, match='a: cannot be read .*; get it again'):
    read(tmp_path / 'a', 'get it again')


@pytest.mark.parametrize('name, is_it', [
    ('Größe 值', True), ('', True), ('a\0b', False), ('\udcff.csv', False)])
def test_names_that_can_be_printed(name, is_it):
  assert files.printable(name) is is_it


def test_a_member_that_unpacks_to_too_much_is_refused(tmp_path):
  path = tmp_path / 'a.zip'
  with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
    archive.writestr('bomb', bytes(1 << 20))
  assert len(files.zip_member(path, 'bomb', 1 << 20)) == 1 << 20
  with pytest.raises(UserError, match='would unpack to 1048576 bytes'):
    files.zip_member(path, 'bomb', 1000)


def test_a_plain_name_is_its_own_stem():
  for name in ('human_mc_rt_combined', 'Llama_3.2_1B', 'a-b', 'a=1@2'):
    assert files.stem(name) == name


def test_no_name_leaves_its_folder(tmp_path):
  names = ['../x', 'human_x/../../..', '/etc/passwd', '..', '.', '', '.hidden',
           'a\0b', 'ü', 'x' * 400, '\ud800', 'a/b', 'a\\b', 'a_b']
  stems = [files.stem(name) for name in names]
  assert len(set(stems)) == len(names)
  for stem in stems:
    path = tmp_path / f'{stem}.png'
    path.write_bytes(b'')
    assert path.resolve().parent == tmp_path
    assert pathlib.PurePath(stem).name == stem


def test_the_cache_follows_the_environment(monkeypatch, tmp_path):
  monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
  monkeypatch.delenv('UNCERTAINTY_CACHE', raising=False)
  monkeypatch.setattr('sys.platform', 'linux')
  assert files.cache_dir() == tmp_path / 'uncertainty'
  monkeypatch.setenv('UNCERTAINTY_CACHE', str(tmp_path / 'own'))
  assert files.cache_dir() == tmp_path / 'own'


@pytest.mark.parametrize('error', [
    OSError(errno.ENOSPC, 'No space left on device'),
    OSError('3000 requested and 120 written'),
    ValueError("OUT_OF_RANGE: Error writing local file [os_error_code='27']"),
])
def test_a_full_disk_is_said_whoever_reports_it(error):
  with (pytest.raises(UserError, match='disk is full: could not write here'),
        files.enough_room('here')):
    raise error


@pytest.mark.parametrize('error', [
    OSError('no such host'), ValueError('2 requested'),
    OSError(errno.ENOENT, 'No such file or directory')])
def test_other_errors_are_no_full_disk(error):
  with pytest.raises(type(error)) as caught, files.enough_room('here'):
    raise error
  assert caught.value is error


def test_a_write_that_is_refused_names_the_path():
  with (pytest.raises(UserError, match='cannot write here .*Permission'),
        files.writing('here')):
    raise PermissionError(errno.EACCES, 'Permission denied')
