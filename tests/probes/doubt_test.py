"""Probes of doubt: what they are fitted to, and which layer they read."""

import numpy as np
import pandas as pd
import pytest
from sklearn import linear_model

from uncertainty.probes import doubt, forward
from uncertainty.probes.fits import folds as folds_lib

N, LAYER = 120, 2


def _data(seed=0):
  rng = np.random.default_rng(seed)
  acts = 3 * rng.normal(size=(N, 4, 40)).astype(np.float32)
  w = acts[:, LAYER, 0] / 3
  frame = pd.DataFrame({
      'item_id': [f'i{n}' for n in range(N)],
      'question': [f'Which is {n}?' for n in range(N)],
      'semantic_entropy_discrete': np.maximum(w + .3 * rng.normal(size=N), 0),
      'sample_share_correct': rng.binomial(5, 1 / (1 + np.exp(3 * w))) / 5,
      'fr_correct': (rng.random(N) < 1 / (1 + np.exp(3 * w))).astype(float),
      'human_mc_prop_correct': rng.random(N)})
  return acts, frame


def _groups():
  return [f'g{n // 2}' for n in range(N)]


@pytest.mark.parametrize('name', ['sep', 'p_ik', 'saplma'])
def test_the_layer_that_holds_it_is_read(name):
  acts, frame = _data()
  probe = doubt.PROBES[name]
  target = frame[probe.column].to_numpy()
  folds = forward.blocks(_groups(), seed=0)
  found = doubt.read(acts, target, folds, _groups(), probe, seed=0)
  assert np.mean(found.layer_F == LAYER) >= .75
  tested = ~np.isnan(found.score_N)
  assert tested.sum() == folds.n_tests.sum()
  assert np.corrcoef(found.score_N[tested], found.label_N[tested])[0, 1] > .25


@pytest.mark.parametrize('name', ['sep', 'p_ik'])
def test_a_score_does_not_know_its_items_target(name):
  acts, frame = _data()
  probe = doubt.PROBES[name]
  target = frame[probe.column].to_numpy()
  folds = folds_lib.k_fold(N, 3)
  found = doubt.read(acts, target, folds, _groups(), probe, seed=0)
  changed = target.copy()
  changed[folds.test(0)] = np.random.default_rng(1).permutation(
      target[folds.test(0)])
  again = doubt.read(acts, changed, folds, _groups(), probe, seed=0)
  np.testing.assert_array_equal(
      again.score_N[folds.test(0)], found.score_N[folds.test(0)])


def test_scores_are_scikit_learns_of_every_sample_as_a_row():
  acts, frame = _data()
  share = frame['sample_share_correct'].to_numpy()
  folds = folds_lib.k_fold(N, 3)
  scores = doubt.FITS['logistic'](acts, share, folds, 0)
  for f in range(folds.n_folds):
    train, test = folds.train(f), folds.test(f)
    for layer in range(acts.shape[1]):
      rows = acts[train, layer].astype(np.float64)
      model = linear_model.LogisticRegression(tol=1e-10, max_iter=10_000).fit(
          np.concatenate([rows, rows]), np.repeat([1, 0], len(train)),
          sample_weight=np.concatenate([share[train], 1 - share[train]]))
      np.testing.assert_allclose(
          scores[layer, f, :len(test)],
          model.decision_function(acts[test, layer].astype(np.float64)),
          atol=1e-4)


def test_the_threshold_is_that_of_the_items_that_train():
  target = np.array([0, 0, 2, 2, 9.0])
  label = doubt.labels(doubt.PROBES['sep'], target, np.arange(4))
  assert label.tolist() == [0, 0, 1, 1, 1]


@pytest.mark.parametrize('probe', doubt.PROBES.values(), ids=doubt.PROBES)
def test_entropies_are_cut_and_shares_are_labels_as_they_are(probe):
  target = np.array([.2, .4, .8])
  label = doubt.labels(probe, target, np.arange(3))
  expected = [0, 0, 1] if 'entropy' in probe.column else [.2, .4, .8]
  assert label.tolist() == expected


def test_saplma_is_the_published_network():
  # Azaria & Mitchell 2023, section 3.
  assert doubt.SAPLMA.hidden == (256, 128, 64)
  assert doubt.SAPLMA.activation == 'relu'
  assert not doubt.SAPLMA.weight_decay


def test_layers_are_compared_by_fewer_steps_than_the_probe_takes(monkeypatch):
  steps = []
  monkeypatch.setattr(
      doubt.mlp, 'cross_validate',
      lambda acts, label, folds, *, seed, spec: steps.append(spec.steps))
  for chooses in (False, True):
    doubt.FITS['mlp'](None, None, None, 0, chooses)
  assert steps[0] == doubt.SAPLMA.steps > steps[1]


def test_folds_that_train_on_one_label_have_no_score():
  acts, _ = _data()
  target = np.where(np.arange(N) < 60, 1.0, np.arange(N) % 2)
  folds = folds_lib.from_splits([
      (np.arange(60), np.arange(60, N)), (np.arange(60, N), np.arange(60))], N)
  found = doubt.read(
      acts, target, folds, _groups(), doubt.PROBES['exact_answer'], seed=0)
  assert found.layer_F[0] == -1 and np.isnan(found.score_N[60:]).all()
  assert not np.isnan(found.score_N[:60]).any()


@pytest.mark.parametrize('n_groups, layer', [(2, -1), (3, LAYER)])
def test_three_clusters_are_enough_to_choose_a_layer(n_groups, layer):
  acts, _ = _data()
  folds = folds_lib.from_splits([(np.arange(90), np.arange(90, N))], N)
  found = doubt.read(
      acts, (acts[:, LAYER, 0] > 0).astype(float), folds,
      [f'g{n % n_groups}' for n in range(N)], doubt.PROBES['exact_answer'],
      seed=0)
  assert found.layer_F.tolist() == [layer]


def test_items_without_the_target_are_left_out():
  acts, frame = _data()
  probe = doubt.PROBES['exact_answer']
  frame.loc[:9, 'fr_correct'] = np.nan
  items = doubt.known(acts, frame, probe)
  assert items is not None and len(items.target_N) == N - 10
  np.testing.assert_array_equal(items.acts_NLD, acts[10:])
  pd.testing.assert_frame_equal(
      items.frame, frame[10:].set_axis(range(N - 10)))
  frame.loc[:30, 'fr_correct'] = np.nan
  assert doubt.known(acts, frame, probe) is None
  assert doubt.known(acts, frame.drop(columns='fr_correct'), probe) is None


def test_what_people_got_right_is_no_baseline_of_itself():
  _, frame = _data()
  frame['mc_choice_entropy'] = np.random.default_rng(0).random(N)
  own, other = (doubt.baseline(frame, doubt.PROBES[name])
                for name in ('people_right', 'p_ik'))
  assert own.shape[1] + 2 == other.shape[1]


def test_each_position_has_its_probes():
  assert set(doubt.asked('second_last')) == {'sep'}
  assert set(doubt.asked('answer_end')) == {'saplma'}
  assert set(doubt.asked('before_generating', ('p_ik', 'saplma'))) == {'p_ik'}
  assert not doubt.asked('all')
