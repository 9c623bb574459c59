"""Where a model comes from: `lineage.json`, beside the weights of a tuned one.

It names the base, with the base's own lineage where that was tuned too, and
digests of the config and the splits that it was tuned by. No number depends on
it, so that it is no part of the fingerprint; the manifest of a run that scores
the model carries it on.
"""

import dataclasses
import pathlib
from collections.abc import Mapping
from typing import Any

from uncertainty import files
from uncertainty.types import UserError

FILE = 'lineage.json'
_REMEDY = 'take the file from the folder that tuning left'
_TEXTS = ('name', 'config_digest', 'splits_digest', 'package_version',
          'recipe')
_BASE_TEXTS = ('name', 'source', 'fingerprint')


@dataclasses.dataclass(frozen=True)
class Base:
  """The model that tuning started from.

  Attributes:
    name: as results give it.
    source: as it was given to `load`.
    fingerprint: of all that decides its numbers.
    revision: the hub commit, or None.
    lineage: its own, where it was tuned too.
  """

  name: str
  source: str
  fingerprint: str
  revision: str | None = None
  lineage: 'Lineage | None' = None


@dataclasses.dataclass(frozen=True)
class Lineage:
  """What a tuned model is made of.

  Attributes:
    name: of the tuned model, fit for a file name.
    base: what it was tuned from.
    config_digest: of the fields that decided the weights.
    splits_digest: of `splits.parquet`: which item went where.
    package_version: that tuned it.
    recipe: in words, all that was chosen but the seed: models of one base and
      recipe differ by their seed.
  """

  name: str
  base: Base
  config_digest: str
  splits_digest: str
  package_version: str
  recipe: str

  def as_json(self) -> dict[str, Any]:
    """What `lineage.json` says.

    Returns:
      Fields as JSON values.
    """
    return dataclasses.asdict(self)


def read(directory: pathlib.Path) -> Lineage | None:
  """The lineage of a checkpoint's directory.

  Args:
    directory: of the checkpoint.

  Returns:
    Its lineage; None for a model that was not tuned here.

  Raises:
    UserError: the file is there and cannot be read.
  """
  path = directory / FILE
  if not path.is_file():
    return None
  return _parse(files.read_json(path, _REMEDY), path)


def _parse(content: Any, path: pathlib.Path) -> Lineage:
  base = _texts(content, _TEXTS, path).get('base')
  held = _texts(base, _BASE_TEXTS, path)
  earlier = held.get('lineage')
  return Lineage(
      **{name: content[name] for name in _TEXTS},
      base=Base(
          **{name: held[name] for name in _BASE_TEXTS},
          revision=held.get('revision'),
          lineage=None if earlier is None else _parse(earlier, path)))


def _texts(content: Any, names: tuple[str, ...], path: pathlib.Path
           ) -> Mapping[str, Any]:
  """The mapping, if it holds these texts."""
  if not isinstance(content, dict):
    raise UserError(f'{path}: {str(content)[:40]!r} is no lineage; {_REMEDY}')
  for name in names:
    if not isinstance(content.get(name), str):
      raise UserError(f'{path}: lacks {name!r}, or it is no text; {_REMEDY}')
  return content
