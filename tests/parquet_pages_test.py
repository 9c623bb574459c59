"""Pages say what pyarrow wrote; what is no struct is no page."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from launch import forge_parquet
from uncertainty import parquet_pages
from uncertainty.parquet_pages import I32, STRUCT, Page


def _pages(**how):
  content = io.BytesIO()
  table = pa.table({'a': np.arange(1000, dtype=np.int64)})
  pq.write_table(table, content, compression='none', **how)
  [[column]] = parquet_pages.columns(content)
  return list(parquet_pages.pages(content, column))


def test_one_page_of_plain_numbers():
  [page] = _pages(use_dictionary=False)
  # 8 bytes a number, and levels that say that none is missing.
  assert page.n_values == 1000 and 8000 <= page.n_bytes < 8020


def test_a_dictionary_comes_first_and_has_no_values():
  first, *others = _pages()
  assert first == Page(0, 8000)
  assert sum(page.n_values for page in others) == 1000


@pytest.mark.parametrize('version', ['1.0', '2.0'])
def test_small_pages_are_counted_one_by_one(version):
  pages = _pages(use_dictionary=False, data_page_size=800, write_batch_size=100,
                 data_page_version=version)
  assert [page.n_values for page in pages] == [100] * 10


def test_headers_longer_than_most_are_read():
  content = io.BytesIO()
  pq.write_table(pa.table({'a': [b'x' * 9000]}), content, use_dictionary=False)
  [[column]] = parquet_pages.columns(content)
  [page] = parquet_pages.pages(content, column)
  assert page.n_values == 1 and page.n_bytes > 9000


def test_the_footer_says_what_pyarrow_says():
  content = io.BytesIO()
  pq.write_table(pa.table({
      'a': np.arange(100), 'b': [['x', None]] * 100, 'c': [{'d': 1.5}] * 100,
  }), content, row_group_size=30)
  about = pq.read_metadata(content)
  found = parquet_pages.columns(content)
  assert len(found) == about.num_row_groups == 4
  for group, some in enumerate(found):
    assert len(some) == about.num_columns == 3
    for n, column in enumerate(some):
      chunk = about.row_group(group).column(n)
      assert column.n_values == chunk.num_values
      assert column.n_bytes == chunk.total_uncompressed_size
      assert column.start == chunk.dictionary_page_offset
      assert column.end - column.start == chunk.total_compressed_size


def test_a_list_of_other_values_is_no_footer(tmp_path):
  """Readers would take the bytes for what the list should be of."""
  path = tmp_path / 'a.parquet'

  def change(footer):
    footer[4][1][1][0][1][1][1][0][3][1][2] = (
        parquet_pages.LIST, (parquet_pages.BYTE, [9, 9]))

  pq.write_table(pa.table({'a': [1]}), path)
  forge_parquet.change(path, change)
  with (pytest.raises(ValueError, match='of other values'),
        open(path, 'rb') as file):
    parquet_pages.columns(file)


def _forged_struct():
  return {1: (I32, -7), 2: (parquet_pages.TRUE, True),
          3: (parquet_pages.FALSE, False), 40: (parquet_pages.I64, 1 << 40),
          41: (parquet_pages.BINARY, b'text'),
          42: (parquet_pages.DOUBLE, b'8' * 8),
          43: (parquet_pages.LIST, (I32, list(range(20)))),
          44: (STRUCT, {1: (I32, 3)}), 45: (parquet_pages.BYTE, 9)}


def test_structs_are_read_as_they_are_written():
  written = forge_parquet.write_struct(_forged_struct())
  assert parquet_pages.read_struct(written + b'more') == (
      _forged_struct(), len(written))


def test_a_map_is_read():
  # Field 1, a map of one pair of a byte and a number.
  assert parquet_pages.read_struct(b'\x1b\x01\x35\x07\x04\x00') == (
      {1: (parquet_pages.MAP, (0x35, [(7, 2)]))}, 6)


@pytest.mark.parametrize('content', [
    b'', b'\x15', b'\x18\x7f', b'\x19\xf5\xff\xff\xff\x0f', b'\x15\x80',
    b'\x1b\xff\xff\xff\x0f'])
def test_what_goes_on_behind_the_content_is_said(content):
  with pytest.raises(IndexError):
    parquet_pages.read_struct(content)


@pytest.mark.parametrize('content', [
    b'\x1d\x00', b'\x15' + b'\xff' * 20, b'\x1c' * 100_000])
def test_what_is_no_struct_is_an_error(content):
  with pytest.raises(ValueError):
    parquet_pages.read_struct(content)
