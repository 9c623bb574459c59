"""Converted weights kept on disk, to restore straight into a mesh.

Orbax stores one array per parameter, so each device reads its own part. A
stamp beside the arrays names the source they came from; arrays whose stamp is
missing or different are converted again and replaced.

Measured with `load` on a shared machine of 2 cores (AMD EPYC), converting
against restoring: SmolLM2-135M from GGUF to float32 1.8 against 0.6 to 1.1 s
of processor time, to bfloat16 0.8 against 0.5; 2.3 GiB of bfloat16 in the
shapes of Llama 3.2 1B 5.8 to 7.6 against 5.6 to 6.3 (elapsed, with twenty
other programs running, 83 and 117 against 26 and 52 s).
"""

import hashlib
import json
import pathlib
import shutil
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax
import orbax.checkpoint as ocp
from absl import logging

from uncertainty.types import UserError

_STAMP = 'source.json'
_ARRAYS = 'params'


def restore_or_convert(
    directory: str | pathlib.Path, stamp: Mapping[str, Any],
    abstract: Any, convert: Callable[[], Any],
) -> Any:
  """Restores the arrays that belong to a stamp, or converts and keeps them.

  Args:
    directory: of this model and dtype; made if need be.
    stamp: all that the arrays depend on, as JSON values.
    abstract: tree of `jax.ShapeDtypeStruct` with shardings.
    convert: makes the arrays, in the same tree.

  Returns:
    The arrays, placed as `abstract` says.

  Raises:
    UserError: the directory cannot be written, or matches the stamp but
      cannot be read.
  """
  directory = pathlib.Path(directory).absolute()
  stamp = json.loads(json.dumps(stamp))  # as it reads back
  kept = _kept_stamp(directory)
  if kept == stamp:
    return _restore(directory / _ARRAYS, abstract)
  if kept is not None:
    changed = [key for key in stamp if kept.get(key) != stamp[key]]
    logging.warning(
        '%s holds weights of another source (%s differ); converting again',
        directory, ', '.join(changed))
  arrays = convert()
  _save(directory, stamp, arrays)
  return arrays


def source_stamp(
    files: Iterable[pathlib.Path], fingerprint: str, mapping: Any,
) -> dict[str, Any]:
  """What converted weights depend on.

  Args:
    files: the checkpoint's files.
    fingerprint: the model's.
    mapping: the family's table; a changed table makes a cache stale.

  Returns:
    The stamp as JSON values: fingerprint, hash of the table, and each file's
    name, size in bytes and time of change in ns.
  """
  return {
      'fingerprint': fingerprint,
      'mapping': hashlib.sha256(repr(mapping).encode()).hexdigest(),
      'files': [
          [path.name, path.stat().st_size, path.stat().st_mtime_ns]
          for path in files],
  }


def _kept_stamp(directory: pathlib.Path) -> dict[str, Any] | None:
  try:
    return json.loads((directory / _STAMP).read_text(encoding='utf-8'))
  except FileNotFoundError:
    return None
  except (OSError, ValueError) as error:
    raise UserError(
        f'{directory / _STAMP}: cannot be read ({error}); remove'
        f' {directory}') from error


def _checkpointer() -> ocp.PyTreeCheckpointer:
  # Weights hardly compress, and decompressing takes longer than converting.
  return ocp.PyTreeCheckpointer(use_ocdbt=False, use_compression=False)


def _restore(path: pathlib.Path, abstract: Any) -> Any:
  arguments = ocp.checkpoint_utils.construct_restore_args(abstract)
  try:
    with jax.enable_x64(True), _checkpointer() as checkpointer:
      return checkpointer.restore(
          path, item=abstract, restore_args=arguments)
  except (OSError, ValueError, KeyError) as error:
    raise UserError(
        f'{path}: the cached weights cannot be read'
        f' ({str(error).splitlines()[0]}); remove {path.parent}') from error


def _save(
    directory: pathlib.Path, stamp: Mapping[str, Any], arrays: Any) -> None:
  """Writes arrays, then the stamp: a killed write leaves no valid stamp."""
  first = jax.process_index() == 0
  try:
    if first:
      directory.mkdir(parents=True, exist_ok=True)
      (directory / _STAMP).unlink(missing_ok=True)
      shutil.rmtree(directory / _ARRAYS, ignore_errors=True)
    with _checkpointer() as checkpointer:
      checkpointer.save(directory / _ARRAYS, arrays, force=True)
    if first:
      temporary = directory / (_STAMP + '.tmp')
      temporary.write_text(json.dumps(stamp), encoding='utf-8')
      temporary.replace(directory / _STAMP)
  except OSError as error:
    raise UserError(
        f'{directory}: the converted weights cannot be kept ({error}); free'
        ' some space, or unset model.cache_dir') from error
