"""What a run keeps of activations, before the results that go with them.

An item counts as done once its shard is on disk, so its activations must be
there first.
"""

import pathlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np

from uncertainty.probes.sums import Sums
from uncertainty.results import activations
from uncertainty.specs import StudySpec
from uncertainty.types import Item

_SAVE_SECONDS = 60  # of scoring that a killed run with sums may do again


class Chunk(Protocol):
  """Finished items, as a task yields them (`inference.TaskChunk`).

  Attributes:
    item_ids: n ids.
    columns: results column → n entries.
    activations: site → n arrays [L, D], or [T, L, D] of all tokens.
  """

  @property
  def item_ids(self) -> Sequence[str]: ...

  @property
  def columns(self) -> Mapping[str, Any]: ...

  @property
  def activations(self) -> Mapping[str, Sequence[np.ndarray]]: ...


AnyChunk = TypeVar('AnyChunk', bound=Chunk)


def keep(
    chunks: Iterable[AnyChunk], items: Sequence[Item],
    spec: StudySpec, workdir: pathlib.Path, place: pathlib.Path,
) -> Iterator[AnyChunk]:
  """Passes chunks on, each once its activations are on disk.

  With `spec.probe.store` 'rows' each chunk's activations are appended to
  DIR/activations/DATASET/MODEL/SITE before it is yielded. With 'sums' chunks
  wait until the sums that hold them are saved, at least once a minute, so that
  the whole sums are not written for each.

  Args:
    chunks: of one task.
    items: all items of the run.
    spec: of the run; its `probe` says what is kept.
    workdir: of the run.
    place: DATASET/MODEL.

  Yields:
    The chunks themselves, in order.

  Raises:
    UserError: activations that cannot be kept, or a full disk.
  """
  if spec.probe.store == 'sums':
    yield from _sums(chunks, items, workdir / 'moments' / place,
                     spec.probe.n_folds)
    return
  append = (activations.append_tokens if spec.probe.positions == 'all'
            else activations.append)
  for chunk in chunks:
    for site, values in chunk.activations.items():
      append(workdir / 'activations' / place / site, chunk.item_ids, values,
             tokens=chunk.columns['captured_tokens'])
    yield chunk


def _sums(chunks: Iterable[AnyChunk], items: Sequence[Item],
          folder: pathlib.Path, n_folds: int,
          ) -> Iterator[AnyChunk]:
  sums = None
  waiting, saved = [], time.monotonic()
  for chunk in chunks:
    if not chunk.activations:
      yield chunk
      continue
    sums = sums or Sums(folder, items, n_folds)
    sums.add(chunk.item_ids, chunk.columns, chunk.activations)
    waiting.append(chunk)
    if time.monotonic() > saved + _SAVE_SECONDS:
      sums.save()
      yield from waiting
      waiting, saved = [], time.monotonic()
  if sums:
    sums.save()
    yield from waiting
