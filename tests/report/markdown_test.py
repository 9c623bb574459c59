"""Markdown tables: numbers as text."""

import pandas as pd
import pytest

from uncertainty.report import markdown


@pytest.mark.parametrize('value, text', [
    (2.2e-16, '< 1e-12'), (0., '0'), (float('nan'), ''), (3., '3'),
    (.12345, '0.123'), (.00012345, '0.00012'), ('a|b', 'a\\|b'),
    (True, 'True')])
def test_numbers_as_text(value, text):
  table = pd.DataFrame({'x': [value]}, dtype=object)
  assert markdown.table_text(table).splitlines()[-1] == f'| {text} |'


def test_named_columns_only():
  table = pd.DataFrame({'a': [1], 'b': [2], 'c': [3]})
  assert markdown.table_text(table, ('c', 'a')) == (
      '| c | a |\n| --- | --- |\n| 3 | 1 |')
