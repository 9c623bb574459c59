"""A bucket's folder as a folder on this machine, kept the same in both.

At the start the copy, in the user's cache, is made what the bucket holds. Then
the program works in it as in any workdir, and every few seconds what is new or
changed there is sent: first all but shards, then the shards that stood there
before, the manifest last. A run killed at any moment thus leaves a bucket that
the next start sorts out as it does a folder. What was taken away here is taken
away there once, at the end.
"""

import collections
import contextlib
import dataclasses
import json
import os
import pathlib
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent import futures

from absl import logging

from uncertainty import files, paths
from uncertainty.buckets import lease, store
from uncertainty.errors import UserError
from uncertainty.results import manifest, shards
from uncertainty.specs import StudySpec, listed

EVERY = 10.0  # seconds of work that a killed machine may lose
GIVE_UP = 600.0  # seconds without the bucket after which a run ends
# What only the stages that ask models need, and probes.
LARGE = ('activations', 'moments', 'tuning', 'model', 'adapter')
_SHARDS = 'shards'
_HERE = ('checkpoints',)  # is not sent: Orbax renames what it writes in there
_MANIFEST = 'manifest.json'
_SMALL, _AT_ONCE = 8 << 20, 16  # bytes; so many of these at a time
_RECORD, _FILES = 'record.json', 'files'


class Mirror:
  """The copy of one folder of a bucket.

  Attributes:
    folder: where it lies on this machine.
  """

  def __init__(self, url: str, purpose: str = '',
               without: Collection[str] = ()):
    """Brings nothing yet.

    Args:
      url: of the bucket's folder.
      purpose: each has a copy of its own; '': the run's.
      without: folders that are not brought, of each workdir under the folder.

    Raises:
      UserError: no name of a bucket, or the extra `buckets` is not installed.
    """
    self._bucket = store.Bucket(url)
    self._home = files.cache_dir() / 'buckets' / files.stem(
        f'{self._bucket.url} {purpose}'.strip())
    self._without = without
    self.folder = self._home / 'files'
    # Name → version there, size and time here: what is the same in both.
    self._record: dict[str, list] = {}
    self._lease: lease.Lease | None = None
    self._error: UserError | None = None
    self._sending = threading.Lock()

  def locked(self) -> contextlib.AbstractContextManager[None]:
    """Keeps other processes of this machine off the copy.

    Returns:
      A context; `manifest.InUseError` is raised where one has it.
    """
    return manifest.lock(self._home)

  def bring(self) -> None:
    """Makes the copy what the bucket holds.

    What an earlier start wrote and did not send stays if nothing was changed
    from elsewhere.

    Raises:
      UserError: the bucket cannot be read, or the disk is full.
    """
    path = self._home / _RECORD
    known = files.read_json(path, 'delete it') if path.exists() else {}
    there = self._there()
    wanted = {name: about for name, about in there.items()
              if self._wanted(name, there)}
    changed = {name for name, about in wanted.items()
               if known.get(name, [''])[0] != about.version}
    gone = known.keys() - there.keys()
    # Only what lies here can later be missed here, and taken away there.
    self._record = {name: said for name, said in known.items()
                    if name not in gone and (self.folder / name).exists()}
    fresh = changed | (wanted.keys() - self._record.keys())
    if changed or gone:
      unsent = {n for n in self._scan() if n not in there and n not in known}
      fresh |= {n for n in self._record.keys() & wanted.keys()
                if self._record[n][1:] != self._stamp(n)}
      if unsent:
        logging.warning(
            '%s was changed from elsewhere: %d files here that it never got are'
            ' left out, such as %s', self._bucket.url, len(unsent), min(unsent))
      for name in gone | unsent:
        (self.folder / name).unlink(missing_ok=True)
    for name in fresh:
      self._record.pop(name, None)
    self._save()
    self._each({name: there[name].size for name in fresh},
               lambda name: self._get(name, there[name].version))
    self._save()

  def push(self, *, last: bool = False) -> None:
    """Sends what is new or changed in the copy.

    Args:
      last: also takes away there what was taken away here.

    Raises:
      lease.LostError: another run has the folder.
      UserError: the bucket cannot be written.
    """
    with self._sending:
      assert self._lease, 'sent from within `held`'
      self._lease.check()
      # These first: what they need was written before they were.
      ready = dict.fromkeys(self._scan(_SHARDS))
      ranked = collections.defaultdict(dict)
      for name in (*(n for n in self._scan()
                     if not n.startswith(f'{_SHARDS}/')), *ready):
        stamp = self._stamp(name)
        if stamp and self._record.get(name, [])[1:] != stamp:
          ranked[_rank(name)][name] = stamp[0]
      for rank in sorted(ranked):
        self._each(ranked[rank], self._put)
      if last:
        self._take_away()
      if ranked or last:
        self._save()

  def check(self) -> None:
    """Whether the run may go on.

    Raises:
      UserError: it lost the bucket.
    """
    if self._error:
      raise self._error

  @contextlib.contextmanager
  def held(self) -> Iterator[None]:
    """Holds the bucket's folder for one run, and sends what the run writes.

    Yields:
      Nothing. When the block ends, however it does, the rest is sent.

    Raises:
      manifest.InUseError: another run holds it.
      UserError: the bucket cannot be read or written.
    """
    self._lease = lease.Lease(self._bucket, self._home)
    over = threading.Event()
    with contextlib.ExitStack() as stack:
      stack.callback(self._lease.release)
      # Signs of life are given until the last object is sent.
      stack.enter_context(_repeated(over, self._guarded(self._lease.renew),
                                    lease.EVERY))
      self.bring()  # again: nobody else writes from here on
      self.folder.mkdir(parents=True, exist_ok=True)
      stack.push(self._send_rest)
      stack.enter_context(_repeated(over, self._guarded(self.push), EVERY))
      yield
    logging.info('all of it is in %s', self._bucket.url)

  def _guarded(self, act: Callable[[], None]) -> Callable[[], None]:
    """As `act`, for a thread: what ends the run is kept for `check`."""
    last = time.monotonic()

    def guarded() -> None:
      nonlocal last
      try:
        if not self._error:
          act()
        last = time.monotonic()
      except UserError as error:
        logging.warning('%s', error)
        if (isinstance(error, lease.LostError)
            or time.monotonic() - last > GIVE_UP):
          self._error = error

    return guarded

  def _send_rest(self, _: object, failed: BaseException | None,
                 __: object) -> None:
    if isinstance(self._error, lease.LostError):
      if not failed:
        raise self._error
      return
    try:
      self.push(last=True)
    except UserError as error:
      if not failed:
        raise
      logging.error('%s', error)  # the first one is the one to be raised

  def _there(self) -> dict[str, store.Object]:
    """What the bucket holds, whatever a listing may lack."""
    path = self._home / _RECORD
    there = self._bucket.list()
    self._ask(there, [_MANIFEST, *(
        files.read_json(path, 'delete it') if path.exists() else ())])
    manifests = [n for n in there if n.split('/')[-1] == _MANIFEST
                 and not {*LARGE} & set(n.split('/'))]
    said = {}
    self._each(dict.fromkeys(manifests, 0), lambda name: said.update(
        {name: self._bucket.read(name) or b''}))
    for name, content in said.items():
      # Whether it is a manifest at all is asked by those who read it.
      with contextlib.suppress(ValueError, KeyError, TypeError):
        self._ask(there, [name.removesuffix(_MANIFEST) + output
                          for output in json.loads(content)['outputs']])
    return there

  def _ask(self, there: dict[str, store.Object], names: Iterable[str]) -> None:
    """Adds objects that the listing lacks and that are there."""
    def ask(name: str) -> None:
      if about := self._bucket.about(name):
        there[name] = about

    self._each({name: 0 for name in names
                if name not in there and store.safe(name)}, ask)

  def _wanted(self, name: str, there: Collection[str]) -> bool:
    *folders, last = name.split('/')
    return not (lease.FOLDER in folders or last.endswith(shards.TEMPORARY)
                or any(folder in self._without
                       and '/'.join([*folders[:n], _MANIFEST]) in there
                       for n, folder in enumerate(folders)))

  def _scan(self, under: str = '') -> Iterator[str]:
    """Names of the copy's whole files."""
    for place, folders, names in os.walk(self.folder / under):
      folders[:] = [f for f in folders if f not in _HERE
                    and not f.endswith(shards.TEMPORARY)]
      for name in names:
        if not name.endswith(shards.TEMPORARY):
          yield (pathlib.Path(place) / name).relative_to(
              self.folder).as_posix()

  def _stamp(self, name: str) -> list[int]:
    """Size and time of a file of the copy; [] where there is none."""
    try:
      about = (self.folder / name).stat()
    except FileNotFoundError:
      return []
    return [about.st_size, about.st_mtime_ns]

  def _get(self, name: str, version: str) -> None:
    path = self.folder / name
    if self._bucket.get(name, path):
      self._record[name] = [version, *self._stamp(name)]
    else:  # taken away since it was listed
      path.unlink(missing_ok=True)

  def _put(self, name: str) -> None:
    self.check()
    stamp = self._stamp(name)
    if about := self._bucket.put(self.folder / name, name):
      self._record[name] = [about.version, *stamp]

  def _take_away(self) -> None:
    missing = [n for n in self._record if not self._stamp(n)]
    if not (self._home / _RECORD).exists():
      raise UserError(f'{self._home} was deleted while a run used it; run the '
                      'same command again')
    self._each(dict.fromkeys(missing, 0), self._bucket.delete)
    for name in missing:
      del self._record[name]

  def _save(self) -> None:
    with shards.replacing(self._home / _RECORD) as file:
      file.write(json.dumps(self._record).encode())

  def _each(self, sizes: Mapping[str, int], act: Callable[[str], object]
            ) -> None:
    """Small ones many at a time, large ones one after the other."""
    small = [name for name, size in sizes.items() if size <= _SMALL]
    with futures.ThreadPoolExecutor(_AT_ONCE) as pool:
      for done in [pool.submit(act, name) for name in small]:
        done.result()
    for name in sizes.keys() - set(small):
      act(name)


def _rank(name: str) -> int:
  """When an object is sent: after those that it says something of."""
  if name == _MANIFEST:
    return 3
  if name.startswith(f'{_SHARDS}/'):
    return 2
  return int(name.endswith(('.json', '/digest')))


@contextlib.contextmanager
def _repeated(over: threading.Event, act: Callable[[], None],
              every: float) -> Iterator[None]:
  """Acts again and again in a thread while the block runs."""
  def repeat() -> None:
    while not over.wait(every):
      act()

  thread = threading.Thread(target=repeat, daemon=True, name='bucket')
  thread.start()
  try:
    yield
  finally:
    over.set()
    thread.join()


def brought(url: str) -> pathlib.Path:
  """A copy of the results of a workdir, or of a folder of workdirs.

  Args:
    url: of a bucket's folder.

  Returns:
    A folder on this machine; shards, activations and weights are left out.

  Raises:
    UserError: there is nothing, or it cannot be read.
  """
  mirror = Mirror(url, 'read', (*LARGE, _SHARDS))
  with mirror.locked():
    mirror.bring()
  if not mirror.folder.is_dir():
    raise UserError(f'{url}: there is no such folder')
  return mirror.folder


@dataclasses.dataclass(frozen=True)
class Here:
  """A study's places on this machine.

  Attributes:
    spec: what to run; results that it names lie here.
    folder: the workdir.
    mirror: whose copy that is; None: it is a folder.
  """

  spec: StudySpec
  folder: pathlib.Path
  mirror: Mirror | None


@contextlib.contextmanager
def opened(spec: StudySpec, workdir: str | pathlib.Path,
           stages: Collection[str]) -> Iterator[Here]:
  """Brings what a run needs of buckets, and keeps the copies its own.

  Args:
    spec: what to run; `results_dir` may name buckets.
    workdir: a folder, or of a bucket.
    stages: of the run; some need activations and weights.

  Yields:
    Where everything is.

  Raises:
    manifest.InUseError: another process of this machine has the copy.
    UserError: a bucket that cannot be read.
  """
  import jax

  process = jax.process_index()
  if process == 0 and spec.results_dir:
    spec = dataclasses.replace(spec, results_dir=','.join(
        str(brought(place)) if paths.in_bucket(place) else place
        for place in listed(spec.results_dir)))
  if not paths.in_bucket(workdir):
    yield Here(spec, pathlib.Path(workdir), None)
    return
  purpose = f'process {process}' if process else (
      '' if set(stages) - {'check', 'verify'} else 'check')
  mirror = Mirror(str(workdir), purpose, (
      LARGE if set(stages) <= {'check', 'analyze', 'report'} else ()))
  with mirror.locked():
    mirror.bring()
    yield Here(spec, mirror.folder, mirror)
