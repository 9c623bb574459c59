"""The activations store: whole or absent chunks, latest values, order."""

import io
import resource

import numpy as np
import pytest

from uncertainty.results import activations
from uncertainty.types import UserError


def test_read_returns_items_in_the_wanted_order(tmp_path):
  folder = tmp_path / 'activations' / 'coane' / 'm' / 'residual'
  values = np.arange(24, dtype=np.float32).reshape(4, 2, 3)
  activations.append(folder, ['a', 'b'], values[:2], tokens=[' A', ' B'])
  activations.append(folder, ['c', 'd'], values[2:], tokens=[' C', ' D'])
  stored = activations.read(folder, ['d', 'a'])
  assert stored.item_ids == ('d', 'a')
  assert stored.tokens == (' D', ' A')
  np.testing.assert_array_equal(stored.values_NLD, values[[3, 0]])
  assert activations.sites(tmp_path) == [('coane', 'm', 'residual')]


def test_a_resumed_item_counts_once_with_its_latest_values(tmp_path):
  activations.append(tmp_path, ['a', 'b'], np.zeros((2, 1, 2)))
  activations.append(tmp_path, ['b', 'c'], np.ones((2, 1, 2)))
  stored = activations.read(tmp_path)
  assert stored.item_ids == ('a', 'b', 'c')
  np.testing.assert_array_equal(stored.values_NLD[:, 0, 0], [0, 1, 1])


def test_an_unfinished_chunk_is_ignored_and_its_number_used_again(tmp_path):
  activations.append(tmp_path, ['a'], np.zeros((1, 1, 2)))
  (tmp_path / '00001.npy').write_bytes(b'half a chunk')
  activations.append(tmp_path, ['b'], np.ones((1, 1, 2)))
  assert activations.read(tmp_path).item_ids == ('a', 'b')


def test_two_dimensional_values_are_one_layer(tmp_path):
  activations.append(tmp_path, ['a'], np.ones((1, 5)))
  assert activations.read(tmp_path).values_NLD.shape == (1, 1, 5)


@pytest.mark.parametrize('values, message', [
    (np.full((1, 1, 2), np.nan), 'not finite'),
    (np.ones((1, 3, 2)), 'choose another --workdir'),
])
def test_bad_values_are_refused(tmp_path, values, message):
  activations.append(tmp_path, ['a'], np.zeros((1, 1, 2)))
  with pytest.raises(UserError, match=message):
    activations.append(tmp_path, ['b'], values)


@pytest.mark.parametrize('n_bytes', [100, 9000])
def test_a_full_disk_cuts_no_chunk_short(tmp_path, n_bytes):
  activations.append(tmp_path, ['a'], np.zeros((1, 1, 4096)))
  soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
  resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
  try:
    with pytest.raises(UserError, match='the disk is full'):
      activations.append(tmp_path, ['b'], np.ones((1, 1, 4096)))
  finally:
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
  assert activations.read(tmp_path).item_ids == ('a',)


def test_missing_items_and_broken_chunks_are_named(tmp_path):
  with pytest.raises(UserError, match='no activations'):
    activations.read(tmp_path)
  activations.append(tmp_path, ['a'], np.zeros((1, 1, 2)))
  with pytest.raises(UserError, match="such as 'b'"):
    activations.read(tmp_path, ['a', 'b'])
  (tmp_path / '00000.npy').write_bytes(b'')
  with pytest.raises(UserError, match='00000.npy: cannot be read'):
    activations.read(tmp_path)


def _hostile(folder, npy=None, rows=None):
  """A whole chunk of two rows, one of whose files is changed."""
  activations.append(folder, ['a', 'b'], np.zeros((2, 1, 2)))
  if npy is not None:
    (folder / '00000.npy').write_bytes(npy)
  if rows is not None:
    (folder / '00000.json').write_bytes(rows)


def _npy(array, shape=None):
  """An array's file, whose header may state another shape."""
  file = io.BytesIO()
  np.save(file, array, allow_pickle=True)
  text = file.getvalue()
  if shape is None:
    return text
  old = str(array.shape).encode()
  return text.replace(old, shape.encode().ljust(len(old)), 1)


@pytest.mark.parametrize('npy', [
    b'', b'\x93NUMPY', b'PK\x03\x04' * 9,
    _npy(np.zeros((2, 1, 2)))[:-1],  # cut short
    _npy(np.zeros((2, 1, 2)), '(9, 9, 9)'), _npy(np.zeros((2, 1, 2)), '(-1,)'),
    _npy(np.zeros((2, 2))), _npy(np.zeros((3, 1, 2))),
    _npy(np.zeros((2, 0, 2))), _npy(np.array('text')),
    _npy(np.zeros((2, 1, 2), int)), _npy(np.zeros((2, 1, 2), '>f8')),
    _npy(np.array([[[{}, {}]]] * 2, object)),
    _npy(np.full((2, 1, 2), np.inf)),
], ids=range(14))
def test_values_of_strangers_are_refused(tmp_path, npy):
  _hostile(tmp_path, npy=npy)
  with pytest.raises(UserError, match='00000.*run --stages=score again'):
    activations.read(tmp_path)


@pytest.mark.parametrize('rows', [
    b'', b'[]', b'{}', b'[' * 100_000, b'\xff', b'{"item_ids": "ab"}',
    b'{"item_ids": ["a", "b"], "tokens": ["x"]}',
    b'{"item_ids": ["a"], "tokens": ["x"]}',
    b'{"item_ids": [["a"], "b"], "tokens": ["x", "y"]}',
])
def test_rows_of_strangers_are_refused_and_set_aside(tmp_path, rows):
  _hostile(tmp_path, rows=rows)
  for read in (activations.read,
               lambda folder: activations.read_tokens(folder, 'a')):
    with pytest.raises(UserError, match='00000.*run --stages=score again'):
      read(tmp_path)
  assert activations.sort_out(tmp_path) == frozenset()
  assert not list(tmp_path.glob('*.npy.json'))
  activations.append(tmp_path, ['a'], np.zeros((1, 1, 2)))
  assert activations.read(tmp_path).item_ids == ('a',)


def test_chunks_of_two_shapes_are_refused(tmp_path):
  _hostile(tmp_path)
  activations.append(tmp_path, ['c'], np.ones((1, 1, 2)))
  (tmp_path / '00001.npy').write_bytes(_npy(np.zeros((1, 3, 2))))
  with pytest.raises(UserError, match='00001.npy holds activations'):
    activations.read(tmp_path)


def test_files_that_are_no_chunks_are_none(tmp_path):
  _hostile(tmp_path)
  (tmp_path / '0x.json').write_text('?')
  activations.append(tmp_path, ['c'], np.ones((1, 1, 2)))
  assert activations.read(tmp_path).item_ids == ('a', 'b', 'c')


def test_a_damaged_index_is_written_again(tmp_path):
  _hostile(tmp_path)
  for content in ('[' * 100_000, '[]', '{'):
    (tmp_path / 'manifest.json').write_text(content)
    with pytest.raises(UserError, match='manifest.json'):
      activations.append(tmp_path, ['c'], np.ones((1, 1, 2)))
    activations.sort_out(tmp_path)
    activations.append(tmp_path, ['c'], np.ones((1, 1, 2)))


def test_float16_overflow_is_refused(tmp_path):
  values = np.full((1, 1, 2), 1e6, np.float32)
  with (np.errstate(over='ignore'),
        pytest.raises(UserError, match='float32')):
    activations.append(tmp_path, ['a'], values, dtype='float16')


def test_float64_stays_float64(tmp_path):
  values = np.array([[[1 / 3, 1 / 7]]])
  activations.append(tmp_path, ['a'], values)
  np.testing.assert_array_equal(activations.read(tmp_path).values_NLD, values)
  with pytest.raises(UserError, match='float64'):
    activations.append(tmp_path, ['b'], values.astype(np.float32))


def test_a_row_for_each_token_is_read_item_by_item(tmp_path):
  values = [np.full((n, 2, 3), n, np.float32) for n in (3, 1)]
  activations.append_tokens(
      tmp_path, ['a', 'b'], values, [['x', 'y', 'z'], ['w']])
  stored = activations.read_tokens(tmp_path, 'a')
  assert stored.tokens == ('x', 'y', 'z')
  np.testing.assert_array_equal(stored.values_NLD, values[0])
  with pytest.raises(UserError, match='a row for each token'):
    activations.read(tmp_path)
  with pytest.raises(UserError, match="item 'c'"):
    activations.read_tokens(tmp_path, 'c')
