"""Converted weights kept on disk, to restore straight into a mesh.

Orbax stores one array per parameter, so each device reads its own part. A
stamp beside the arrays names the source they came from; arrays whose stamp is
missing or different, or whose bytes are not those that were written, are
converted again and replaced.

Measured with `load` on a shared machine of 2 cores (AMD EPYC), converting
against restoring: SmolLM2-135M from GGUF to float32 1.8 against 0.6 to 1.1 s
of processor time, to bfloat16 0.8 against 0.5; 2.3 GiB of bfloat16 in the
shapes of Llama 3.2 1B 5.8 to 7.6 against 5.6 to 6.3 (elapsed, with twenty
other programs running, 83 and 117 against 26 and 52 s).
"""

import errno
import hashlib
import json
import os
import pathlib
import resource
import shutil
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import jax
from absl import logging

from uncertainty import file_digest, files
from uncertainty.types import UserError

if TYPE_CHECKING:  # slow to import, and needed by few starts
  import orbax.checkpoint as ocp

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
    UserError: the directory cannot be written.
  """
  directory = pathlib.Path(directory).absolute()
  stamp = json.loads(json.dumps(stamp))  # as it reads back
  problem = _problem(directory, stamp)
  if problem == '':
    try:
      return _restore(directory / _ARRAYS, abstract)
    except (OSError, ValueError, KeyError) as error:
      problem = f'cannot be read ({str(error).splitlines()[0]})'
  if problem is not None:
    logging.warning('the weights in %s %s; converting again',
                    directory, problem)
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


def _problem(
    directory: pathlib.Path, stamp: Mapping[str, Any]) -> str | None:
  """What speaks against the kept arrays: '' nothing; None: there are none."""
  path = directory / _STAMP
  if not path.exists():
    return None
  try:
    kept = files.read_json(path, 'delete it')
  except UserError as error:
    return f'have a damaged stamp ({error})'
  arrays = kept.pop(_ARRAYS, None)
  changed = [key for key in stamp if kept.get(key) != stamp[key]]
  if changed:
    return f'are of another source ({", ".join(changed)} differ)'
  # Every byte, every time: arrays are read whole anyway, and a disk that
  # loses a bit leaves the file's time as it was.
  if arrays != file_digest.of_folder(directory / _ARRAYS):
    return 'are not the bytes that were written'
  return ''


def _checkpointer() -> 'ocp.PyTreeCheckpointer':
  import orbax.checkpoint as ocp

  # Weights hardly compress, and decompressing takes longer than converting.
  return ocp.PyTreeCheckpointer(use_ocdbt=False, use_compression=False)


def _restore(path: pathlib.Path, abstract: Any) -> Any:
  import orbax.checkpoint as ocp

  arguments = ocp.checkpoint_utils.construct_restore_args(abstract)
  with jax.enable_x64(True), _checkpointer() as checkpointer:
    return checkpointer.restore(
        path, item=abstract, restore_args=arguments)


def _save(
    directory: pathlib.Path, stamp: Mapping[str, Any], arrays: Any) -> None:
  """Writes arrays, then the stamp: a killed write leaves no valid stamp."""
  first = jax.process_index() == 0
  with files.writing(directory):
    # By each process: none measures the room of a folder that is to come.
    directory.mkdir(parents=True, exist_ok=True)
    if first:
      (directory / _STAMP).unlink(missing_ok=True)
      shutil.rmtree(directory / _ARRAYS, ignore_errors=True)
    _check_room(directory, arrays)
    with _checkpointer() as checkpointer:
      checkpointer.save(directory / _ARRAYS, arrays, force=True)
    if first:
      temporary = directory / (_STAMP + '.tmp')
      written = {_ARRAYS: file_digest.of_folder(directory / _ARRAYS)}
      temporary.write_text(json.dumps({**stamp, **written}), encoding='utf-8')
      temporary.replace(directory / _STAMP)


def _check_room(directory: pathlib.Path, arrays: Any) -> None:
  """Orbax's threads print a traceback each when a write is refused them."""
  sizes = [x.nbytes for x in jax.tree.leaves(arrays)]
  limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
  if sum(sizes) > shutil.disk_usage(directory).free:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
  if limit != resource.RLIM_INFINITY and max(sizes) > limit:
    raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
