"""A checkpoint is whole or absent, and belongs to one tuning."""

import logging

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

from uncertainty.tuning import checkpoints
from uncertainty.types import UserError


def _state(value):
  # A float32 that no shorter decimal spells, a bfloat16, a count.
  return {'a': jnp.full((2, 3), np.float32(value) / 3), 'b': {
      'c': jnp.asarray([value, -value], jnp.bfloat16)},
      'n': jnp.asarray(value, jnp.int32)}


def _log(n):
  return pd.DataFrame({'n': range(n)})


def _saved(folder, *steps):
  checkpoints.claim(folder, 'settings')
  for step in steps:
    checkpoints.save(folder, step, _state(step), _log(step))


def _equal(found, expected):
  state, log = found
  for name in ('a', 'n'):
    np.testing.assert_array_equal(state[name], expected[name])
  np.testing.assert_array_equal(
      np.asarray(state['b']['c'], np.float32),
      np.asarray(expected['b']['c'], np.float32))
  assert state['b']['c'].dtype == jnp.bfloat16
  assert len(log) == int(expected['n'])


def test_the_last_comes_back_bit_for_bit_and_two_are_kept(tmp_path):
  checkpoints.claim(tmp_path, 'settings')
  assert checkpoints.restore(tmp_path, _state(0)) is None
  _saved(tmp_path, 1, 2, 10)
  _equal(checkpoints.restore(tmp_path, _state(0)), _state(10))
  kept = sorted(p.name for p in tmp_path.iterdir() if p.is_dir())
  assert kept == ['000000002', '000000010']


def test_one_that_was_not_finished_does_not_count(tmp_path):
  _saved(tmp_path, 1, 2)
  (tmp_path / '000000002').rename(tmp_path / '000000002.partial')
  _equal(checkpoints.restore(tmp_path, _state(0)), _state(1))
  checkpoints.save(tmp_path, 2, _state(2), _log(2))
  _equal(checkpoints.restore(tmp_path, _state(0)), _state(2))


def test_one_that_lost_a_bit_gives_way_to_the_one_before(tmp_path):
  _saved(tmp_path, 1, 2)
  path = max((p for p in (tmp_path / '000000002' / 'state').rglob('*')
              if p.is_file()), key=lambda p: p.stat().st_size)
  content = bytearray(path.read_bytes())
  content[len(content) // 2] ^= 1
  path.write_bytes(bytes(content))
  _equal(checkpoints.restore(tmp_path, _state(0)), _state(1))


def test_one_whose_digest_is_missing_gives_way_to_the_one_before(tmp_path):
  _saved(tmp_path, 1, 2)
  (tmp_path / '000000002' / 'digest').unlink()
  _equal(checkpoints.restore(tmp_path, _state(0)), _state(1))


def test_another_tuning_may_not_go_on_here(tmp_path):
  checkpoints.claim(tmp_path / 'tuning', 'mine')
  checkpoints.claim(tmp_path / 'tuning', 'mine')
  with pytest.raises(UserError, match='the tuning of another config'):
    checkpoints.claim(tmp_path / 'tuning', 'yours')


def test_a_save_has_nothing_to_warn_of(tmp_path, caplog):
  _saved(tmp_path, 1)
  assert not [r for r in caplog.records if r.levelno >= logging.WARNING]
  # Only while it saves: what else goes wrong is heard.
  logging.getLogger('absl').warning('Skipping merge of OCDBT')
  assert 'Skipping merge' in caplog.text
