"""What a workdir holds: DIR/manifest.json, and the lock of a running study.

Fields: `config` of the last start; `models` by name and `data` by data set,
with the digests of all that they are made of; `starts`, one entry for each
start that scored: run id, time, command, the code's commit and whether it was
edited since, versions, devices, seed, and the models and data it found;
`outputs` and `made_of`, of each table and page (`outputs`); `digest`, that of
all other fields.
"""

import contextlib
import dataclasses
import datetime
import fcntl
import json
import pathlib
import platform
import subprocess
import sys
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from absl import logging

from uncertainty import files, paths
from uncertainty.results import digests, manifest_fields, shards
from uncertainty.specs import StudySpec, listed
from uncertainty.types import UserError

_OF_EVERY_START = ('manifest.json', '.lock', 'progress.jsonl')
_AGAIN = 'run --stages=score again to write it anew'
_PACKAGES = ('uncertainty', 'jax', 'jaxlib', 'flax', 'numpy', 'scipy',
             'transformers', 'tokenizers', 'pandas', 'scikit-learn')


def path_of(workdir: pathlib.Path) -> pathlib.Path:
  """Where a workdir's manifest is.

  Args:
    workdir: of a run.

  Returns:
    DIR/manifest.json, whether it is there or not.
  """
  return workdir / 'manifest.json'


def read(workdir: pathlib.Path) -> dict[str, Any]:
  """The manifest of a workdir.

  Args:
    workdir: of a run.

  Returns:
    Its fields; {} where there is none yet.

  Raises:
    UserError: the file is not JSON, not as it was written, or a field of it
      is missing, of another type or a name that cannot be.
  """
  path = path_of(workdir)
  if not path.exists():
    return {}
  with files.malformed(path, _AGAIN):
    content = files.read_json(path, _AGAIN)
    # Earlier versions kept no digest.
    if content.pop('digest', None) not in (None, digests.of_value(content)):
      raise UserError(
          f'{path} was damaged or edited since it was written: its digest is '
          f'another; {_AGAIN}')
    if problem := manifest_fields.problem(content):
      raise UserError(f'{path}: {problem}; {_AGAIN}')
    return content


def write(workdir: pathlib.Path, content: Mapping[str, Any]) -> None:
  """Replaces the manifest, whole or not at all.

  Args:
    workdir: of a run.
    content: all its fields.

  Raises:
    UserError: the disk is full, the folder may not be written to, or the name
      of a file is no UTF-8.
  """
  # As it will be read: keys are text, tuples are lists.
  content = json.loads(json.dumps(dict(content)))
  if problem := manifest_fields.unprintable(content):
    raise UserError(f'{problem!a}: this name of a file or model is no UTF-8; '
                    'rename it')
  text = json.dumps(
      {**content, 'digest': digests.of_value(content)}, indent=2,
      sort_keys=True) + '\n'
  with shards.replacing(path_of(workdir)) as file:
    file.write(text.encode())


def update(workdir: pathlib.Path, **fields: Any) -> None:
  """Adds fields to the manifest.

  Args:
    workdir: of a run.
    **fields: by name; a mapping is merged into the one that stands there.

  Raises:
    UserError: the file is not JSON, or the disk is full.
  """
  content = read(workdir)
  for name, value in fields.items():
    old = content.get(name)
    if isinstance(old, dict) and isinstance(value, Mapping):
      value = old | dict(value)
    content[name] = value
  write(workdir, content)


def digest(spec: StudySpec) -> int:
  """32 bits of what decides the scored results.

  Args:
    spec: of a run.

  Returns:
    CRC-32 of all fields but those that say where files lie.
  """
  scored = digests.scored_fields(dataclasses.asdict(spec))
  return zlib.crc32(json.dumps(scored, sort_keys=True).encode())


def check(workdir: pathlib.Path, spec: StudySpec) -> dict[str, Any]:
  """Whether a run may work in a workdir; nothing is written.

  A run may ask more: further items, models, data sets, ways of asking.

  Args:
    workdir: of the run; need not exist.
    spec: the config; where its inputs lie does not count.

  Returns:
    The manifest; {} where there is none, or none that can be read.

  Raises:
    UserError: the workdir belongs to a config that would score something else.
  """
  try:
    held = read(workdir)
  except UserError as error:
    logging.warning('%s; going on by what the shards themselves say', error)
    return {}
  if not held.get('config'):
    return held
  config = dataclasses.asdict(spec)
  mine, theirs = (digests.settings_fields(c) for c in (config, held['config']))
  known = held.get('data', {}).get(spec.data.name)
  if known is None and held['config']['data']['name'] == spec.data.name:
    known = held['config']['data']  # of a version that kept no more
  if known is not None:
    for field in ('path', 'subset'):
      mine[f'data.{field}'] = getattr(spec.data, field)
      theirs[f'data.{field}'] = known[field]
  for field in sorted(mine | theirs):
    if mine.get(field) != theirs.get(field):
      raise UserError(
          f'{workdir} holds a run with {field}={theirs.get(field)!r}, this '
          f'config has {mine.get(field)!r}; choose another --workdir or '
          f'pass --config.{field}={theirs.get(field)}')
  asked = listed(held['config']['prompt']['answer'])
  if not set(asked) <= set(listed(spec.prompt.answer)):
    raise UserError(
        f'{workdir} holds a run with prompt.answer={",".join(asked)}; ask in '
        'these ways and others too, or choose another --workdir')
  return held


def claim(workdir: pathlib.Path, spec: StudySpec,
          found: Mapping[str, Any] | None = None) -> None:
  """Makes the workdir this config's, and keeps what this start is.

  Args:
    workdir: of the run.
    spec: the config; where its inputs lie does not count.
    found: what `plan.Plan.described` says of models and data.

  Raises:
    UserError: it belongs to a config that would score something else.
  """
  held = check(workdir, spec)
  if not held and path_of(workdir).exists():
    logging.warning('the damaged manifest is set aside as %s',
                    shards.set_aside(path_of(workdir)))
  found = found or {}
  now = datetime.datetime.now(datetime.UTC).isoformat(timespec='seconds')
  packages = {p: digests.version(p) for p in _PACKAGES}
  start = {
      'time': now, 'command': sys.argv, 'code': _code(), 'packages': packages,
      'machine': platform.machine(), 'python': platform.python_version(),
      'devices': _devices(), 'seed': spec.seed, **found}
  write(workdir, held | {
      'config': dataclasses.asdict(spec),
      'created': held.get('created', now),
      'updated': now,
      'machine': platform.machine(),
      'python': platform.python_version(),
      'packages': packages,
      'models': {**held.get('models', {}), **found.get('models', {})},
      'data': {**held.get('data', {}), **found.get('data', {})},
      'starts': [*held.get('starts', []), start],
  })


@contextlib.contextmanager
def claimed(workdir: pathlib.Path, spec: StudySpec,
            found: Mapping[str, Any]) -> Iterator[None]:
  """As `claim`; taken back if the start is refused before it has done a thing.

  Args:
    workdir: of the run.
    spec: the config; where its inputs lie does not count.
    found: what `plan.Plan.described` says of models and data.

  Yields:
    Nothing; the block asks the models.

  Raises:
    UserError: as `claim`, or the block's own. If the block left every other
      file as it was, the manifest is what it was before, too.
  """
  path = path_of(workdir)
  before = path.read_bytes() if path.is_file() else None
  claim(workdir, spec, found)
  claimed_files = _files(workdir)  # a damaged manifest has been set aside
  try:
    yield
  except UserError:
    if _files(workdir) == claimed_files:
      if before is None:
        path.unlink(missing_ok=True)
      else:
        with shards.replacing(path) as file:
          file.write(before)
    raise


def _files(workdir: pathlib.Path) -> dict[pathlib.Path, tuple[int, int]]:
  """What a workdir holds beside what every start writes: size and time."""
  found = {p: p.stat() for p in workdir.rglob('*') if p.is_file()
           and p.relative_to(workdir).as_posix() not in _OF_EVERY_START}
  return {p: (about.st_size, about.st_mtime_ns)
          for p, about in found.items()}


def _devices() -> dict[str, Any]:
  import jax

  return {'kind': jax.devices()[0].device_kind, 'count': jax.device_count(),
          'processes': jax.process_count()}


def _code() -> dict[str, Any] | None:
  """The checkout's commit and whether files differ; None if it is none."""
  here = pathlib.Path(__file__).parent

  def git(*arguments: str) -> str:
    # Without locks: a checkout that someone works in is only looked at.
    return subprocess.run(
        ['git', '--no-optional-locks', '-C', str(here), *arguments],
        capture_output=True, text=True, check=True, timeout=20).stdout.strip()

  try:
    # An installed package may lie within someone else's repository.
    git('ls-files', '--error-unmatch', pathlib.Path(__file__).name)
    return {'commit': git('rev-parse', 'HEAD'),
            'edited': bool(git('status', '--porcelain', '-uno'))}
  except (OSError, subprocess.SubprocessError):
    return None


class InUseError(UserError):
  """Another run holds the workdir."""


@contextlib.contextmanager
def lock(workdir: pathlib.Path, *, reads: bool = False) -> Iterator[None]:
  """Holds the workdir for one run; the system frees it if the run dies.

  Args:
    workdir: is made if it is not there.
    reads: change nothing, and share the workdir with others that read; one
      that no run has ever held cannot be held then either.

  Yields:
    Nothing; the workdir is held until the block ends.

  Raises:
    InUseError: another run holds it.
    UserError: the folder cannot be written, or its file system has no locks.
  """
  path = workdir / '.lock'
  if reads and not path.exists():
    yield
    return
  with files.writing(path):
    workdir.mkdir(parents=True, exist_ok=True)
    if path.exists():
      files.plain_size(path)  # which no pipe has
    # Held open for the run's length.
    file = open(  # noqa: SIM115
        path, 'r' if reads else 'a', opener=None if reads else paths.no_link)
  with file:
    try:
      fcntl.flock(file, (fcntl.LOCK_SH if reads else fcntl.LOCK_EX)
                  | fcntl.LOCK_NB)
    except BlockingIOError as error:
      raise InUseError(
          f'another run is using {workdir}; wait for it to end or choose '
          'another --workdir') from error
    except OSError as error:
      raise UserError(
          f'{workdir} lies on a file system without locks ({error.strerror}), '
          'which keep two runs apart; choose another --workdir') from error
    yield
