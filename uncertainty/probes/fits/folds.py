"""Which items train and which test, as index arrays of one shape."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from uncertainty.types import UserError


@dataclasses.dataclass(frozen=True)
class Folds:
  """A split of N items into F folds.

  Rows are padded with N, one past the last item, so that folds of unequal size
  share one shape (A: the largest training set, B: the largest test set).

  Attributes:
    train_FA, test_FB: item indices, padded with N.
    n_items: N.
  """

  train_FA: np.ndarray
  test_FB: np.ndarray
  n_items: int

  @property
  def n_folds(self) -> int:
    """How many there are, F."""
    return len(self.test_FB)

  @property
  def n_tests(self) -> np.ndarray:
    """Test items of each fold, [F]."""
    return (self.test_FB < self.n_items).sum(1)

  def train(self, fold: int) -> np.ndarray:
    """A fold's training items, without padding.

    Args:
      fold: from 0.

    Returns:
      Their indices.
    """
    return self._unpadded(self.train_FA[fold])

  def test(self, fold: int) -> np.ndarray:
    """A fold's test items, without padding.

    Args:
      fold: from 0.

    Returns:
      Their indices.
    """
    return self._unpadded(self.test_FB[fold])

  def _unpadded(self, row: np.ndarray) -> np.ndarray:
    return row[row < self.n_items]

  def part(self, which: slice) -> 'Folds':
    """Some of the folds, in the same padded shape.

    Args:
      which: of the folds.

    Returns:
      Folds over the same items.
    """
    return Folds(self.train_FA[which], self.test_FB[which], self.n_items)


def from_splits(
    splits: Sequence[tuple[np.ndarray, np.ndarray]], n_items: int, *,
    multiple: int = 1) -> Folds:
  """Folds from (train, test) index pairs, such as a scikit-learn splitter's.

  Args:
    splits: a pair of index arrays for each fold.
    n_items: N.
    multiple: pads training sets to one of it, so that folds of about one size
      share a compiled program.

  Returns:
    The folds, padded to one shape; none of no splits.
  """
  return Folds(
      train_FA=_padded([s[0] for s in splits], n_items, multiple),
      test_FB=_padded([s[1] for s in splits], n_items), n_items=n_items)


def _padded(rows: Sequence[np.ndarray], fill: int, multiple: int = 1,
            ) -> np.ndarray:
  width = -(-max((len(r) for r in rows), default=0) // multiple) * multiple
  padded = np.full((len(rows), width), fill, np.int32)
  for row, values in zip(padded, rows, strict=True):
    row[:len(values)] = values
  return padded


def k_fold(n_items: int, n_folds: int = 10, seed: int = 42) -> Folds:
  """Shuffled folds: exactly scikit-learn's KFold, whose default is the paper's.

  Args:
    n_items: N.
    n_folds: F.
    seed: of the shuffle.

  Returns:
    Folds in which each item is tested once.

  Raises:
    UserError: fewer than two items a fold.
  """
  if n_folds < 2:
    raise UserError(f'{n_folds} fold(s) leave nothing to train on; give 2 or '
                    'more, as --config.probe.n_folds')
  if n_items < 2 * n_folds:
    raise UserError(
        f'{n_items} items are too few for {n_folds} folds: R² and correlation '
        f'need two test items a fold; raise config.data.limit or lower '
        '--config.probe.n_folds')
  from sklearn import model_selection  # slow to import

  splitter = model_selection.KFold(n_folds, shuffle=True, random_state=seed)
  return from_splits(list(splitter.split(np.empty(n_items))), n_items)


def group_k_fold(
    groups: Sequence[str], n_folds: int = 10, seed: int = 42) -> Folds:
  """Folds that keep each group's items (a subject, a topic) together.

  With as many folds as groups this leaves one group out at a time.

  Args:
    groups: of each of N items.
    n_folds: F; no more than there are groups.
    seed: of the shuffle.

  Returns:
    Folds in which each item is tested once.

  Raises:
    UserError: fewer groups than folds need.
  """
  labels = np.asarray(groups)
  n_groups = len(np.unique(labels))
  if n_groups < 2:
    raise UserError(
        f'all {len(labels)} items are of one group (the same question, cluster '
        'or topic), and folds that keep groups together need two: raise '
        'config.data.limit or choose another config.data.name; from Python, '
        'leave out `groups`')
  from sklearn import model_selection  # slow to import

  splitter = model_selection.GroupKFold(
      min(n_folds, n_groups), shuffle=True, random_state=seed)
  splits = splitter.split(np.empty(len(labels)), groups=labels)
  return from_splits(list(splits), len(labels))


def has_inner(outer: Folds, n_inner: int, groups: Sequence[str] | None = None,
              ) -> bool:
  """Whether every training set is large enough for `inner_tests`.

  Args:
    outer: folds over N items.
    n_inner: inner folds of each training set.
    groups: of the N items; each stays together.

  Returns:
    True if each has two items an inner fold, or two groups.
  """
  trains = [outer.train(f) for f in range(outer.n_folds)]
  if groups is None:
    return min(map(len, trains)) >= 2 * n_inner
  labels = np.asarray(groups)
  return min(len(np.unique(labels[train])) for train in trains) > 1


def inner_tests(
    outer: Folds, n_inner: int, seed: int,
    groups: Sequence[str] | None = None,
) -> np.ndarray:
  """Test rows of the inner folds, as positions within `outer.train_FA`.

  Args:
    outer: folds over N items.
    n_inner: I, inner folds of each training set.
    seed: of the shuffle.
    groups: of the N items; each stays together.

  Returns:
    [F, I, B] positions, padded with A (one past the last).
  """
  width = outer.train_FA.shape[1]
  rows = []
  for fold in range(outer.n_folds):
    train = outer.train(fold)
    if groups is None:
      inner = k_fold(len(train), n_inner, seed)
    else:
      inner = group_k_fold(np.asarray(groups)[train].tolist(), n_inner, seed)
    rows.append([inner.test(i) for i in range(inner.n_folds)])
  most = max(len(r) for r in rows)  # fewer groups make fewer inner folds
  rows = [r + [np.empty(0, np.int32)] * (most - len(r)) for r in rows]
  flat = _padded([test for row in rows for test in row], width)
  return flat.reshape(outer.n_folds, most, -1)
