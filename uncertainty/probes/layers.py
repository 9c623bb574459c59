"""One call from activations and a target to scores of every layer."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from uncertainty.errors import UserError
from uncertainty.probes.fits import folds as folds_lib
from uncertainty.probes.fits import least_squares, ridge, scores

PROTOCOLS = ('sound', 'paper')


@dataclasses.dataclass(frozen=True)
class LayerScores:
  """Held-out scores of each layer, means over folds.

  Attributes:
    r2: [L], 1 − residual / total sum of squares; 0 is guessing the mean.
    pearson: [L], correlation of prediction and target; NaN where a fold's
      predictions are constant, which have no correlation.
    mse: [L], in the target's unit squared.
    chosen_r2: of the layer chosen inside each training fold, what may be
      quoted as the best layer's (the largest of `r2` may not: it was chosen on
      the test items). None by the paper's protocol, which chooses nothing.
  """

  r2: np.ndarray
  pearson: np.ndarray
  mse: np.ndarray
  chosen_r2: float | None = None


def probe(
    acts_NLD: npt.ArrayLike, target_N: npt.ArrayLike,
    protocol: str = 'sound', *, n_folds: int = 10,
    groups: Sequence[object] | None = None, seed: int = 0,
) -> LayerScores:
  """How well a linear probe reads a target out of each layer, held out.

  `sound`: activations standardised by the training items, ridge regression
  whose penalty 5 inner folds choose by the one-standard-error rule. `paper`:
  least squares on raw activations. Both on shuffled folds (the paper's
  shuffle), or on folds that keep `groups` together. The study's `probe` stage
  adds permutation nulls, control tasks and baselines (`probes.protocols`).

  Args:
    acts_NLD: [N, L, D] activations of N items at L layers.
    target_N: [N] numbers to predict.
    protocol: 'sound' or 'paper'.
    n_folds: outer folds, of 2 or more test items each.
    groups: [N] labels (a question, a topic), or None; items that share one
      are never in training and test at once. Only for 'sound'.
    seed: of the inner folds.

  Returns:
    Scores of every layer.

  Raises:
    UserError: shapes that do not fit, missing values, a constant target, an
      unknown protocol, too few items or groups for the folds.

  Source:
    Moore et al. 2026 (arXiv 2605.30675), section 4 ('paper').

  Example:
    >>> acts = np.random.default_rng(0).normal(size=(60, 2, 4))
    >>> round(float(probe(acts, acts[:, 1, 0]).r2[1]), 1)
    1.0
  """
  if protocol not in PROTOCOLS:
    raise UserError(
        f'no protocol named {protocol!r}; there are {", ".join(PROTOCOLS)}')
  acts, target = _numbers('acts_NLD', acts_NLD, 3), _numbers(
      'target_N', target_N, 1)
  if len(acts) != len(target):
    raise UserError(
        f'activations of {len(acts)} items and a target of {len(target)}; '
        'give both for the same items, in the same order')
  if np.all(target == target[0]):
    raise UserError(
        f'the target is constant ({target[0]:g}); there is nothing to predict')
  if n_folds < 2:
    raise UserError(
        f'n_folds={n_folds} leaves nothing to train on; give 2 or more')
  if groups is None:
    if len(target) < 2 * n_folds:
      raise UserError(
          f'{len(target)} items are too few for n_folds={n_folds}: R² and '
          'correlation need two test items a fold; give more items or a '
          'smaller n_folds')
    folds = folds_lib.k_fold(len(target), n_folds)
  elif protocol == 'paper':
    raise UserError("the paper's protocol knows no groups; use 'sound'")
  else:
    groups = _labels(groups, len(target))
    folds = folds_lib.group_k_fold(groups, n_folds)
  if protocol == 'paper':
    return _means(least_squares.cross_validate(acts, target[:, None], folds))
  found, _ = ridge.cross_validate(
      acts, target[:, None], folds, groups=groups, seed=seed)
  return _means(found.scores, found.inner_mse)


def _means(
    found: scores.FoldScores, inner_mse_LFT: np.ndarray | None = None,
) -> LayerScores:
  r2_LF = np.asarray(found.r2)[..., 0]
  chosen = None
  if inner_mse_LFT is not None:
    best_F = np.argmin(inner_mse_LFT[..., 0], axis=0)
    chosen = float(r2_LF[best_F, np.arange(r2_LF.shape[1])].mean())
  return LayerScores(
      r2=r2_LF.mean(1), pearson=np.asarray(found.pearson)[..., 0].mean(1),
      mse=np.asarray(found.mse)[..., 0].mean(1), chosen_r2=chosen)


def _labels(groups: Sequence[object], n_items: int) -> list[str]:
  if len(groups) != n_items:
    raise UserError(f'{len(groups)} groups for {n_items} items; give each one')
  return [str(group) for group in groups]


def _numbers(name: str, values: npt.ArrayLike, n_dims: int) -> np.ndarray:
  array = np.asarray(values)
  if array.dtype.name == 'bfloat16':  # no number to NumPy
    array = array.astype(np.float32)
  if array.ndim != n_dims or not array.size:
    raise UserError(
        f'{name} must have {n_dims} dimension{"s" if n_dims > 1 else ""}, got '
        f'shape {array.shape}')
  if array.dtype.kind not in 'biuf':
    raise UserError(f'{name} must be numbers, got {array.dtype}')
  array = array.astype(np.promote_types(array.dtype, np.float32), copy=False)
  if not np.all(np.isfinite(array)):
    raise UserError(
        f'{name} has values that are missing or infinite; drop those items '
        'from both arrays')
  return array
