"""CSV files: records by column, and what is said of one that is missing."""

import io
import pathlib

import pytest

from uncertainty.data import csv_records
from uncertainty.types import UserError


def _read(text, needed=('a', 'b')):
  return list(csv_records.read(
      io.StringIO(text, newline=''), pathlib.Path('x.csv'), needed))


def test_records_are_numbered_and_keep_quoted_line_ends():
  assert _read('b,a,c\n1,"2\n3",4\n5,6,7\n') == [
      (1, {'b': '1', 'a': '2\n3', 'c': '4'}),
      (2, {'b': '5', 'a': '6', 'c': '7'})]


@pytest.mark.parametrize('text', ['', 'a,c\n1,2\n', 'A,B\n1,2\n'])
def test_a_missing_column_is_named_with_the_file(text):
  with pytest.raises(UserError, match=r'x\.csv: there is no column [ab]'):
    _read(text)
