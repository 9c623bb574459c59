"""Shards: whole or absent, every item once."""

import errno
import os

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from uncertainty.results import digests, shards
from uncertainty.types import UserError


def _expected(*ids, model='m', settings='s', **digest_of):
  return digests.Provenance(
      model, settings, {i: digest_of.get(i, f'item {i}') for i in ids},
      {i: digest_of.get(i, f'question {i}') for i in ids},
      {i: f'prompt {digest_of.get(i, i)}' for i in ids}, 'run')


def _chunk(*ids, **changes):
  return pd.DataFrame({
      'item_id': list(ids),
      'choice_logprobs': [[-0.1 * k, -2.0] for k in range(len(ids))],
      **_expected(*ids, **changes).columns(ids)})


def _aside(folder):
  return sorted(i for p in (folder / 'aside').glob('*.parquet')
                for i in pd.read_parquet(p)['item_id'])


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
  resumed.sort_out(_expected('a', 'b'))
  names = sorted(p.name for p in tmp_path.iterdir() if p.is_file())
  assert [name[:6] for name in names] == ['00000-', '00001-']


def test_a_file_is_not_written_through_a_link_under_its_first_name(tmp_path):
  (tmp_path / 'thesis').write_text('kept')
  (tmp_path / 'table.partial').symlink_to('thesis')
  with shards.replacing(tmp_path / 'table') as file:
    file.write(b'rows')
  assert (tmp_path / 'thesis').read_text() == 'kept'
  assert (tmp_path / 'table').read_text() == 'rows'


def test_item_in_two_shards_is_an_error(tmp_path):
  store = shards.ShardStore(tmp_path)
  store.append(_chunk('a'))
  store.append(_chunk('a', 'b'))
  with pytest.raises(UserError, match="holds item 'a' twice"):
    store.read()


def test_truncated_shard_is_named(tmp_path):
  store = shards.ShardStore(tmp_path)
  store.append(_chunk('a'))
  path, = tmp_path.iterdir()
  path.write_bytes(path.read_bytes()[:50])
  with pytest.raises(UserError, match=r'00000-.*--stages=score again'):
    store.read()


@pytest.mark.parametrize('spoil', [
    lambda t: t.append_column('item_digest', t['item_digest']),
    lambda t: t.set_column(
        t.column_names.index('model_fingerprint'), 'model_fingerprint',
        pa.nulls(len(t), pa.string())),
    lambda t: t.append_column('top_tokens', pa.array([[-1]] * len(t)))])
def test_a_sealed_shard_that_nobody_wrote_is_set_aside(tmp_path, spoil):
  store = shards.ShardStore(tmp_path)
  store.append(spoil(pa.Table.from_pandas(_chunk('a', 'b'))))
  with pytest.raises(UserError, match='00000-.*--stages=score again'):
    store.read()
  store.sort_out(_expected('a', 'b'))
  assert store.done() == frozenset()
  assert len(list((tmp_path / 'aside').iterdir())) == 1


def test_a_pipe_is_no_shard(tmp_path):
  os.mkfifo(tmp_path / '00000-0.parquet')
  with pytest.raises(UserError, match='a pipe'):
    shards.ShardStore(tmp_path).read()


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


@pytest.mark.parametrize('now, reason', [
    ({'b': 'edited'}, 'the question was edited'),
    ({'settings': 't'}, 'the settings were others'),
])
def test_rows_of_something_else_are_set_aside_and_counted(
    tmp_path, caplog, now, reason):
  store = shards.ShardStore(tmp_path)
  store.append(_chunk('a', 'b', 'c'))
  store.append(_chunk('d'))
  store.sort_out(_expected('a', 'b', 'c', 'd', **now))
  gone = ['b'] if 'b' in now else ['a', 'b', 'c', 'd']
  assert store.done() == set('abcd') - set(gone)
  assert set(gone) <= set(_aside(tmp_path))
  assert f'{len(gone)} rows are set aside: {reason}' in caplog.text


def test_rows_that_stay_keep_every_value(tmp_path):
  store = shards.ShardStore(tmp_path)
  store.append(_chunk('a', 'b', 'c'))
  before = store.read()
  store.sort_out(_expected('a', 'b', 'c', b='edited'))
  pd.testing.assert_frame_equal(
      store.read(), before.iloc[[0, 2]].reset_index(drop=True),
      check_exact=True)


def test_items_that_are_not_asked_now_stay_for_later(tmp_path):
  store = shards.ShardStore(tmp_path)
  store.append(_chunk('a', 'b'))
  store.sort_out(_expected('a'))
  assert store.done() == {'a', 'b'}


def test_rows_without_digests_are_asked_again(tmp_path, caplog):
  store = shards.ShardStore(tmp_path)
  shards.write_table(_chunk('a', 'b')[['item_id', 'choice_logprobs']],
                     tmp_path / '00000.parquet')
  assert list(store.read()['item_id']) == ['a', 'b']
  store.sort_out(_expected('a'))
  assert store.done() == {'b'}
  assert 'an earlier version wrote them' in caplog.text


def test_another_model_under_the_name_is_an_error(tmp_path):
  store = shards.ShardStore(tmp_path)
  store.append(_chunk('a'))
  with pytest.raises(UserError, match='fingerprint m.*now have n.*--workdir'):
    store.sort_out(_expected('a', model='n'))
  assert store.done() == {'a'}


@pytest.mark.parametrize('place', range(0, 4000, 131))
def test_a_flipped_byte_anywhere_is_seen(tmp_path, caplog, place):
  store = shards.ShardStore(tmp_path)
  store.append(_chunk('a', 'b'))
  store.append(_chunk('c'))
  path = min(tmp_path.glob('*.parquet'))
  content = bytearray(path.read_bytes())
  content[place % len(content)] ^= 1
  path.write_bytes(content)
  store.sort_out(_expected('a', 'b', 'c'))
  assert store.done() == {'c'}
  assert path.name in caplog.text


def test_a_row_that_stands_twice_counts_once(tmp_path):
  store = shards.ShardStore(tmp_path)
  store.append(_chunk('a'))
  store.append(_chunk('b', 'a'))
  store.sort_out(_expected('a', 'b'))
  assert sorted(store.read()['item_id']) == ['a', 'b']


def test_items_without_their_activations_are_asked_again(tmp_path, caplog):
  store = shards.ShardStore(tmp_path)
  store.append(_chunk('a', 'b'))
  store.sort_out(_expected('a', 'b'), frozenset({'b'}))
  assert store.done() == {'b'}
  assert 'activations are missing' in caplog.text


@pytest.mark.parametrize('frame', [
    pd.DataFrame({'item': ['a']}), pd.DataFrame({'item_id': [1]}),
    pd.DataFrame({'item_id': ['a'], 'model_fingerprint': [1.5]}),
    pd.DataFrame({'item_id': ['x' * 1000] * 400_000}),  # a bomb
], ids=range(4))
def test_a_strangers_shard_is_refused_and_set_aside(tmp_path, frame):
  store = shards.ShardStore(tmp_path)
  store.append(frame)
  (tmp_path / '0-nothing.txt.parquet').mkdir()
  (tmp_path / '0x-nothing.parquet').write_text('?')
  for read in (store.done, store.read):
    with pytest.raises(UserError, match='run --stages=score again'):
      read()
  store.sort_out(_expected('a'))
  store.append(_chunk('a'))
  assert store.done() == {'a'}


def test_what_pandas_is_told_of_a_strangers_shard_does_not_count(tmp_path):
  table = pa.table({'item_id': ['a', 'b']})
  for note in (b'{', b'{"index_columns": ["item_id"]}'):
    pq.write_table(table.replace_schema_metadata({b'pandas': note}),
                   tmp_path / '00000.parquet')
    assert shards.ShardStore(tmp_path).read()['item_id'].tolist() == ['a', 'b']


def test_texts_that_are_no_utf8_are_refused(tmp_path):
  texts = pa.StringArray.from_buffers(
      2, pa.py_buffer(b'\0\0\0\0\1\0\0\0\2\0\0\0'), pa.py_buffer(b'a\xff'))
  pq.write_table(pa.table({'item_id': texts}), tmp_path / '00000.parquet')
  with pytest.raises(UserError, match='00000.parquet: cannot be read .*UTF'):
    shards.ShardStore(tmp_path).done()
