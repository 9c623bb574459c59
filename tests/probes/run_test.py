"""The probe stage from stored activations to tables."""

import dataclasses
import shutil

import numpy as np
import pandas as pd
import pytest

from uncertainty import human
from uncertainty.analysis.claims import table as claims_table
from uncertainty.analysis.questions import probe_readout
from uncertainty.analysis.statistics import entropy
from uncertainty.probes import run as probing
from uncertainty.probes import sums, truth_table
from uncertainty.probes.fits import mlp
from uncertainty.results import activations, manifest, shards
from uncertainty.specs import ProbeSpec, StudySpec
from uncertainty.types import Item, UserError
from uncertainty.worlds import statements as world_statements

_SPEC = StudySpec(probe=ProbeSpec(
    protocol='paper,sound', n_folds=5, n_permutations=39))


def _study(workdir, signal_layer=1, n_items=50, model='m', drop=()):
  generator = np.random.default_rng(0)
  acts = generator.normal(size=(n_items, 3, 8)).astype(np.float32)
  signal = acts[:, signal_layer, 0] + 0.1 * generator.normal(size=n_items)
  rt = np.exp(generator.normal(size=n_items)) * 1000
  frame = pd.DataFrame({
      'item_id': [f'i{n}' for n in range(n_items)],
      'question': [f'Which is {n}?' for n in range(n_items)],
      'human_entropy': 0.5 + 0.1 * signal, 'human_mc_rt_correct': rt,
      'human_mc_rt_combined': np.where(np.arange(n_items) == 7, np.nan, rt),
      'n_tokens': generator.integers(5, 30, n_items)})
  shards.write_table(frame.drop(columns=list(drop)),
                     workdir / 'results' / 'coane' / f'{model}.parquet')
  # The store may hold items in another order.
  order = generator.permutation(n_items)
  activations.append(workdir / 'activations' / 'coane' / model / 'residual',
                     [f'i{n}' for n in order], acts[order])
  return acts


def _read(workdir, name):
  return pd.read_parquet(workdir / 'analysis' / f'{name}.parquet')


def test_a_planted_signal_is_found_at_its_layer_and_no_other(tmp_path):
  _study(tmp_path)
  probing.run(tmp_path, _SPEC)
  table = _read(tmp_path, 'probes')
  assert list(table.columns) == [
      'model', 'dataset', 'site', 'protocol', 'layer', 'fold', 'target', 'r2',
      'pearson', 'mse', 'n']
  mean = table[(table['fold'] == -1) & (table['target'] == 'human_entropy')]
  for protocol in ('paper', 'sound'):
    r2 = mean[mean['protocol'] == protocol].set_index('layer')['r2']
    assert r2[1] > 0.9
    assert r2[[0, 2]].max() < 0.2
  sound = mean[mean['protocol'] == 'sound'].set_index('layer')
  assert sound.loc[-1, 'r2'] == sound.loc[1, 'r2']  # chosen without the tests
  # The paper drops the item that lacks a response time, from every target.
  assert set(mean.loc[mean['protocol'] == 'paper', 'n']) == {49}
  assert set(sound['n']) == {50}
  null = _read(tmp_path, 'probe_permutations')
  clear = null[null['p_corrected'] < 0.05]
  assert {*zip(clear['target'], clear['layer'])} == {('human_entropy', 1)}
  depth = _read(tmp_path, 'probe_depth').set_index(['protocol', 'target'])
  assert depth.loc[('sound', 'human_entropy'), 'first_layer'] == 1
  increment = _read(tmp_path, 'probe_increment')
  best = increment[(increment['target'] == 'human_entropy')
                   & (increment['layer'] == 1)].iloc[0]
  assert best['ci_low'] > 0.5
  assert best['p_corrected'] == 1 / 40
  control = _read(tmp_path, 'probe_controls').set_index(['target', 'layer'])
  own = control.loc[('human_entropy', 1)]
  assert own['n_control_draws'] == 20


def test_transfer_is_between_all_that_know_the_target(tmp_path):
  _study(tmp_path)
  probing.run(tmp_path, _SPEC)
  assert not (tmp_path / 'analysis' / 'probe_transfer.parquet').exists()
  for model, drop in (('n', ()), ('without', ('human_entropy',))):
    _study(tmp_path, model=model, drop=drop)
  probing.run(tmp_path, _SPEC)
  table = _read(tmp_path, 'probe_transfer')
  table = table[table['target'] == 'human_entropy']
  assert {*zip(table['train'], table['test'])} == {
      (a, b) for a in ('coane/m', 'coane/n') for b in ('coane/m', 'coane/n')}


def test_forward_scores_read_the_planted_layer_and_become_a_claim(tmp_path):
  _study(tmp_path, n_items=180)
  path = tmp_path / 'results' / 'coane' / 'm.parquet'
  frame = pd.read_parquet(path).assign(
      mc_choice_entropy=np.random.default_rng(5).random(180))
  shards.write_table(frame, path)
  spec = dataclasses.replace(_SPEC, probe=ProbeSpec(
      protocol='sound', n_folds=5, n_permutations=0))
  probing.run(tmp_path, spec)
  table = _read(tmp_path, 'probe_forward')
  assert len(table) == 120 and not table['item_id'].duplicated().any()
  assert set(table['layer']) == {1} and set(table['fold']) == {0, 1, 2, 3}
  assert np.corrcoef(table['residual'], table['score'])[0, 1] > .9
  forward = probe_readout.forward(tmp_path)
  [row] = claims_table.claims(
      {('coane', 'm'): frame}, spec, only={'probe_beyond_output'},
      forward=forward).to_dict('records')
  assert row['verdict'] == 'supported' and row['model'] == 'm'


def test_truth_is_read_forward_and_becomes_a_claim(tmp_path, monkeypatch):
  for slow in ('logistic', 'ttpd', 'ccs', 'ccs_uncentred'):
    monkeypatch.setitem(
        truth_table.PROBES, slow, truth_table.PROBES['mass_mean'])
  world = world_statements.Statements(rows=(10,) * 6, shared=3.0)
  frame = world_statements.results(world, 'm')
  shards.write_table(frame, tmp_path / 'results' / 'truth' / 'm.parquet')
  activations.append(
      tmp_path / 'activations' / 'truth' / 'm' / 'residual',
      list(frame['item_id']), world_statements.activations(
          world, 0, frame, np.random.default_rng(0)))
  probing.run(tmp_path, _SPEC)
  table = _read(tmp_path, 'truth_forward')
  assert table['n_topics'].tolist() == [2, 3, 4, 5]
  assert set(_read(tmp_path, 'truth_probes')['test']) >= set(table['test'])
  [row] = claims_table.claims(
      {('truth', 'm'): frame}, _SPEC, truth=probe_readout.truth(tmp_path)
  ).to_dict('records')
  assert (row['claim'], row['verdict']) == ('truth_readable', 'supported')


def test_reproduction_takes_the_last_layer_after_the_norm(tmp_path):
  acts = _study(tmp_path, signal_layer=2)
  spec = dataclasses.replace(
      _SPEC, mode='reproduction', probe=ProbeSpec(
          protocol='paper', n_folds=5, n_permutations=19))
  with pytest.raises(UserError, match='final_norm'):
    probing.run(tmp_path, spec)
  folder = tmp_path / 'activations' / 'coane' / 'm' / 'final_norm'
  activations.append(folder, [f'i{n}' for n in range(50)], acts[:, :1])
  probing.run(tmp_path, spec)
  table = _read(tmp_path, 'probes')
  own = table[(table['fold'] == -1) & (table['target'] == 'human_entropy')
              & (table['site'] == 'residual')].set_index('layer')
  assert own.loc[2, 'r2'] == pytest.approx(own.loc[0, 'r2'])


def test_the_nonlinear_probe_is_judged_by_what_it_held_out(
    tmp_path, monkeypatch):
  _study(tmp_path, n_items=51)  # folds of unequal size

  def predicted(acts_NLD, target_N, folds, **_):
    """The target itself, its mean, and the target mirrored about the mean."""
    del acts_NLD
    out_LFB = np.full((3, *folds.test_FB.shape), 1e6)
    for f in range(folds.n_folds):
      target = target_N[folds.test(f)]
      mirrored = 2 * target.mean() - target
      out_LFB[:, f, :len(target)] = (
          target, np.full(len(target), target.mean()), mirrored)
    return out_LFB

  monkeypatch.setattr(mlp, 'cross_validate', predicted)
  probing.run(tmp_path, dataclasses.replace(_SPEC, probe=ProbeSpec(
      protocol='sound', n_folds=5, n_permutations=0, mlp=True)))
  table = _read(tmp_path, 'probe_nonlinear')
  assert set(table['target']) == {'human_entropy'}
  assert set(table['protocol']) == {'sound'}
  np.testing.assert_allclose(
      table.set_index('layer')['r2'].loc[[0, 1, 2]], [1, 0, -3], atol=1e-9)


def test_nothing_stored_is_said(tmp_path):
  with pytest.raises(UserError, match='--stages=score'):
    probing.run(tmp_path, _SPEC)


def test_activations_of_a_model_that_was_never_asked_are_named(tmp_path):
  _study(tmp_path)
  model = {'source': 's', 'fingerprint': 'f', 'kind': 'base', 'family': 'llama'}
  manifest.write(tmp_path, {'models': {'m': model}})
  folder = tmp_path / 'activations' / 'coane'
  shutil.copytree(folder / 'm', folder / 'ghost')
  with pytest.raises(UserError, match="/ghost: manifest.json names no 'ghost'"):
    probing.run(tmp_path, _SPEC)


def test_unknown_protocol_is_named(tmp_path):
  _study(tmp_path)
  spec = dataclasses.replace(_SPEC, probe=ProbeSpec(protocol='best'))
  with pytest.raises(UserError, match="'best'"):
    probing.run(tmp_path, spec)


def test_sums_of_an_unfinished_run_are_an_error(tmp_path):
  _study(tmp_path)
  folder = tmp_path / 'moments' / 'coane' / 'other'
  folder.mkdir(parents=True)
  (folder / 'residual.npz').touch()
  with pytest.raises(UserError, match='coane/other have no results table'):
    probing.run(tmp_path, _SPEC)


@pytest.mark.parametrize('n_folds', [2, 3])
def test_sums_take_three_folds(tmp_path, n_folds):
  """One to test in, and two to choose the penalty in."""
  _study(tmp_path)
  shares = np.random.default_rng(0).dirichlet(np.ones(3), 50)
  items = [Item(f'i{n}', f'Which is {n}?', ('a', 'b', 'c'), human_count=9,
                human_shares=tuple(shares[n])) for n in range(50)]
  kept = sums.Sums(tmp_path / 'moments' / 'coane' / 'm', items, n_folds)
  kept.add([i.item_id for i in items], {},
           {'residual': list(np.random.default_rng(1).normal(
               size=(50, 3, 2)).astype(np.float32))})
  kept.save()
  if n_folds == 2:
    with pytest.raises(UserError, match='fewer than three'):
      probing.run(tmp_path, _SPEC)
  else:
    probing.run(tmp_path, _SPEC)
    table = _read(tmp_path, 'probes')
    table = table[table['protocol'] == 'sums']
    assert set(table['fold']) == {-1, 0, 1, 2}
    assert set(table.loc[table['fold'] == -1, 'n']) == {50}


def _people_study(workdir, **replaced):
  generator = np.random.default_rng(3)
  shares = generator.multinomial(
      6, generator.dirichlet(np.full(3, .3), 40)) / 6
  acts = generator.normal(size=(40, 2, 4)).astype(np.float32)
  frame = pd.DataFrame({
      'item_id': [f'i{n}' for n in range(40)],
      'question': [f'Which is {n}?' for n in range(40)],
      'human_shares': list(shares), 'human_count': 6.0,
      'human_entropy': [human.entropy(s) for s in shares]}).assign(**replaced)
  shards.write_table(frame, workdir / 'results' / 'coane' / 'm.parquet')
  activations.append(workdir / 'activations' / 'coane' / 'm' / 'attention',
                     list(frame['item_id']), acts)
  return shares


@pytest.mark.parametrize(('mode', 'estimator'), [
    ('sound', 'dirichlet'), ('reproduction', 'plain')])
def test_peoples_entropy_is_the_configured_estimate(tmp_path, mode, estimator):
  spec = dataclasses.replace(_SPEC, mode=mode)
  shares = _people_study(tmp_path / 'counted')
  estimate = entropy.normalised(
      np.rint(shares * 6), np.full(40, 3), estimator)
  # Without numbers of people nothing is estimated anew.
  _people_study(tmp_path / 'given', human_count=np.nan, human_entropy=estimate)
  found = []
  for workdir in (tmp_path / 'counted', tmp_path / 'given'):
    probing.run(workdir, spec)
    table = _read(workdir, 'probes')
    found.append(table[table['target'] == 'human_entropy'])
  assert len(found[0]) and np.ptp(found[0]['r2']) > 0
  pd.testing.assert_frame_equal(*found, rtol=1e-9)
  ceiling = _read(tmp_path / 'counted', 'probe_ceiling')
  assert 0 < ceiling['ceiling_r2'].iloc[0] < 1
