"""What a tuning resumes from: whole checkpoints, or none.

  DIR/tuning/000000050/state/      Orbax: weights, optimiser, step
  DIR/tuning/000000050/log.parquet the rows up to there
  DIR/tuning/000000050/digest      of state/

A checkpoint is written under another name and takes its own once it is whole;
the last two stay. Whoever is killed in between resumes from the one before.
"""

import contextlib
import logging as python_logging
import pathlib
import shutil
from collections.abc import Iterator
from typing import Any

import jax
import orbax.checkpoint as ocp
import pandas as pd
from absl import logging

from uncertainty import file_digest, files
from uncertainty.results import shards
from uncertainty.types import UserError

_KEPT = 2
_STATE, _LOG, _DIGEST, _STAMP = 'state', 'log.parquet', 'digest', 'settings'


def claim(folder: pathlib.Path, settings: str) -> None:
  """Makes the folder one of a tuning with these settings.

  Args:
    folder: DIR/tuning, made if it is not there.
    settings: digest of all that decides the weights.

  Raises:
    UserError: it belongs to a tuning with others.
  """
  path = folder / _STAMP
  if path.is_file():
    if path.read_text(encoding='utf-8') != settings:
      raise UserError(
          f'{folder} holds the tuning of another config, model or data; pass '
          'the same ones to resume it, or choose another --workdir')
    return
  folder.mkdir(parents=True, exist_ok=True)
  with shards.replacing(path) as file:
    file.write(settings.encode())


def save(folder: pathlib.Path, step: int, state: Any, log: pd.DataFrame
         ) -> None:
  """Keeps a state, whole or not at all.

  Args:
    folder: DIR/tuning.
    step: steps done.
    state: tree of arrays.
    log: the rows so far.

  Raises:
    UserError: the disk is full, or the folder may not be written to.
  """
  place = folder / f'{step:09d}'
  temporary = place.with_suffix(shards.TEMPORARY)
  with files.writing(place):
    for path in (temporary, place):
      shutil.rmtree(path, ignore_errors=True)
    temporary.mkdir()
    with _unmerged(), _checkpointer() as checkpointer:
      checkpointer.save((temporary / _STATE).absolute(), state)
    log.to_parquet(temporary / _LOG)
    (temporary / _DIGEST).write_text(
        file_digest.of_folder(temporary / _STATE), encoding='utf-8')
    temporary.rename(place)
  for old in _checkpoints(folder)[:-_KEPT]:
    shutil.rmtree(old)


def restore(folder: pathlib.Path, like: Any) -> tuple[Any, pd.DataFrame] | None:
  """The last whole state.

  Args:
    folder: DIR/tuning.
    like: a state of the same tuning; says where arrays go.

  Returns:
    The state and the rows up to it; None where there is none yet.
  """
  for place in reversed(_checkpoints(folder)):
    stated = place / _DIGEST  # none of one that a bucket holds in part
    if not stated.is_file() or stated.read_text(
        encoding='utf-8') != file_digest.of_folder(place / _STATE):
      logging.warning('%s is not as it was written; the one before is taken',
                      place)
      continue
    abstract = jax.tree.map(
        lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=x.sharding),
        like)
    arguments = ocp.checkpoint_utils.construct_restore_args(abstract)
    with _checkpointer() as checkpointer:
      state = checkpointer.restore((place / _STATE).absolute(), item=abstract,
                                   restore_args=arguments)
    return state, pd.read_parquet(place / _LOG)
  return None


def _checkpoints(folder: pathlib.Path) -> list[pathlib.Path]:
  """Whole ones, the oldest first."""
  return sorted(p for p in folder.iterdir()
                if p.is_dir() and p.suffix != shards.TEMPORARY)


@contextlib.contextmanager
def _unmerged() -> Iterator[None]:
  """Without Orbax's warning, at each save, that it merges no OCDBT files."""
  logger = logging.get_absl_logger()
  logger.addFilter(_concerns)
  try:
    yield
  finally:
    logger.removeFilter(_concerns)


def _concerns(record: python_logging.LogRecord) -> bool:
  return 'Skipping merge of OCDBT' not in str(record.msg)


def _checkpointer() -> ocp.PyTreeCheckpointer:
  return ocp.PyTreeCheckpointer(use_ocdbt=False, use_compression=False)
