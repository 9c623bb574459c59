"""What activations tell beyond the output, judged forward.

Items are put in a random order and cut into blocks, clusters whole. The probe
of a block was fitted on the blocks before it, and its layer and penalty were
chosen there, so that a block's products of residual and score are martingale
differences: given the past their mean is what this probe is worth on new
items, and exactly 0 if activations tell nothing more. No correction for the
choice of a layer is left to make. Folds that take turns lack this: two blocks
that train each other's probes are correlated, and the plain error of their
mean is too small by up to √2.

Source: Dawid 1984, The prequential approach (forward validation); Robinson
1988 (residual on residual).
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd

from uncertainty.probes import controls
from uncertainty.probes import targets as targets_lib
from uncertainty.probes.fits import folds as folds_lib
from uncertainty.probes.fits import ridge
from uncertainty.results import columns, derived

TARGET = columns.HUMAN_ENTROPY
N_BLOCKS, _FIRST = 6, 2  # blocks, and how many only train
LEAST = 100  # items


@dataclasses.dataclass(frozen=True)
class Scores:
  """What each block's probe says beyond the baseline.

  Attributes:
    score_N: prediction less that of the baseline alone, by probes that saw
      neither; NaN in blocks that only train.
    layer_F: the layer that each block's probe reads.
  """

  score_N: np.ndarray
  layer_F: np.ndarray


def table(acts_NLD: np.ndarray, frame: pd.DataFrame, seed: int) -> pd.DataFrame:
  """Residuals of people's entropy beside scores of the activations.

  Args:
    acts_NLD: activations.
    frame: the results table of the N items, in the same order.
    seed: of the order of items and of inner folds.

  Returns:
    item_id, target, fold, layer (the one that this fold's probe reads),
    residual (of the target, about `baseline` on the tested items), score and
    n_baseline (columns of `baseline`); a row per tested item. Empty where the
    target or the model's output is not known, of fewer than 100 items, or
    where `blocks` has no folds.
  """
  known = targets_lib.values(frame, (TARGET,))
  if known.empty or known[TARGET].notna().sum() < LEAST:
    return pd.DataFrame()
  mask_N = known[TARGET].notna().to_numpy()
  frame = frame.loc[mask_N]
  base_NQ, target_N = baseline(frame), known[TARGET].to_numpy()[mask_N]
  if not base_NQ.shape[1]:
    return pd.DataFrame()
  groups = clusters(frame)
  folds = blocks(groups, seed)
  if not folds.n_folds:
    return pd.DataFrame()
  found = scores(acts_NLD[mask_N], target_N, base_NQ, folds, groups, seed)
  fold_N = np.full(len(frame), -1)
  for f in range(folds.n_folds):
    fold_N[folds.test(f)] = f
  tested = fold_N >= 0
  return pd.DataFrame({
      columns.ITEM_ID: frame[columns.ITEM_ID].to_numpy()[tested],
      derived.TARGET: TARGET, derived.FOLD: fold_N[tested],
      derived.LAYER: found.layer_F[fold_N[tested]],
      derived.RESIDUAL: residual(target_N[tested], base_NQ[tested]),
      derived.SCORE: found.score_N[tested],
      derived.N_BASELINE: base_NQ.shape[1]})


def baseline(
    frame: pd.DataFrame, like: pd.DataFrame | None = None, *,
    more: Sequence[str] = (), barred: Sequence[str] = ()) -> np.ndarray:
  """What is known without activations, and its squares.

  Args:
    frame: a results table.
    like: the table whose mean and deviation make the unit; None: `frame`.
    more: further output measures.
    barred: features to leave out, which would give the target away.

  Returns:
    [N, Q]; no columns where no output measure is known. See
    `controls.baseline_features`.
  """
  own = controls.baseline_features(frame, more)
  unit = own if like is None else controls.baseline_features(like, more)
  unit = unit[[c for c in unit if c not in barred]]
  if not set(unit) & {*controls.OUTPUT_MEASURES, *more}:
    return np.zeros((len(frame), 0))
  standard = ((own[list(unit)] - unit.mean()) / unit.std(ddof=0)).to_numpy()
  return np.concatenate([standard, standard ** 2], 1)


def residual(target_N: np.ndarray, base_NQ: np.ndarray) -> np.ndarray:
  """Least-squares residuals about the columns and an intercept.

  Args:
    target_N: y.
    base_NQ: columns.

  Returns:
    [N].
  """
  design = np.column_stack([np.ones(len(target_N)), base_NQ])
  return target_N - design @ np.linalg.lstsq(design, target_N, rcond=None)[0]


def clusters(frame: pd.DataFrame) -> list[str]:
  """What stays together: a named cluster, else items of the same question.

  Args:
    frame: a results table of N items.

  Returns:
    N names.
  """
  named = ([None] * len(frame) if columns.CLUSTER not in frame
           else list(frame[columns.CLUSTER]))
  asked = (controls.duplicate_groups(frame) if columns.QUESTION in frame
           else list(map(str, range(len(frame)))))
  return [f'cluster {name}' if name and name == name else f'question {words}'
          for name, words in zip(named, asked, strict=True)]


def blocks(groups: list[str], seed: int) -> folds_lib.Folds:
  """Each block but the first two is tested, all before it train.

  Args:
    groups: of each of N items; kept whole.
    seed: of the order.

  Returns:
    Folds that test two thirds of the items once; fewer, or no folds, where
    large clusters leave a block without items, or less than the two clusters
    that inner folds need before it.
  """
  _, group_N = np.unique(np.array(groups), return_inverse=True)
  place_G = np.random.default_rng(seed).permutation(group_N.max() + 1)
  order = np.argsort(place_G[group_N], kind='stable')
  # Items before the first of its cluster, in this order.
  place_n = place_G[group_N[order]]
  start_n = np.searchsorted(place_n, place_n)
  block_N = np.empty(len(order), int)
  block_N[order] = start_n * N_BLOCKS // len(order)
  return folds_lib.from_splits(
      [(np.flatnonzero(block_N < b), np.flatnonzero(block_N == b))
       for b in range(_FIRST, N_BLOCKS)
       if len(set(group_N[block_N < b])) > 1 and (block_N == b).any()],
      len(order))


def scores(
    acts_NLD: np.ndarray, target_N: np.ndarray, base_NQ: np.ndarray,
    folds: folds_lib.Folds, groups: list[str], seed: int) -> Scores:
  """Fits every layer on each fold's training items and reads one of them.

  Args:
    acts_NLD: activations.
    target_N: what is read out; only its training items are looked at.
    base_NQ: columns that are always fitted, without penalty.
    folds: over the N items.
    groups: of the N items; kept whole in the inner folds.
    seed: of the inner folds.

  Returns:
    Scores of the tested items, by the layer of least inner error.
  """
  found, _ = ridge.cross_validate(
      acts_NLD, target_N[:, None], folds, unpenalised_NQ=base_NQ, rule='min',
      groups=groups, seed=seed, with_predictions=True)
  layer_F = np.argmin(found.inner_mse[..., 0], 0)
  score_N = np.full(len(target_N), np.nan)
  design = np.column_stack([np.ones(len(target_N)), base_NQ])
  for f, layer in enumerate(layer_F):
    train, test = folds.train(f), folds.test(f)
    alone = np.linalg.lstsq(design[train], target_N[train], rcond=None)[0]
    score_N[test] = found.predicted[layer, test, 0] - design[test] @ alone
  return Scores(score_N, layer_F)
