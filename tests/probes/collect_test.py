"""Activations are on disk before the chunk that a shard is made of."""

import dataclasses
import pathlib

import numpy as np
import pytest

from uncertainty.probes import collect, sums
from uncertainty.results import activations
from uncertainty.specs import AnalysisSpec, ProbeSpec, StudySpec
from uncertainty.types import Item

N, N_FOLDS, SIZE = 24, 3, 6
PLACE = pathlib.Path('coane/m')


@dataclasses.dataclass
class _Chunk:
  item_ids: list[str]
  columns: dict
  activations: dict


def _items():
  shares = np.random.default_rng(0).dirichlet(np.ones(3), N)
  return [Item(f'i{k}', f'Which is {k}?', ('a', 'b', 'c'), answer=0,
               human_shares=tuple(shares[k]), human_count=9)
          for k in range(N)]


def _chunks(done=frozenset()):
  """As a task yields them: what a resumed run has done is not asked again."""
  acts = np.random.default_rng(1).normal(size=(N, 2, 3)).astype(np.float32)
  for start in range(0, N, SIZE):
    ids = [f'i{k}' for k in range(start, start + SIZE)]
    if not set(ids) <= done:
      yield _Chunk(ids, {'mc_choice_entropy': [.1 * k for k in range(SIZE)],
                         'captured_tokens': ['?'] * SIZE},
                   {'residual': list(acts[start:start + SIZE])})


def _spec(store):
  return StudySpec(probe=ProbeSpec(store=store, n_folds=N_FOLDS))


def _kept(workdir, spec):
  """Ids whose activations can be read from the disk now."""
  if spec.probe.store == 'sums':
    path = workdir / 'moments' / PLACE / 'residual.npz'
    return set(sums.read(path).item_ids) if path.exists() else set()
  folder = workdir / 'activations' / PLACE / 'residual'
  return set(activations.read(folder).item_ids) if folder.exists() else set()


def _run(workdir, spec, done=frozenset(), dies_after=None):
  """Items whose shards are written; each is checked on the disk first."""
  shards = set(done)
  chunks = collect.store_activations(
      _chunks(done), _items(), spec, workdir, PLACE)
  for number, chunk in enumerate(chunks):
    if number == dies_after:
      chunks.close()
      break
    assert set(chunk.item_ids) <= _kept(workdir, spec)
    shards |= set(chunk.item_ids)
  return shards


@pytest.mark.parametrize('store', ['rows', 'sums'])
def test_on_disk_before_the_shard(tmp_path, store):
  assert len(_run(tmp_path, _spec(store))) == N
  assert len(_kept(tmp_path, _spec(store))) == N


@pytest.mark.parametrize('store', ['rows', 'sums'])
@pytest.mark.parametrize('dies_after', [0, 2])
def test_a_killed_run_loses_nothing(tmp_path, store, dies_after, monkeypatch):
  spec = _spec(store)
  _run(tmp_path / 'whole', spec)
  # Sums are saved at every chunk, so that the run dies between two.
  ticks = iter(range(0, 10**6, 1000))
  monkeypatch.setattr('time.monotonic', lambda: next(ticks))
  done = _run(tmp_path / 'killed', spec, dies_after=dies_after)
  assert len(done) == dies_after * SIZE
  # The chunk at which it died is on disk and has no shard: it comes again.
  assert len(_kept(tmp_path / 'killed', spec)) == (dies_after + 1) * SIZE
  assert len(_run(tmp_path / 'killed', spec, done)) == N
  if store == 'rows':
    whole, resumed = (activations.read(
        tmp_path / k / 'activations' / PLACE / 'residual',
        [f'i{k}' for k in range(N)]).values_NLD for k in ('whole', 'killed'))
  else:
    whole, resumed = (sums.read(
        tmp_path / k / 'moments' / PLACE / 'residual.npz').moments.sums_FLEE
        for k in ('whole', 'killed'))
  np.testing.assert_allclose(resumed, whole, rtol=1e-12)


def test_chunks_wait_for_the_sums_that_hold_them(tmp_path):
  made = []

  def chunks():
    for chunk in _chunks():
      made.append(chunk)
      yield chunk

  kept = collect.store_activations(
      chunks(), _items(), _spec('sums'), tmp_path, PLACE)
  first = next(kept)
  assert len(made) == N // SIZE  # within a minute: all of them, saved once
  assert first is made[0]
  assert len(_kept(tmp_path, _spec('sums'))) == N


def test_each_position_has_a_folder(tmp_path):
  spec = StudySpec(probe=ProbeSpec(
      sites='residual', positions='second_last,answer_end'))
  acts = np.random.default_rng(1).normal(size=(2, 2, 4, 3)).astype(np.float32)
  chunk = _Chunk(['a', 'b'], {'captured_tokens': [['s', 'e'], ['t', 'f']]},
                 {'residual': list(acts)})
  list(collect.store_activations(iter([chunk]), [], spec, tmp_path, PLACE))
  for p, position in enumerate(('second_last', 'answer_end')):
    stored = activations.read(
        tmp_path / 'activations' / PLACE / f'residual@{position}')
    np.testing.assert_array_equal(stored.values_NLD, acts[:, p])
    assert stored.tokens == (('s', 't'), ('e', 'f'))[p]
  assert collect.held(spec, tmp_path, PLACE, '') == {'a', 'b'}


def test_every_site_of_a_chunk_is_kept(tmp_path):
  acts = np.random.default_rng(1).normal(size=(2, 2, 3)).astype(np.float32)
  chunk = _Chunk(['a', 'b'], {'captured_tokens': ['s', 't']},
                 {'residual': list(acts), 'mlp': list(-acts)})
  spec = StudySpec(probe=ProbeSpec(sites='residual,mlp'))
  assert list(collect.store_activations(
      iter([chunk]), [], spec, tmp_path, PLACE)) == [chunk]
  for site, expected in chunk.activations.items():
    np.testing.assert_array_equal(activations.read(
        tmp_path / 'activations' / PLACE / site).values_NLD, expected)


def test_sums_are_held_for_their_settings_and_estimator(tmp_path):
  def spec(estimator):
    return StudySpec(
        probe=ProbeSpec(sites='residual', store='sums', n_folds=N_FOLDS),
        analysis=AnalysisSpec(human_entropy=estimator))

  def run():
    list(collect.store_activations(
        _chunks(), _items(), spec('dirichlet'), tmp_path, PLACE, 's'))

  run()
  assert collect.held(spec('dirichlet'), tmp_path, PLACE, 's') is None
  for other in ('plain', 'chao_shen'):
    assert collect.held(spec(other), tmp_path, PLACE, 's') == frozenset()
    run()
  assert collect.held(spec('dirichlet'), tmp_path, PLACE, 't') == frozenset()
  assert not _kept(tmp_path, spec('dirichlet'))


@pytest.mark.parametrize('store', ['rows', 'sums'])
def test_chunks_without_activations_pass_through(tmp_path, store):
  bare = _Chunk(['x'], {}, {})
  chunks = [bare, *_chunks(), bare]
  kept = list(collect.store_activations(
      iter(chunks), _items(), _spec(store), tmp_path, PLACE))
  assert sorted(map(id, kept)) == sorted(map(id, chunks))
  assert len(_kept(tmp_path, _spec(store))) == N
