"""How well held-out values were predicted: R², Pearson and MSE per fold."""

from typing import Any

import flax.struct
import jax
import jax.numpy as jnp


@flax.struct.dataclass
class FoldScores:
  """Scores on the test items of each fold: [F, T], or [L, F, T].

  JAX arrays within a program, numpy arrays in what the probes return.

  Attributes:
    r2: 1 − residual / total sum of squares, total about the test mean. As in
      scikit-learn, a constant target scores 1 if met exactly and else 0.
    pearson: correlation of prediction and target; NaN where either is
      constant, which has no correlation.
    mse: mean squared error, in the target's unit squared.
  """

  r2: Any
  pearson: Any
  mse: Any


def fold_scores(
    predicted_FBT: jax.Array, target_FBT: jax.Array, valid_FB: jax.Array,
) -> FoldScores:
  """Scores of each fold and target, each [F, T].

  Args:
    predicted_FBT: held-out predictions; padding may hold any finite value.
    target_FBT: what was to be predicted.
    valid_FB: True where a row is an item and not padding.

  Returns:
    R² = 1 − Σ(y − ŷ)² / Σ(y − ȳ)², Pearson's r and the mean squared error.
  """
  weight_FB1 = valid_FB[:, :, None].astype(target_FBT.dtype)
  count_F1 = weight_FB1.sum(1)
  predicted = predicted_FBT * weight_FB1
  target = target_FBT * weight_FB1
  residual = target - predicted
  centred_target = _centred(target, weight_FB1, count_F1)
  centred_predicted = _centred(predicted, weight_FB1, count_F1)
  total_FT = (centred_target**2).sum(1)
  error_FT = (residual**2).sum(1)
  spread_FT = (centred_predicted**2).sum(1)
  # What rounding leaves of a constant is no spread: the bound is relative to
  # the values' size.
  tiny = 64 * jnp.finfo(target.dtype).eps
  has_total = total_FT > (tiny * jnp.abs(target).sum(1))**2
  has_spread = spread_FT > (tiny * jnp.abs(predicted).sum(1))**2
  safe_total = jnp.where(has_total, total_FT, 1.0)
  safe_spread = jnp.where(has_spread, spread_FT, 1.0)
  constant_r2 = (error_FT <= (tiny * jnp.abs(target).sum(1))**2).astype(
      target.dtype)
  covariance_FT = (centred_target * centred_predicted).sum(1)
  pearson_FT = covariance_FT / jnp.sqrt(safe_total) / jnp.sqrt(safe_spread)
  return FoldScores(
      r2=jnp.where(has_total, 1 - error_FT / safe_total, constant_r2),
      pearson=jnp.where(
          has_total & has_spread, jnp.clip(pearson_FT, -1, 1), jnp.nan),
      mse=error_FT / count_F1)


def _centred(
    values_FBT: jax.Array, weight_FB1: jax.Array, count_F1: jax.Array,
) -> jax.Array:
  mean_F1T = (values_FBT.sum(1) / count_F1)[:, None, :]
  return (values_FBT - mean_F1T) * weight_FB1
