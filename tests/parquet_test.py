"""Tables come back whole, and none takes far more memory than disk."""

import re
import struct
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from launch import forge_parquet
from uncertainty import parquet
from uncertainty import parquet_pages as thrift
from uncertainty.types import UserError


def test_parquet_comes_back_whole(tmp_path):
  table = pd.DataFrame({'a': range(5000), 'b': [[1.0, 2.0]] * 5000})
  table.to_parquet(tmp_path / 'a.parquet')
  read = parquet.read(tmp_path / 'a.parquet', 'again')
  assert read['a'].tolist() == list(range(5000))
  assert read['b'][4999].tolist() == [1.0, 2.0]
  some = parquet.read(tmp_path / 'a.parquet', 'again', ['a'])
  assert list(some) == ['a']


def test_an_empty_parquet_keeps_its_columns(tmp_path):
  pd.DataFrame({'a': [], 'b': []}).to_parquet(tmp_path / 'a.parquet')
  assert list(parquet.read(tmp_path / 'a.parquet', 'again')) == ['a', 'b']
  some = parquet.read(tmp_path / 'a.parquet', 'again', ['b'])
  assert list(some) == ['b']


@pytest.mark.parametrize('column', [
    np.full(20_000_000, 7), ['x' * 100_000] * 5000], ids=['rows', 'words'])
def test_a_parquet_that_repeats_itself_is_refused(tmp_path, column):
  path = tmp_path / 'a.parquet'
  pd.DataFrame({'a': column}).to_parquet(path)
  assert path.stat().st_size < 200_000
  with pytest.raises(UserError, match='(128 times its size|4 for each byte)'):
    parquet.read(path, 'again')


def test_a_shape_is_what_the_file_says(tmp_path):
  path = tmp_path / 'a.parquet'
  pd.DataFrame({'a': range(5), 'b': ['x'] * 5}).to_parquet(path)
  assert parquet.shape(path, 'again') == (5, 2)


def test_bytes_are_read_as_a_file_is(tmp_path):
  path = tmp_path / 'a.parquet'
  pd.DataFrame({'a': range(5), 'b': ['x'] * 5}).to_parquet(path)
  content = path.read_bytes()
  read = parquet.decoded(pa.BufferReader(content), 'it', len(content), 'again')
  assert read.to_pydict() == {'a': [0, 1, 2, 3, 4], 'b': ['x'] * 5}


def _column(footer, field, value):
  footer[4][1][1][0][1][1][1][0][3][1][field] = thrift.I64, value


def _rows(footer, n):
  footer[3] = footer[4][1][1][0][3] = thrift.I64, n


def _one_row_of(n):
  """A page that says in few bytes that a list has n elements."""
  def run(length, value):
    return forge_parquet.varint(length << 1) + bytes([value])

  def page(header, content):
    if header[1][1] != 0:
      return content
    first, further = run(1, 0) + run(n - 1, 1), run(n, 3)
    content = b''.join(
        struct.pack('<I', len(levels)) + levels for levels in (first, further))
    content += b'\1' + run(n, 0)
    header[2] = header[3] = thrift.I32, len(content)
    header[5][1][1] = thrift.I32, n
    return content
  return page


def _says(field, value, within=None):
  def page(header, content):
    fields = header if within is None else header.get(within, (0, {}))[1]
    if fields:
      fields[field] = thrift.I32, value
    return content
  return page


def _histogram(footer):
  """Of more levels than the column has, over which pyarrow ends a program."""
  fields = footer[4][1][1][0][1][1][1][0][3][1]
  fields[16] = thrift.STRUCT, {3: (thrift.LIST, (thrift.I64, [1] * 9))}


_TEXTS = {'a': ['x', 'y']}
# Table, how it is written, how its headers are changed, what the error says.
_FORGED = {
    'a dictionary of 100 mebibytes, said to have 100 bytes': (
        {'a': ['y' * (100 << 20)]}, {'compression': 'zstd'},
        {'footer': lambda footer: _column(footer, 6, 100)},
        '128 times its size'),
    'a list of 200 million, said to be one of two': (
        {'a': [['x', 'x']]}, {'compression': 'none'},
        {'page': _one_row_of(200_000_000)}, '200000000 values'),
    'unpacked pages': (
        _TEXTS, {'compression': 'gzip', 'use_dictionary': False},
        {'page': _says(2, (1 << 31) - 1)}, '128 times its size'),
    'values of a page': (
        _TEXTS, {'use_dictionary': False},
        {'page': _says(1, (1 << 31) - 1, within=5)}, '2147483647 values'),
    'less than nothing': (
        _TEXTS, {}, {'page': _says(2, -1)}, 'says what cannot be'),
    'a page of no length': (
        _TEXTS, {}, {'page': _says(3, -5)}, 'says what cannot be'),
    'rows that are not there': (
        _TEXTS, {}, {'footer': lambda footer: _rows(footer, 60_000)},
        'says that it has 60000 rows and has 2'),
    'values in the footer': (
        _TEXTS, {}, {'footer': lambda footer: _column(footer, 5, 10**15)},
        'what cannot be of its columns'),
    'levels that there are not': (
        _TEXTS, {}, {'footer': _histogram}, 'histogram size mismatch'),
    'a column that ends beyond the file': (
        _TEXTS, {}, {'footer': lambda footer: _column(footer, 7, 10**15)},
        'cannot be read'),
    'a column that begins beyond the file': (
        _TEXTS, {'use_dictionary': False},
        {'footer': lambda footer: _column(footer, 9, 10**15)},
        'cannot be read'),
}


@pytest.fixture(scope='module')
def forged(tmp_path_factory):
  """Reads each forged file in a process, whose memory is measured."""
  folder, paths = tmp_path_factory.mktemp('forged'), []
  for n, (table, how, changes, _) in enumerate(_FORGED.values()):
    paths.append(folder / f'{n}.parquet')
    pq.write_table(pa.table(table), paths[-1], **how)
    forge_parquet.change(paths[-1], **changes)
    assert paths[-1].stat().st_size < 100_000
  done = subprocess.run([sys.executable, '-c', _READS, *map(str, paths)],
                        capture_output=True, text=True, check=True)
  return dict(zip(_FORGED, done.stdout.splitlines(), strict=True))


_READS = """
import pathlib, re, sys
import pyarrow.parquet
from uncertainty import parquet
from uncertainty.errors import UserError
peak = lambda: int(re.search(
    r'VmHWM:\\s+(\\d+)', pathlib.Path('/proc/self/status').read_text())[1])
for path in sys.argv[1:]:
  before = peak()
  try:
    parquet.read(pathlib.Path(path), 'again')
  except UserError as error:
    print((peak() - before) >> 10, error, flush=True)
"""


@pytest.mark.parametrize('name', _FORGED)
def test_pages_that_contradict_the_footer_are_refused(name, forged):
  mebibytes, error = forged[name].split(' ', 1)
  assert int(mebibytes) < 100
  assert re.search(_FORGED[name][-1], error), error
  assert error.endswith(('; again', 'fewer rows'))


@pytest.mark.parametrize('how', [
    {}, {'use_dictionary': False}, {'data_page_version': '2.0'},
    {'compression': 'gzip', 'data_page_size': 100}, {'row_group_size': 7}])
def test_what_pages_say_of_honest_files_is_no_reason(tmp_path, how):
  table = pa.table({'a': [f'text {n}' for n in range(1000)],
                    'b': [[n, None] for n in range(1000)],
                    'c': [None] * 999 + [1.5],
                    'd': [{'x': n % 3, 'y': 'same'} for n in range(1000)]})
  pq.write_table(table, tmp_path / 'a.parquet', **how)
  read = parquet.decoded(tmp_path / 'a.parquet', 'it', 1 << 16, 'again')
  assert read.to_pydict() == table.to_pydict()


@pytest.mark.parametrize('rows', [100, 1000])
@pytest.mark.parametrize('cell', [
    lambda n: [f'x{n}', 'y'], lambda n: {'y': [f'x{n % 7}']}])
def test_texts_in_lists_over_groups_of_rows_are_read(tmp_path, rows, cell):
  """Each group has a dictionary of its own."""
  table = pa.table({'a': [cell(n) for n in range(3000)]})
  pq.write_table(table, tmp_path / 'a.parquet', row_group_size=rows)
  read = parquet.decoded(tmp_path / 'a.parquet', 'it', 1 << 20, 'again')
  assert read.equals(table)
