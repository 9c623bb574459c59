"""What a run keeps of activations, before the results that go with them.

An item counts as done once its shard is on disk, so its activations must be
there first.
"""

import pathlib
import time
from collections.abc import Iterable, Iterator, Sequence

from uncertainty import inference, probes
from uncertainty.results import activations
from uncertainty.specs import StudySpec
from uncertainty.types import Item

_SAVE_SECONDS = 60  # of scoring that a killed run with sums may do again


def keep(
    chunks: Iterable[inference.TaskChunk], items: Sequence[Item],
    spec: StudySpec, workdir: pathlib.Path, place: pathlib.Path,
) -> Iterator[inference.TaskChunk]:
  """The chunks, each once its activations are kept as `spec.probe` says.

  Args:
    chunks: of one task.
    items: all items of the run.
    spec: of the run.
    workdir: of the run.
    place: DATASET/MODEL.

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


def _sums(chunks: Iterable[inference.TaskChunk], items: Sequence[Item],
          folder: pathlib.Path, n_folds: int,
          ) -> Iterator[inference.TaskChunk]:
  sums = None
  waiting, saved = [], time.monotonic()
  for chunk in chunks:
    if not chunk.activations:
      yield chunk
      continue
    sums = sums or probes.Sums(folder, items, n_folds)
    sums.add(chunk.item_ids, chunk.columns, chunk.activations)
    waiting.append(chunk)
    if time.monotonic() > saved + _SAVE_SECONDS:
      sums.save()
      yield from waiting
      waiting, saved = [], time.monotonic()
  if sums:
    sums.save()
    yield from waiting
