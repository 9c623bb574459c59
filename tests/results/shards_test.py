"""Shards: whole or absent, every item once."""

import errno

import pandas as pd
import pytest

from uncertainty.results import shards
from uncertainty.types import UserError


def _chunk(*ids):
  return pd.DataFrame({
      'item_id': list(ids),
      'choice_logprobs': [[-0.1 * k, -2.0] for k in range(len(ids))]})


def test_reads_back_what_was_appended_in_order(tmp_path):
  store = shards.ShardStore(tmp_path)
  store.append(_chunk('a', 'b'))
  store.append(_chunk('c'))
  frame = shards.ShardStore(tmp_path).read()
  assert list(frame['item_id']) == ['a', 'b', 'c']
  assert list(frame['choice_logprobs'][1]) == [-0.1, -2.0]


def test_resumed_store_continues_numbering_and_drops_partial_files(tmp_path):
  store = shards.ShardStore(tmp_path)
  store.append(_chunk('a'))
  (tmp_path / '00001.parquet.partial').write_bytes(b'PAR1 cut short')
  resumed = shards.ShardStore(tmp_path)
  assert resumed.done() == {'a'}
  resumed.append(_chunk('b'))
  assert sorted(p.name for p in tmp_path.iterdir()) == [
      '00000.parquet', '00001.parquet']


def test_item_in_two_shards_is_an_error(tmp_path):
  store = shards.ShardStore(tmp_path)
  store.append(_chunk('a'))
  store.append(_chunk('a', 'b'))
  with pytest.raises(UserError, match="holds item 'a' twice"):
    store.read()


def test_truncated_shard_is_named(tmp_path):
  store = shards.ShardStore(tmp_path)
  store.append(_chunk('a'))
  path = tmp_path / '00000.parquet'
  path.write_bytes(path.read_bytes()[:50])
  with pytest.raises(UserError, match=r'00000\.parquet.*delete it'):
    store.read()


def test_full_disk_keeps_finished_shards(tmp_path, monkeypatch):
  store = shards.ShardStore(tmp_path)
  store.append(_chunk('a'))

  def full(_):
    raise OSError(errno.ENOSPC, 'No space left on device')

  monkeypatch.setattr('os.fsync', full)
  with pytest.raises(UserError, match='the disk is full'):
    store.append(_chunk('b'))
  assert shards.ShardStore(tmp_path).done() == {'a'}
  assert len(list(tmp_path.iterdir())) == 1
