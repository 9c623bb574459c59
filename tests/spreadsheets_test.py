"""Formulas in cells of text, and the way back."""

import pytest

from uncertainty import spreadsheets


@pytest.mark.parametrize('text', [
    '=HYPERLINK("http://x","y")', '+1+1', '-1+1', '-cmd|x', '@SUM(A1)',
    '\t=1', '\r=1', '＝1+1', "'=1", "''=1", '-', '+.5e'])
def test_what_would_be_a_formula_begins_with_an_apostrophe(text):
  assert spreadsheets.guarded(text) == f"'{text}"
  assert spreadsheets.plain(spreadsheets.guarded(text)) == text


@pytest.mark.parametrize('text', [
    '', 'plain', 'a=b', '-3', '+7', '-1.5e-3', '["=1"]', "'tis"])
def test_other_text_and_numbers_stay(text):
  assert spreadsheets.guarded(text) == text
  assert spreadsheets.plain(text) == text


def test_an_older_sheet_reads_as_it_is():
  assert spreadsheets.plain('=1') == '=1'
