"""Chunks: what a browser unpacks is what was packed."""

import base64
import errno
import json
import re
import zlib

import pytest

from uncertainty.report.items import chunks
from uncertainty.types import UserError


def unpacked(script: bytes):
  """What the page's script does with one."""
  match = re.fullmatch(
      rb'uncertaintyItems\(("[^"]+"),"([A-Za-z0-9+/=]+)"\);\n', script)
  assert match
  return (json.loads(match[1]),
          json.loads(zlib.decompress(base64.b64decode(match[2]))))


def test_content_comes_back_whole():
  content = {'q': ['</script>', 'Σ „x“', '\ud800'.encode(
      'utf-8', 'replace').decode()], 'n': [1, None, .5]}
  assert unpacked(chunks.packed('d/asked-0', content)) == (
      'd/asked-0', content)


def test_nan_is_refused():
  with pytest.raises(ValueError):
    chunks.packed('d/x', [float('nan')])


def test_rows_of_a_chunk_weigh_what_it_may():
  row = 'x' * 998  # a thousand bytes with its quotation marks
  assert 395 <= chunks.rows_a_chunk([row] * 100) <= 400
  assert 39 <= chunks.rows_a_chunk([row] * 100, beside=10) <= 40
  assert chunks.rows_a_chunk(['x' * 10**7]) == 1
  assert chunks.rows_a_chunk([]) == 1


def test_a_full_disk_is_said(tmp_path, monkeypatch):
  def full(*_):
    raise OSError(errno.ENOSPC, 'no space')

  monkeypatch.setattr('pathlib.Path.write_bytes', full)
  with pytest.raises(UserError, match='the disk is full'):
    chunks.write(tmp_path, 'd/find', {})
