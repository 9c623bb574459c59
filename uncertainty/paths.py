"""Where a run reads and writes: refused before it starts, nothing changed."""

import dataclasses
import os
import pathlib
import tempfile
from collections.abc import Collection, Iterator

from uncertainty import files, specs
from uncertainty.errors import UserError

# Bytes: of a name in most file systems, and of a path to which the run adds.
_NAME, _WHOLE = 255, 3500
_BUCKETS = ('s3', 'gs')
# All that a run writes at the top of its workdir, and what a tuning adds.
WRITTEN = ('.lock', 'manifest.json', 'progress.jsonl', 'shards', 'activations',
           'moments', 'checkpoints', 'results', 'tokens', 'steered', 'analysis',
           'report', 'aside')
TUNED = ('tuning', 'tuning.parquet', 'splits.parquet', 'model', 'adapter')
_WHILE_WRITTEN = ('.partial', '.replaced')


def in_bucket(place: object) -> bool:
  """Whether a place is a bucket's, to be reached by the extra `buckets`.

  Args:
    place: a path, or `s3://BUCKET/FOLDER`, `gs://BUCKET/FOLDER`.

  Returns:
    Whether it is the latter.

  Raises:
    UserError: another address, or one that was made a path.
  """
  scheme, slash, rest = str(place).partition(':/')
  if scheme in _BUCKETS and slash:
    if not rest.startswith('/'):
      raise UserError(f'{place}: a path cannot name a bucket; give it as text')
    return True
  if rest.startswith('/'):
    raise UserError(f'{place}: of addresses, s3://… and gs://… are known')
  return False


def check(spec: specs.StudySpec, workdir: pathlib.Path, *,
          writes: bool, loads: bool, names: Collection[str] | None = None,
          ) -> None:
  """Refuses names that no file can have, and folders that take no file.

  Args:
    spec: of the run; all its texts are looked at.
    workdir: of the run; need not exist.
    writes: whether the run writes in it.
    loads: whether the run may load a model, and so fill `model.cache_dir`.
    names: as `check_links` takes them.

  Raises:
    UserError: names the flag, and what to do; or the link in the workdir.
  """
  given = {f'--config.{name}': value for name, value in specs.flatten(
      dataclasses.asdict(spec)).items() if isinstance(value, str)}
  for flag, value in {**given, '--workdir': str(workdir)}.items():
    if not files.printable(value):
      raise UserError(f'{flag}={value!a:.100} is no UTF-8, or holds a NUL; '
                      'give what it names another name')
  for name in specs.listed(spec.results_dir or ''):
    _check_length(f'--config.results_dir={name}', pathlib.Path(name))
  folders = {'--workdir': workdir} if writes else {}
  _check_length(f'--workdir={workdir}', workdir)
  if spec.model.cache_dir and loads:
    folders['--config.model.cache_dir'] = pathlib.Path(spec.model.cache_dir)
  for flag, folder in folders.items():
    _check_length(f'{flag}={folder}', folder)
    _check_folder(f'{flag}={folder}', folder.absolute())
  if writes:
    check_links(f'--workdir={workdir}', workdir, names)


def check_links(said: str, folder: pathlib.Path,
                names: Collection[str] | None = None) -> None:
  """Refuses a folder through which a run would write elsewhere.

  A workdir may be a stranger's: what is written to a link in it is written to
  the file that the link names, which may be any of the user's.

  Args:
    said: what to call the folder.
    folder: need not exist, and may be a link itself.
    names: of the files and folders in it that a run writes, or writes in; any
      if None. What lies beside them is not looked at.

  Raises:
    UserError: somewhere in them is a link that leads out, a pipe or a device.
  """
  home = os.path.realpath(folder)
  try:
    for entry in _entries(home, names):
      name = os.path.relpath(entry.path, home)
      if entry.is_symlink():
        target = os.path.realpath(entry.path)
        if os.path.commonpath((home, target)) != home:
          raise UserError(
              f'{said}: {name} is a link out of it, to {target}, where '
              'a run would write; remove the link, or put the files themselves '
              'in its place')
      elif not (entry.is_file() or entry.is_dir()):
        raise UserError(f'{said}: {name} is a pipe or a device; a run '
                        'cannot write there: remove it')
  except OSError as error:
    raise UserError(f'{said}: cannot be looked through ({files.reason(error)})'
                    '; choose a folder that you may write to') from error


def _entries(home: str, names: Collection[str] | None,
             ) -> Iterator[os.DirEntry[str]]:
  """What is in a folder under these names, at any depth and by any link."""
  waiting, seen = [], set()
  for entry in _scanned(home):
    if names is None or _settled(entry.name) in names:
      yield entry
      waiting.append(entry)
  while waiting:
    entry = waiting.pop()
    if entry.is_file(follow_symlinks=False):
      continue
    place = os.path.realpath(entry.path)
    if place not in seen and os.path.isdir(place):
      seen.add(place)
      for entry in _scanned(place):
        yield entry
        waiting.append(entry)


def _scanned(folder: str) -> list[os.DirEntry[str]]:
  try:
    with os.scandir(folder) as entries:
      return list(entries)
  except FileNotFoundError:
    return []  # another run is at work in it, or it is not made yet


def _settled(name: str) -> str:
  """The name that a file takes once it is whole, on any file system."""
  for suffix in _WHILE_WRITTEN:
    name = name.removesuffix(suffix)
  return name.lower()


def no_link(path: str, flags: int) -> int:
  """What `open` takes as `opener`, for a file that must not be a link.

  Args:
    path: of the file.
    flags: of `os.open`.

  Returns:
    The open file's number.

  Raises:
    OSError: as `os.open`; and the path is a link.
  """
  return os.open(path, flags | os.O_NOFOLLOW, 0o666)


def _check_length(said: str, path: pathlib.Path) -> None:
  """Whether a file system takes a path."""
  if (len(os.fsencode(path.absolute())) > _WHOLE
      or any(len(os.fsencode(name)) > _NAME for name in path.parts)):
    raise UserError(
        f'{said:.100}… is too long for a path; choose a shorter one')


def _check_folder(said: str, folder: pathlib.Path) -> None:
  """Whether a folder, or the one that it would be made in, takes a file."""
  there = folder
  try:
    there = next(p for p in (folder, *folder.parents) if p.exists())
    if not there.is_dir():
      raise UserError(
          f'{said}: {there} is a file; give a folder, which is made if it is '
          'not there')
    with tempfile.TemporaryFile(dir=there):  # without a name, then gone
      pass
  except OSError as error:
    raise UserError(
        f'{said}: {there} takes no file ({files.reason(error)}); choose a '
        'folder that you may write to') from error
