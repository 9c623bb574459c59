"""Digests of files, large ones in parallel and remembered.

A file's digest is SHA-256 over the SHA-256 digests of its stretches of 8 MiB,
so that all cores take part in one file. A large file's is kept in the user's
cache under path, size, inode and times of change: a second start reads no
weights. Whoever must be sure (`--stages=verify`) asks for it to be read again.

Measured with 15 GiB (docs/benchmarks.md): 37 s of processor time, spread over
the cores; nothing where it is remembered.
"""

import concurrent.futures
import contextlib
import hashlib
import json
import os
import pathlib
from collections.abc import Iterable, Mapping

from uncertainty import files
from uncertainty.errors import UserError

_CHUNK_BYTES = 8 << 20
# Below this, hashing costs less than asking the cache.
REMEMBERED_BYTES = 32 << 20


def digest(path: pathlib.Path, *, remembered: bool = True) -> str:
  """The digest of every byte of a file.

  Args:
    path: of the file.
    remembered: whether a digest from before may stand for a large file that
      has not changed since, by size, inode and times.

  Returns:
    64 hexadecimal digits.

  Raises:
    OSError: the file cannot be read.
  """
  path = path.resolve()
  state = _state(path)
  note = files.cache_dir() / 'digests' / (
      hashlib.sha256(os.fsencode(path)).hexdigest() + '.json')
  large = state['size'] >= REMEMBERED_BYTES
  if large and remembered:
    held = _held(note)
    if held.items() >= state.items() and 'digest' in held:
      return str(held['digest'])
  found = _read(path, int(state['size']))
  if large and state == _state(path):
    _keep(note, state | {'path': str(path), 'digest': found})
  return found


def of_folder(folder: pathlib.Path) -> str:
  """The digest of all files under a folder: names and every byte.

  Args:
    folder: to walk through; what lies there is read, nothing is remembered.

  Returns:
    64 hexadecimal digits.
  """
  files = sorted(p for p in folder.rglob('*') if p.is_file())
  return of_parts(
      part for path in files for part in (
          path.relative_to(folder).as_posix(), digest(path, remembered=False)))


def of_parts(parts: Iterable[str]) -> str:
  """One digest of several texts; where one ends and the next begins counts.

  Args:
    parts: texts, in an order that counts.

  Returns:
    64 hexadecimal digits.
  """
  return hashlib.sha256(json.dumps(list(parts)).encode()).hexdigest()


def _state(path: pathlib.Path) -> dict[str, int]:
  stat = path.stat()
  return {'size': stat.st_size, 'inode': stat.st_ino,
          'changed_ns': stat.st_mtime_ns, 'moved_ns': stat.st_ctime_ns}


def _read(path: pathlib.Path, size: int) -> str:
  def stretch(start: int) -> bytes:
    with path.open('rb') as file:
      file.seek(start)
      return hashlib.sha256(file.read(_CHUNK_BYTES)).digest()

  starts = range(0, size, _CHUNK_BYTES)
  whole = hashlib.sha256()
  if len(starts) <= 1:  # a pool costs more than a small file
    whole.update(b''.join(map(stretch, starts)))
    return whole.hexdigest()
  # hashlib frees the interpreter while it works: threads are enough.
  with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    for part in pool.map(stretch, starts):
      whole.update(part)
  return whole.hexdigest()


def _held(note: pathlib.Path) -> dict[str, object]:
  try:
    return files.read_json(note, 'delete it')
  except UserError:  # not there, or cut short: hash again
    return {}


def _keep(note: pathlib.Path, content: Mapping[str, object]) -> None:
  temporary = note.with_name(f'{note.name}.{os.getpid()}.partial')
  # A cache that cannot be written costs time, not the run.
  with contextlib.suppress(OSError):
    note.parent.mkdir(parents=True, exist_ok=True)
    temporary.write_text(json.dumps(content), encoding='utf-8')
    temporary.replace(note)
