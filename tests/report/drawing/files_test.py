"""Pictures on disk: three files, whole or not at all."""

import errno

import pytest

from uncertainty.report import drawing
from uncertainty.types import UserError


def test_a_picture_is_kept_in_three_formats(picture, tmp_path):
  assert drawing.save(picture, 'x', tmp_path / 'new') == 'x'
  starts = {p.name: p.read_bytes()[:4]
            for p in (tmp_path / 'new').iterdir()}
  assert starts == {'x.svg': b'<svg', 'x.pdf': b'%PDF', 'x.png': b'\x89PNG'}


def test_a_picture_that_is_there_stays_and_another_replaces_it(
    picture, tmp_path):
  drawing.save(picture, 'x', tmp_path)
  (tmp_path / 'x.png').write_bytes(b'kept')
  drawing.save(picture, 'x', tmp_path)
  assert (tmp_path / 'x.png').read_bytes() == b'kept'
  drawing.save(drawing.Scene(9, 9, []), 'x', tmp_path)
  assert (tmp_path / 'x.png').read_bytes()[:4] == b'\x89PNG'


def test_a_name_out_of_data_stays_in_the_folder(picture, tmp_path):
  stem = drawing.save(picture, '../../y', tmp_path / 'a' / 'b')
  assert (tmp_path / 'a' / 'b' / f'{stem}.svg').is_file()
  assert len(list(tmp_path.rglob('*.*'))) == 3


def test_a_full_disk_leaves_nothing_half(picture, tmp_path, monkeypatch):
  def full(_):
    raise OSError(errno.ENOSPC, 'no space')

  monkeypatch.setattr('os.fsync', full)
  with pytest.raises(UserError, match='the disk is full'):
    drawing.save(picture, 'x', tmp_path)
  assert not list(tmp_path.iterdir())
