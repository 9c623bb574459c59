"""What the fields of a manifest are, for one that a stranger may have written.

Fields that there are besides those named here are left alone: later versions
may write more.
"""

import dataclasses
import pathlib
import types
import typing
from collections.abc import Mapping
from typing import Any

from uncertainty import files
from uncertainty.specs import StudySpec

_WORDS: Mapping[type, str] = {
    str: 'a text', int: 'a whole number', float: 'a number',
    bool: 'true or false', types.NoneType: 'null', dict: 'an object',
    list: 'a list'}


@dataclasses.dataclass(frozen=True)
class _Fields:
  """An object: fields that must be there, and others that may."""

  required: Mapping[str, Any]
  optional: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class _Each:
  """An object of any names, or a list, all of whose values are alike."""

  kind: type  # dict or list
  value: Any


_TEXT_OR_NULL = (str, types.NoneType)
_FILE = _Fields({'path': str, 'digest': str})
_DATA = _Fields(
    {'path': _TEXT_OR_NULL, 'subset': _TEXT_OR_NULL},
    {'limit': (int, types.NoneType), 'items': int, 'digest': str,
     'files': _Each(dict, _FILE)})
_MODEL = _Fields(
    {'source': str, 'fingerprint': str, 'kind': str, 'family': str},
    {'revision': _TEXT_OR_NULL, 'identity': _Each(dict, str)})
_CODE = _Fields({'commit': str, 'edited': bool})
_PACKAGES = _Each(dict, _TEXT_OR_NULL)
_START = _Fields({}, {
    'run': str, 'time': str, 'command': _Each(list, str),
    'code': (_CODE, types.NoneType), 'packages': _PACKAGES,
    'models': _Each(dict, _MODEL), 'data': _Each(dict, _DATA)})
# Of a config, what is asked for by name; sections and fields that a later
# version added are missing in an earlier one's.
_REQUIRED = {
    'model': ('source', 'dtype'), 'data': ('name', 'path', 'subset'),
    'prompt': ('answer', 'profile'), 'score': (), 'free': (),
    'probe': ('sites', 'positions', 'store')}


def problem(content: Mapping[str, Any]) -> str | None:
  """What is wrong with a manifest, if anything.

  Args:
    content: all its fields, as JSON gave them.

  Returns:
    Such as 'models.tiny.kind is 3, expected a text'; None if all is well.
  """
  if name := unprintable(content):
    return f'{name!a} is no text'
  shape = _Fields({}, {
      'config': _config(), 'models': _Each(dict, _MODEL),
      'data': _Each(dict, _DATA), 'starts': _Each(list, _START),
      'outputs': _Each(dict, str), 'made_of': _Each(dict, str),
      'packages': _PACKAGES, 'created': str, 'updated': str, 'machine': str,
      'python': str})
  if found := _problem(content, shape, ''):
    return found
  return next((f'outputs names {name!r:.60}, which lies not in the workdir'
               for name in content.get('outputs', ()) if _leaves(name)), None)


def unprintable(value: Any) -> str | None:
  """A text in a manifest that can neither be printed nor be a file's name.

  Args:
    value: the manifest, or anything in it.

  Returns:
    The first that is no UTF-8 or holds a NUL; None if there is none.
  """
  left = [value]
  while left:
    value = left.pop()
    if isinstance(value, str) and not files.printable(value):
      return value
    if isinstance(value, dict):
      left += [*value, *value.values()]
    elif isinstance(value, list):
      left += value
  return None


def _leaves(name: str) -> bool:
  path = pathlib.PurePosixPath(name)
  return path.is_absolute() or '..' in path.parts or len(path.parts) < 2


def _config() -> _Fields:
  """The shape of `StudySpec`; float fields may hold whole numbers."""
  sections, plain = {}, {}
  for name, kind in typing.get_type_hints(StudySpec).items():
    if dataclasses.is_dataclass(kind):
      fields = {field: _types(hint)
                for field, hint in typing.get_type_hints(kind).items()}
      sections[name] = _Fields(
          {field: fields[field] for field in _REQUIRED.get(name, ())}, fields)
    else:
      plain[name] = _types(kind)
  required = {name: sections[name] for name in _REQUIRED}
  return _Fields(required | {'seed': plain['seed']}, sections | plain)


def _types(hint: Any) -> tuple[type, ...]:
  kinds = typing.get_args(hint) or (hint,)
  return (*kinds, int) if float in kinds else kinds


def _problem(value: Any, shape: Any, place: str) -> str | None:
  if isinstance(shape, tuple):  # one of several, as with null
    found = [_problem(value, kind, place) for kind in shape]
    if None in found:
      return None
    plain = all(isinstance(kind, type) for kind in shape)
    return _said(value, shape, place) if plain else found[0]
  if isinstance(shape, _Fields):
    return _of_fields(value, shape, place)
  if isinstance(shape, _Each):
    if type(value) is not shape.kind:
      return _said(value, (shape.kind,), place)
    parts = value.items() if shape.kind is dict else enumerate(value)
    return _first(
        (part, shape.value, f'{place}.{name}') for name, part in parts)
  # `type`: true is an int to Python.
  return None if type(value) is shape else _said(value, (shape,), place)


def _of_fields(value: Any, shape: _Fields, place: str) -> str | None:
  if type(value) is not dict:
    return _said(value, (dict,), place)
  before = f'{place}.' if place else ''
  for name in shape.required:
    if name not in value:
      return f'{before}{name} is missing'
  known = {**shape.optional, **shape.required}
  return _first((part, known[name], f'{before}{name}')
                for name, part in value.items() if name in known)


def _first(parts: typing.Iterable[tuple[Any, Any, str]]) -> str | None:
  return next(filter(None, (_problem(*part) for part in parts)), None)


def _said(value: Any, kinds: tuple[type, ...], place: str) -> str:
  wanted = ' or '.join(_WORDS[kind] for kind in kinds)
  return f'{place} is {value!r:.60}, expected {wanted}'
