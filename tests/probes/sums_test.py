"""Sums that grow with a run equal those of all its rows at once."""

import numpy as np
import pytest

from uncertainty.probes import sums as sums_lib
from uncertainty.types import Item, UserError

N, N_FOLDS = 40, 4


def _items(n=N):
  generator = np.random.default_rng(0)
  shares = generator.dirichlet(np.ones(3), n)
  return [Item(f'i{k}', f'Which is {k % (n - 4)}?', ('a', 'b', 'c'), answer=0,
               human_shares=tuple(shares[k]), human_count=9,
               human={'human_mc_rt_correct': float('nan') if k == 5 else 1 + k})
          for k in range(n)]


def _acts(tokens=1):
  return np.random.default_rng(1).normal(
      size=(N, tokens, 2, 3)).astype(np.float32)


def _add(sums, places, acts):
  entropy = np.linspace(0, 1, N)
  sums.add([f'i{k}' for k in places],
           {'mc_choice_entropy': entropy[places], 'correct': entropy[places]},
           {'residual': [a[0] if len(a) == 1 else a for a in acts[places]]})


def _read(folder):
  return sums_lib.read(folder / 'residual.npz')


@pytest.mark.parametrize('tokens', [1, 3])
def test_equal_in_any_batches_and_after_a_resume(tmp_path, tokens):
  acts = _acts(tokens)
  sums = sums_lib.Sums(tmp_path / 'one', _items(), N_FOLDS)
  _add(sums, np.arange(N), acts)
  sums.save()
  sums = sums_lib.Sums(tmp_path / 'two', _items(), N_FOLDS)
  _add(sums, np.arange(10, 30), acts)
  sums.save()
  # A run killed before its shards were written adds these items again.
  sums = sums_lib.Sums(tmp_path / 'two', _items(), N_FOLDS)
  _add(sums, np.arange(20), acts)
  _add(sums, np.arange(20, N)[::-1], acts)
  sums.save()
  one, two = _read(tmp_path / 'one'), _read(tmp_path / 'two')
  assert one[1:] == two[1:]
  np.testing.assert_allclose(one[0].sums_FLEE, two[0].sums_FLEE, rtol=1e-12)


def test_what_the_sums_hold(tmp_path):
  acts = _acts()
  sums = sums_lib.Sums(tmp_path, _items(), N_FOLDS)
  _add(sums, np.arange(N), acts)
  sums.save()
  kept, names, ids = _read(tmp_path)
  assert names == ['human_entropy', 'rt_correct', 'log_rt_correct',
                   'model_correct', 'model_entropy']
  # One item lacks its response time; four questions occur twice.
  assert set(ids) == {f'i{k}' for k in range(N)} - {'i5'}
  rest = np.delete(np.arange(N), 5)
  z = np.concatenate([np.ones((N - 1, 1)), acts[rest, 0, 1]], axis=1)
  np.testing.assert_allclose(
      kept.sums_FLEE.sum(0)[1, :4, :4], z.T @ z, rtol=1e-12)
  log_rt = np.log(1 + rest)
  np.testing.assert_allclose(
      kept.sums_FLEE.sum(0)[1, :4, 6], z.T @ log_rt, rtol=1e-12)
  assert (kept.sums_FLEE[:, 0, 0, 0] >= 8).all()


def test_few_questions_asked_often_make_fewer_folds(tmp_path):
  items = [Item(f'i{k}', f'Which is {k % 3}?', ('a', 'b'), answer=0,
                human_shares=((k + 1) / 50, 1 - (k + 1) / 50), human_count=9)
           for k in range(N)]
  sums = sums_lib.Sums(tmp_path, items, N_FOLDS)
  _add(sums, np.arange(N), _acts())
  sums.save()
  kept, _, ids = _read(tmp_path)
  assert len(ids) == N
  assert sorted(kept.sums_FLEE[:, 0, 0, 0]) == [13, 13, 14]


def test_bad_input_is_named(tmp_path):
  acts = _acts()
  sums = sums_lib.Sums(tmp_path, _items(), N_FOLDS)
  _add(sums, np.arange(N), acts)
  sums.save()
  other = sums_lib.Sums(tmp_path, _items(), N_FOLDS + 1)
  with pytest.raises(UserError, match='in 4 folds, this run makes .* in 5'):
    _add(other, np.arange(N), acts)
  broken = acts.copy()
  broken[3] = np.nan
  fresh = sums_lib.Sums(tmp_path / 'fresh', _items(), N_FOLDS)
  with pytest.raises(UserError, match="item 'i3'.*not finite"):
    _add(fresh, np.arange(N), broken)
  plain = [Item(f'i{k}', f'{k}') for k in range(N)]
  nothing = sums_lib.Sums(tmp_path / 'plain', plain, N_FOLDS)
  with pytest.raises(UserError, match='these items have none'):
    nothing.add(['i0'], {}, {'residual': acts[0]})
  (tmp_path / 'residual.npz').write_bytes(b'PK')
  with pytest.raises(UserError, match='cannot read .*residual.npz'):
    _read(tmp_path)
