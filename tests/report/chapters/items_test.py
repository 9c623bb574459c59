"""The items chapter: largest distances first, and what is left out."""

import json
import re

import numpy as np
import pandas as pd

from uncertainty.report.chapters import items


def _items(n):
  return pd.DataFrame({
      'model': 'A', 'question': [f'q{i}' for i in range(n)],
      'choices': [['x', 'y']] * n, 'human_shares': [[.5, .5]] * n,
      'model_shares': [[.9, .1]] * n, 'human_entropy': 1.0,
      'model_uncertainty': .5,
      'disagreement': np.r_[np.nan, np.arange(1, n) / n]})


def test_items_without_a_distance_are_left_out(made, spec):
  page = '\n'.join(map(str, items.chapter(made(items=_items(4)), spec).blocks))
  found = re.search(r'json">(.*?)</script>', page)
  assert found
  rows = json.loads(found.group(1))['rows']
  assert [row[1] for row in rows] == ['q3', 'q2', 'q1']
  assert rows[0][2:5] == ['x / y', [.5, .5], [.9, .1]]
  assert 'largest of' not in page


def test_a_cut_is_said(made, spec):
  page = '\n'.join(
      map(str, items.chapter(made(items=_items(3005)), spec).blocks))
  assert 'The 3000 largest of 3004 distances' in page
