"""Ordinary least squares, and what it predicts for items left out."""

import numpy as np
import scipy.special

_LEAST_SHARE = 1e-6  # of a direction's items that train, or of its length


def least_squares(
    design_NP: np.ndarray, y_N: np.ndarray) -> dict:
  """The line of least squares with what `statsmodels`' OLS reports.

  Args:
    design_NP: predictors, with a column of ones for the intercept.
    y_N: what is predicted.

  Returns:
    beta, se and p (Student's t, n − P degrees of freedom) [P], and r2, aic and
    bic (Gaussian likelihood, P parameters).
  """
  n, p = design_NP.shape
  beta, _, _, _ = np.linalg.lstsq(design_NP, y_N, rcond=None)
  residual = y_N - design_NP @ beta
  error = float(residual @ residual)
  covariance = np.linalg.pinv(design_NP.T @ design_NP) * error / (n - p)
  se = np.sqrt(np.diag(covariance))
  loglik = -n / 2 * (np.log(2 * np.pi * error / n) + 1)
  return {
      'beta': beta, 'se': se,
      'p': 2 * scipy.special.stdtr(n - p, -np.abs(beta / se)),
      'r2': 1 - error / float(np.sum((y_N - y_N.mean())**2)),
      'aic': -2 * loglik + 2 * p, 'bic': -2 * loglik + p * np.log(n)}


def held_out_r2(
    design_NP: np.ndarray, y_N: np.ndarray, folds_N: np.ndarray) -> float:
  """1 − squared error on held-out items / that of the training mean.

  Args:
    design_NP: predictors, with a column of ones.
    y_N: what is predicted.
    folds_N: fold of each item.

  Returns:
    At most 1; below 0 where the mean predicts better.
  """
  folds, fold_N = np.unique(folds_N, return_inverse=True)
  train_FN = (fold_N != np.arange(len(folds))[:, None]).astype(float)
  # In orthonormal axes the normal equations are as exact as the design.
  axes_NP, size_P, _ = np.linalg.svd(design_NP, full_matrices=False)
  gram_FPP = np.einsum('fn,np,nq->fpq', train_FN, axes_NP, axes_NP)
  if (size_P[-1] > _LEAST_SHARE * size_P[0]
      and np.linalg.eigvalsh(gram_FPP).min() > _LEAST_SHARE):
    target_FP = train_FN @ (axes_NP * y_N[:, None])
    beta_FP = np.linalg.solve(gram_FPP, target_FP[..., None])[..., 0]
    predicted_N = np.sum(axes_NP * beta_FP[fold_N], -1)
  else:  # predictors that repeat each other: the shortest coefficients
    predicted_N = np.empty(len(y_N))
    for train_N in train_FN > 0:
      beta = np.linalg.lstsq(design_NP[train_N], y_N[train_N], rcond=None)[0]
      predicted_N[~train_N] = design_NP[~train_N] @ beta
  mean_F = train_FN @ y_N / train_FN.sum(1)
  error = np.sum((y_N - predicted_N)**2)
  return float(1 - error / np.sum((y_N - mean_F[fold_N])**2))
