"""What every config starts from: all fields with their defaults."""

import dataclasses
import typing
from typing import Any

from ml_collections import config_dict

from uncertainty import errors, specs


def default() -> config_dict.ConfigDict:
  """Every field of `specs.StudySpec`, locked: an unknown field is an error."""
  return _section(specs.StudySpec())


def _section(spec: Any) -> config_dict.ConfigDict:
  section = config_dict.ConfigDict()
  types = typing.get_type_hints(type(spec))
  for field in dataclasses.fields(spec):
    value = getattr(spec, field.name)
    if dataclasses.is_dataclass(value):
      value = _section(value)
    elif value is None:  # keeps the type, so that an override is parsed
      kind = next(t for t in typing.get_args(types[field.name])
                  if t is not type(None))
      value = config_dict.placeholder(kind)
    section[field.name] = value
  return section.lock()


def parse_arg(arg: str | None, **known: Any) -> config_dict.ConfigDict:
  """Reads `--config=file.py:arg`, such as `quicktest,limit=20`.

  Args:
    arg: comma-separated names (which become True) or name=value pairs.
    **known: each name that the config accepts, with its default.

  Raises:
    UserError: a name that the config does not know, or no such value.
  """
  values = dict(known)
  for part in filter(None, (arg or '').split(',')):
    name, given, text = part.partition('=')
    if name not in known:
      raise errors.UserError(
          f'unknown config argument {name!r}; {errors.hint(name, known)}')
    kind = type(known[name])
    try:
      values[name] = kind(text) if given and kind is not bool else (
          text.lower() not in ('false', '0', 'no') if given else True)
    except ValueError as error:
      raise errors.UserError(f'config argument {part!r}: {error}') from error
  return config_dict.ConfigDict(values)


def shrink(config: config_dict.ConfigDict) -> config_dict.ConfigDict:
  """The fast variant: the same path through the code in seconds."""
  config.data.limit = 12
  config.free.max_tokens = 6
  config.free.n_samples = 3
  config.analysis.n_bootstrap = 50
  config.probe.n_permutations = 20
  config.probe.n_folds = 3
  config.tune.steps = 4
  config.tune.batch_size = 4
  config.tune.every = 2
  config.steer.doses = '-1,1'
  config.steer.n_controls = 2
  return config


def asked(dataset: str, answer: str, arg: str | None, *, paper: bool = False,
          ) -> config_dict.ConfigDict:
  """A data set asked in one way, all else by default.

  Args:
    dataset: `data.name`.
    answer: `prompt.answer`.
    arg: of the config file; `quicktest` shrinks it.
    paper: whether `paper` may be asked for, and gives the paper's prompts.
  """
  arg = parse_arg(arg, quicktest=False, **({'paper': False} if paper else {}))
  config = default()
  config.data.name = dataset
  config.prompt.answer = answer
  if paper and arg.paper:
    config.prompt.profile = 'paper'
  return shrink(config) if arg.quicktest else config
