"""Probes whose choices were made on earlier items."""

import numpy as np
import pandas as pd
import pytest

from uncertainty.analysis.claims import beyond
from uncertainty.probes import forward
from uncertainty.probes.fits import folds as folds_lib
from uncertainty.worlds import generator, planted


@pytest.fixture(scope='module')
def study():
  return generator.simulate(generator.World(
      n_items=240, families=(1,), planted=planted.Planted(people=1.5)),
      seed=0, all_measures=False)


@pytest.fixture(scope='module')
def one(study):
  name = study.models.names[0]
  return study.activations[name], study.frames['world', name]


def test_blocks_train_on_all_before_them_and_keep_clusters_whole():
  groups = [f'g{i // 3}' for i in range(120)]
  folds = forward.blocks(groups, seed=0)
  assert folds.n_folds == forward.N_BLOCKS - 2
  seen = set(folds.train(0))
  for f in range(folds.n_folds):
    train, test = set(folds.train(f)), set(folds.test(f))
    assert train == seen and not train & test
    assert not {groups[i] for i in train} & {groups[i] for i in test}
    seen |= test
  assert seen == set(range(120))


def test_a_score_does_not_know_later_answers(one):
  acts, frame = one
  found = forward.table(acts, frame, seed=0)
  later = found['fold'] == found['fold'].max()
  changed = frame.copy()
  place = changed['item_id'].isin(found.loc[later, 'item_id'])
  changed.loc[place, 'human_entropy'] = np.random.default_rng(0).random(
      place.sum())
  again = forward.table(acts, changed, seed=0)
  np.testing.assert_allclose(again['score'], found['score'], atol=1e-8)
  np.testing.assert_array_equal(again['layer'], found['layer'])


def test_residuals_are_orthogonal_to_the_baseline(one):
  acts, frame = one
  found = forward.table(acts, frame, seed=0)
  tested = frame.set_index('item_id').loc[found['item_id']].reset_index()
  base = forward.baseline(tested)
  np.testing.assert_allclose(
      base.T @ found['residual'].to_numpy(), 0, atol=1e-6)
  assert len(found) == len(frame) * 2 // 3


def test_planted_directions_are_read_and_noise_is_not(one):
  acts, frame = one
  noise = np.random.default_rng(1).normal(size=acts.shape)
  told, silent = (
      beyond.partial(*(forward.table(x, frame, seed=0)[c].to_numpy() for c in (
          'residual', 'score', 'fold')))[0] for x in (acts, noise))
  assert told > .3 and abs(silent) < .25


def test_output_must_be_known_and_items_enough(one):
  acts, frame = one
  assert forward.table(acts[:50], frame[:50], seed=0).empty
  bare = frame.drop(columns=['mc_choice_entropy', 'mc_choice_logprob'])
  assert forward.table(acts, bare, seed=0).empty
  assert forward.table(acts, frame.assign(human_entropy=np.nan), seed=0).empty


def test_clusters_are_named_or_of_the_same_words():
  frame = pd.DataFrame({
      'question': ['What is it?', 'what is it', 'Who?', 'Who?'],
      'cluster': [None, np.nan, 'a', 'b']})
  first, second, third, fourth = forward.clusters(frame)
  assert first == second and len({first, third, fourth}) == 3


def test_folds_that_take_turns_reject_a_null_that_forward_blocks_keep():
  """Products of residual and score: Σ e_i s_i over its plain error."""
  forward_t, turns_t = [], []
  for seed in range(300):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(120, 40)), rng.normal(size=120)
    for found, folds in (
        (forward_t, forward.blocks(list(map(str, range(120))), seed)),
        (turns_t, folds_lib.k_fold(120, 4, seed))):
      products = np.concatenate([
          y[folds.test(f)] * (x[folds.test(f)] @ (
              x[folds.train(f)].T @ y[folds.train(f)]))
          for f in range(folds.n_folds)])
      found.append(products.sum() / np.sqrt((products ** 2).sum()))
  assert np.mean(np.abs(forward_t) > 1.96) < .08
  assert np.mean(np.abs(turns_t) > 1.96) > .1
