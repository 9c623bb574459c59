"""Cross-validated least squares of every layer, fold and target at once.

The paper fits scikit-learn's LinearRegression once per layer, fold and target.
All those fits of a layer follow from one factorisation over all its items:
with the intercept projected out, the held-out residuals of a block b are

  e_b = (R_bb)⁻¹ (R y)_b ,

where R makes residuals. With as many items as the activations' width or more
(primal), R = I − H, the hat matrix's complement. With fewer (dual), every
training set is interpolated, I − H vanishes, and R is its limit as the ridge
penalty goes to zero, the inverse of the centred Gram matrix K: block inversion
of [[K, 1], [1ᵀ, 0]] gives the same formula (An et al. 2007, Fast
cross-validation algorithms for least squares support vector machine and kernel
ridge regression, section 3; Allen's PRESS is b = one item). Further columns
of y, such as permutations, cost one matrix product.

Layers whose factorisation is not safely invertible (ties, duplicated rows,
constant columns) go to LAPACK's SVD solver fold by fold, with scikit-learn's
cut-off, so that every layer's numbers are scikit-learn's.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy.linalg

from uncertainty.probes.fits import precision, scores
from uncertainty.probes.fits.folds import Folds

# Singular values below this part of the largest count as zero: the default
# `tol` of scikit-learn's LinearRegression from 1.9 on.
RCOND = 1e-6
# Gram matrices square the condition number. Below this bound no singular value
# is near the cut-off, and float64 keeps some six digits of the solution.
_MAX_CONDITION = 1e10


def cross_validate(
    acts_NLD: np.ndarray, targets_NT: np.ndarray, folds: Folds, *,
    rcond: float = RCOND,
) -> scores.FoldScores:
  """Held-out scores of minimum-norm least squares with an intercept.

  Args:
    acts_NLD: activations; computed with in float64.
    targets_NT: one column per target or permutation, none missing.
    folds: of the same N items; every item is tested exactly once.
    rcond: singular values of the centred training activations below this part
      of the largest count as zero, as `tol` in scikit-learn (1.9).

  Returns:
    Scores as float64 numpy arrays [L, F, T].

  Source:
    method.md section 5 (the paper's probes).
  """
  n_items, _, width = acts_NLD.shape
  n_test = folds.test_FB.shape[1]
  with precision.float64():
    targets = jnp.asarray(targets_NT, jnp.float64)
    test_FB = jnp.asarray(folds.test_FB)
    layers = jnp.asarray(np.swapaxes(acts_NLD, 0, 1))
    run = _dual if width >= n_items - 1 else _primal
    fast, condition_L = jax.device_get(run(layers, targets, test_FB))
  slow = np.flatnonzero(
      ~(condition_L < _MAX_CONDITION) | (width + 1 > n_items - n_test)
      & (width < n_items - 1))
  fast = jax.tree.map(np.array, fast)  # device buffers are read-only
  for layer in slow:
    exact = _by_svd(acts_NLD[:, layer], targets_NT, folds, rcond)
    fast.r2[layer] = exact.r2
    fast.pearson[layer] = exact.pearson
    fast.mse[layer] = exact.mse
  return fast


@functools.partial(jax.jit)
def _dual(layers_LND, targets_NT, test_FB):
  return jax.lax.map(
      lambda acts_ND: _dual_layer(acts_ND, targets_NT, test_FB), layers_LND)


@functools.partial(jax.jit)
def _primal(layers_LND, targets_NT, test_FB):
  return jax.lax.map(
      lambda acts_ND: _primal_layer(acts_ND, targets_NT, test_FB), layers_LND)


def _dual_layer(acts_ND, targets_NT, test_FB):
  """Scores [F, T] where each training set is interpolated."""
  centred_ND = _centre(acts_ND)
  n_items = len(centred_ND)
  gram_NN = centred_ND @ centred_ND.T
  # The Gram matrix is singular along the constant vector; give it a place in
  # the middle of the spectrum and take it out of the inverse again.
  level = jnp.trace(gram_NN) / n_items
  level = jnp.where(level > 0, level, 1.0)
  inverse_NN = jnp.linalg.inv(gram_NN + level / n_items)
  condition = _norm(gram_NN + level / n_items) * _norm(inverse_NN)
  inverse_NN = inverse_NN - 1 / (level * n_items)
  target_NT = _centre(targets_NT)
  held_out = _held_out(inverse_NN, inverse_NN @ target_NT, test_FB)
  return _scores(held_out[0], target_NT, test_FB), condition


def _primal_layer(acts_ND, targets_NT, test_FB):
  """Scores [F, T] where items outnumber the activations' width."""
  centred_ND = _centre(acts_ND)
  n_items, width = centred_ND.shape
  moment_DD = centred_ND.T @ centred_ND
  chol_DD = jnp.linalg.cholesky(moment_DD)
  inverse_DD = jax.scipy.linalg.cho_solve((chol_DD, True), jnp.eye(width))
  condition = _norm(moment_DD) * _norm(inverse_DD)
  # An orthonormal basis of the columns, the intercept's included: H = W Wᵀ.
  basis_ND = jax.scipy.linalg.solve_triangular(
      chol_DD, centred_ND.T, lower=True).T
  ones_N1 = jnp.full((n_items, 1), n_items**-0.5)
  basis_ND = jnp.concatenate([ones_N1, basis_ND], axis=1)
  target_NT = _centre(targets_NT)
  residual_NT = target_NT - basis_ND @ (basis_ND.T @ target_NT)
  held_out, growth = _held_out_from_basis(basis_ND, residual_NT, test_FB)
  return _scores(held_out, target_NT, test_FB), condition * growth


def _centre(values_NX: jax.Array) -> jax.Array:
  values = values_NX.astype(jnp.float64)
  return values - values.mean(0, keepdims=True)


def _norm(matrix: jax.Array) -> jax.Array:
  return jnp.abs(matrix).sum(0).max()


def _scores(residual_FBT, target_NT, test_FB) -> scores.FoldScores:
  """Scores do not change when target and prediction share a shift."""
  target_FBT = take_rows(target_NT, test_FB)
  return scores.fold_scores(
      target_FBT - residual_FBT, target_FBT, test_FB < len(target_NT))


def take_rows(values_NX: jax.Array, index_XY: jax.Array) -> jax.Array:
  """Rows by index; an index past the end (padding) gives zeros.

  Args:
    values_NX: rows.
    index_XY: numbers of rows, of any shape.

  Returns:
    The rows, with the index's shape in front.
  """
  return values_NX.at[index_XY].get(mode='fill', fill_value=0)


def _held_out(maker_NN, made_NT, test_FB):
  """e_b = (R_bb)⁻¹ (R y)_b [F, B, T], and the largest norm of an (R_bb)⁻¹."""
  valid_FB = test_FB < len(maker_NN)
  rows_FBN = take_rows(maker_NN, test_FB)
  blocks_FBB = jax.vmap(lambda r, t: take_rows(r.T, t).T)(rows_FBN, test_FB)
  # Padding becomes an identity block beside the real one.
  blocks_FBB = blocks_FBB + jax.vmap(jnp.diag)(
      1.0 - valid_FB.astype(blocks_FBB.dtype))
  return _solve_blocks(blocks_FBB, take_rows(made_NT, test_FB))


def _held_out_from_basis(basis_NR, residual_NT, test_FB):
  """The same for R = I − W Wᵀ, on the smaller side of each block."""
  basis_FBR = take_rows(basis_NR, test_FB)
  residual_FBT = take_rows(residual_NT, test_FB)
  n_test, rank = basis_FBR.shape[1:]
  transposed_FRB = jnp.swapaxes(basis_FBR, 1, 2)
  if n_test <= rank:
    blocks = jnp.eye(n_test)[None] - basis_FBR @ transposed_FRB
    return _solve_blocks(blocks, residual_FBT)
  # Woodbury: (I − W Wᵀ)⁻¹ = I + W (I − Wᵀ W)⁻¹ Wᵀ.
  blocks = jnp.eye(rank)[None] - transposed_FRB @ basis_FBR
  solved, growth = _solve_blocks(blocks, transposed_FRB @ residual_FBT)
  return residual_FBT + basis_FBR @ solved, growth


def _solve_blocks(blocks_FBB, right_FBT):
  inverse_FBB = jnp.linalg.inv(blocks_FBB)
  return inverse_FBB @ right_FBT, jax.vmap(_norm)(inverse_FBB).max()


def _by_svd(
    acts_ND: np.ndarray, targets_NT: np.ndarray, folds: Folds, rcond: float,
) -> scores.FoldScores:
  """One layer, fold by fold, by LAPACK's gelsd, as scikit-learn does it."""
  acts_ND = np.asarray(acts_ND, np.float64)
  targets_NT = np.asarray(targets_NT, np.float64)
  residual_FBT = np.zeros(folds.test_FB.shape + targets_NT.shape[1:])
  for fold in range(folds.n_folds):
    train, test = folds.train(fold), folds.test(fold)
    mean_D, level_T = acts_ND[train].mean(0), targets_NT[train].mean(0)
    solution: Any = scipy.linalg.lstsq(
        acts_ND[train] - mean_D, targets_NT[train] - level_T, cond=rcond)
    predicted = (acts_ND[test] - mean_D) @ solution[0] + level_T
    residual_FBT[fold, :len(test)] = targets_NT[test] - predicted
  with precision.float64():
    exact = _scores(
        jnp.asarray(residual_FBT), jnp.asarray(targets_NT),
        jnp.asarray(folds.test_FB))
  return jax.device_get(exact)
