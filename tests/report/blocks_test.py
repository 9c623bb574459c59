"""Blocks: numbers in print, and text that cannot break the page."""

import json
import math
import re

import pandas as pd
import pytest

from uncertainty.report import blocks


@pytest.mark.parametrize('p, floor, shown', [
    (.0134, 0, '0.013'), (0.0, 0, '< 1e-300'), (0.0, 1 / 2001, '< 0.0005'),
    (1 / 2001, 1 / 2001, '0.0005'), (math.nan, 0, '–')])
def test_p_is_never_printed_as_zero(p, floor, shown):
  assert blocks.p_value(p, floor) == shown


def test_tables_print_p_below_the_floor_of_their_draws():
  frame = pd.DataFrame({
      'p_value': [0.0], 'rho_p_bh': [0.0], 'r': [0.0], 'p_true': [0.0]})
  table = blocks.plain_table(frame, p_floor=1 / 101)
  assert table.count('&lt; 0.0099') == 2
  assert '<td class="number">0</td>' in table


def test_data_tables_know_their_p_columns():
  table = blocks.data_table(
      pd.DataFrame({'p': [0.0], 'prefix': ['x'], 'p_holm': [.1]}), sort='p',
      p_floor=.01)
  found = re.search(r'json">(.*?)</script>', table)
  assert found
  data = json.loads(found.group(1))
  assert data['p'] == [0, 2] and data['floor'] == .01


@pytest.mark.parametrize('args, shown', [
    ((.514, .46, .561), '0.51 [0.46, 0.56]'), ((.5,), '0.50'),
    ((-1.0, -1.0, -1.0), '-1.00'), ((math.nan, 0, 1), '–')])
def test_interval(args, shown):
  assert blocks.interval(*args) == shown


def test_text_is_escaped_in_html_and_in_json():
  evil = '</script><b>'
  assert '<b>' not in blocks.text(evil)
  table = blocks.data_table(pd.DataFrame({'a': [evil]}), sort='a')
  assert table.count('</script>') == 1


def test_names_in_a_sentence():
  assert blocks.listed(['a']) == 'a'
  assert blocks.listed(['a', 'b', 'c']) == 'a, b and c'
  assert blocks.listed(list('abcdef')) == 'a, b, c, d and 2 more'
