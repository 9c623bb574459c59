"""Train on one set of items, test on another, with the ridge probe."""

import dataclasses
from collections.abc import Mapping

import numpy as np
import pandas as pd

from uncertainty.probes.fits import folds as folds_lib
from uncertainty.probes.fits import ridge
from uncertainty.results import derived
from uncertainty.types import UserError


@dataclasses.dataclass(frozen=True)
class TransferSet:
  """Items that a probe is trained or tested on.

  Attributes:
    acts_NLD: activations.
    target_N: target, none missing.
    ids_N: item ids; two models that were asked the same items share them.
  """

  acts_NLD: np.ndarray
  target_N: np.ndarray
  ids_N: np.ndarray


def transfer(
    train: TransferSet, test: TransferSet, **options) -> ridge.RidgeScores:
  """Trains on one set and tests on another, never on an item that trained.

  Sets without a common item: all of one trains, all of the other tests. Sets
  that share items, such as two models' answers to one data set: ten folds over
  the items, each tested by a probe of the other folds. Else a probe would be
  tested on the very targets that it was fitted to and its layer chosen by.

  Args:
    train: to train on; the penalty is chosen there.
    test: to test on, of the same layers and width.
    **options: of `ridge.cross_validate`.

  Returns:
    Scores [L, F, 1], F = 1 without common items.

  Raises:
    UserError: activations of different shape.
  """
  if train.acts_NLD.shape[1:] != test.acts_NLD.shape[1:]:
    raise UserError(
        f'probes trained on activations of (layers, width) '
        f'{train.acts_NLD.shape[1:]} cannot be tested on '
        f'{test.acts_NLD.shape[1:]}; transfer works between data sets, answer '
        'formats and versions of one architecture')
  n_train, n_items = len(train.ids_N), len(train.ids_N) + len(test.ids_N)
  splits = [(np.arange(n_train), np.arange(n_train, n_items))]
  if np.isin(train.ids_N, test.ids_N).any():
    ids = np.unique(np.concatenate([train.ids_N, test.ids_N]).astype(str))
    items = folds_lib.k_fold(len(ids))
    splits = [(np.flatnonzero(np.isin(train.ids_N, ids[items.train(f)])),
               n_train + np.flatnonzero(
                   np.isin(test.ids_N, ids[items.test(f)])))
              for f in range(items.n_folds)]
  return ridge.cross_validate(
      np.concatenate([train.acts_NLD, test.acts_NLD]),
      np.concatenate([train.target_N, test.target_N])[:, None],
      folds_lib.from_splits(splits, n_items), **options)[0]


def matrix(sets: Mapping[str, TransferSet], **options) -> pd.DataFrame:
  """Transfer between all pairs of sets of equal layers and width.

  Args:
    sets: by name.
    **options: of `ridge.cross_validate`.

  Returns:
    Rows (train, test, layer, r2, pearson, mse, n_train, n_test). Layer -1 is
    the layer of least error of inner folds, within the items that train: no
    item of the cell it is shown in takes part. On the diagonal, train = test,
    stands ten-fold cross-validation.
  """
  rows = []
  for train, own in sets.items():
    for test, other in sets.items():
      if own.acts_NLD.shape[1:] != other.acts_NLD.shape[1:]:
        continue
      if train == test:
        found = ridge.cross_validate(
            own.acts_NLD, own.target_N[:, None],
            folds_lib.k_fold(len(own.ids_N)), **options)[0]
      else:
        found = transfer(own, other, **options)
      values = {m: np.asarray(getattr(found.scores, m))[:, :, 0]
                for m in (derived.R2, derived.PEARSON, derived.MSE)}
      best_F = np.argmin(found.inner_mse[:, :, 0], axis=0)
      for layer in range(-1, own.acts_NLD.shape[1]):
        picked = {m: v[best_F, np.arange(len(best_F))] if layer < 0
                  else v[layer] for m, v in values.items()}
        rows.append({
            derived.TRAIN: train, derived.TEST: test, derived.LAYER: layer,
            **{m: float(v.mean()) for m, v in picked.items()},
            derived.N_TRAIN: len(own.ids_N), derived.N_TEST: len(other.ids_N)})
  return pd.DataFrame(rows)
