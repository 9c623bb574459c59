"""Sums that grow with a run equal those of all its rows at once."""

import dataclasses
import io
import zipfile

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
  assert (one.targets, one.item_ids) == (two.targets, two.item_ids)
  np.testing.assert_allclose(
      one.moments.sums_FLEE, two.moments.sums_FLEE, rtol=1e-12)


def test_what_the_sums_hold(tmp_path):
  acts = _acts()
  sums = sums_lib.Sums(tmp_path, _items(), N_FOLDS)
  _add(sums, np.arange(N), acts)
  sums.save()
  kept = _read(tmp_path)
  assert kept.targets == ['human_entropy', 'rt_correct', 'log_rt_correct',
                   'model_correct', 'model_entropy']
  # One item lacks its response time; four questions occur twice.
  assert set(kept.item_ids) == {f'i{k}' for k in range(N)} - {'i5'}
  rest = np.delete(np.arange(N), 5)
  z = np.concatenate([np.ones((N - 1, 1)), acts[rest, 0, 1]], axis=1)
  sums_FLEE = kept.moments.sums_FLEE
  np.testing.assert_allclose(
      sums_FLEE.sum(0)[1, :4, :4], z.T @ z, rtol=1e-12)
  log_rt = np.log(1 + rest)
  np.testing.assert_allclose(
      sums_FLEE.sum(0)[1, :4, 6], z.T @ log_rt, rtol=1e-12)
  assert (sums_FLEE[:, 0, 0, 0] >= 8).all()


def test_few_questions_asked_often_make_fewer_folds(tmp_path):
  items = [Item(f'i{k}', f'Which is {k % 3}?', ('a', 'b'), answer=0,
                human_shares=((k + 1) / 50, 1 - (k + 1) / 50), human_count=9)
           for k in range(N)]
  sums = sums_lib.Sums(tmp_path, items, N_FOLDS)
  _add(sums, np.arange(N), _acts())
  sums.save()
  kept = _read(tmp_path)
  assert len(kept.item_ids) == N
  assert sorted(kept.moments.sums_FLEE[:, 0, 0, 0]) == [13, 13, 14]


def _npz(**changes):
  """A file of sums of two items, some of whose arrays are changed."""
  arrays = {'sums_FLEE': np.ones((3, 1, 3, 3)), 'targets': np.array(['t']),
            'item_ids': np.array(['a', 'b']), 'settings': np.array('')}
  file = io.BytesIO()
  np.savez(file, **{k: v for k, v in (arrays | changes).items()
                    if v is not None})
  return file.getvalue()


def _packed():
  """1 MB that unpacks to a gigabyte."""
  file = io.BytesIO()
  with (zipfile.ZipFile(file, 'w', zipfile.ZIP_DEFLATED) as archive,
        archive.open('sums_FLEE.npy', 'w', force_zip64=True) as member):
    np.lib.format.write_array_header_1_0(member, {
        'shape': (1, 1, 1 << 13, 1 << 14), 'fortran_order': False,
        'descr': '<f8'})
    for _ in range(1 << 10):
      member.write(bytes(1 << 20))
  return file.getvalue()


@pytest.mark.parametrize('content', [
    b'', b'PK', _npz()[:-9], _npz(sums_FLEE=None), _npz(targets=None),
    _npz(sums_FLEE=np.ones((3, 1, 4, 5))),
    _npz(sums_FLEE=np.ones((3, 1, 5, 4))), _npz(sums_FLEE=np.ones((3, 4, 4))),
    _npz(sums_FLEE=np.ones((3, 1, 2, 2))), _npz(sums_FLEE=np.array('text')),
    _npz(sums_FLEE=np.full((3, 1, 4, 4), np.nan)),
    _npz(sums_FLEE=np.ones((1001, 1, 4, 4))),
    _npz(sums_FLEE=np.ones((3, 1, 4, 4), np.float32)),
    _npz(targets=np.array([1])), _npz(targets=np.array(['t', 't'])),
    _npz(item_ids=np.array('a')), _npz(item_ids=np.array(['a', 'a'])),
    _npz(targets=np.array([{}])), _npz(targets=np.array(['t'], object)),
    _packed(),
], ids=range(20))
def test_sums_of_strangers_are_refused(tmp_path, content):
  path = tmp_path / 'residual.npz'
  path.write_bytes(_npz())
  assert sums_lib.read(path).item_ids == ['a', 'b']
  path.write_bytes(content)
  with pytest.raises(UserError, match='residual.npz.*run --stages=score again'):
    sums_lib.read(path)
  assert sums_lib.sort_out(tmp_path, ['residual'], '') == frozenset()
  assert (tmp_path / 'aside' / 'residual.npz').exists()


def test_without_right_answers_whether_the_model_is_right_is_no_target(
    tmp_path):
  items = [dataclasses.replace(item, answer=None) for item in _items()]
  sums = sums_lib.Sums(tmp_path, items, N_FOLDS)
  _add(sums, np.arange(N), _acts())
  sums.save()
  assert _read(tmp_path).targets == [
      'human_entropy', 'rt_correct', 'log_rt_correct', 'model_entropy']


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
  with pytest.raises(UserError, match='residual.npz: cannot be read'):
    _read(tmp_path)


def test_whole_sums_are_kept_and_others_are_set_aside(tmp_path):
  def save(settings):
    sums = sums_lib.Sums(tmp_path, _items(), N_FOLDS, settings)
    _add(sums, np.arange(N), _acts())
    sums.save()

  path = tmp_path / 'residual.npz'
  assert sums_lib.sort_out(tmp_path, ['residual'], 's') == frozenset()
  save('s')
  assert sums_lib.sort_out(tmp_path, ['residual'], 's') is None
  # Sums of other settings, without another site's, or damaged.
  assert sums_lib.sort_out(tmp_path, ['residual'], 't') == frozenset()
  assert not path.exists()
  save('s')
  assert sums_lib.sort_out(tmp_path, ['residual', 'mlp'], 's') == frozenset()
  assert not path.exists()
  path.write_bytes(b'PK')
  assert sums_lib.sort_out(tmp_path, ['residual'], 's') == frozenset()
  assert not path.exists()


def test_sites_of_a_workdir(tmp_path):
  for place in ('b/m/residual', 'a/n/mlp', 'a/n/residual'):
    folder = tmp_path / 'moments' / place
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.with_suffix('.npz').touch()
  assert sums_lib.sites(tmp_path) == [
      ('a', 'n', 'mlp'), ('a', 'n', 'residual'), ('b', 'm', 'residual')]
