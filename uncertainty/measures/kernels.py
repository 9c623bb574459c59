"""Kernel language entropy: von Neumann entropy of a kernel over samples.

Nikitin, Kossen, Gal and Marttinen 2024, Kernel language entropy (arXiv
2405.20003). Samples are the nodes of a graph whose edges weigh how far two
samples mean the same; a kernel on that graph, scaled to trace one, is read as
a density matrix. All logarithms are natural; one item at a time.
"""

import numpy as np

# Of the authors' own experiments, where nothing else is chosen.
HEAT_TIME, MATERN_NU, MATERN_KAPPA = 0.3, 1.0, 1.0


def laplacian(weights_SS: np.ndarray) -> np.ndarray:
  """The graph Laplacian D − W, D the diagonal of W's row sums.

  Args:
    weights_SS: symmetric, not negative; its diagonal cancels.

  Returns:
    [S, S], positive semidefinite.
  """
  weights_SS = np.asarray(weights_SS, np.float64)
  return np.diag(weights_SS.sum(-1)) - weights_SS


def heat_kernel(
    laplacian_SS: np.ndarray, time: float = HEAT_TIME) -> np.ndarray:
  """exp(−t L), how warmth spreads from each sample along the graph.

  Args:
    laplacian_SS: symmetric, positive semidefinite.
    time: t ≥ 0; at 0 every sample is alone, at ∞ all that are joined are one.

  Returns:
    [S, S].

  Source:
    Nikitin et al. 2024, after Kondor & Lafferty 2002.
  """
  values_S, vectors_SS = np.linalg.eigh(laplacian_SS)
  return (vectors_SS * np.exp(-time * np.maximum(values_S, 0))) @ vectors_SS.T


def matern_kernel(
    laplacian_SS: np.ndarray, nu: float = MATERN_NU,
    kappa: float = MATERN_KAPPA) -> np.ndarray:
  """(2ν/κ² I + L)^−ν, the Matérn kernel of a graph.

  Args:
    laplacian_SS: symmetric, positive semidefinite.
    nu: smoothness ν > 0.
    kappa: length scale κ > 0.

  Returns:
    [S, S].

  Source:
    Nikitin et al. 2024, after Borovitskiy et al. 2021.
  """
  values_S, vectors_SS = np.linalg.eigh(laplacian_SS)
  spread_S = 2 * nu / kappa**2 + np.maximum(values_S, 0)
  return (vectors_SS * spread_S**-nu) @ vectors_SS.T


def unit_trace(kernel_SS: np.ndarray) -> np.ndarray:
  """K(i, j) / √(K(i, i) K(j, j)) / S: equal samples on the diagonal, trace 1.

  Args:
    kernel_SS: positive semidefinite with a positive diagonal.

  Returns:
    [S, S] of trace 1.

  Source:
    Nikitin et al. 2024
  """
  root_S = np.sqrt(np.diag(kernel_SS))
  return kernel_SS / np.outer(root_S, root_S) / len(kernel_SS)


def von_neumann_entropy(density_SS: np.ndarray) -> float:
  """−Tr(K ln K) = −Σ λ ln λ over the eigenvalues, with 0 ln 0 = 0.

  Args:
    density_SS: symmetric, positive semidefinite, of trace 1.

  Returns:
    Nats, from 0 (rank one) to ln S (I / S).
  """
  values_S = np.linalg.eigvalsh(density_SS)
  values_S = values_S[values_S > 0]
  return max(0.0, float(-np.sum(values_S * np.log(values_S))))


def kernel_language_entropy(
    similarity_SS: np.ndarray, kernel: str = 'heat', **options: float,
) -> float:
  """Von Neumann entropy of a unit-trace kernel over S samples.

  The graph's weights are a(i, j) + a(j, i). Without any edge it is ln S; of
  clusters that are cliques it nears the entropy of their shares as `time`
  grows.

  Args:
    similarity_SS: a(i, j) in [0, 1], entailment counting 1, neutrality ½.
    kernel: `heat` or `matern`.
    **options: of `heat_kernel` or `matern_kernel`.

  Returns:
    Nats, in [0, ln S].

  Raises:
    ValueError: an unknown kernel, or similarities outside [0, 1].

  Source:
    Nikitin et al. 2024; weights 1, ½ and 0 of entailment, neutrality and
    contradiction as there.
  """
  makers = {'heat': heat_kernel, 'matern': matern_kernel}
  if kernel not in makers:
    raise ValueError(f'kernel {kernel!r} must be one of {tuple(makers)}')
  similarity_SS = np.asarray(similarity_SS, np.float64)
  if not np.all((similarity_SS >= 0) & (similarity_SS <= 1)):
    raise ValueError('similarities must lie in [0, 1]')
  weights_SS = similarity_SS + similarity_SS.T
  return von_neumann_entropy(
      unit_trace(makers[kernel](laplacian(weights_SS), **options)))
