"""Tests of the safetensors reader against the library that writes them."""

import json
import pickle
import struct

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import save_file

from uncertainty.models import safetensors_file
from uncertainty.types import UserError


def _save(path, **tensors):
  save_file(tensors, path, metadata={'format': 'pt'})
  return path


def _index(directory, weight_map):
  (directory / safetensors_file.INDEX).write_text(
      json.dumps({'metadata': {'total_size': 1}, 'weight_map': weight_map}))


@pytest.mark.parametrize('dtype', [
    np.float64, np.float32, np.float16, ml_dtypes.bfloat16])
def test_values_and_rows_read_back(tmp_path, dtype):
  values = np.random.default_rng(0).normal(size=(6, 2, 3)).astype(dtype)
  scalar = np.ones((1,), dtype)
  stored = safetensors_file.read_file(
      _save(tmp_path / 'm.safetensors', a=values, b=scalar))
  assert stored['a'].shape == (6, 2, 3) and set(stored) == {'a', 'b'}
  read = stored['a'].read(0, 6)
  assert read.dtype == dtype
  np.testing.assert_array_equal(read, values)
  np.testing.assert_array_equal(stored['a'].read(2, 5), values[2:5])
  np.testing.assert_array_equal(stored['b'].read(0, 1), scalar)


def test_releasing_memory_keeps_values_readable(tmp_path):
  values = np.arange(100_000, dtype=np.float32).reshape(100, -1)
  stored = safetensors_file.read_file(
      _save(tmp_path / 'm.safetensors', a=values))
  stored['a'].read(0, 100)
  stored['a'].release()
  np.testing.assert_array_equal(stored['a'].read(0, 100), values)


def test_shards_are_one_checkpoint(tmp_path):
  first, second = np.ones((2, 2), np.float32), np.zeros((3,), np.float32)
  _save(tmp_path / 'model-1.safetensors', a=first)
  _save(tmp_path / 'model-2.safetensors', b=second)
  _index(tmp_path, {'a': 'model-1.safetensors', 'b': 'model-2.safetensors'})
  stored = safetensors_file.tensors(tmp_path)
  np.testing.assert_array_equal(stored['a'].read(0, 2), first)
  np.testing.assert_array_equal(stored['b'].read(0, 3), second)
  assert [p.name for p in safetensors_file.files(tmp_path)] == [
      safetensors_file.INDEX, 'model-1.safetensors', 'model-2.safetensors']


def test_shards_at_odds_with_the_index_are_named(tmp_path):
  one = np.ones((2,), np.float32)
  _save(tmp_path / 'model-1.safetensors', a=one)
  cases = [
      ({'a': 'model-1.safetensors', 'b': 'model-2.safetensors'},
       'model-2.safetensors: is missing'),
      ({'a': 'model-1.safetensors', 'b': 'model-1.safetensors'},
       'model-1.safetensors: lacks tensor b'),
      ({'b': 'model-1.safetensors'}, 'holds tensor a, which .* no file'),
  ]
  for weight_map, message in cases:
    _index(tmp_path, weight_map)
    with pytest.raises(UserError, match=message):
      safetensors_file.tensors(tmp_path)
  (tmp_path / safetensors_file.INDEX).write_text('{"weights": 1}')
  with pytest.raises(UserError, match='is not a safetensors index'):
    safetensors_file.tensors(tmp_path)


def test_truncated_file_names_file_and_tensor(tmp_path):
  path = _save(tmp_path / 'm.safetensors', a=np.ones((9, 9), np.float32))
  path.write_bytes(path.read_bytes()[:-1])
  with pytest.raises(UserError, match='m.safetensors: is truncated: tensor a'):
    safetensors_file.read_file(path)


def test_every_cut_through_the_header_is_an_error(tmp_path):
  path = _save(tmp_path / 'm.safetensors', a=np.ones((2, 2), np.float32))
  content = path.read_bytes()
  for size in range(0, len(content) - 16, 5):
    path.write_bytes(content[:size])
    with pytest.raises(UserError, match='m.safetensors'):
      safetensors_file.read_file(path)


@pytest.mark.parametrize('content', [
    b'<html>not found</html>', b'version https://git-lfs.github.com/spec/v1',
    pickle.dumps({'a': 1}), b'GGUF\x03\0\0\0'])
def test_other_contents_are_not_safetensors(tmp_path, content):
  path = tmp_path / 'm.safetensors'
  path.write_bytes(content)
  with pytest.raises(UserError, match='m.safetensors: (is not|cannot)'):
    safetensors_file.read_file(path)


def _with_header(path, entry):
  header = json.dumps({'a': entry}).encode()
  path.write_bytes(struct.pack('<Q', len(header)) + header + bytes(16))
  return path


@pytest.mark.parametrize('entry, message', [
    ({'dtype': 'F8_E4M3', 'shape': [16], 'data_offsets': [0, 16]},
     'tensor a has type F8_E4M3'),
    ({'dtype': 'F32', 'shape': [5], 'data_offsets': [0, 16]},
     'tensor a of shape .5. in F32 does not take 16 bytes'),
    ({'dtype': 'F32', 'shape': [4]}, 'entry of tensor a: cannot be read'),
    ({'dtype': 'F32', 'shape': [10**4000] * 220, 'data_offsets': [0, 0]},
     'entry of tensor a: cannot be read .*up to 16 axes'),
    ({'dtype': 'F32', 'shape': [0, 1 << 60], 'data_offsets': [0, 0]},
     'below 1152921504606846976'),
    ({'dtype': 'F32', 'shape': 'x', 'data_offsets': [0, 16]},
     'entry of tensor a: cannot be read'),
])
def test_bad_entries_are_named(tmp_path, entry, message):
  with pytest.raises(UserError, match=message):
    safetensors_file.read_file(_with_header(tmp_path / 'm', entry))


def test_pickled_weights_are_refused_unread(tmp_path):
  (tmp_path / 'pytorch_model.bin').write_bytes(b'not even a pickle')
  with pytest.raises(UserError, match='pytorch_model.bin.*save_pretrained'):
    safetensors_file.tensors(tmp_path)
