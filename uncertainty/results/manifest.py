"""What a workdir holds: DIR/manifest.json, and the lock of a running study."""

import contextlib
import dataclasses
import datetime
import fcntl
import importlib.metadata
import json
import pathlib
import platform
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from uncertainty.results import shards
from uncertainty.specs import StudySpec
from uncertainty.types import UserError

# Sections that decide what the scored results contain. The others (analysis,
# mode, results_dir) may change between two runs on one workdir.
_SCORED_SECTIONS = ('model', 'data', 'prompt', 'score', 'free', 'seed')
_SCORED_PROBE_FIELDS = ('sites', 'positions', 'store')
# Where files lie on this machine does not change what is computed.
_LOCATIONS = ('manual_dir', 'data_dir', 'cache_dir')
_PACKAGES = ('uncertainty', 'jax', 'jaxlib', 'flax', 'numpy', 'scipy',
             'transformers', 'tokenizers', 'pandas', 'scikit-learn')


def path_of(workdir: pathlib.Path) -> pathlib.Path:
  return workdir / 'manifest.json'


def read(workdir: pathlib.Path) -> dict[str, Any]:
  """The manifest of a workdir.

  Args:
    workdir: of a run.

  Returns:
    Its fields; {} where there is none yet.

  Raises:
    UserError: the file is not JSON.
  """
  path = path_of(workdir)
  if not path.exists():
    return {}
  try:
    return json.loads(path.read_text(encoding='utf-8'))
  except json.JSONDecodeError as error:
    raise UserError(
        f'{path} is not valid JSON ({error}); restore it, or choose another '
        '--workdir') from error


def write(workdir: pathlib.Path, content: Mapping[str, Any]) -> None:
  text = json.dumps(content, indent=2, sort_keys=True) + '\n'
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


def _scored(config: Mapping[str, Any]) -> dict[str, Any]:
  flat = {}
  for section in _SCORED_SECTIONS:
    value = config[section]
    if isinstance(value, Mapping):
      flat |= {f'{section}.{k}': v for k, v in value.items()
               if k not in _LOCATIONS}
    else:
      flat[section] = value
  flat |= {f'probe.{k}': config['probe'][k] for k in _SCORED_PROBE_FIELDS}
  return flat


def digest(spec: StudySpec) -> int:
  """32 bits of what decides the scored results.

  Args:
    spec: of a run.

  Returns:
    CRC-32 of the fields that `claim` compares.
  """
  scored = _scored(dataclasses.asdict(spec))
  return zlib.crc32(json.dumps(scored, sort_keys=True).encode())


def claim(workdir: pathlib.Path, spec: StudySpec) -> None:
  """Makes the workdir this config's, or checks that it is.

  Args:
    workdir: of the run.
    spec: the config; where its inputs lie does not count.

  Raises:
    UserError: it belongs to a config that would score something else.
  """
  config = dataclasses.asdict(spec)
  held = read(workdir)
  if held.get('config'):
    mine, theirs = _scored(config), _scored(held['config'])
    for field in sorted(mine | theirs):
      if mine.get(field) != theirs.get(field):
        raise UserError(
            f'{workdir} holds a run with {field}={theirs.get(field)!r}, this '
            f'config has {mine.get(field)!r}; choose another --workdir or '
            f'pass --config.{field}={theirs.get(field)}')
  now = datetime.datetime.now(datetime.UTC).isoformat(timespec='seconds')
  write(workdir, held | {
      'config': config,
      'created': held.get('created', now),
      'updated': now,
      'machine': platform.machine(),
      'python': platform.python_version(),
      'packages': {p: _version(p) for p in _PACKAGES},
  })


def _version(package: str) -> str | None:
  try:
    return importlib.metadata.version(package)
  except importlib.metadata.PackageNotFoundError:
    return None  # run from a checkout that is not installed


@contextlib.contextmanager
def lock(workdir: pathlib.Path) -> Iterator[None]:
  """Holds the workdir for one run; the system frees it if the run dies.

  Args:
    workdir: is made if it is not there.

  Yields:
    Nothing; the workdir is held until the block ends.

  Raises:
    UserError: another run holds it, or the folder cannot be written.
  """
  path = workdir / '.lock'
  try:
    workdir.mkdir(parents=True, exist_ok=True)
    file = open(path, 'w')  # noqa: SIM115 (held open for the run's length)
  except OSError as error:
    raise shards.storage_error(error, path) from error
  with file:
    try:
      fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
      raise UserError(
          f'another run is using {workdir}; wait for it to end or choose '
          'another --workdir') from error
    yield
