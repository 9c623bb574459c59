"""Running sums of a scored run: DIR/moments/DATASET/MODEL/SITE.npz.

The score stage adds each chunk's activations to them and keeps no rows
(config.probe.store=sums). A file is replaced by renaming before the shards of
the items it holds are written; a resumed run adds no item twice.
"""

import pathlib
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from uncertainty.probes import controls
from uncertainty.probes import targets as targets_lib
from uncertainty.probes.fits import moments
from uncertainty.results import schema, shards
from uncertainty.types import Item, UserError

_BUFFER_ROWS = 1024  # added at once: a product of rows costs less than many
_MODEL_TARGETS = ('model_correct', 'model_entropy')


class Sums:
  """The sums of one data set and model, at every site.

  Items that lack a human target that others have are left out; the rest fall
  into folds that keep repeated questions together.
  """

  def __init__(self, folder: pathlib.Path, items: Sequence[Item],
               n_folds: int):
    """Goes on from what `folder`, DIR/moments/DATASET/MODEL, holds."""
    frame = schema.item_frame(items)
    human = targets_lib.values(frame)
    complete_N = human.notna().all(axis=1).to_numpy()
    frame = frame.loc[complete_N].reset_index(drop=True)
    split = controls.question_folds(frame, n_folds)
    ids = np.asarray(frame['item_id'])
    # Few groups of repeated questions make fewer folds.
    self._n_folds = split.folds.n_folds
    self._fold = {i: f for f in range(self._n_folds)
                  for i in ids[split.folds.test(f)]}
    self._human = human.loc[complete_N].set_index(ids)
    self._all_answered = not np.isnan(np.asarray(frame['answer'])).any()
    self._folder = folder
    self._sites: dict[str, _Site] = {}

  def add(self, item_ids: Sequence[str], columns: Mapping[str, Sequence],
          activations: Mapping[str, Sequence[np.ndarray]]) -> None:
    """Adds items that are not yet in the sums.

    Args:
      item_ids: n ids.
      columns: results of these items, each n long.
      activations: site → n of [L, D], or of [T, L, D] for T tokens an item.

    Raises:
      UserError: nothing to predict, sums of other targets or folds in the
        folder, or activations that are not finite.
    """
    places = [j for j, i in enumerate(item_ids) if i in self._fold]
    if not places:
      return
    ids = [item_ids[j] for j in places]
    targets = self._targets(ids, {
        name: [values[j] for j in places] for name, values in columns.items()})
    for site, values in activations.items():
      if site not in self._sites:
        self._sites[site] = _Site(
            self._folder / f'{site}.npz', list(targets), self._n_folds)
      for j, item, row_T in zip(places, ids, targets.to_numpy(), strict=True):
        self._sites[site].add(item, values[j], row_T, self._fold[item])

  def _targets(self, ids: list[str],
               columns: Mapping[str, Sequence]) -> pd.DataFrame:
    """[n, T]: people's, and what the model's answers say of themselves."""
    found = self._human.loc[ids]
    for name in _MODEL_TARGETS:
      column = targets_lib.TARGETS[name].column
      if column in columns and (
          name != 'model_correct' or self._all_answered):
        found = found.assign(**{name: np.asarray(columns[column], float)})
    if not found.shape[1]:
      raise UserError(
          'config.probe.store=sums needs targets while it scores, and these '
          'items have none; pass --config.probe.store=rows')
    return found

  def save(self) -> None:
    """Puts all of it on disk.

    Raises:
      UserError: the disk is full.
    """
    for site in self._sites.values():
      site.save()


class _Site:
  """One file: moments, the targets' names, and the items they hold."""

  def __init__(self, path: pathlib.Path, names: list[str], n_folds: int):
    self.path, self.names, self.n_folds = path, names, n_folds
    self.moments: moments.Moments | None = None
    self.held: set[str] = set()
    self.rows: list[tuple[np.ndarray, np.ndarray, int]] = []
    if path.exists():
      self.moments, held_names, held = read(path)
      self.held = set(held)
      if (held_names, len(self.moments.sums_FLEE)) != (names, n_folds):
        raise UserError(
            f'{path} holds sums of {", ".join(held_names)} in '
            f'{len(self.moments.sums_FLEE)} folds, this run makes '
            f'{", ".join(names)} in {n_folds}; choose another --workdir')

  def add(self, item: str, acts: np.ndarray, target_T: np.ndarray,
          fold: int) -> None:
    """One item's [L, D], or [T, L, D] of several tokens."""
    if item in self.held:
      return
    acts_NLD = acts if acts.ndim == 3 else acts[None]
    if not np.isfinite(acts_NLD).all() or not np.isfinite(target_T).all():
      raise UserError(
          f'activations or targets of item {item!r} for {self.path} are not '
          'finite; use --config.model.dtype=float32')
    self.held.add(item)
    self.rows.append((acts_NLD, target_T, fold))
    if sum(len(acts) for acts, _, _ in self.rows) >= _BUFFER_ROWS:
      self._empty_buffer()

  def _empty_buffer(self) -> None:
    if not self.rows:
      return
    counts = [len(acts) for acts, _, _ in self.rows]
    acts_NLD = np.concatenate([acts for acts, _, _ in self.rows])
    _, n_layers, width = acts_NLD.shape
    before = self.moments or moments.empty(
        self.n_folds, n_layers, width, len(self.names))
    self.moments = moments.update(
        before, acts_NLD,
        np.repeat([target for _, target, _ in self.rows], counts, axis=0),
        np.repeat([fold for _, _, fold in self.rows], counts))
    self.rows = []

  def save(self) -> None:
    self._empty_buffer()
    if self.moments is None:
      return
    with shards.replacing(self.path) as file:
      np.savez(file, sums_FLEE=self.moments.sums_FLEE,
               targets=np.array(self.names), item_ids=sorted(self.held))


def read(
    path: pathlib.Path) -> tuple[moments.Moments, list[str], list[str]]:
  """Sums, the targets' names, and the ids of the items in them.

  Args:
    path: DIR/moments/DATASET/MODEL/SITE.npz.

  Raises:
    UserError: a broken file.
  """
  try:
    with np.load(path, allow_pickle=False) as file:
      names = file['targets'].tolist()
      return (moments.Moments(file['sums_FLEE'], len(names)), names,
              file['item_ids'].tolist())
  except (OSError, ValueError, KeyError, EOFError) as error:
    raise UserError(
        f'cannot read {path} ({error}); run --stages=score in a new '
        '--workdir') from error


def sites(workdir: pathlib.Path) -> list[tuple[str, str, str]]:
  """The (data set, model, site) triples whose sums a workdir holds.

  Args:
    workdir: of a run.

  Returns:
    Triples in the order of their names.
  """
  found = sorted((workdir / 'moments').glob('*/*/*.npz'))
  return [(p.parts[-3], p.parts[-2], p.stem) for p in found]
