"""Cards and terminal: the primary measure, whatever others give."""

import pandas as pd
import pytest

from uncertainty.report.chapters import summary


@pytest.fixture
def tables(made, alignment_cells, calibration_cells):
  rows = pd.DataFrame({
      'model': ['A', 'B'], 'dataset': 'coane', 'n_items': 40,
      'statistic': 'accuracy', 'value': [.5, .6], 'ci_low': [.4, .5],
      'ci_high': [.6, .7], 'n': 40})
  return made(summary=rows, alignment=alignment_cells,
              calibration=calibration_cells)


def test_card_holds_the_primary_measure_with_its_interval(tables):
  rows = tables.get('summary')[:1]
  assert summary.card(rows, tables, 'coane', 'A') == {
      'accuracy': ('0.50', '[0.40, 0.60]'),
      'alignment ρ, choice entropy': ('0.30', '[0.10, 0.50]'),
      'smooth calibration error, letter mass': ('0.20', '[-0.05, 0.25]')}


def test_neither_page_nor_terminal_names_a_best(tables, spec):
  page = '\n'.join(map(str, summary.chapter(tables, spec).blocks))
  text = summary.console_table(tables)
  assert 'alignment ρ, choice entropy' in page
  assert 'B' in text and '0.10 [-0.10, 0.30]' in text
  for shown in (page, text):
    assert 'best' not in shown and '0.60 [0.40, 0.80]' not in shown


def test_values_stand_below_each_other_however_long_a_name_is(tables):
  head, *lines = summary.console_table(tables).splitlines()
  at = head.index('value')
  assert lines and all(line[at - 1] == ' ' and line[at] != ' '
                       for line in lines)


def test_a_long_table_is_summarised(made):
  n = 20
  rows = pd.DataFrame({
      'model': [f'M{k}' for k in range(n)], 'dataset': 'coane', 'n_items': 40,
      'statistic': 'accuracy', 'value': [k / 20 for k in range(n)],
      'ci_low': 0., 'ci_high': 1., 'n': 40})
  assert summary.console_table(made(summary=rows)) == (
      'coane    accuracy: median 0.47 of 20 models, 0.24 to 0.71 in the middle '
      'half')


def test_two_families_are_not_called_a_pair(made, tables, spec):
  manifest = {'models': {'A': {'kind': 'base', 'family': 'x'},
                         'B': {'kind': 'instruct', 'family': 'y'}}}
  page = summary.chapter(
      made(manifest, **tables.frames), spec).blocks[0]
  assert 'A and B are of different families' in page


def test_run_line_counts_items(tables, spec):
  assert summary.run_line(tables, spec).startswith(
      'A and B on Coane general knowledge (40 items)')
