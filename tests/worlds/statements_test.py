"""Statements with planted directions of truth, and what probes are worth."""

import dataclasses

import numpy as np
import pytest

from uncertainty.probes import statements as statements_lib
from uncertainty.probes import truth_forward
from uncertainty.worlds import statements

_WORLD = statements.Statements(rows=(12, 6, 20, 12, 8), shared=2.0)
_NEW = dataclasses.replace(_WORLD, rows=(4,) * 400)


def _study(world, seed):
  frame = statements.results(world, 'm')
  return statements.activations(
      world, 0, frame, np.random.default_rng(seed)), frame


def test_topics_are_of_their_size_and_half_true():
  known = statements_lib.parse(statements.results(_WORLD, 'm'))
  topics, counts = np.unique(known.topic_N, return_counts=True)
  assert counts.tolist() == [24, 12, 40, 24, 16]
  for topic in topics:
    for polarity in (1, -1):
      here = (known.topic_N == topic) & (known.polarity_N == polarity)
      assert known.label_N[here].mean() == .5
  partner = known.partner_N[known.polarity_N > 0]
  np.testing.assert_array_equal(
      known.label_N[partner], 1 - known.label_N[known.polarity_N > 0])


def test_activations_hold_what_is_planted():
  world = dataclasses.replace(_NEW, rows=(40,) * 200, own=1.5)
  acts, frame = _study(world, 0)
  known = statements_lib.parse(frame)
  sign = 2. * known.label_N - 1
  shared, polar = ((acts * s[:, None, None]).mean(0)
                   for s in (sign, sign * known.polarity_N))
  np.testing.assert_allclose(
      np.linalg.norm(shared, axis=1), [.4, 1, 2, 1], atol=.08)
  np.testing.assert_allclose(np.linalg.norm(polar, axis=1), 1, atol=.08)
  topic = known.topic_N == 't000'
  own = (acts[topic] * sign[topic, None, None]).mean(0) - shared
  assert np.linalg.norm(own, axis=1).mean() == pytest.approx(1.6, abs=.5)
  again, _ = _study(world, 1)
  other = (again * sign[:, None, None]).mean(0)
  assert (shared * other).sum() / np.linalg.norm(shared) / np.linalg.norm(
      other) > .98


@pytest.mark.parametrize('shared', [0.0, 2.0])
def test_worth_is_what_the_same_probes_read_on_new_topics(shared):
  world = dataclasses.replace(_WORLD, shared=shared)
  acts, frame = _study(world, 3)
  worth = statements.worth(
      acts, frame, *_study(dataclasses.replace(_NEW, shared=shared), 5), 0)
  seen = truth_forward.table(acts, frame, names=statements.PROBES)
  assert seen['accuracy'].mean() == pytest.approx(worth, abs=.25)
  assert worth > .7 if shared else abs(worth - .5) < .03
