"""Ridge probes with nested choice of the penalty, every layer at once.

Per layer and outer fold: standardise by the training items, project out the
unpenalised columns (the intercept, and baseline features where the question is
what activations add), and factorise once: the width × width moment matrix when
the width is the smaller side (primal), else the items × items Gram matrix
(dual). The one eigendecomposition serves every penalty, target and
permutation. Inner folds need no further factorisation: with the hat matrix
H_λ of the training items, the residuals of an inner block b are

  e_b = (I − H_bb)⁻¹ ((I − H) y)_b ,

exactly those of refitting without b (standardisation stays that of the outer
training set, which the inner choice may see).
"""

import functools
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np

from uncertainty.probes.fits import folds as folds_lib
from uncertainty.probes.fits import precision, scores
from uncertainty.probes.fits.folds import Folds
from uncertainty.probes.fits.least_squares import take_rows

# Penalties per unit of width: standardised activations have a mean square of
# one in every dimension, so that the useful range grows with their number.
PENALTIES = tuple(10.0**e for e in np.linspace(-3, 3, 9))
N_INNER = 5  # inner folds
RULES = {'min': False, 'one_se': True}


@flax.struct.dataclass
class RidgeScores:
  """Held-out scores and the penalty that each training fold chose.

  Attributes:
    scores: [L, F, T].
    penalty: [L, F, T], the chosen one, in scikit-learn's unit (`alpha`).
    inner_mse: [L, F, T], error of the inner folds at that penalty: what a
      choice between layers may look at.
    predicted: [L, N, T] held-out predictions, where asked for.
  """

  scores: scores.FoldScores
  penalty: Any
  inner_mse: Any
  predicted: Any = None


@flax.struct.dataclass
class _Factors:
  """One training fold, factorised (A train rows, B test rows, R rank).

  Predictions are Q_test z + G diag(1/(s + λ)) Tᵀ y: `projection_BA` is the
  first part's matrix, `test_BR` is G, `basis_AR` is T, `values_R` is s.
  `fixed_AQ` spans the unpenalised columns.
  """

  basis_AR: jax.Array
  values_R: jax.Array
  fixed_AQ: jax.Array
  projection_BA: jax.Array
  test_BR: jax.Array


def cross_validate(
    acts_NLD: np.ndarray, targets_NT: np.ndarray, folds: Folds, *,
    penalties: tuple[float, ...] | None = None, standardise: bool = True,
    unpenalised_NQ: np.ndarray | None = None, rule: str = 'one_se',
    n_inner: int = N_INNER, groups: list[str] | None = None, seed: int = 0,
    null_NR: np.ndarray | None = None, with_predictions: bool = False,
) -> tuple[RidgeScores, RidgeScores | None]:
  """Held-out scores of ridge regression with an intercept.

  Args:
    acts_NLD: activations.
    targets_NT: targets, none missing; computed in float64.
    folds: outer folds over the N items.
    penalties: ascending, in scikit-learn's unit; a single one is used without
      selection; None: `PENALTIES` times the width.
    standardise: divide each dimension by its deviation over the training
      items (a constant one stays as it is, as in StandardScaler).
    unpenalised_NQ: baseline columns that are always fitted, without penalty.
    rule: 'min' takes the penalty of least inner error; 'one_se' the largest
      within one standard error (over inner folds) of it.
    n_inner: inner folds.
    groups: keep these together in the inner folds.
    seed: of the inner folds.
    null_NR: columns of the permutation null. They take the same way but in
      float32 after the factorisation: thousands of them are what costs.
    with_predictions: also return held-out predictions of the targets.

  Returns:
    Scores of the targets and of the null columns, as numpy arrays.
  """
  width = acts_NLD.shape[2]
  penalties = penalties or tuple(p * width for p in PENALTIES)
  inner_FIB = folds_lib.inner_tests(folds, n_inner, seed, groups)
  fixed_NQ = np.ones((len(acts_NLD), 1))
  if unpenalised_NQ is not None:
    fixed_NQ = np.concatenate([fixed_NQ, unpenalised_NQ], axis=1)
  if null_NR is None:
    null_NR = np.zeros((len(acts_NLD), 0))
  with precision.float64():
    target, null, predicted = jax.device_get(_all_layers(
        jnp.asarray(np.swapaxes(acts_NLD, 0, 1)),
        jnp.asarray(targets_NT, jnp.float64),
        jnp.asarray(null_NR, jnp.float32),
        jnp.asarray(fixed_NQ, jnp.float64), jnp.asarray(folds.train_FA),
        jnp.asarray(folds.test_FB), jnp.asarray(inner_FIB),
        jnp.asarray(penalties, jnp.float64), standardise=standardise,
        one_se=RULES[rule]))
  if with_predictions:
    target = target.replace(predicted=_by_item(predicted, folds))
  return target, null if null_NR.shape[1] else None


def _by_item(predicted_LFBT: np.ndarray, folds: Folds) -> np.ndarray:
  n_layers, _, _, n_targets = predicted_LFBT.shape
  predicted = np.full((n_layers, folds.n_items, n_targets), np.nan)
  for fold in range(folds.n_folds):
    test = folds.test(fold)
    predicted[:, test] = predicted_LFBT[:, fold, :len(test)]
  return predicted


@functools.partial(jax.jit, static_argnames=('standardise', 'one_se'))
def _all_layers(
    layers_LND, targets_NT, null_NR, fixed_NQ, train_FA, test_FB, inner_FIB,
    penalties_P, *, standardise, one_se):
  """(target scores, null scores, predictions [L, F, B, T])."""

  def one_fold(acts_ND, indices):
    train_A, test_B, inner_IB = indices
    factors = _factorise(acts_ND, fixed_NQ, train_A, test_B, standardise)
    found = []
    for columns in (targets_NT, null_NR):
      cast = functools.partial(jax.lax.convert_element_type,
                               new_dtype=columns.dtype)
      found.append(_select_and_predict(
          jax.tree.map(cast, factors), take_rows(columns, train_A), inner_IB,
          cast(penalties_P), one_se))
    return found

  def one_layer(acts_ND):
    target, null = jax.lax.map(
        lambda indices: one_fold(acts_ND, indices),
        (train_FA, test_FB, inner_FIB))
    valid_FB = test_FB < len(acts_ND)
    results = []
    for chosen, columns in ((target, targets_NT), (null, null_NR)):
      results.append(RidgeScores(
          scores.fold_scores(
              chosen.predicted, take_rows(columns, test_FB), valid_FB),
          chosen.penalty, chosen.inner_mse))
    return (*results, target.predicted)

  return jax.lax.map(one_layer, layers_LND)


@flax.struct.dataclass
class _Chosen:
  """Held-out predictions [B, T] at each target's own penalty [T]."""

  predicted: jax.Array
  penalty: jax.Array
  inner_mse: jax.Array


def _factorise(acts_ND, fixed_NQ, train_A, test_B, standardise) -> _Factors:
  valid_A1 = (train_A < len(acts_ND))[:, None].astype(jnp.float64)
  valid_B1 = (test_B < len(acts_ND))[:, None].astype(jnp.float64)
  train_AD = take_rows(acts_ND, train_A).astype(jnp.float64)
  test_BD = take_rows(acts_ND, test_B).astype(jnp.float64)
  count = valid_A1.sum()
  mean_1D = train_AD.sum(0, keepdims=True) / count
  train_AD = (train_AD - mean_1D) * valid_A1
  test_BD = (test_BD - mean_1D) * valid_B1
  if standardise:
    deviation_1D = jnp.sqrt((train_AD**2).sum(0, keepdims=True) / count)
    tiny = 64 * jnp.finfo(jnp.float64).eps * jnp.abs(mean_1D)
    deviation_1D = jnp.where(deviation_1D > tiny, deviation_1D, 1.0)
    train_AD, test_BD = train_AD / deviation_1D, test_BD / deviation_1D
  fixed_AQ, projection_BA = _fixed_part(
      take_rows(fixed_NQ, train_A), take_rows(fixed_NQ, test_B))
  test_BD = test_BD - projection_BA @ train_AD
  train_AD = train_AD - fixed_AQ @ (fixed_AQ.T @ train_AD)
  n_train, width = train_AD.shape
  if width < n_train:  # primal
    values_R, vectors_DR = jnp.linalg.eigh(train_AD.T @ train_AD)
    values_R = jnp.maximum(values_R, 0.0)
    root_R = jnp.sqrt(values_R)
    keep_R = root_R > 1e-10 * root_R[-1]
    inverse_R = jnp.where(keep_R, 1 / jnp.where(keep_R, root_R, 1.0), 0.0)
    basis_AR = (train_AD @ vectors_DR) * inverse_R[None, :]
    test_BR = (test_BD @ vectors_DR) * root_R[None, :]
  else:  # dual
    values_R, basis_AR = jnp.linalg.eigh(train_AD @ train_AD.T)
    values_R = jnp.maximum(values_R, 0.0)
    test_BR = test_BD @ (train_AD.T @ basis_AR)
  return _Factors(basis_AR, values_R, fixed_AQ, projection_BA, test_BR)


def _fixed_part(fixed_AQ: jax.Array, test_BQ: jax.Array):
  """An orthonormal basis of the unpenalised columns, and their prediction.

  Columns are scaled first, and directions without spread are dropped, so that
  a baseline feature that is constant in a fold does no harm.
  """
  scale_1Q = jnp.sqrt((fixed_AQ**2).mean(0, keepdims=True))
  scale_1Q = jnp.where(scale_1Q > 0, scale_1Q, 1.0)
  left_AQ, values_Q, right_QQ = jnp.linalg.svd(
      fixed_AQ / scale_1Q, full_matrices=False)
  keep_Q = values_Q > 1e-10 * values_Q[0]
  basis_AQ = left_AQ * keep_Q[None, :].astype(left_AQ.dtype)
  inverse_Q = 1 / jnp.where(keep_Q, values_Q, 1.0)
  coefficients_QA = (right_QQ.T * inverse_Q[None, :]) @ basis_AQ.T
  return basis_AQ, (test_BQ / scale_1Q) @ coefficients_QA


def _select_and_predict(
    factors: _Factors, target_AT, inner_IB, penalties_P, one_se) -> _Chosen:
  loading_RT = factors.basis_AR.T @ target_AT
  fixed_AT = target_AT - factors.fixed_AQ @ (factors.fixed_AQ.T @ target_AT)
  errors_PIT = jax.lax.map(
      lambda penalty: _inner_errors(
          factors, loading_RT, fixed_AT, inner_IB, penalty), penalties_P)
  filled_I = (inner_IB < len(target_AT)).any(1)
  choice_T, inner_mse_T = choose(errors_PIT, filled_I, one_se)
  penalty_T = penalties_P[choice_T]
  shrink_RT = 1 / (factors.values_R[:, None] + penalty_T[None, :])
  predicted_BT = (factors.projection_BA @ target_AT
                  + factors.test_BR @ (shrink_RT * loading_RT))
  return _Chosen(predicted_BT, penalty_T, inner_mse_T)


def _inner_errors(factors: _Factors, loading_RT, fixed_AT, inner_IB, penalty):
  """Mean squared error of each inner fold [I, T] at one penalty."""
  kept_R1 = (factors.values_R / (factors.values_R + penalty))[:, None]
  residual_AT = fixed_AT - factors.basis_AR @ (kept_R1 * loading_RT)
  half_AR = jnp.concatenate(
      [factors.fixed_AQ, factors.basis_AR * jnp.sqrt(kept_R1).T], axis=1)

  held_IBR = take_rows(half_AR, inner_IB)
  right_IBT = take_rows(residual_AT, inner_IB)
  turned_IRB = jnp.swapaxes(held_IBR, 1, 2)
  n_test, rank = held_IBR.shape[1:]
  # Inverses of small blocks: faster than solving for a thousand columns.
  if n_test <= rank:
    eye = jnp.eye(n_test, dtype=held_IBR.dtype)[None]
    held_out = jnp.linalg.inv(eye - held_IBR @ turned_IRB) @ right_IBT
  else:  # Woodbury: (I − W Wᵀ)⁻¹ = I + W (I − Wᵀ W)⁻¹ Wᵀ
    eye = jnp.eye(rank, dtype=held_IBR.dtype)[None]
    inverse_IRR = jnp.linalg.inv(eye - turned_IRB @ held_IBR)
    held_out = right_IBT + held_IBR @ (inverse_IRR @ (turned_IRB @ right_IBT))
  count_I1 = jnp.maximum((inner_IB < len(half_AR)).sum(1), 1)[:, None]
  return (held_out**2).sum(1) / count_I1.astype(held_out.dtype)


def choose(
    errors_PIT: jax.Array, filled_I: jax.Array, one_se: bool,
) -> tuple[jax.Array, jax.Array]:
  """Index of each target's penalty [T], and its mean inner error [T].

  Args:
    errors_PIT: error of each penalty, inner fold and target.
    filled_I: False for an inner fold without items.
    one_se: take the largest penalty within one standard error of the best.

  Returns:
    Both, at the penalty that is taken.
  """
  weight_1I1 = filled_I.astype(errors_PIT.dtype)[None, :, None]
  count = weight_1I1.sum()
  mean_PT = (errors_PIT * weight_1I1).sum(1) / count
  choice_T = jnp.argmin(mean_PT, axis=0)
  columns_T = jnp.arange(mean_PT.shape[1])
  if one_se:
    spread_PT = jnp.sqrt(
        (((errors_PIT - mean_PT[:, None, :]) * weight_1I1)**2).sum(1)
        / jnp.maximum(count - 1, 1))
    bound_T = (mean_PT + spread_PT / jnp.sqrt(count))[choice_T, columns_T]
    within_PT = mean_PT <= bound_T[None, :]
    choice_T = len(mean_PT) - 1 - jnp.argmax(within_PT[::-1], axis=0)
  return choice_T, mean_PT[choice_T, columns_T]
