"""Tests of the cache of converted weights."""

import os
import resource
import shutil

import jax
import numpy as np
import pytest
from safetensors.numpy import save_file

from uncertainty import models
from uncertainty.models import checkpoint
from uncertainty.types import UserError


def _count_fills(monkeypatch):
  counts = []
  fill = checkpoint.fill

  def counted(*args):
    counts.append(1)
    return fill(*args)

  monkeypatch.setattr(checkpoint, 'fill', counted)
  return counts


def _same(one, other):
  jax.tree.map(np.testing.assert_array_equal, one.params, other.params)
  jax.tree.map(lambda a, b: np.testing.assert_equal(a.dtype, b.dtype),
               one.params, other.params)


@pytest.mark.parametrize('dtype', ['float64', 'float32', 'bfloat16'])
@pytest.mark.usefixtures('float64_arrays')
def test_second_load_restores_the_same_weights(
    write_tiny, tmp_path, monkeypatch, dtype):
  path, cache = str(write_tiny()), str(tmp_path / 'cache')
  counts = _count_fills(monkeypatch)
  first = models.load(path, dtype=dtype, cache_dir=cache)
  second = models.load(path, dtype=dtype, cache_dir=cache)
  assert len(counts) == 1
  _same(first, second)
  _same(first, models.load(path, dtype=dtype))


def test_restores_straight_into_a_mesh(write_tiny, tmp_path, monkeypatch):
  path, cache = str(write_tiny()), str(tmp_path / 'cache')
  counts = _count_fills(monkeypatch)
  first = models.load(path, cache_dir=cache)
  mesh = jax.make_mesh((1, 1), ('data', 'model'))
  second = models.load(path, cache_dir=cache, mesh=mesh)
  assert len(counts) == 1
  _same(first, second)
  assert all(isinstance(x.sharding, jax.sharding.NamedSharding)
             for x in jax.tree.leaves(second.params))


def test_a_changed_source_is_converted_again(
    write_tiny, tiny, tmp_path, monkeypatch):
  path, cache = write_tiny(), str(tmp_path / 'cache')
  counts = _count_fills(monkeypatch)
  models.load(str(path), dtype='float32', cache_dir=cache)
  tiny['model.norm.weight'] = tiny['model.norm.weight'] + 1
  save_file(tiny, path / 'model.safetensors')
  model = models.load(str(path), dtype='float32', cache_dir=cache)
  assert len(counts) == 2
  np.testing.assert_array_equal(
      model.params['final_norm']['scale'], tiny['model.norm.weight'])
  models.load(str(path), dtype='float32', cache_dir=cache)
  assert len(counts) == 2


def test_a_newer_file_of_the_same_bytes_is_stale(
    write_tiny, tmp_path, monkeypatch):
  path, cache = write_tiny(), str(tmp_path / 'cache')
  counts = _count_fills(monkeypatch)
  models.load(str(path), cache_dir=cache)
  os.utime(path / 'model.safetensors', (1, 1))
  models.load(str(path), cache_dir=cache)
  assert len(counts) == 2


def test_an_unfinished_cache_is_not_used(write_tiny, tmp_path, monkeypatch):
  path, cache = str(write_tiny()), tmp_path / 'cache'
  counts = _count_fills(monkeypatch)
  models.load(path, cache_dir=str(cache))
  (cache / 'tiny-bfloat16' / 'source.json').unlink()
  models.load(path, cache_dir=str(cache))
  assert len(counts) == 2


def _flip_a_byte(place):
  path = max(place.rglob('*'), key=lambda p: p.is_file() and p.stat().st_size)
  stat, content = path.stat(), bytearray(path.read_bytes())
  content[len(content) // 2] ^= 1
  path.write_bytes(content)
  os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


@pytest.mark.parametrize('damage', [
    lambda place: shutil.rmtree(place / 'params'),
    lambda place: (place / 'source.json').write_text('{'),
    lambda place: (place / 'source.json').write_text('[]'),
    lambda place: (place / 'source.json').write_text('[' * 100_000),
    lambda place: _flip_a_byte(place / 'params'),
])
def test_a_damaged_cache_is_converted_again(
    write_tiny, tmp_path, monkeypatch, caplog, damage):
  path, cache = str(write_tiny()), tmp_path / 'cache'
  counts = _count_fills(monkeypatch)
  first = models.load(path, cache_dir=str(cache))
  damage(cache / 'tiny-bfloat16')
  second = models.load(path, cache_dir=str(cache))
  assert len(counts) == 2
  assert 'tiny-bfloat16' in caplog.text and 'again' in caplog.text
  _same(first, second)
  models.load(path, cache_dir=str(cache))
  assert len(counts) == 2


def test_a_place_that_cannot_be_written_is_named(write_tiny, tmp_path):
  (tmp_path / 'file').write_text('')
  with pytest.raises(UserError, match='cannot write .*NotADirectory'):
    models.load(str(write_tiny()), cache_dir=str(tmp_path / 'file'))


@pytest.mark.parametrize('n_bytes', [100, 5_000])
def test_a_full_disk_is_one_line_and_the_next_load_converts_again(
    write_tiny, tmp_path, n_bytes):
  path, cache = str(write_tiny()), str(tmp_path / 'cache')
  soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
  resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
  try:
    with pytest.raises(UserError, match=f'disk is full: could not .*{cache}'):
      models.load(path, cache_dir=cache)
  finally:
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
  _same(models.load(path, cache_dir=cache), models.load(path))
