"""Each topic's probe comes from the topics before it."""

import dataclasses

import numpy as np
import pytest

from uncertainty.probes import statements, truth_forward
from uncertainty.worlds import statements as world_statements

_NAMES = ('mass_mean', 'lda')
_WORLD = world_statements.Statements(rows=(8,) * 5, shared=3.0)


def _study(world, seed=0):
  frame = world_statements.results(world, 'm')
  return world_statements.activations(
      world, 0, frame, np.random.default_rng(seed)), frame


def test_the_probe_is_that_of_the_earlier_topics():
  acts, frame = _study(_WORLD)
  table = truth_forward.table(acts, frame, seed=1, names=_NAMES)
  known = statements.parse(frame)
  tests, folds = truth_forward.splits(known, 1)
  assert table['test'].tolist() == tests[1:]
  assert table['n_topics'].tolist() == [2, 3, 4]
  scores = truth_forward.read(acts, known, folds, seed=1, names=_NAMES)
  accuracy = np.array([[truth_forward.balanced_accuracy(
      scores[name][:, f, :16], known.label_N[folds.test(f)])
      for name in _NAMES] for f in range(4)])
  for f, row in zip((1, 2, 3), table.to_dict('records'), strict=True):
    past = accuracy[:f].mean(0)
    kind = _NAMES.index(row['probe'])
    assert past[kind, row['layer']] == past.max()
    assert row['accuracy'] == accuracy[f, kind, row['layer']]
  assert table['accuracy'].mean() > .8


def test_later_topics_do_not_change_what_was_said_of_earlier_ones():
  acts, frame = _study(_WORLD)
  before = truth_forward.table(acts, frame, names=_NAMES)
  last = frame['item_id'].str.contains(before['test'].iloc[-1]).to_numpy()
  acts[last] = np.random.default_rng(1).normal(size=acts[last].shape)
  after = truth_forward.table(acts, frame, names=_NAMES)
  assert before.iloc[:-1].equals(after.iloc[:-1])
  assert before.iloc[-1]['accuracy'] > after.iloc[-1]['accuracy']


@pytest.mark.parametrize('own', [1.5, 4.0])
def test_topics_alone_read_half_and_are_uncorrelated(own):
  world = dataclasses.replace(_WORLD, shared=0.0, own=own)
  found = np.array([truth_forward.table(
      *_study(world, seed), seed=seed, names=_NAMES)['accuracy']
      for seed in range(80)])
  mean = found.mean(1)
  assert abs(mean.mean() - .5) < 3 * mean.std() / np.sqrt(len(mean))
  # Left out in turn, their mean's variance is twice that of its parts.
  assert .65 < mean.var() / (found.var(0).sum() / 9) < 1.5


def test_two_topics_leave_none_to_test():
  world = dataclasses.replace(_WORLD, rows=(4, 4))
  assert truth_forward.table(*_study(world), names=_NAMES).empty


def test_balanced_accuracy_is_half_for_whatever_says_true():
  label = np.array([1, 1, 1, 0])
  scores = np.array([[1., 1, 1, 1], [1, 1, 1, -1], [-1, 1, 1, -1]])
  np.testing.assert_allclose(
      truth_forward.balanced_accuracy(scores, label), [.5, 1, 5 / 6])
  assert np.isnan(
      truth_forward.balanced_accuracy(scores, np.ones(4, int))).all()
