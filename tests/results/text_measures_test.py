"""Hedges of written answers in results tables."""

import math

import pandas as pd
import pytest

from uncertainty.results import schema
from uncertainty.types import Item

ITEMS = schema.item_frame([Item('a', '?'), Item('b', '?')])


def test_a_merged_table_has_the_hedges_of_each_answer():
  task = pd.DataFrame({'item_id': ['b', 'a'], 'fr_tokens': [
      ['}', ''], ['Per', 'haps', ' Paris', '}.', '']]})
  merged = schema.merge_tasks(ITEMS, {'free': task})
  assert merged['fr_hedges'][0] == pytest.approx(1 / 2)
  assert math.isnan(merged['fr_hedges'][1])


def test_nothing_written_has_no_column():
  task = pd.DataFrame({'item_id': ['b', 'a']})
  assert 'fr_hedges' not in schema.merge_tasks(ITEMS, {'letters': task})
