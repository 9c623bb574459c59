"""Tests of the cache of converted weights."""

import json
import os
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


def test_a_damaged_cache_says_what_to_remove(write_tiny, tmp_path):
  path, cache = str(write_tiny()), tmp_path / 'cache'
  models.load(path, cache_dir=str(cache))
  place = cache / 'tiny-bfloat16'
  stamp = json.loads((place / 'source.json').read_text())
  assert set(stamp) == {'fingerprint', 'mapping', 'files'}
  shutil.rmtree(place / 'params')
  with pytest.raises(UserError, match='tiny-bfloat16.*remove'):
    models.load(path, cache_dir=str(cache))
  (place / 'source.json').write_text('{')
  with pytest.raises(UserError, match='source.json: cannot be read'):
    models.load(path, cache_dir=str(cache))


def test_a_place_that_cannot_be_written_is_named(write_tiny, tmp_path):
  (tmp_path / 'file').write_text('')
  with pytest.raises(UserError, match='cannot be'):
    models.load(str(write_tiny()), cache_dir=str(tmp_path / 'file'))
