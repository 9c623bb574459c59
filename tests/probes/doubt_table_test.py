"""Tables of probes of doubt, from a model's own answers to scores."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from launch import doubt_parity, tiny_checkpoint
from uncertainty import specs, study
from uncertainty.measures import registry
from uncertainty.probes import doubt_table

_N = 104
_POSITIONS = 'before_generating,second_last,answer_end,exact_answer'


def _write(path, answers):
  path.write_text('\n'.join(json.dumps({
      'question': f'Which is {n}?', 'choices': ['sky', 'blood', answer],
      'answer': answer}) for n, answer in enumerate(answers)) + '\n')


def _ask(workdir, table, folder, answer, **probe):
  study.run(specs.parse({
      'model': {'source': str(folder / 'tiny')},
      'data': {'name': 'table', 'path': str(table),
               'data_dir': str(folder / 'data')},
      'prompt': {'answer': answer, 'style': 'completion'},
      'free': {'max_tokens': 4, 'n_samples': 4, 'judge': 'words',
               'temperature': .1},
      'probe': {'n_folds': 3, **probe}}), workdir, (
          'score', 'probe') if probe else ('score',))


@pytest.fixture(scope='module')
def workdir(tmp_path_factory):
  """A tiny model that is right wherever its answer was taken for the right."""
  folder = tmp_path_factory.mktemp('doubt')
  tiny_checkpoint.write(folder / 'tiny')
  _write(folder / 'first.jsonl', ['grass'] * _N)
  _ask(folder / 'first', folder / 'first.jsonl', folder, 'free')
  [path] = (folder / 'first/results').rglob('*.parquet')
  said = pd.read_parquet(path)['fr_answer']
  right = np.random.default_rng(0).random(_N) < .6
  _write(folder / 'second.jsonl', [
      s if s.strip() and r else 'grass'
      for s, r in zip(said, right, strict=True)])
  _ask(folder / 'second', folder / 'second.jsonl', folder,
       'letters,free,samples', sites='residual', positions=_POSITIONS,
       protocol='doubt')
  return folder / 'second'


def _agree(pairs, within):
  np.testing.assert_allclose(*zip(*(
      (pair.here, pair.scikit_learn) for pair in pairs), strict=True),
                             atol=within)


def test_curves_are_scikit_learns(workdir):
  pairs = doubt_parity.compare(workdir, n_folds=3)
  assert {(pair.probe, pair.site) for pair in pairs} == {
      ('sep', 'residual@before_generating'), ('sep', 'residual@second_last'),
      ('p_ik', 'residual@before_generating'),
      ('exact_answer', 'residual@exact_answer')}
  _agree(pairs, 1e-4)
  curves = pd.read_parquet(workdir / 'analysis/doubt_probes.parquet')
  assert set(curves['n']) == {_N}


def test_claims_scores_are_ranked_as_scikit_learn_ranks_them(workdir):
  pairs = doubt_parity.compare_forward(workdir)
  assert {pair.probe for pair in pairs} == {
      'sep', 'p_ik', 'saplma', 'exact_answer'}
  _agree(pairs, 1e-9)


def test_scores_are_of_tested_items_once(workdir):
  rows = pd.read_parquet(workdir / 'analysis/doubt_forward.parquet')
  assert set(rows['probe']) == {'sep', 'p_ik', 'saplma', 'exact_answer'}
  for _, part in rows.groupby(['probe', 'site']):
    assert not part['item_id'].duplicated().any()
    assert part['n_baseline'].between(1, 20).all()  # columns, not items
    assert part[['residual', 'added']].notna().all(axis=None)
  assert set(rows['train']) == {'table'}


def _planted(name, seed, n=120):
  rng = np.random.default_rng(seed)
  acts = rng.normal(size=(n, 3, 12))
  return doubt_table.DataSet(name, acts, pd.DataFrame({
      'item_id': [f'{name}{i}' for i in range(n)],
      'question': [f'{name} {i}' for i in range(n)],
      'sample_share_correct': rng.binomial(
          5, 1 / (1 + np.exp(-3 * acts[:, 1, 0]))) / 5}))


def test_another_data_sets_probe_reads_what_both_hold():
  rows = doubt_table.transferred(
      _planted('a', 0), _planted('b', 1), 'before_generating', seed=0)
  assert set(rows['train']) == {'a'} and set(rows['layer']) == {1}
  assert rows['item_id'].str.startswith('b').all() and len(rows) == 120
  assert rows['score'].corr(rows['high_share']) > .6
  assert (rows['n_baseline'] == 0).all()


def test_without_output_there_is_no_residual():
  rows = doubt_table.forward_table(
      _planted('a', 0), 'before_generating', seed=0)
  assert rows['residual'].isna().all() and (rows['n_baseline'] == 0).all()
  assert rows['score'].notna().all()


def test_a_target_that_is_not_known_leaves_the_other_probes():
  rows = doubt_table.curves(
      _planted('a', 0), 'before_generating', 3, seed=0)
  assert set(rows['probe']) == {'p_ik'}
  assert rows.set_index('layer')['auroc'].idxmax() == 1


@pytest.mark.parametrize('table', ['curves', 'forward_table'])
def test_a_target_without_two_labels_leaves_the_other_probes(table):
  alike = _planted('a', 0)
  alike = dataclasses.replace(alike, frame=alike.frame.assign(
      **{registry.SEMANTIC_ENTROPY_DISCRETE: .5}))
  rows = (doubt_table.curves(alike, 'before_generating', 3, seed=0)
          if table == 'curves' else
          doubt_table.forward_table(alike, 'before_generating', seed=0))
  known = rows.dropna(subset=['auroc' if table == 'curves' else 'score'])
  assert set(known['probe']) == {'p_ik'}


def test_nothing_is_known_of_few_items():
  few = _planted('a', 0, n=99)
  assert doubt_table.forward_table(few, 'before_generating', seed=0).empty
  assert doubt_table.curves(few, 'before_generating', 3, seed=0).empty


def test_one_cluster_tells_nothing():
  one = _planted('a', 0)
  one = dataclasses.replace(one, frame=one.frame.assign(cluster='c'))
  assert doubt_table.forward_table(one, 'before_generating', seed=0).empty
  assert doubt_table.curves(one, 'before_generating', 3, seed=0).empty
