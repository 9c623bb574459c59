"""Running sums of a scored run: DIR/moments/DATASET/MODEL/SITE.npz.

The score stage adds each chunk's activations to them and keeps no rows
(config.probe.store=sums). A file is replaced by renaming before the shards of
the items it holds are written; a resumed run adds no item twice.
"""

import dataclasses
import pathlib
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from absl import logging

from uncertainty import files
from uncertainty.analysis.scores import people
from uncertainty.probes import controls
from uncertainty.probes import targets as targets_lib
from uncertainty.probes.fits import moments
from uncertainty.results import columns, schema, shards
from uncertainty.specs import StudySpec
from uncertainty.types import Item, UserError

_BUFFER_ROWS = 1024  # added at once: a product of rows costs less than many
_MOST_FOLDS = 1000  # config.probe.n_folds
_REMEDY = 'run --stages=score again to redo it'
_MODEL_TARGETS = ('model_correct', 'model_entropy')


@dataclasses.dataclass(frozen=True)
class Stored:
  """What a file of sums holds.

  Attributes:
    moments: the sums.
    targets: names of their targets.
    item_ids: the items in them.
    settings: digest of what they are of; '' where the file does not say.
  """

  moments: moments.Moments
  targets: list[str]
  item_ids: list[str]
  settings: str


class Sums:
  """The sums of one data set and model, at every site.

  Items that lack a human target that others have are left out; the rest fall
  into folds that keep repeated questions together.
  """

  def __init__(self, folder: pathlib.Path, items: Sequence[Item],
               n_folds: int, settings: str = '',
               spec: StudySpec | None = None):
    """Goes on from what `folder`, DIR/moments/DATASET/MODEL, holds.

    Args:
      folder: of the data set and model.
      items: all items of the run.
      n_folds: that repeated questions are kept together in.
      settings: digest of what the sums are of; kept in the file.
      spec: of `analysis.human_entropy` and `mode`: how people's entropy, a
        target, is estimated; None: plainly.
    """
    self._settings = settings
    frame = schema.item_frame(items)
    if spec is not None:
      key = 'items', 'all'
      frame = people.estimated({key: frame}, spec)[key]
    human = targets_lib.values(frame)
    complete_N = human.notna().all(axis=1).to_numpy()
    frame = frame.loc[complete_N]
    split = controls.question_folds(frame, n_folds)
    ids = np.asarray(frame[columns.ITEM_ID])
    # Few groups of repeated questions make fewer folds.
    self._n_folds = split.folds.n_folds
    self._fold = {i: f for f in range(self._n_folds)
                  for i in ids[split.folds.test(f)]}
    self._human = human.loc[complete_N].set_index(ids)
    self._all_answered = not np.isnan(np.asarray(frame[columns.ANSWER])).any()
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
            self._folder / f'{site}.npz', list(map(str, targets)),
            self._n_folds, self._settings)
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

  def __init__(self, path: pathlib.Path, names: list[str], n_folds: int,
               settings: str):
    self.settings = settings
    self.path, self.names, self.n_folds = path, names, n_folds
    self.moments: moments.Moments | None = None
    self.held: set[str] = set()
    self.rows: list[tuple[np.ndarray, np.ndarray, int]] = []
    if path.exists():
      found = read(path)
      self.moments, held_names = found.moments, found.targets
      self.held = set(found.item_ids)
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
               targets=np.array(self.names), item_ids=sorted(self.held),
               settings=np.array(self.settings))


def read(path: pathlib.Path) -> Stored:
  """The sums that a file holds.

  Args:
    path: DIR/moments/DATASET/MODEL/SITE.npz.

  Returns:
    Sums of one shape in all folds, finite.

  Raises:
    UserError: a broken file.
  """
  # Opened here: NumPy leaves a file open that it finds damaged.
  with files.malformed(path, _REMEDY):
    files.plain_size(path)  # which no pipe has
  with files.malformed(path, _REMEDY), path.open('rb') as raw:
    with zipfile.ZipFile(raw) as archive:
      # Sums are written as they are. What is packed may unpack to anything.
      if any(member.compress_type != zipfile.ZIP_STORED
             for member in archive.infolist()):
        raise ValueError('it is compressed')
    raw.seek(0)
    with np.load(raw, allow_pickle=False) as file:
      found = {name: file[name] for name in file.files}
    names, ids = found['targets'].tolist(), found['item_ids'].tolist()
    sums_FLEE = found['sums_FLEE']
    _check(sums_FLEE, names, ids)
    return Stored(moments.Moments(sums_FLEE, len(names)), names, ids,
                  str(found.get('settings', '')))


def _check(sums_FLEE: np.ndarray, names: Any, ids: Any) -> None:
  for texts in (names, ids):
    if not isinstance(texts, list) or not texts or not all(
        isinstance(text, str) for text in texts):
      raise ValueError('its targets and items are not lists of names')
    if len(set(texts)) < len(texts):
      raise ValueError('it names a target or an item twice')
  shape = sums_FLEE.shape
  if (sums_FLEE.dtype != np.float64 or len(shape) != 4
      or shape[2] != shape[3] or shape[2] < len(names) + 2
      or not 1 <= shape[0] <= _MOST_FOLDS or not shape[1]):
    raise ValueError(f'{sums_FLEE.dtype} of shape {shape} are no sums of '
                     f'{len(names)} targets')
  if not np.isfinite(sums_FLEE).all():
    raise ValueError('sums that are not finite')


def sort_out(folder: pathlib.Path, names: Sequence[str], settings: str,
             ) -> frozenset[str] | None:
  """Sets sums aside that are damaged, or of other items or settings.

  Sums cannot be mended: without one site's, all items are asked again.

  Args:
    folder: DIR/moments/DATASET/MODEL.
    names: the run's sites.
    settings: digest of what its sums are of.

  Returns:
    None if all sites' sums are there; no items if one's are not.
  """
  paths = [folder / f'{name}.npz' for name in names]
  problem = ''
  for path in filter(pathlib.Path.exists, paths):
    try:
      if read(path).settings != settings:
        problem = problem or f'{path} is of other items or settings'
    except UserError as error:
      problem = problem or str(error)
  if not problem and all(path.exists() for path in paths):
    return None
  for path in filter(pathlib.Path.exists, paths):
    logging.warning('%s; set aside as %s', problem or 'sites are missing',
                    shards.set_aside(path))
  return frozenset()


def sites(workdir: pathlib.Path) -> list[tuple[str, str, str]]:
  """The (data set, model, site) triples whose sums a workdir holds.

  Args:
    workdir: of a run.

  Returns:
    Triples in the order of their names.
  """
  found = sorted((workdir / 'moments').glob('*/*/*.npz'))
  return [(p.parts[-3], p.parts[-2], p.stem) for p in found]
