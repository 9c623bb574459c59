"""Linear and quadratic classifiers of two classes, every layer and fold.

Each takes activations, labels 0/1 and folds, and gives scores of the test
items that are positive where class 1 is the more likely. Training rows are
gathered per fold; padding carries weight zero.
"""

import functools
from typing import NamedTuple

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np

from uncertainty.probes.fits import precision
from uncertainty.probes.fits.folds import Folds
from uncertainty.probes.fits.least_squares import take_rows
from uncertainty.types import UserError

_NEWTON_STEPS = 100
_STEP_SIZES = tuple(2.0**-k for k in range(12))


@flax.struct.dataclass
class LinearProbe:
  """score = x · direction + bias.

  Attributes:
    direction: [D], or [L, F, D].
    bias: [], or [L, F].
  """

  direction: jax.Array
  bias: jax.Array

  def scores(self, acts_ND: jax.Array) -> jax.Array:
    """Scores of one layer's activations, x · direction + bias.

    Args:
      acts_ND: activations.

    Returns:
      [N] log-odds, or distances from the threshold; above 0 is true.
    """
    return acts_ND @ self.direction + self.bias


class Train(NamedTuple):
  """One layer's training rows in one fold: A rows, padding weighted 0."""

  acts_AD: jax.Array
  labels_A: jax.Array
  weights_A: jax.Array


def gather(acts_ND, labels_N, train_A) -> Train:
  """The rows of a fold; indices past the end are padding.

  Args:
    acts_ND: one layer's activations.
    labels_N: 0 or 1.
    train_A: item indices, padded with N.

  Returns:
    Rows in float64, padding with weight 0.
  """
  return Train(take_rows(acts_ND, train_A).astype(jnp.float64),
               take_rows(labels_N, train_A),
               (train_A < len(acts_ND)).astype(jnp.float64))


def check_labels(labels_N: np.ndarray, folds: Folds) -> None:
  """Refuses training folds of one class.

  Args:
    labels_N: 0 or 1.
    folds: over the N items.

  Raises:
    UserError: a training fold without one of the classes.
  """
  for fold in range(folds.n_folds):
    present = np.unique(labels_N[folds.train(fold)])
    if not len(present) or present[0] == present[-1]:
      raise UserError(
          f'training fold {fold + 1} holds only labels {present.tolist()}; a '
          'classification probe needs both 0 and 1: use more items or other '
          'folds')


def per_layer_and_fold(fit, acts_NLD, labels_N, folds: Folds):
  """Fits every layer and fold in float64.

  Args:
    fit: function of `Train` that gives a pytree, such as `logistic()`.
    acts_NLD: activations.
    labels_N: 0 or 1.
    folds: over the N items.

  Returns:
    The pytree with leading axes [L, F].

  Raises:
    UserError: a training fold of one class.
  """
  check_labels(np.asarray(labels_N), folds)
  with precision.float64():
    return jax.device_get(_map_fits(
        jnp.asarray(np.swapaxes(acts_NLD, 0, 1)),
        jnp.asarray(labels_N, jnp.float64), jnp.asarray(folds.train_FA), fit))


@functools.partial(jax.jit, static_argnames='fit')
def _map_fits(layers_LND, labels_N, train_FA, fit):
  def one(acts_ND, train_A):
    return fit(gather(acts_ND, labels_N, train_A))

  return jax.lax.map(
      lambda acts: jax.lax.map(lambda train: one(acts, train), train_FA),
      layers_LND)


def score_tests(
    probe: LinearProbe, acts_NLD: np.ndarray, folds: Folds) -> np.ndarray:
  """Held-out scores [L, F, B] of a probe of every layer and fold.

  Args:
    probe: directions [L, F, D] and biases [L, F].
    acts_NLD: activations.
    folds: those that the probe was fitted in.

  Returns:
    x · direction + bias; rows of padding hold the bias.
  """
  padded = np.concatenate(
      [acts_NLD, np.zeros_like(acts_NLD[:1])]).astype(np.float64)
  scores = [np.einsum('bld,ld->lb', padded[test], probe.direction[:, f])
            for f, test in enumerate(folds.test_FB)]
  return np.stack(scores, 1) + np.asarray(probe.bias)[:, :, None]


@functools.lru_cache
def logistic(penalty: float = 1.0, tolerance: float = 1e-14):
  """Fit of L2-penalised logistic regression by Newton's method.

  Minimises Σ log(1 + exp(−y f)) + penalty/2 ‖w‖² with y = ±1; the intercept is
  free. A label between 0 and 1 is a share of rows that are 1.

  Args:
    penalty: 1/C of scikit-learn.
    tolerance: stops when a step lowers the objective by less than this part.

  Returns:
    A function of `Train` that gives a `LinearProbe`; the same arguments give
    the same function, so that it is compiled once.
  """
  return functools.partial(
      fit_logistic, penalty=penalty, tolerance=tolerance)


def fit_logistic(train: Train, *, penalty: float,
                 tolerance: float = 1e-14) -> LinearProbe:
  """One logistic regression; see `logistic`.

  Args:
    train: rows of one layer and fold.
    penalty: see `logistic`.
    tolerance: see `logistic`.

  Returns:
    Its probe, direction [D].
  """
  acts_AD, labels_A, weights_A = train
  n_train, width = acts_AD.shape
  mean_D = (acts_AD * weights_A[:, None]).sum(0) / weights_A.sum()
  centred_AD = (acts_AD - mean_D[None, :]) * weights_A[:, None]
  if width > n_train:  # the solution lies in the span of the rows
    basis_DA, coordinates_AA = jnp.linalg.qr(centred_AD.T)
    centred_AD = coordinates_AA.T
  ones_A1 = jnp.ones_like(labels_A)[:, None]
  design_AE = jnp.concatenate([centred_AD, ones_A1], axis=1)
  n_columns = design_AE.shape[1]
  penalties_E = jnp.full(n_columns, penalty, jnp.float64).at[-1].set(0.0)

  def objective(logits_SA, coefficients_SE):
    losses = jax.nn.softplus(logits_SA) - labels_A[None, :] * logits_SA
    return ((losses * weights_A[None, :]).sum(1)
            + (penalties_E[None, :] * coefficients_SE**2).sum(1) / 2)

  def step(state):
    coefficients_E, _, count = state
    logits_A = design_AE @ coefficients_E
    chance_A = jax.nn.sigmoid(logits_A)
    gradient_E = (design_AE.T @ (weights_A * (chance_A - labels_A))
                  + penalties_E * coefficients_E)
    curvature_A = weights_A * chance_A * (1 - chance_A)
    hessian_EE = ((design_AE * curvature_A[:, None]).T @ design_AE
                  + jnp.diag(penalties_E))
    # A little of the trace keeps a separable, hardly penalised fit solvable.
    hessian_EE = hessian_EE + jnp.eye(n_columns) * (
        1e-13 * jnp.trace(hessian_EE) + 1e-300)
    direction_E = -jax.scipy.linalg.solve(
        hessian_EE, gradient_E, assume_a='pos')
    sizes_S1 = jnp.asarray((0.0, *_STEP_SIZES))[:, None]
    tried_SE = coefficients_E[None, :] + sizes_S1 * direction_E[None, :]
    values_S = objective(
        logits_A[None, :] + sizes_S1 * (design_AE @ direction_E)[None, :],
        tried_SE)
    best = jnp.nanargmin(values_S)
    moved = values_S[0] - values_S[best] > tolerance * values_S[0]
    return tried_SE[best], moved, count + 1

  start = (jnp.zeros(n_columns), jnp.asarray(True), jnp.asarray(0))
  coefficients_E, _, _ = jax.lax.while_loop(
      lambda s: s[1] & (s[2] < _NEWTON_STEPS), step, start)
  direction_D = coefficients_E[:-1]
  if width > n_train:
    direction_D = basis_DA @ direction_D
  return LinearProbe(direction_D, coefficients_E[-1] - mean_D @ direction_D)


@functools.lru_cache
def lda(shrinkage: float | str = 'auto'):
  """Fit of linear discriminant analysis with a shrunk covariance.

  `shrinkage` as in scikit-learn's lsqr solver: a number in (0, 1], or 'auto'
  for Ledoit & Wolf's per class, on standardised columns.

  Args:
    shrinkage: see above.

  Returns:
    A function of `Train` that gives a `LinearProbe`.

  Raises:
    UserError: another shrinkage.
  """
  _check_shrinkage(shrinkage)
  return functools.partial(_fit_lda, shrinkage=shrinkage)


def _check_shrinkage(shrinkage: float | str) -> None:
  if shrinkage != 'auto' and not (
      isinstance(shrinkage, int | float) and 0 < shrinkage <= 1):
    raise UserError(
        f'shrinkage={shrinkage!r} must lie in (0, 1] or be "auto": an unshrunk '
        'covariance of more dimensions than items has no inverse')


def _fit_lda(train: Train, *, shrinkage: float | str) -> LinearProbe:
  classes = [_class_moments(train, label, shrinkage) for label in (0, 1)]
  (mean0_D, cov0_DD, share0), (mean1_D, cov1_DD, share1) = classes
  covariance_DD = share0 * cov0_DD + share1 * cov1_DD
  direction_D = jax.scipy.linalg.solve(
      covariance_DD, mean1_D - mean0_D, assume_a='pos')
  bias = (jnp.log(share1) - jnp.log(share0)
          - (mean0_D + mean1_D) @ direction_D / 2)
  return LinearProbe(direction_D, bias)


def _class_moments(train: Train, label: int, shrinkage: float | str):
  """(mean [D], shrunk covariance [D, D], share of the rows)."""
  weights_A = jnp.where(train.labels_A == label, train.weights_A, 0.0)
  count = weights_A.sum()
  mean_D = (train.acts_AD * weights_A[:, None]).sum(0) / count
  centred_AD = (train.acts_AD - mean_D[None, :]) * weights_A[:, None]
  share = count / train.weights_A.sum()
  if shrinkage == 'auto':
    deviation_D = jnp.sqrt((centred_AD**2).sum(0) / count)
    tiny_D = 64 * jnp.finfo(jnp.float64).eps * jnp.abs(mean_D)
    deviation_D = jnp.where(deviation_D > tiny_D, deviation_D, 1.0)
    scaled_DD = ledoit_wolf(centred_AD / deviation_D[None, :], count)
    covariance_DD = deviation_D[:, None] * scaled_DD * deviation_D[None, :]
  else:
    covariance_DD = _shrink(centred_AD.T @ centred_AD / count, shrinkage)
  return mean_D, covariance_DD, share


def ledoit_wolf(centred_AD: jax.Array, count: jax.Array) -> jax.Array:
  """Covariance [D, D] shrunk to a multiple of the identity.

  Args:
    centred_AD: rows about their mean; rows of zeros do not count.
    count: number of rows that count.

  Returns:
    (1 − ρ) S + ρ tr(S)/D I with the ρ of least expected squared error.

  Source:
    Ledoit & Wolf (2004), A well-conditioned estimator for large-dimensional
    covariance matrices, section 3.2.
  """
  width = centred_AD.shape[1]
  empirical_DD = centred_AD.T @ centred_AD / count
  scale = jnp.trace(empirical_DD) / width
  fourth = ((centred_AD**2).sum(1)**2).sum()
  squared = (empirical_DD**2).sum()
  noise = (fourth / count - squared) / (width * count)
  distance = (squared - width * scale**2) / width
  noise = jnp.minimum(noise, distance)
  safe = jnp.where(distance > 0, distance, 1.0)
  return _shrink(empirical_DD, jnp.where(distance > 0, noise / safe, 0.0))


def _shrink(covariance_DD: jax.Array, shrinkage) -> jax.Array:
  width = len(covariance_DD)
  scale = jnp.trace(covariance_DD) / width
  return ((1 - shrinkage) * covariance_DD
          + shrinkage * scale * jnp.eye(width))


def mahalanobis(
    acts_NLD: np.ndarray, labels_N: np.ndarray, folds: Folds, *,
    shrinkage: float | str = 'auto',
) -> np.ndarray:
  """Squared Mahalanobis distances of test items to both classes.

  Each class has its own shrunk covariance (Lee et al. 2018 tie them, which is
  LDA). The difference class 0 − class 1 is a quadratic score of class 1.

  Args:
    acts_NLD: activations.
    labels_N: 0 or 1.
    folds: over the N items.
    shrinkage: see `lda`.

  Returns:
    (x − μ_c)ᵀ Σ_c⁻¹ (x − μ_c), [L, F, B, 2].

  Raises:
    UserError: another shrinkage, or a training fold of one class.

  Source:
    Lee et al. 2018, A simple unified framework for detecting
    out-of-distribution samples, section 2.1.
  """
  _check_shrinkage(shrinkage)
  check_labels(np.asarray(labels_N), folds)
  with precision.float64():
    return jax.device_get(_distances(
        jnp.asarray(np.swapaxes(acts_NLD, 0, 1)),
        jnp.asarray(labels_N, jnp.float64), jnp.asarray(folds.train_FA),
        jnp.asarray(folds.test_FB), shrinkage))


@functools.partial(jax.jit, static_argnames='shrinkage')
def _distances(layers_LND, labels_N, train_FA, test_FB, shrinkage):
  def one(acts_ND, train_A, test_B):
    train = gather(acts_ND, labels_N, train_A)
    test_BD = take_rows(acts_ND, test_B).astype(jnp.float64)
    distances = []
    for label in (0, 1):
      mean_D, covariance_DD, _ = _class_moments(train, label, shrinkage)
      away_BD = test_BD - mean_D[None, :]
      solved_DB = jax.scipy.linalg.solve(
          covariance_DD, away_BD.T, assume_a='pos')
      distances.append((away_BD * solved_DB.T).sum(1))
    return jnp.stack(distances, axis=-1)

  return jax.lax.map(
      lambda acts: jax.lax.map(
          lambda indices: one(acts, *indices), (train_FA, test_FB)),
      layers_LND)
