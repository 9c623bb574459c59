"""Kernel language entropy: by hand, its identities, and others' code."""

import numpy as np
import pytest
import scipy.linalg
import scipy.special

from uncertainty.measures import kernels, semantic

N_RANDOM = 200


def _random(seed, symmetric=False):
  """S in 2 to 12 samples whose similarities are anything in [0, 1]."""
  rng = np.random.default_rng(seed)
  n = int(rng.integers(2, 13))
  alike_SS = rng.beta(.5, .5, (n, n))
  np.fill_diagonal(alike_SS, 1)
  return (alike_SS + alike_SS.T) / 2 if symmetric else alike_SS


def _cliques(clusters):
  clusters = np.asarray(clusters)
  return (clusters[:, None] == clusters).astype(float)


def test_two_samples_by_hand():
  # Weights a + aᵀ = 1.2: L = 1.2 [[1, −1], [−1, 1]] has eigenvalues 0, 2.4.
  alike_SS = np.array([[1, .5], [.7, 1]])
  heat = np.exp(-.3 * 2.4)
  # K has both on the diagonal alike, so its share of the mean direction is
  # 1 / (1 + heat) of the trace.
  p = np.array([1, heat]) / (1 + heat)
  assert kernels.kernel_language_entropy(alike_SS) == pytest.approx(
      -np.sum(p * np.log(p)), abs=1e-12)
  matern = 1 / (2 + np.array([0, 2.4]))
  p = matern / matern.sum()
  assert kernels.kernel_language_entropy(
      alike_SS, 'matern') == pytest.approx(-np.sum(p * np.log(p)), abs=1e-12)


@pytest.mark.parametrize('n', [2, 3, 10])
def test_all_alike_is_nothing_and_all_different_is_ln_n(n):
  for kernel in ('heat', 'matern'):
    assert kernels.kernel_language_entropy(
        np.eye(n), kernel) == pytest.approx(np.log(n), abs=1e-12)
  assert kernels.von_neumann_entropy(
      np.full((n, n), 1 / n)) == pytest.approx(0, abs=1e-12)
  assert kernels.kernel_language_entropy(
      np.ones((n, n)), time=100.) == pytest.approx(0, abs=1e-9)


def test_it_generalises_semantic_entropy():
  # Their theorem 4.4: a kernel of blocks has the entropy of the clusters'
  # shares; the heat kernel of cliques becomes one with time.
  clusters = [0, 0, 0, 1, 1, 2]
  expected = semantic.semantic_entropy(clusters, weighting='discrete')
  blocks_SS = _cliques(clusters) / len(clusters)
  assert kernels.von_neumann_entropy(blocks_SS) == pytest.approx(expected)
  assert kernels.kernel_language_entropy(
      _cliques(clusters), time=200.) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize('kernel', ['heat', 'matern'])
def test_order_means_nothing_and_bounds_hold(kernel):
  for seed in range(50):
    alike_SS = _random(seed)
    value = kernels.kernel_language_entropy(alike_SS, kernel)
    assert 0 <= value <= np.log(len(alike_SS)) + 1e-12
    order = np.random.default_rng(seed).permutation(len(alike_SS))
    assert kernels.kernel_language_entropy(
        alike_SS[np.ix_(order, order)], kernel) == pytest.approx(
            value, abs=1e-9)


def test_a_unit_trace_kernel_has_equal_samples():
  kernel_SS = kernels.unit_trace(
      kernels.heat_kernel(kernels.laplacian(_random(0, symmetric=True))))
  n = len(kernel_SS)
  np.testing.assert_allclose(np.diag(kernel_SS), np.full(n, 1 / n))


def test_it_agrees_with_matrix_functions():
  """An independent way: matrix exponential, power and logarithm of SciPy."""
  for seed in range(N_RANDOM):
    alike_SS = _random(seed)
    n = len(alike_SS)
    weights_SS = alike_SS + alike_SS.T
    laplacian_SS = np.diag(weights_SS.sum(0)) - weights_SS
    for kernel, made_SS in (
        ('heat', scipy.linalg.expm(-.3 * laplacian_SS)),
        ('matern', np.linalg.inv(2 * np.eye(n) + laplacian_SS))):
      root_S = np.sqrt(np.diag(made_SS))
      density_SS = made_SS / root_S[:, None] / root_S / n
      expected = -np.trace(density_SS @ scipy.linalg.logm(density_SS)).real
      assert kernels.kernel_language_entropy(
          alike_SS, kernel) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parity
@pytest.mark.peers
def test_it_agrees_with_lm_polygraph(polygraph):
  # Theirs sums p(entailment) and ½ p(neutral) both ways, and scales by ln S.
  theirs = polygraph('kernel_language_entropy').KernelLanguageEntropy(
      scale=False)
  for seed in range(N_RANDOM):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 13))
    p_SS3 = rng.dirichlet([.5, .5, .5], (n, n))
    ours = kernels.kernel_language_entropy(p_SS3[..., 0] + p_SS3[..., 1] / 2)
    assert theirs({
        'semantic_matrix_entail': p_SS3[None, ..., 0],
        'semantic_matrix_contra': p_SS3[None, ..., 2]})[0] == pytest.approx(
            ours, abs=1e-6)


@pytest.mark.parametrize('bad', [1.0001, -.1, np.nan])
def test_what_is_no_similarity_is_refused(bad):
  with pytest.raises(ValueError, match=r'\[0, 1\]'):
    kernels.kernel_language_entropy(np.array([[1, bad], [0, 1]]))
  with pytest.raises(ValueError, match='rbf'):
    kernels.kernel_language_entropy(np.eye(2), 'rbf')
