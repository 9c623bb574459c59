"""Probes from running sums: nothing stored but one moment matrix a fold.

For more items than disk or memory hold as activations. Every score of a
linear probe is a function of the training and test folds' first and second
moments, so cross-validation is exact.
"""

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np

from uncertainty.probes import precision, scores


@flax.struct.dataclass
class Moments:
  """Sums over the items of each fold of z = (1, activation, targets).

  Attributes:
    sums_FLEE: Σ z zᵀ, [F, L, E, E] with E = 1 + D + T.
    n_targets: T.
  """

  sums_FLEE: np.ndarray
  n_targets: int = flax.struct.field(pytree_node=False)


def empty(n_folds: int, n_layers: int, width: int, n_targets: int) -> Moments:
  """Sums before any item, float64: 8 F L (1 + D + T)² bytes."""
  side = 1 + width + n_targets
  return Moments(np.zeros((n_folds, n_layers, side, side)), n_targets)


def update(
    moments: Moments, acts_NLD: np.ndarray, targets_NT: np.ndarray,
    fold_N: np.ndarray,
) -> Moments:
  """Adds a batch of items in place; `fold_N` says where each is tested."""
  n_layers = acts_NLD.shape[1]
  for fold in np.unique(fold_N):
    here = fold_N == fold
    for layer in range(n_layers):
      rows = np.concatenate(
          [np.ones((here.sum(), 1)), acts_NLD[here, layer], targets_NT[here]],
          axis=1, dtype=np.float64)
      moments.sums_FLEE[fold, layer] += rows.T @ rows
  return moments


def cross_validate(moments: Moments, penalty: float) -> scores.FoldScores:
  """Held-out scores [L, F, T] of ridge with a free intercept.

  Args:
    moments: of at least two folds.
    penalty: scikit-learn's `alpha`; must be positive where a training fold
      holds fewer items than the width.
  """
  total_LEE = moments.sums_FLEE.sum(0)
  with precision.float64():
    per_fold = [jax.device_get(_one_fold(
        jnp.asarray(total_LEE - test), jnp.asarray(test), penalty,
        moments.n_targets)) for test in moments.sums_FLEE]
  return jax.tree.map(lambda *s: np.stack(s, 1), *per_fold)


def _one_fold(train_LEE, test_LEE, penalty, n_targets) -> scores.FoldScores:
  def one(pair):
    train_EE, test_EE = pair
    count, mean_E = train_EE[0, 0], train_EE[0] / train_EE[0, 0]
    scatter_EE = train_EE - count * jnp.outer(mean_E, mean_E)
    width = len(train_EE) - 1 - n_targets
    inputs, outputs = slice(1, 1 + width), slice(1 + width, None)
    weights_DT = jax.scipy.linalg.solve(
        scatter_EE[inputs, inputs] + penalty * jnp.eye(width),
        scatter_EE[inputs, outputs], assume_a='pos')
    bias_T = mean_E[outputs] - mean_E[inputs] @ weights_DT
    # Prediction and target are linear in z: their moments follow.
    predict_ET = jnp.concatenate(
        [bias_T[None], weights_DT, jnp.zeros((n_targets, n_targets))])
    take_ET = jnp.eye(len(train_EE))[:, outputs]
    n_test = test_EE[0, 0]

    def product(a_ET, b_ET):
      return (a_ET * (test_EE @ b_ET)).sum(0)

    error_T = product(take_ET - predict_ET, take_ET - predict_ET)
    centre = jnp.zeros_like(test_EE).at[0].set(test_EE[0] / n_test)
    target, predicted = take_ET - centre @ take_ET, (
        predict_ET - centre @ predict_ET)
    total_T = product(target, target)
    spread_T = product(predicted, predicted)
    return scores.FoldScores(
        r2=1 - error_T / total_T,
        pearson=product(target, predicted) / jnp.sqrt(total_T * spread_T),
        mse=error_T / n_test)

  return jax.lax.map(one, (train_LEE, test_LEE))
