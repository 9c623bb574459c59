"""A folder of a bucket (`s3://…`, `gs://…`): whole objects, tried again.

fsspec speaks to the service, with the credentials that its environment gives.
Of a bucket only this is asked: an object is there whole or not at all, and one
is made only if there is none by its name (`create`). Nothing is renamed, and no
listing is kept.
"""

import dataclasses
import pathlib
import time
from collections.abc import Callable
from typing import Any, TypeVar

from uncertainty import files
from uncertainty.errors import UserError
from uncertainty.results import shards

PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0)  # seconds between one try and the next
_PART = 16 << 20  # bytes of a large object in memory at a time
ATTEMPTS = 3  # of each request, within each try
# What no second try helps: no rights, no such bucket, nobody to ask as.
_FOR_GOOD = ('PermissionError', 'FileNotFoundError', 'NoCredentialsError',
             'PartialCredentialsError', 'DefaultCredentialsError',
             'ProfileNotFound', 'ParamValidationError')

T = TypeVar('T')


@dataclasses.dataclass(frozen=True)
class Object:
  """What a listing says of an object.

  Attributes:
    size: in bytes.
    version: the service's mark of its content (ETag, generation).
  """

  size: int
  version: str


class Bucket:
  """A folder of a bucket; names in it are relative, with slashes."""

  def __init__(self, url: str):
    """Sends nothing yet.

    Args:
      url: such as `s3://bucket/folder`.

    Raises:
      UserError: no name of a bucket, or the extra `buckets` is not installed.
    """
    self.url = url.rstrip('/')
    scheme, _, self._root = self.url.partition('://')
    if not self._root.partition('/')[0]:
      raise UserError(f'{url} names no bucket; give {url.rstrip("/")}//BUCKET/'
                      'FOLDER')
    try:
      import fsspec

      options: dict[str, Any] = {} if scheme == 'gs' else {
          'config_kwargs': {'retries': {'total_max_attempts': ATTEMPTS}},
          'max_concurrency': 4, 'default_block_size': _PART}
      self._files: Any = fsspec.filesystem(
          scheme, use_listings_cache=False, **options)
      self._files.retries = 2  # else s3fs tries each attempt five times more
    except ImportError as error:
      raise UserError(f"{url} needs the extra `buckets`: pip install "
                      "'uncertainty[buckets]'") from error

  def list(self, folder: str = '') -> dict[str, Object]:
    """What lies under a folder, as the service says now.

    Args:
      folder: in this one; '': all of it.

    Returns:
      Name → object. Names that would lead out of the folder are left out.

    Raises:
      UserError: no such bucket, or no answer.
    """
    def listed() -> dict[str, Any]:
      try:
        return self._files.find(self._key(folder), detail=True)
      except FileNotFoundError:
        # An empty folder, perhaps: but is there a bucket?
        self._files.ls(self._root.partition('/')[0])
        return {}

    start = len(self._root) + 1
    found = {key[start:]: _object(about)
             for key, about in self._tried('be listed', folder, listed).items()
             if about['type'] == 'file' and not key.endswith('/')}
    return {name: about for name, about in found.items() if safe(name)}

  def about(self, name: str) -> Object | None:
    """What the service says of one object.

    Args:
      name: of it.

    Returns:
      The object; None where there is none.

    Raises:
      UserError: no answer.
    """
    return self._there(name, lambda: _object(
        self._files.info(self._key(name), refresh=True)))

  def read(self, name: str) -> bytes | None:
    """A small object.

    Args:
      name: of it.

    Returns:
      Its content; None where there is none.

    Raises:
      UserError: no answer.
    """
    return self._there(name, lambda: self._files.cat_file(self._key(name)))

  def write(self, name: str, content: bytes) -> None:
    """Writes a small object, or replaces it.

    Args:
      name: of it.
      content: all of it.

    Raises:
      UserError: it cannot be written.
    """
    self._tried('be written', name, lambda: self._files.pipe_file(
        self._key(name), content))

  def create(self, name: str, content: bytes) -> bool:
    """Writes an object that nobody has written, of all who try only one.

    Args:
      name: of it.
      content: all of it, unlike anybody else's.

    Returns:
      Whether it is this one that lies there now.

    Raises:
      UserError: it cannot be written.
    """
    def create() -> bool:
      try:
        self._files.pipe_file(self._key(name), content, mode='create')
        return True
      except Exception:
        # Refused, or written and the answer lost: the object tells.
        try:
          return self._files.cat_file(self._key(name)) == content
        except FileNotFoundError:
          pass
        raise

    return self._tried('be written', name, create)

  def get(self, name: str, path: pathlib.Path) -> bool:
    """Brings an object, a part in memory at a time.

    Args:
      name: of it.
      path: the file, which takes its name once it is whole.

    Returns:
      False where there is no such object.

    Raises:
      UserError: it cannot be read, or the disk is full.
    """
    temporary = path.with_name(path.name + shards.TEMPORARY)

    def brought() -> bool:
      path.parent.mkdir(parents=True, exist_ok=True)
      self._files.get_file(self._key(name), str(temporary))
      temporary.replace(path)
      return True

    return self._there(name, brought) or False

  def put(self, path: pathlib.Path, name: str) -> Object | None:
    """Sends a file as one object, a part in memory at a time.

    Args:
      path: of the file.
      name: of the object; one of this name is replaced.

    Returns:
      What lies there now; None where there is no such file (any more).

    Raises:
      UserError: it cannot be written.
    """
    def sent() -> Object | None:
      try:
        size = path.stat().st_size
        self._files.put_file(str(path), self._key(name), chunksize=_PART)
      except FileNotFoundError:
        if path.exists():
          raise  # there is no such bucket
        return None
      found = _object(self._files.info(self._key(name), refresh=True))
      if found.size != size and size == path.stat().st_size:
        raise OSError(f'{found.size} of {size} bytes arrived')
      return found

    return self._tried('be written', name, sent)

  def delete(self, name: str) -> None:
    """Takes an object away, if it is there.

    Args:
      name: of it.

    Raises:
      UserError: it cannot be taken away.
    """
    self._there(name, lambda: self._files.rm_file(self._key(name)))

  def _key(self, name: str) -> str:
    return f'{self._root}/{name}' if name else self._root

  def _there(self, name: str, act: Callable[[], T]) -> T | None:
    def tried() -> T | None:
      try:
        return act()
      except FileNotFoundError:
        return None

    return self._tried('be reached', name, tried)

  def _tried(self, what: str, name: str, act: Callable[[], T]) -> T:
    for pause in (*PAUSES, None):
      try:
        with files.enough_room(f'a copy of {self.url}'):
          return act()
      except UserError:
        raise
      except Exception as error:
        if pause is None or type(error).__name__ in _FOR_GOOD:
          where = f'{self.url}/{name}'.rstrip('/')
          raise UserError(
              f'{where} cannot {what} ({files.reason(error)}); see that the '
              'bucket is there and these credentials may read and write it, '
              'then run the same command again: what was finished is kept'
          ) from error
      time.sleep(pause)
    raise AssertionError('the last try returns or raises')


def safe(name: str) -> bool:
  """Whether a name stays within the folder that it is taken in.

  Args:
    name: of an object.

  Returns:
    Whether each of its parts is a name of its own.
  """
  return not {'', '.', '..'} & set(name.split('/'))


def _object(about: Any) -> Object:
  mark = about.get('generation') or about.get('ETag') or about.get('etag')
  return Object(int(about['size']), str(mark))
