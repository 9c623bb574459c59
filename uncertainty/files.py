"""Files that strangers wrote: read within bounds, never named by them.

A reader of such a file raises UserError and nothing else, and takes memory in
proportion to the file's size. And where this program keeps files of its own.
"""

import contextlib
import errno
import hashlib
import json
import os
import pathlib
import re
import stat
import sys
import zipfile
from collections.abc import Iterator
from typing import Any

from uncertainty.errors import UserError

_JSON_BYTES = 1 << 26
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_STEM_LENGTH = 120  # file systems take 255 bytes, suffix included


def cache_dir() -> pathlib.Path:
  """Where downloads, digests and programs are kept unless told otherwise.

  The environment's `UNCERTAINTY_CACHE`, else this platform's user cache.

  Returns:
    The folder, which need not exist.
  """
  if chosen := os.environ.get('UNCERTAINTY_CACHE'):
    return pathlib.Path(chosen).expanduser()
  home = pathlib.Path.home()
  if sys.platform == 'darwin':
    base = home / 'Library' / 'Caches'
  elif sys.platform == 'win32':
    base = pathlib.Path(os.environ.get('LOCALAPPDATA',
                                       home / 'AppData' / 'Local'))
  else:
    base = pathlib.Path(os.environ.get('XDG_CACHE_HOME', home / '.cache'))
  return base / 'uncertainty'


@contextlib.contextmanager
def malformed(where: object, remedy: str) -> Iterator[None]:
  """Turns whatever malformed content does to a reader into one UserError.

  Args:
    where: the file, and the place in it if known.
    remedy: what to do about it.

  Yields:
    Nothing; the block reads content that may be anything.

  Raises:
    UserError: the block raised; its own UserErrors pass as they are.
  """
  try:
    yield
  except UserError:
    raise
  except BaseException as error:
    # Libraries raise what they like on bytes they did not expect: pyarrow and
    # `tokenizers` have errors of their own, and a panic in Rust is no
    # Exception.
    panicked = type(error).__name__ == 'PanicException'
    if not (isinstance(error, Exception) or panicked):
      raise
    raise UserError(f'{where}: cannot be read ({reason(error)}); {remedy}'
                    ) from error


def reason(error: BaseException) -> str:
  """What an error says, on one line.

  Args:
    error: any.

  Returns:
    Its kind, and the first 200 characters of its message if it has one.
  """
  message = ' '.join(str(error).split())[:200]
  return f'{type(error).__name__}: {message}'.removesuffix(': ')


@contextlib.contextmanager
def enough_room(where: object) -> Iterator[None]:
  """Turns a full disk into an error a person can act on.

  Args:
    where: the file or folder that is written.

  Yields:
    Nothing; the writes are the block.

  Raises:
    UserError: the disk is full. Any other error is left as it is.
  """
  try:
    yield
  except (OSError, ValueError, RuntimeError) as error:
    if _system_error(error) not in _FULL:
      raise
    raise UserError(
        f'the disk is full: could not write {where}; free some space and run '
        'the same command again: finished shards are kept') from error


@contextlib.contextmanager
def writing(path: object) -> Iterator[None]:
  """Like `enough_room`, for a block that does nothing but write.

  Args:
    path: what is written.

  Yields:
    Nothing; the write is the block.

  Raises:
    UserError: the disk is full, or the path cannot be written.
  """
  with enough_room(path):
    try:
      yield
    except OSError as error:
      if _system_error(error) in _FULL:
        raise
      raise UserError(
          f'cannot write {path} ({reason(error)}); choose a place that you '
          'may write to') from error


def _system_error(error: Exception) -> int | None:
  """The operating system's number of a failed write, or None."""
  if isinstance(error, OSError) and error.errno is not None:
    return error.errno
  # NumPy says only that fewer values were written than were to be.
  if re.fullmatch(r'\d+ requested and \d+ written', str(error)):
    return errno.ENOSPC
  # TensorStore, under Orbax, writes the number into a ValueError.
  found = re.search(r"os_error_code='(\d+)'", str(error))
  return int(found[1]) if found else None


def printable(name: str) -> bool:
  """Whether a name can be printed, and be that of a file.

  Args:
    name: any text; bytes of a name that are no UTF-8 are lone surrogates.

  Returns:
    False for what is no UTF-8 or holds a NUL.
  """
  return '\0' not in name and not re.search('[\ud800-\udfff]', name)


def plain_size(path: pathlib.Path) -> int:
  """How many bytes a file holds: none of what ends never, or is waited for.

  Args:
    path: of the file, or a link to it.

  Returns:
    Bytes.

  Raises:
    OSError: there is no such file, or it is a folder, a pipe or a device.
  """
  about = path.stat()
  if not stat.S_ISREG(about.st_mode):
    raise OSError('it is a folder, a pipe or a device, not a file')
  return about.st_size


def read_json(path: pathlib.Path, remedy: str) -> dict[str, Any]:
  """The JSON object in a file.

  Args:
    path: of the file.
    remedy: what to do if it is none.

  Returns:
    Its fields.

  Raises:
    UserError: it cannot be read, is no file of at most 64 MiB, or is not a
      JSON object.
  """
  with malformed(path, remedy):
    if plain_size(path) > _JSON_BYTES:
      raise ValueError(f'it has more than {_JSON_BYTES >> 20} MiB')
    value = json.loads(path.read_text(encoding='utf-8'))
  if not isinstance(value, dict):
    raise UserError(f'{path}: is not a JSON object; {remedy}')
  return value


def zip_member(path: pathlib.Path, name: str, limit: int) -> bytes:
  """A file inside an archive.

  Args:
    path: the archive's.
    name: the file's, inside it.
    limit: bytes that it may unpack to.

  Returns:
    Its content.

  Raises:
    UserError: it unpacks to more.
    KeyError, zipfile.BadZipFile: as `zipfile` raises them.
  """
  with zipfile.ZipFile(path) as archive:
    # `read` stops at the size stated here, be it true or not.
    size = archive.getinfo(name).file_size
    if size > limit:
      raise UserError(f'{path}: {name} would unpack to {size} bytes, more than'
                      f' {limit}; it is not the file that was published')
    return archive.read(name)


def stem(name: str) -> str:
  """A name out of data as a file name's stem, different for different names.

  Args:
    name: of a column, data set or model; may hold anything.

  Returns:
    The name itself where it is safe; else what is safe of it and a digest.
  """
  safe = re.sub(r'[^A-Za-z0-9_.+=@-]', '_', name)[:_STEM_LENGTH].lstrip('.')
  if safe and safe == name:
    return name
  digest = hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()
  return f'{safe}-{digest[:8]}'
