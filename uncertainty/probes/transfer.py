"""Train on one set of items, test on another, with the ridge probe."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from uncertainty.probes.fits import folds as folds_lib
from uncertainty.probes.fits import ridge
from uncertainty.types import UserError


def transfer(
    acts_NLD: np.ndarray, target_N: np.ndarray, to_acts_MLD: np.ndarray,
    to_target_M: np.ndarray, **options,
) -> ridge.RidgeScores:
  """Trains on all items of one set and tests on all of another.

  Args:
    acts_NLD, target_N: to train on; the penalty is chosen there.
    to_acts_MLD, to_target_M: to test on, of the same layers and width.
    **options: of `ridge.cross_validate`.

  Returns:
    Scores [L, 1, 1].

  Raises:
    UserError: activations of different shape.
  """
  if acts_NLD.shape[1:] != to_acts_MLD.shape[1:]:
    raise UserError(
        f'probes trained on activations of (layers, width) '
        f'{acts_NLD.shape[1:]} cannot be tested on {to_acts_MLD.shape[1:]}; '
        'transfer works between data sets, answer formats and versions of one '
        'architecture')
  n_train, n_test = len(acts_NLD), len(to_acts_MLD)
  folds = folds_lib.from_splits(
      [(np.arange(n_train), n_train + np.arange(n_test))], n_train + n_test)
  return ridge.cross_validate(
      np.concatenate([acts_NLD, to_acts_MLD]),
      np.concatenate([target_N, to_target_M])[:, None], folds, **options)[0]


def matrix(
    sets: Mapping[str, tuple[np.ndarray, np.ndarray]], **options,
) -> pd.DataFrame:
  """Transfer between all pairs of sets of equal layers and width.

  Args:
    sets: name → (activations [N, L, D], target [N], none missing).
    **options: of `ridge.cross_validate`.

  Returns:
    Rows (train, test, layer, r2, pearson, mse, n_train, n_test). Layer -1 is
    the layer of least inner error within the training set. On the diagonal,
    train = test, stands ten-fold cross-validation.
  """
  rows = []
  for train, (acts, target) in sets.items():
    for test, (to_acts, to_target) in sets.items():
      if acts.shape[1:] != to_acts.shape[1:]:
        continue
      if train == test:
        found = ridge.cross_validate(
            acts, target[:, None], folds_lib.k_fold(len(acts)), **options)[0]
      else:
        found = transfer(acts, target, to_acts, to_target, **options)
      values = {m: np.asarray(getattr(found.scores, m))[:, :, 0]
                for m in ('r2', 'pearson', 'mse')}
      best_F = np.argmin(found.inner_mse[:, :, 0], axis=0)
      for layer in range(-1, acts.shape[1]):
        picked = {m: v[best_F, np.arange(len(best_F))] if layer < 0
                  else v[layer] for m, v in values.items()}
        rows.append({
            'train': train, 'test': test, 'layer': layer,
            **{m: float(v.mean()) for m, v in picked.items()},
            'n_train': len(acts), 'n_test': len(to_acts)})
  return pd.DataFrame(rows)
