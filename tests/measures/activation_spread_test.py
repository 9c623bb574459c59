"""EigenScore: by hand, its limits and invariances, and others' code."""

import numpy as np
import pytest

from uncertainty.measures import activation_spread

N_RANDOM = 200


def _random(seed):
  """S in 2 to 12 samples in up to 64 dimensions, some of them equal."""
  rng = np.random.default_rng(seed)
  n, width = int(rng.integers(2, 13)), int(rng.integers(2, 65))
  drawn_SD = rng.normal(1, 10 ** rng.uniform(-2, 2), (n, width))
  return drawn_SD[rng.integers(0, n, n)]


def test_orthogonal_samples_by_hand():
  # Both have mean 0 and no product: Σ is diagonal, 2 and 8.
  z_SD = np.array([[1, -1, 0, 0], [0, 0, 2, -2]])
  assert activation_spread.eigen_score(z_SD) == pytest.approx(
      (np.log(2.001) + np.log(8.001)) / 2, abs=1e-12)
  assert activation_spread.eigen_score(z_SD, alpha=1.) == pytest.approx(
      (np.log(3) + np.log(9)) / 2, abs=1e-12)


def test_two_samples_at_an_angle_by_hand():
  # Σ = [[2, 1], [1, 2]], whose eigenvalues are 1 and 3.
  z_SD = np.array([[1, -1, 0], [0, -1, 1]])
  assert activation_spread.eigen_score(z_SD) == pytest.approx(
      (np.log(1.001) + np.log(3.001)) / 2, abs=1e-12)


@pytest.mark.parametrize('n', [2, 3, 10])
def test_equal_samples_have_one_eigenvalue(n):
  # Their length counts, not their mean: J takes each embedding's own away.
  z_SD = np.tile([5 + 1., 5 - 1, 5 + 2, 5 - 2], (n, 1))
  assert activation_spread.eigen_score(z_SD) == pytest.approx(
      (np.log(10 * n + 1e-3) + (n - 1) * np.log(1e-3)) / n, abs=1e-9)
  assert activation_spread.eigen_score(
      np.ones((n, 3))) == pytest.approx(np.log(1e-3), abs=1e-12)


def test_more_samples_than_dimensions_are_the_determinant():
  z_SD = np.random.default_rng(0).normal(size=(7, 3))
  centred_SD = z_SD - z_SD.mean(1, keepdims=True)
  _, log_det = np.linalg.slogdet(centred_SD @ centred_SD.T + 1e-3 * np.eye(7))
  assert activation_spread.eigen_score(z_SD) == pytest.approx(
      log_det / 7, abs=1e-9)


def test_order_of_samples_and_their_own_means_do_not_count():
  for seed in range(20):
    z_SD = _random(seed)
    score = activation_spread.eigen_score(z_SD)
    rng = np.random.default_rng(seed)
    shifted_SD = z_SD + rng.normal(size=(len(z_SD), 1))
    assert activation_spread.eigen_score(
        shifted_SD[rng.permutation(len(z_SD))]) == pytest.approx(
            score, abs=1e-6)


@pytest.mark.parametrize('n_layers, block', [
    (1, 0), (2, 0), (3, 1), (16, 7), (30, 14), (31, 15), (32, 15)])
def test_the_middle_layer_ends_the_first_half(n_layers, block):
  assert activation_spread.middle_layer(n_layers) == block


@pytest.mark.parametrize('bad', [[[1., 2.]], [[1., 2.], [np.nan, 1.]],
                                 [[1., 2.], [np.inf, 1.]]])
def test_what_has_no_score_is_refused(bad):
  with pytest.raises(ValueError, match='two samples or more'):
    activation_spread.eigen_score(np.array(bad))


@pytest.mark.parity
@pytest.mark.peers
def test_it_agrees_with_lm_polygraph(polygraph):
  theirs = polygraph('eigenscore').EigenScore
  for seed in range(N_RANDOM):
    z_SD = _random(seed)
    # It keeps J of the first width that it sees.
    assert activation_spread.eigen_score(z_SD) == pytest.approx(
        theirs()({'sample_embeddings': [z_SD]})[0], abs=1e-6)


@pytest.mark.parity
@pytest.mark.peers
def test_what_rounding_makes_of_theirs(polygraph):
  # Where activations are huge, Σ's rounding passes α: an eigenvalue that is
  # 0 comes out negative there, and counts as 1e-10 for α.
  z_SD = 1e8 * np.tile(np.random.default_rng(1).normal(size=8), (6, 1))
  theirs = polygraph('eigenscore').EigenScore()({'sample_embeddings': [z_SD]})
  centred = z_SD[0] - z_SD[0].mean()
  expected = (np.log(6 * centred @ centred) + 5 * np.log(1e-3)) / 6
  assert abs(theirs[0] - expected) > 1
  assert activation_spread.eigen_score(z_SD) == pytest.approx(expected)
