"""Ordinary least squares, and what it predicts for items left out."""

import numpy as np
from scipy import stats


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
      'p': 2 * stats.t.sf(np.abs(beta / se), n - p),
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
  error = baseline = 0.0
  for fold in np.unique(folds_N):
    test = folds_N == fold
    beta, _, _, _ = np.linalg.lstsq(design_NP[~test], y_N[~test], rcond=None)
    error += np.sum((y_N[test] - design_NP[test] @ beta)**2)
    baseline += np.sum((y_N[test] - y_N[~test].mean())**2)
  return float(1 - error / baseline)
