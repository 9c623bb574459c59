"""Probes from running sums: nothing stored but one moment matrix a fold.

For more rows than disk or memory hold as activations: sums take 8 F L E²
bytes, rows 4 N L D. Every score of a linear probe is a function of the
training and test folds' first and second moments, so cross-validation is
exact, the choice of the penalty by inner folds included.
"""

import functools
import itertools

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np

from uncertainty.probes.fits import precision, ridge, scores


@flax.struct.dataclass
class Moments:
  """Sums over the rows of each fold of z = (1, activation, targets).

  Attributes:
    sums_FLEE: Σ z zᵀ, [F, L, E, E] with E = 1 + D + T.
    n_targets: T.
  """

  sums_FLEE: np.ndarray
  n_targets: int = flax.struct.field(pytree_node=False)


def empty(n_folds: int, n_layers: int, width: int, n_targets: int) -> Moments:
  """Sums before any row, float64.

  Args:
    n_folds: F.
    n_layers: L.
    width: D.
    n_targets: T.

  Returns:
    Zeros.
  """
  side = 1 + width + n_targets
  return Moments(np.zeros((n_folds, n_layers, side, side)), n_targets)


def update(
    moments: Moments, acts_NLD: np.ndarray, targets_NT: np.ndarray,
    fold_N: np.ndarray,
) -> Moments:
  """Adds rows in place; `fold_N` says where each is tested.

  Args:
    moments: sums so far, changed.
    acts_NLD: activations of N more rows.
    targets_NT: their targets.
    fold_N: number of the fold that tests each.

  Returns:
    The same sums.
  """
  n_layers = acts_NLD.shape[1]
  for fold in np.unique(fold_N):
    here = fold_N == fold
    for layer in range(n_layers):
      rows = np.concatenate(
          [np.ones((here.sum(), 1)), acts_NLD[here, layer], targets_NT[here]],
          axis=1, dtype=np.float64)
      moments.sums_FLEE[fold, layer] += rows.T @ rows
  return moments


def cross_validate(
    moments: Moments, penalties: tuple[float, ...] | None = None,
    rule: str = 'one_se') -> ridge.RidgeScores:
  """Held-out scores of ridge on standardised activations, with intercept.

  A training fold's penalty is the one with which its other folds, each left
  out in turn, are predicted best.

  Args:
    moments: of at least three folds, none without rows.
    penalties: ascending, in scikit-learn's unit; a single one is used without
      selection; None: `ridge.PENALTIES` times the width.
    rule: see `ridge.cross_validate`.

  Returns:
    Scores [L, F, T]. A target that is constant in a fold has no R² and no
    correlation there (NaN).
  """
  n_folds, _, side, _ = moments.sums_FLEE.shape
  width = side - 1 - moments.n_targets
  penalties = penalties or tuple(p * width for p in ridge.PENALTIES)
  pairs_X2 = np.array(list(itertools.combinations(range(n_folds), 2)))
  with precision.float64():
    layers = [jax.device_get(_one_layer(
        jnp.asarray(sums_FEE), jnp.asarray(pairs_X2),
        jnp.asarray(penalties, jnp.float64), n_targets=moments.n_targets,
        one_se=ridge.RULES[rule]))
        for sums_FEE in moments.sums_FLEE.swapaxes(0, 1)]
  return jax.tree.map(lambda *s: np.stack(s), *layers)


@functools.partial(jax.jit, static_argnames=('n_targets', 'one_se'))
def _one_layer(sums_FEE, pairs_X2, penalties_P, *, n_targets, one_se):
  total_EE = sums_FEE.sum(0)

  def both(pair_2):
    """Without two folds: errors [2, P, T] on either."""
    tests_2EE = sums_FEE[pair_2]
    ridges = _factorise(total_EE - tests_2EE.sum(0), n_targets)
    predict_PET = jax.vmap(lambda penalty: ridges.predict(
        jnp.full(n_targets, penalty)))(penalties_P)
    return jax.vmap(lambda test_EE: jax.vmap(
        lambda predict_ET: _score(test_EE, predict_ET, n_targets).mse
    )(predict_PET))(tests_2EE)

  errors_X2PT = jax.lax.map(both, pairs_X2)
  one, other = pairs_X2.T
  n_folds = len(sums_FEE)
  errors_FFPT = jnp.zeros((n_folds, n_folds, *errors_X2PT.shape[2:]))
  errors_FFPT = errors_FFPT.at[other, one].set(errors_X2PT[:, 0])
  errors_FFPT = errors_FFPT.at[one, other].set(errors_X2PT[:, 1])

  def one_fold(fold):
    filled_I = jnp.arange(n_folds) != fold
    choice_T, inner_mse_T = ridge.choose(
        errors_FFPT[fold].swapaxes(0, 1), filled_I, one_se)
    penalty_T = penalties_P[choice_T]
    predict_ET = _factorise(
        total_EE - sums_FEE[fold], n_targets).predict(penalty_T)
    return ridge.RidgeScores(
        _score(sums_FEE[fold], predict_ET, n_targets), penalty_T, inner_mse_T)

  return jax.lax.map(one_fold, jnp.arange(n_folds))


@flax.struct.dataclass
class _Factors:
  """Training moments, centred, scaled and factorised."""

  mean_E: jax.Array
  deviation_D: jax.Array
  values_D: jax.Array
  vectors_DD: jax.Array
  loading_DT: jax.Array

  def predict(self, penalty_T: jax.Array) -> jax.Array:
    """[E, T]: what to multiply z with for predictions."""
    shrunk_DT = self.loading_DT / (self.values_D[:, None] + penalty_T[None])
    weights_DT = (self.vectors_DD @ shrunk_DT) / self.deviation_D[:, None]
    width, n_targets = weights_DT.shape
    bias_T = self.mean_E[1 + width:] - self.mean_E[1:1 + width] @ weights_DT
    return jnp.concatenate(
        [bias_T[None], weights_DT, jnp.zeros((n_targets, n_targets))])


def _factorise(train_EE: jax.Array, n_targets: int) -> _Factors:
  width = len(train_EE) - 1 - n_targets
  inputs, outputs = slice(1, 1 + width), slice(1 + width, None)
  count, mean_E = train_EE[0, 0], train_EE[0] / train_EE[0, 0]
  scatter_EE = train_EE - count * jnp.outer(mean_E, mean_E)
  # What rounding leaves of a constant dimension is no spread.
  tiny_D = 64 * jnp.finfo(jnp.float64).eps * jnp.diag(train_EE)[inputs]
  spread_D = jnp.diag(scatter_EE)[inputs]
  deviation_D = jnp.where(
      spread_D > tiny_D, jnp.sqrt(spread_D / count), 1.0)
  values_D, vectors_DD = jnp.linalg.eigh(
      scatter_EE[inputs, inputs] / jnp.outer(deviation_D, deviation_D))
  return _Factors(
      mean_E, deviation_D, values_D, vectors_DD,
      vectors_DD.T @ (scatter_EE[inputs, outputs] / deviation_D[:, None]))


def _score(test_EE: jax.Array, predict_ET: jax.Array,
           n_targets: int) -> scores.FoldScores:
  """Prediction and target are linear in z: their moments follow."""
  take_ET = jnp.eye(len(test_EE))[:, -n_targets:]
  centre_EE = test_EE - jnp.outer(test_EE[0], test_EE[0]) / test_EE[0, 0]

  def product(moments_EE, a_ET, b_ET):
    return (a_ET * (moments_EE @ b_ET)).sum(0)

  error_T = product(test_EE, take_ET - predict_ET, take_ET - predict_ET)
  total_T = product(centre_EE, take_ET, take_ET)
  spread_T = product(centre_EE, predict_ET, predict_ET)
  varies_T = total_T > 1e-12 * product(test_EE, take_ET, take_ET)
  total_T = jnp.where(varies_T, total_T, jnp.nan)
  return scores.FoldScores(
      r2=1 - error_T / total_T,
      pearson=product(centre_EE, take_ET, predict_ET)
              / jnp.sqrt(total_T * spread_T),
      mse=error_T / test_EE[0, 0])
