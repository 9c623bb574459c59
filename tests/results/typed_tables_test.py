"""Tables of strangers are read in the types they should have, or refused."""

import pandas as pd
import pytest

from uncertainty.results import columns, typed_tables
from uncertainty.types import UserError

HONEST = {
    'item_id': ['a', 'b'], 'choices': [['x', 'y'], None],
    'human_shares': [[.5, .5], [1.0]], 'correct': [1.0, float('nan')],
    'order_choice_logprobs': [[[-1.0]], None], 'prediction': [1, 0],
    'mc_choice_entropy': [.1, .2], 'cluster': [None, None], 'own': [1, 2]}


def _read(path, **changes):
  pd.DataFrame(HONEST | changes).to_parquet(path)
  return typed_tables.read(path, 'score again', columns.find)


def test_what_fits_is_read(tmp_path):
  table = _read(tmp_path / 'a.parquet', prediction=[1.0, 0.0],
                human_shares=[[1, 0], [2, 1]],
                cluster=pd.Categorical(['x', 'y']))
  assert list(table) == list(HONEST)
  assert table['human_shares'][0].tolist() == [1, 0]


@pytest.mark.parametrize('tokens', [['a', 'b'], [['a', 'b'], ['c']]])
def test_one_of_two_types_is_read(tmp_path, tokens):
  table = _read(tmp_path / 'a.parquet', captured_tokens=tokens)
  assert [*table['captured_tokens'][0]] == [*tokens[0]]


@pytest.mark.parametrize('column, values', [
    ('captured_tokens', [1, 2]), ('item_id', [1, 2]),
    ('choices', ['x', 'y']), ('human_shares', [.5, .5]),
    ('human_shares', [['x'], ['y']]), ('correct', ['yes', 'no']),
    ('order_choice_logprobs', [[-1.0], None]), ('prediction', [['a'], ['b']]),
    ('mc_choice_entropy', ['low', 'high']), ('cluster', [1.5, 2.5]),
    ('correct', [{'a': 1}, {'a': 2}])])
def test_what_does_not_fit_is_named(tmp_path, column, values):
  with pytest.raises(UserError, match=f'a.parquet, column {column!r} holds .*'
                     'and should hold .*; score again'):
    _read(tmp_path / 'a.parquet', **{column: values})


@pytest.mark.parametrize('content', [b'', b'PAR1' * 9])
def test_what_is_no_table_is_named(tmp_path, content):
  path = tmp_path / 'a.parquet'
  path.write_bytes(content)
  with pytest.raises(
      UserError, match='a.parquet: cannot be read .*score again'):
    typed_tables.read(path, 'score again', columns.find)


def test_a_value_repeated_endlessly_is_refused(tmp_path):
  path = tmp_path / 'a.parquet'
  pd.DataFrame({'item_id': ['x' * 1000] * 400_000}).to_parquet(path)
  assert path.stat().st_size < 100_000
  with pytest.raises(UserError, match='MiB in memory, over 128 times its size'):
    typed_tables.read(path, 'score again', columns.find)


@pytest.mark.parametrize('column, values', [
    ('human_shares', [[-.5, 1.5], None]), ('human_count', [1e12, 3.0]),
    ('human_shares', [[float('inf')], [1.0]]), ('human_count', [-1.0, 3.0]),
    ('top_tokens', [[-1], []]), ('top_tokens', [[3], [2**62]])])
def test_numbers_that_cannot_be_are_named(tmp_path, column, values):
  with pytest.raises(UserError, match=f'a.parquet, column {column!r} holds .*'
                     'which is no .*; score again'):
    _read(tmp_path / 'a.parquet', **{column: values})


def test_missing_numbers_are_read(tmp_path):
  _read(tmp_path / 'a.parquet', human_shares=[[float('nan')], None],
        human_count=[float('nan'), None], top_tokens=[None, []])
