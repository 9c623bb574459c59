"""What a run keeps of activations, before the results that go with them.

An item counts as done once its shard is on disk, so its activations must be
there first.
"""

import pathlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np

from uncertainty.analysis.scores import people
from uncertainty.probes import sums as sums_lib
from uncertainty.results import activations, columns
from uncertainty.specs import StudySpec, listed
from uncertainty.types import Item

_SAVE_SECONDS = 60  # of scoring that a killed run with sums may do again


class Chunk(Protocol):
  """Finished items, as a task yields them (`inference.TaskChunk`)."""

  @property
  def item_ids(self) -> Sequence[str]:
    """Ids of n items."""
    ...

  @property
  def columns(self) -> Mapping[str, Any]:
    """Results column → n entries."""
    ...

  @property
  def activations(self) -> Mapping[str, Sequence[np.ndarray]]:
    """Site → n arrays [L, D], or [T, L, D] of all tokens or positions."""
    ...


AnyChunk = TypeVar('AnyChunk', bound=Chunk)


def held(spec: StudySpec, workdir: pathlib.Path, place: pathlib.Path,
         settings: str) -> frozenset[str] | None:
  """The items whose activations are on disk and whole; others are set aside.

  Args:
    spec: of the run; it captures activations.
    workdir: of the run.
    place: DATASET/MODEL.
    settings: digest of what running sums are of.

  Returns:
    Item ids; None where running sums are whole: they hold what was scored.
  """
  sites, positions = listed(spec.probe.sites), listed(spec.probe.positions)
  if spec.probe.store == 'sums':
    return sums_lib.sort_out(
        workdir / 'moments' / place, sites, _settings(settings, spec))
  return frozenset.intersection(*(
      activations.sort_out(
          workdir / 'activations' / place / activations.site_at(
              site, position, positions))
      for site in sites for position in positions))


def store_activations(
    chunks: Iterable[AnyChunk], items: Sequence[Item],
    spec: StudySpec, workdir: pathlib.Path, place: pathlib.Path,
    settings: str = '',
) -> Iterator[AnyChunk]:
  """Passes chunks on, each once its activations are on disk.

  With `spec.probe.store` 'rows' each chunk's activations are appended to
  DIR/activations/DATASET/MODEL/SITE (`activations.site_at`) before it is
  yielded. With 'sums' chunks
  wait until the sums that hold them are saved, at least once a minute, so that
  the whole sums are not written for each.

  Args:
    chunks: of one task.
    items: all items of the run.
    spec: of the run; its `probe` says what is kept.
    workdir: of the run.
    place: DATASET/MODEL.
    settings: digest of what running sums are of, for `held`.

  Yields:
    The chunks themselves, in order.

  Raises:
    UserError: activations that cannot be kept, or a full disk.
  """
  if spec.probe.store == 'sums':
    yield from _sums(chunks, items, workdir / 'moments' / place, spec,
                     _settings(settings, spec))
    return
  positions = listed(spec.probe.positions)
  for chunk in chunks:
    for site, values in chunk.activations.items():
      tokens = chunk.columns[columns.CAPTURED_TOKENS]
      if len(positions) == 1:
        append = (activations.append_tokens if positions == ('all',)
                  else activations.append)
        append(workdir / 'activations' / place / site, chunk.item_ids, values,
               tokens=tokens)
        continue
      for p, position in enumerate(positions):
        activations.append(
            workdir / 'activations' / place / activations.site_at(
                site, position, positions),
            chunk.item_ids, [some[p] for some in values],
            tokens=[some[p] for some in tokens])
    yield chunk


def _settings(settings: str, spec: StudySpec) -> str:
  """Sums cannot take another estimate of people's entropy: they are of one."""
  estimator = people.estimator_of(spec, published=True)
  return settings if estimator == 'plain' else f'{settings} {estimator}'


def _sums(chunks: Iterable[AnyChunk], items: Sequence[Item],
          folder: pathlib.Path, spec: StudySpec, settings: str,
          ) -> Iterator[AnyChunk]:
  sums = None
  waiting, saved = [], time.monotonic()
  for chunk in chunks:
    if not chunk.activations:
      yield chunk
      continue
    sums = sums or sums_lib.Sums(
        folder, items, spec.probe.n_folds, settings, spec)
    sums.add(chunk.item_ids, chunk.columns, chunk.activations)
    waiting.append(chunk)
    if time.monotonic() > saved + _SAVE_SECONDS:
      sums.save()
      yield from waiting
      waiting, saved = [], time.monotonic()
  if sums:
    sums.save()
    yield from waiting
