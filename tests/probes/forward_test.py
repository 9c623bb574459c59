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


@pytest.mark.parametrize(('sizes', 'kept'), [
    ((120,), []), ((60, 60), []), ((110, 10), []),
    # Blocks of 20: the clusters start in blocks 0, 2, 4, of which the last
    # alone has two before it.
    ((40, 40, 40), [(80, 40)]), ((30, 30, 30, 30), [(60, 30), (90, 30)])])
def test_large_clusters_leave_fewer_blocks(one, sizes, kept):
  groups = np.repeat(list('abcd')[:len(sizes)], sizes)
  folds = forward.blocks(groups.tolist(), seed=0)
  assert [(len(folds.train(f)), len(folds.test(f)))
          for f in range(folds.n_folds)] == kept
  acts, frame = one
  found = forward.table(
      acts[:120], frame[:120].assign(cluster=groups), seed=0)
  assert len(found) == sum(n for _, n in kept)
  assert np.isfinite(found.get('score', 0.)).all()


def test_the_baseline_is_in_standard_deviations_and_squared():
  frame = pd.DataFrame({'n_tokens': [3, 4, 5],
                        'mc_choice_entropy': [.1, .4, .1]})
  root = 1.5 ** .5
  expected = np.array([[-root, -root / 3 ** .5], [0, 2 * root / 3 ** .5],
                       [root, -root / 3 ** .5]])
  np.testing.assert_allclose(
      forward.baseline(frame), np.c_[expected, expected ** 2], atol=1e-12)
  # In another table's unit: mean 1 and deviation 1, mean .5 and deviation .5.
  like = pd.DataFrame({'n_tokens': [0, 2], 'mc_choice_entropy': [0., 1]})
  np.testing.assert_allclose(
      forward.baseline(frame, like)[0], [2, -.8, 4, .64])
  np.testing.assert_allclose(
      forward.baseline(frame, like, barred=['n_tokens'])[0],
      [2, -.8, 4, .64])
  np.testing.assert_allclose(
      forward.baseline(frame, like, barred=['prompt_length'])[0], [-.8, .64])


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
  assert forward.table(acts[:99], frame[:99], seed=0).empty
  assert len(forward.table(acts[:100], frame[:100], seed=0)) == 66
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
