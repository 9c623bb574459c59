"""Entropy from few answers: hand-worked values, limits, bias and ranks."""

import numpy as np
import pytest
import scipy.special
from scipy import stats

from uncertainty.analysis.statistics import entropy

COUNTS = np.array([[5, 3, 1, 1, 0]])


@pytest.mark.parametrize('name, nats', [
    # infomeasure 0.6.3: im.entropy([0] * 5 + [1] * 3 + [2, 3], approach=name)
    ('miller_madow', 1.3182824501765624), ('chao_shen', 1.4492634570732528),
    ('plain', 1.3182824501765624 - 3 / 20)])
def test_values_of_another_implementation(name, nats):
  found = entropy.ESTIMATORS[name](COUNTS, np.array([5]))
  np.testing.assert_allclose(found, nats, rtol=1e-12)


def test_coverage_of_answers_that_each_came_once_is_one_of_n():
  # n = 2, c = 1 − 1/2, q = 1/4 twice: 2 · ¼ ln 4 / (1 − (3/4)²).
  found = entropy.chao_shen(np.array([[1, 1, 0]]), np.array([3]))
  assert found[0] == pytest.approx(np.log(4) / 2 * 16 / 7)


def test_dirichlet_is_the_mean_of_posterior_draws():
  draws = np.random.default_rng(0).dirichlet(COUNTS[0, :4] + .5, 200_000)
  mean = scipy.special.entr(draws).sum(1).mean()
  # A fifth column that is no choice of the item changes nothing.
  assert entropy.dirichlet(COUNTS, np.array([4]))[0] == pytest.approx(
      mean, abs=2e-3)


@pytest.mark.parametrize('name', entropy.ESTIMATORS)
def test_limits_and_permutation(name):
  estimate = entropy.ESTIMATORS[name]
  agreed, split = estimate(
      np.array([[10 ** 7, 0, 0], [10 ** 7] * 3]), np.array([3, 3]))
  assert agreed == pytest.approx(0, abs=1e-4)
  assert split == pytest.approx(np.log(3), abs=1e-4)
  three = np.array([3])
  np.testing.assert_allclose(
      estimate(np.array([[4, 0, 7]]), three),
      estimate(np.array([[7, 4, 0]]), three))
  # One person each: no estimate leaves [0, 1] or is missing.
  lone = entropy.normalised(np.eye(4)[:2] + np.eye(4)[1:3], np.full(2, 4), name)
  assert ((lone >= 0) & (lone <= 1)).all()


def _simulated(n_raters: int) -> dict[str, tuple[float, float]]:
  """Estimator → (bias, Spearman with the truth), K from 2 to 10."""
  rng = np.random.default_rng(n_raters)
  k_N = rng.integers(2, 11, 3000)
  own_NC = np.arange(10) < k_N[:, None]
  q_NC = rng.gamma(1.0, size=own_NC.shape) * own_NC
  q_NC /= q_NC.sum(1, keepdims=True)
  true_N = scipy.special.entr(q_NC).sum(1) / np.log(k_N)
  counts_NC = rng.multinomial(n_raters, q_NC)
  found = {}
  for name in entropy.ESTIMATORS:
    guess_N = entropy.normalised(counts_NC, k_N, name)
    found[name] = (float((guess_N - true_N).mean()),
                   float(stats.spearmanr(guess_N, true_N).statistic))
  return found


@pytest.mark.parametrize('n_raters', [10, 30, 100])
def test_corrections_are_less_biased_and_the_default_ranks_best(n_raters):
  found = _simulated(n_raters)
  plain_bias, plain_rank = found.pop('plain')
  assert plain_bias < -1.3 / n_raters  # measured −.138, −.047 and −.014
  for bias, _ in found.values():
    assert abs(bias) < .9 * abs(plain_bias)
  assert max(found, key=lambda name: found[name][1]) == 'dirichlet'
  assert found['dirichlet'][1] > plain_rank
