"""Directions: by hand, on other items only, and equally long."""

import numpy as np
import pandas as pd
import pytest
from sklearn import linear_model

from uncertainty.errors import UserError
from uncertainty.probes import directions
from uncertainty.probes.fits import folds as folds_lib
from uncertainty.probes.fits import ridge

_N, _D = 80, 6


@pytest.fixture
def planted():
  """(activations, results): layer 1 holds people's entropy along axis 2."""
  rng = np.random.default_rng(0)
  acts_NLD = rng.normal(size=(_N, 3, _D)).astype(np.float32)
  signal_N = acts_NLD[:, 1, 2]
  frame = pd.DataFrame({
      'human_entropy': .5 + .1 * signal_N,
      'mc_choice_entropy': rng.random(_N), 'correct': 1.0 * (signal_N > 0),
      'verbal_confidence': rng.random(_N)})
  return acts_NLD, frame


def _fit(planted, names=('people_entropy',), layers=(1,), **kwargs):
  acts_NLD, frame = planted
  return directions.fit(acts_NLD, frame, names, layers,
                        folds_lib.k_fold(_N, 2), **kwargs)


def _cosine(a, b):
  return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


def test_halves_are_above_and_not_above_the_median():
  acts = np.array([[0, 1], [2, 1], [4, 1], [10, 5]], float)
  np.testing.assert_allclose(directions.difference_of_means(
      acts, np.array([0.0, 1, 2, 3])), [6, 2])
  # Most are alike: the largest stand against all others.
  np.testing.assert_allclose(directions.difference_of_means(
      acts, np.array([0.0, 1, 1, 1])), [16 / 3, 4 / 3])


def test_the_ridge_normal_is_the_regressions_gradient():
  rng = np.random.default_rng(1)
  acts = rng.normal(size=(500, 4)) * np.array([1, 10, .1, 1])
  found = directions.ridge_normal(acts, acts @ np.array([1, .2, 5, 0]))
  np.testing.assert_allclose(found, [1, .2, 5, 0], atol=.05)


def test_the_ridge_normals_penalty_leaves_the_least_error_of_one_left_out():
  rng = np.random.default_rng(0)
  acts = rng.normal(size=(20, 5))
  target = .5 * acts[:, 0] + rng.normal(size=20)
  scale = acts.std(0)
  x = (acts - acts.mean(0)) / scale
  errors = {penalty: np.mean([(
      target[i] - linear_model.Ridge(5 * penalty).fit(
          np.delete(x, i, 0), np.delete(target, i)).predict(x[i:i + 1]))**2
      for i in range(20)]) for penalty in ridge.PENALTIES}
  best = min(errors, key=errors.__getitem__)
  assert best not in (ridge.PENALTIES[0], ridge.PENALTIES[-1])
  np.testing.assert_allclose(
      directions.ridge_normal(acts, target),
      linear_model.Ridge(5 * best).fit(x, target).coef_ / scale, rtol=1e-6)


@pytest.mark.parametrize('how', ['means', 'ridge'])
def test_what_is_planted_is_found_in_every_fold(planted, how):
  found = _fit(planted, how=how)
  axis = np.eye(_D)[2]
  for fold in range(2):
    assert _cosine(found.of('people_entropy', fold)[1], axis) > .8
  assert not found.of('people_entropy', 0)[[0, 2]].any()


def test_a_folds_own_items_count_for_nothing(planted):
  acts_NLD, frame = planted
  folds = folds_lib.k_fold(_N, 2)
  before = _fit(planted)
  changed = acts_NLD.copy()
  changed[folds.test(0)] += 100
  after = _fit((changed, frame))
  np.testing.assert_array_equal(
      before.vectors_XFLD[:, 0], after.vectors_XFLD[:, 0])
  assert not np.allclose(before.vectors_XFLD[:, 1], after.vectors_XFLD[:, 1])


def test_all_are_as_long_as_items_lie_from_their_mean(planted):
  acts_NLD, _ = planted
  found = _fit(planted, names=tuple(directions.TARGETS), layers=(0, 1))
  assert found.names[4:] == (
      *(f'shuffled-{r}' for r in range(1, 6)),
      *(f'random-{r}' for r in range(1, 6)))
  train = folds_lib.k_fold(_N, 2).train(1)
  for layer in (0, 1):
    acts = acts_NLD[train, layer]
    spread = np.sqrt(((acts - acts.mean(0))**2).sum(1).mean())
    np.testing.assert_allclose(
        np.linalg.norm(found.vectors_XFLD[:, 1, layer], axis=1), spread,
        rtol=1e-5)


def test_shuffled_labels_lead_elsewhere_and_differ_by_draw(planted):
  found = _fit(planted)
  own = found.of('people_entropy', 0)[1]
  draws = [found.of(f'shuffled-{r}', 0)[1] for r in range(1, 6)]
  cosines = [_cosine(own, v) for v in draws]
  assert max(np.abs(cosines)) < .95 and len({*np.round(cosines, 6)}) == 5
  assert directions.fit(
      *planted, ('people_entropy',), (1,), folds_lib.k_fold(_N, 2)
  ).vectors_XFLD.tolist() == found.vectors_XFLD.tolist()


def test_controls_are_of_the_first_target_whatever_else_is_read(planted):
  acts_NLD, frame = planted
  frame.loc[::9, 'verbal_confidence'] = np.nan
  alone = _fit((acts_NLD, frame))
  beside = _fit((acts_NLD, frame), names=('people_entropy', 'stated_doubt'))
  assert alone.names[1:] == beside.names[2:]
  np.testing.assert_array_equal(
      alone.vectors_XFLD[1:], beside.vectors_XFLD[2:])


def test_stated_doubt_is_against_stated_confidence(planted):
  acts_NLD, frame = planted
  frame = frame.assign(verbal_confidence=1 - frame['human_entropy'])
  np.testing.assert_allclose(
      directions.TARGETS['stated_doubt'](frame), frame['human_entropy'])
  found = directions.fit(acts_NLD, frame, ('people_entropy', 'stated_doubt'),
                         (1,), folds_lib.k_fold(_N, 2))
  np.testing.assert_allclose(
      found.of('stated_doubt', 0), found.of('people_entropy', 0))


@pytest.mark.parametrize(('changes', 'says'), [
    ({'names': ('doubts',)}, 'names .doubts.'),
    ({'layers': (3,)}, 'layers 0 to 2'),
])
def test_what_there_is_not_is_said(planted, changes, says):
  with pytest.raises(UserError, match=says):
    _fit(planted, **changes)


def test_no_direction_without_labels_or_spread(planted):
  acts_NLD, frame = planted
  with pytest.raises(UserError, match='stated_doubt can be fitted: 0'):
    _fit((acts_NLD, frame.drop(columns='verbal_confidence')),
         ('stated_doubt',))
  with pytest.raises(UserError, match='alike in all of them'):
    _fit((acts_NLD, frame.assign(verbal_confidence=.9)), ('stated_doubt',))
  with pytest.raises(UserError, match='do not differ'):
    _fit((np.ones_like(acts_NLD), frame))
