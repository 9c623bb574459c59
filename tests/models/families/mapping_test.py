"""Views of a checkpoint's tensors, element by element."""

import numpy as np
import pytest

from uncertainty.models.families import mapping

SOURCE = np.arange(24, dtype=np.float32).reshape(6, 4)


def test_a_part_is_a_view_of_its_rows_reshaped_and_transposed():
  part = mapping.view('w', (6, 4), (2, 1, 4), (2, 0, 1), rows=(2, 4))
  assert part.shape == (4, 2, 1)
  read = part.read(SOURCE)
  np.testing.assert_array_equal(
      read[:, :, 0], [[8, 12], [9, 13], [10, 14], [11, 15]])
  assert np.shares_memory(read, SOURCE)


def test_writing_a_part_back_touches_its_rows_only():
  part = mapping.view('w', (6, 4), (2, 1, 4), (2, 0, 1), rows=(2, 4))
  target = np.full((6, 4), -1, np.float32)
  part.write(target, part.read(SOURCE))
  np.testing.assert_array_equal(target[2:4], SOURCE[2:4])
  assert (target[:2] == -1).all() and (target[4:] == -1).all()


def test_a_whole_tensor_is_itself():
  part = mapping.whole('w', 6, 4)
  np.testing.assert_array_equal(part.read(SOURCE), SOURCE)
  assert part.shape == (6, 4)


@pytest.mark.parametrize(('shape', 'rows'), [
    ((2, 1, 4), None), ((6, 4), (0, 3)), ((5, 5), None)])
def test_a_view_that_its_rows_do_not_fill_is_refused(shape, rows):
  with pytest.raises(ValueError, match=r'^w: \(6, 4\) rows'):
    mapping.view('w', (6, 4), shape, tuple(range(len(shape))), rows)


def test_parts_are_joined_along_the_axis_and_shifted():
  entry = mapping.Mapping(
      'layers/attention/qkv',
      (mapping.whole('q.{layer}', 2, 3), mapping.whole('k.{layer}', 2, 1)),
      axis=1, add=1.0)
  assert entry.shape == (2, 4) and entry.stacked
  assert entry.sources(7) == ('q.7', 'k.7')
  made = entry.convert([np.zeros((2, 3), np.float32),
                        np.full((2, 1), 4, np.float32)])
  np.testing.assert_array_equal(made, [[1, 1, 1, 5], [1, 1, 1, 5]])
  assert made.dtype == np.float32


def test_what_is_not_of_a_layer_is_not_stacked():
  entry = mapping.Mapping('token_embedding', (mapping.whole('wte', 6, 4),))
  assert not entry.stacked
  assert entry.sources(0) == ('wte',)
  assert np.shares_memory(entry.convert([SOURCE]), SOURCE)
