"""Directions that a probe reads, to steer along, and controls beside them.

A direction is fitted on a fold's training items alone, at the last token of
their prompts, and points to where its target is larger. All directions of a
layer are equally long: as long as the training items lie from their mean (root
mean square), so that a dose means the same along each.
"""

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from sklearn import linear_model, preprocessing

from uncertainty.errors import UserError, hint
from uncertainty.probes import targets as targets_lib
from uncertainty.probes.fits.folds import Folds
from uncertainty.probes.fits.ridge import PENALTIES
from uncertainty.results import columns, steering_columns

_LEAST = 4  # training items that know the target


def _stated_doubt(frame: pd.DataFrame) -> np.ndarray:
  """1 − the confidence that the model states in words."""
  if columns.VERBAL_CONFIDENCE not in frame:
    return np.full(len(frame), np.nan)
  return 1 - frame[columns.VERBAL_CONFIDENCE].to_numpy(np.float64)


def _target(name: str) -> Callable[[pd.DataFrame], np.ndarray]:
  def values(frame: pd.DataFrame) -> np.ndarray:
    found = targets_lib.values(frame, (name,))
    return (np.full(len(frame), np.nan) if found.empty
            else found[name].to_numpy(np.float64))
  return values


# What a direction reads: people's entropy, the model's own, whether it is
# right, and how unsure it says it is (Ji et al. 2025, arXiv 2503.14477).
TARGETS: Mapping[str, Callable[[pd.DataFrame], np.ndarray]] = {
    'people_entropy': _target(columns.HUMAN_ENTROPY),
    'model_entropy': _target('model_entropy'),
    'model_correct': _target('model_correct'),
    'stated_doubt': _stated_doubt,
}


@dataclasses.dataclass(frozen=True)
class Directions:
  """Directions of every fold.

  Attributes:
    names: targets, then controls such as `shuffled-1` and `random-1`.
    vectors_XFLD: of name, fold and layer; 0 at layers that are left alone.
  """

  names: tuple[str, ...]
  vectors_XFLD: np.ndarray

  def of(self, name: str, fold: int) -> np.ndarray:
    """One direction.

    Args:
      name: one of `names`.
      fold: from 0.

    Returns:
      [L, D].
    """
    return self.vectors_XFLD[self.names.index(name), fold]


def difference_of_means(acts_ND: np.ndarray, target_N: np.ndarray
                        ) -> np.ndarray:
  """Mean of the upper half of items less mean of the lower.

  The upper half is above the median; where no item is, at the largest value.

  Args:
    acts_ND: activations.
    target_N: the target, not constant.

  Returns:
    [D].

  Source:
    Marks & Tegmark 2023 (arXiv 2310.06824), mass-mean probing.
  """
  high_N = target_N > np.median(target_N)
  if not high_N.any():
    high_N = target_N == target_N.max()
  return acts_ND[high_N].mean(0) - acts_ND[~high_N].mean(0)


def ridge_normal(acts_ND: np.ndarray, target_N: np.ndarray) -> np.ndarray:
  """Gradient of a ridge regression on standardised activations.

  The penalty is the best of `ridge.PENALTIES` times D by leave-one-out error.

  Args:
    acts_ND: activations.
    target_N: the target.

  Returns:
    [D], in the activations' own unit.
  """
  scaler = preprocessing.StandardScaler().fit(acts_ND)
  fitted = linear_model.RidgeCV([p * acts_ND.shape[1] for p in PENALTIES]).fit(
      scaler.transform(acts_ND), target_N)
  return fitted.coef_ / np.asarray(scaler.scale_)


FITS: Mapping[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    'means': difference_of_means, 'ridge': ridge_normal}


def fit(acts_NLD: np.ndarray, frame: pd.DataFrame, names: tuple[str, ...],
        layers: tuple[int, ...], folds: Folds, *, how: str = 'means',
        n_controls: int = 5, seed: int = 0) -> Directions:
  """Directions of every fold from its training items.

  Controls: as many directions fitted to shuffled labels (the first target's,
  in another order for each), and as many drawn from a normal distribution.

  Args:
    acts_NLD: activations.
    frame: the results table of the N items, in the same order.
    names: of `TARGETS`.
    layers: to steer at.
    folds: over the N items.
    how: of `FITS`.
    n_controls: of each kind.
    seed: of the controls.

  Returns:
    The targets' directions and the controls'.

  Raises:
    UserError: an unknown target or layer, a target that is constant or missing
      in a fold's training items, or a fit without direction.
  """
  check(names, layers, acts_NLD.shape[1])
  values = {name: TARGETS[name](frame) for name in names}
  controls = [f'{kind}-{1 + r}' for kind in (
      steering_columns.SHUFFLED, steering_columns.RANDOM)
              for r in range(n_controls)]
  vectors_XFLD = np.zeros(
      (len(names) + len(controls), folds.n_folds, *acts_NLD.shape[1:]))
  for f in range(folds.n_folds):
    train = folds.train(f)
    known = {name: train[np.isfinite(values[name][train])] for name in names}
    for name in names:
      _check_target(name, values[name][known[name]])
    rng = np.random.default_rng((seed, f))
    first, items = values[names[0]], known[names[0]]
    shuffled = [rng.permutation(first[items]) for _ in range(n_controls)]
    for layer in layers:
      acts_ND = acts_NLD[:, layer].astype(np.float64)
      found = [FITS[how](acts_ND[known[n]], values[n][known[n]])
               for n in names]
      found += [FITS[how](acts_ND[items], labels) for labels in shuffled]
      found += list(rng.normal(size=(n_controls, acts_ND.shape[1])))
      vectors_XFLD[:, f, layer] = _as_long(
          np.array(found), _spread(acts_ND[train]), names)
  return Directions((*names, *controls), vectors_XFLD)


def _spread(acts_ND: np.ndarray) -> float:
  """How far items lie from their mean, root mean square."""
  return float(np.sqrt(((acts_ND - acts_ND.mean(0)) ** 2).sum(1).mean()))


def _as_long(found_XD: np.ndarray, length: float, names: tuple[str, ...]
             ) -> np.ndarray:
  lengths_X1 = np.linalg.norm(found_XD, axis=1, keepdims=True)
  if not (lengths_X1 > 0).all():
    raise UserError(
        f'the activations of the items to fit {" or ".join(names)} on do not '
        'differ: there is no direction to steer along')
  return found_XD * (length / lengths_X1)


def check(names: tuple[str, ...], layers: tuple[int, ...], n_layers: int
          ) -> None:
  """Refuses directions and layers that there are not.

  Args:
    names: of directions.
    layers: from 0.
    n_layers: of the model.

  Raises:
    UserError: names the one, and what there is.
  """
  for name in names:
    if name not in TARGETS:
      raise UserError(f'config.steer.directions names {name!r}; '
                      f'{hint(name, TARGETS)}')
  for layer in layers:
    if not 0 <= layer < n_layers:
      raise UserError(f'config.steer.layers names {layer}; the model has '
                      f'layers 0 to {n_layers - 1}')


def _check_target(name: str, target_n: np.ndarray) -> None:
  if len(target_n) < _LEAST or np.ptp(target_n) == 0:
    raise UserError(
        f'no direction of {name} can be fitted: {len(target_n)} training items '
        'know it and it is '
        f'{"alike in all of them" if len(target_n) else "nowhere"}; ask more '
        'items (config.data.limit), ask for it (stated_doubt: add verbal to '
        'config.prompt.answer), or leave it out of config.steer.directions')
