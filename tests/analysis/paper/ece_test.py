"""The paper's calibration errors by hand and against array_split."""

import numpy as np

from uncertainty.analysis.paper import ece


def test_width_by_hand_with_an_edge_in_the_upper_bin():
  confidence = np.array([.2, .21, .9, 1.])  # 3/15 opens the fourth bin
  correct = np.array([1., 0., 1., 0.])
  # Bins: {.2, .21}, {.9}, {1.}: gaps −.295, −.1, 1.
  expected = np.sqrt(.5 * .295**2 + .25 * .1**2 + .25 * 1.)
  np.testing.assert_allclose(ece.width(confidence, correct), expected)


def _slow_sweep(confidence, correct, order):
  confidence, correct = confidence[order], correct[order]
  best = 1
  for b in range(2, len(order) + 1):
    means = [part.mean() for part in np.array_split(correct, b)]
    if np.any(np.diff(means) < 0):
      break
    best = b
  parts = zip(np.array_split(confidence, best), np.array_split(correct, best))
  return np.sqrt(sum(
      len(c) * (c.mean() - a.mean())**2 for c, a in parts) / len(order))


def test_sweep_against_array_split_in_any_tie_order():
  rng = np.random.default_rng(5)
  confidence = np.round(rng.random(90), 1)
  correct = (rng.random(90) < confidence).astype(float)
  orders = [np.lexsort((np.random.default_rng(seed).random(90), confidence))
            for seed in range(5)]
  np.testing.assert_allclose(
      ece.sweep([confidence] * 5, [correct] * 5, orders),
      [_slow_sweep(confidence, correct, order) for order in orders])


def test_sweeps_of_cells_that_differ_in_their_items():
  rng = np.random.default_rng(7)
  cells = [(c := rng.random(n), (rng.random(n) < c).astype(float))
           for n in (1, 30, 90)]
  np.testing.assert_allclose(
      ece.sweep(*zip(*cells, strict=True)),
      [_slow_sweep(c, a, np.argsort(c)) for c, a in cells])


def test_whole_ties_do_not_depend_on_the_order_of_items():
  rng = np.random.default_rng(6)
  confidence = np.round(rng.random(90), 1)
  correct = (rng.random(90) < confidence).astype(float)
  shuffled = rng.permutation(90)
  stored, moved = ece.sweep(
      [confidence, confidence[shuffled]], [correct, correct[shuffled]],
      split_ties=False)
  np.testing.assert_allclose(stored, moved)
