"""Texts of tokens: which are kept, and read back."""

import numpy as np
import pandas as pd
import pytest

from uncertainty.results import tokens
from uncertainty.types import UserError


def _table():
  """Two steps of seven tokens each; the last two of a step are not shown."""
  return pd.DataFrame({
      'top_tokens': [np.arange(7), None],
      'fr_token_ids': [[10, 20], None],
      'fr_step_top_tokens': [np.arange(10, 24), None],
      'fr_step_rest_logprob': [[-3.0, -3.0], None]})


def test_those_generated_and_five_a_step_are_named():
  assert tokens.named(_table()) == [
      0, 1, 2, 3, 4, 10, 11, 12, 13, 14, 17, 18, 19, 20, 21]
  assert tokens.named(pd.DataFrame({'item_id': ['a']})) == []


def test_texts_come_back(tmp_path):
  path = tmp_path / 'results' / 'vader' / 'M.parquet'
  tokens.write(path, _table(), lambda ids: f'<{ids[0]}>')
  texts = tokens.read(path)
  assert texts[20] == '<20>' and len(texts) == 15
  assert (tmp_path / 'tokens/vader/M.json').is_file()
  assert tokens.read(path.with_name('other.parquet')) == {}


@pytest.mark.parametrize('content', ['[]', '{"a": "b"}', '{', '[' * 100_000])
def test_a_damaged_file_says_what_to_do(tmp_path, content):
  path = tmp_path / 'results' / 'vader' / 'M.parquet'
  tokens.write(path, _table(), str)
  (tmp_path / 'tokens/vader/M.json').write_text(content)
  with pytest.raises(UserError, match='--stages=score again'):
    tokens.read(path)


def test_steps_of_nothing_are_none():
  assert tokens.steps([], 0).shape == (0, 0)
  assert tokens.steps(range(6), 2).tolist() == [[0, 1, 2], [3, 4, 5]]
