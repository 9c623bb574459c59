"""What a model is to learn of an item: token paths, and targets on them.

Prompts are those of the ways of asking (`inference.tasks`), so that a tuned
model is asked as it was taught. A lesson's cells are what its target has
shares of: an item's choices, or one cell for an answer in words.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from absl import logging

from uncertainty import prompts
from uncertainty.errors import UserError, hint
from uncertainty.inference.tasks import text
from uncertainty.inference.tasks.letters import Asked, ask_all
from uncertainty.inference.tasks.task import Tokenizing
from uncertainty.inference.tasks.text_tokens import tokenize_texts
from uncertainty.prompts import self_report
from uncertainty.specs import StudySpec, TuneSpec, listed
from uncertainty.tuning.objectives import DIVERGENCES
from uncertainty.types import Item

_LABELS = {'letters': prompts.letter_tokens, 'numbers': prompts.number_tokens}
_TEXT_SCORES = ('sum', 'per_token', 'per_byte', 'pmi')
_CLOSE = '}'  # of the brace in which free answers stand


@dataclasses.dataclass(frozen=True)
class Place:
  """A token after which the next one is looked at.

  Attributes:
    index: of the token in its path.
    targets: for each reading, next tokens whose probabilities are summed.
    cells: for each reading, the cell whose score gains its logarithm.
    coefficient: that the logarithm is multiplied by.
    tied: whether the tie to the base model holds the next tokens here.
  """

  index: int
  targets: tuple[tuple[int, ...], ...] = ()
  cells: tuple[int, ...] = ()
  coefficient: float = 1.0
  tied: bool = True


@dataclasses.dataclass(frozen=True)
class Path:
  """Tokens that are read in a row, and the places that count."""

  tokens: tuple[int, ...]
  places: tuple[Place, ...]


@dataclasses.dataclass(frozen=True)
class Lesson:
  """One example.

  Attributes:
    item_id: the item's.
    paths: what is read.
    shares: the target, of each cell.
    weight: in the mean over a batch: 1, or the answer's tokens.
  """

  item_id: str
  paths: tuple[Path, ...]
  shares: tuple[float, ...]
  weight: float = 1.0


def check(spec: StudySpec) -> None:
  """Refuses settings of a tuning that contradict each other.

  Args:
    spec: the run's.

  Raises:
    UserError: says which, and what to pass.
  """
  tune = spec.tune
  smooth = (tune.objective == 'smoothed'
            or tune.objective == 'answers' and bool(tune.smoothing))
  if smooth != bool(tune.smoothing):
    raise UserError(
        f'config.tune.objective={tune.objective} with config.tune.smoothing='
        f'{tune.smoothing}: pass --config.tune.smoothing=0.1 with smoothed or '
        'answers, 0 with the others')
  if spec.model.dtype == 'float64':
    raise UserError('config.model.dtype=float64: weights are tuned in float32; '
                    'pass --config.model.dtype=float32 or bfloat16')
  if tune.batch_size % tune.accumulate:
    raise UserError(
        f'config.tune.batch_size={tune.batch_size} does not divide into '
        f'config.tune.accumulate={tune.accumulate} equal parts')
  if tune.divergence not in DIVERGENCES:
    raise UserError(f'config.tune.divergence={tune.divergence!r}; '
                    f'{hint(tune.divergence, DIVERGENCES)}')
  if tune.divergence != 'cross_entropy' and (
      tune.objective != 'human' or tune.over != 'choices'):
    raise UserError(
        f'config.tune.divergence={tune.divergence} is from people to shares '
        'of choices: pass --config.tune.objective=human and '
        '--config.tune.over=choices')
  if tune.divergence == 'wasserstein' and (
      spec.prompt.n_orders > 1 or spec.prompt.shuffle_choices):
    raise UserError(
        'config.tune.divergence=wasserstein needs choices in the order of '
        'their scale: pass --config.prompt.n_orders=1 and '
        '--config.prompt.shuffle_choices=false')
  if tune.objective in _CLOSED:
    way = _way(spec)
    if way == 'text' and tune.objective == 'smoothed' and (
        tune.over == 'vocabulary'):
      raise UserError(
          'config.tune.over=vocabulary smooths the one token of a label: pass '
          '--config.prompt.answer=letters, or tune.objective=answers')


def _way(spec: StudySpec) -> str:
  """How closed questions are asked."""
  found = [n for n in listed(spec.prompt.answer) if n in (*_LABELS, 'text')]
  if len(found) != 1:
    raise UserError(
        f'config.tune.objective={spec.tune.objective} teaches choices: pass '
        '--config.prompt.answer=letters, numbers or text')
  return found[0]


def build(model: Tokenizing, items: Sequence[Item], spec: StudySpec,
          graded: Sequence[tuple[str, bool]] = ()) -> list[Lesson]:
  """The lessons of items, for the config's objective.

  Args:
    model: whose tokenizer and chat template.
    items: N items.
    spec: the run's.
    graded: for `calibration`, each item's own answer and whether it is right.

  Returns:
    Lessons in the items' order, one for each order of an item's choices; items
    without what the objective needs (an answer, people's shares) have none.

  Raises:
    UserError: settings that contradict each other, or no item to learn from.
  """
  check(spec)
  if spec.tune.objective == 'calibration':
    found = _calibration(model, items, spec, graded)
  else:
    usable = [i for i in items if NEEDS[spec.tune.objective](i)]
    found = (_answers if spec.tune.objective == 'answers' else _closed)(
        model, usable, spec)
  if not found:
    raise UserError(
        f'none of the {len(items)} items has what config.tune.objective='
        f'{spec.tune.objective} learns from; choose another objective or '
        'other data')
  logging.info('%d of %d items teach', len({x.item_id for x in found}),
               len(items))
  return found


# Objective → what an item must have.
NEEDS: dict[str, Callable[[Item], bool]] = {
    'hard': lambda item: item.answer is not None,
    'smoothed': lambda item: item.answer is not None,
    'human': lambda item: item.human_shares is not None,
    'answers': lambda item: bool(_answer(item)),
    'calibration': lambda item: True,
}
_CLOSED = ('hard', 'smoothed', 'human')


def _closed(model: Tokenizing, items: Sequence[Item], spec: StudySpec
            ) -> list[Lesson]:
  way = _way(spec)
  asked = ask_all(model, items, spec, way, spec.seed)
  read = _worded if way == 'text' else _labelled
  return [Lesson(items[a.item].item_id, paths, _target(a.shown, spec.tune))
          for a, paths in zip(asked, read(model, asked, spec, way),
                              strict=True)]


def _target(item: Item, tune: TuneSpec) -> tuple[float, ...]:
  """Shares of the choices as they are shown."""
  if tune.objective == 'human':
    assert item.human_shares is not None
    return tuple(item.human_shares)
  n = len(item.choices)
  spread = tune.smoothing if tune.over == 'choices' else 0.0
  return tuple((1 - spread) * (c == item.answer) + spread / n
               for c in range(n))


def _labelled(model: Tokenizing, asked: Sequence[Asked], spec: StudySpec,
              way: str) -> list[tuple[Path, ...]]:
  del spec
  most = max((len(a.order) for a in asked), default=0)
  tokens = _LABELS[way](model.tokenizer, most) if most else []
  stems = tokenize_texts(model, [a.prompt.text for a in asked])
  return [(Path(stem, (Place(
      len(stem) - 1, tuple(tokens[:len(a.order)]),
      tuple(range(len(a.order)))),)),)
      for a, stem in zip(asked, stems, strict=True)]


def _worded(model: Tokenizing, asked: Sequence[Asked], spec: StudySpec,
            way: str) -> list[tuple[Path, ...]]:
  del way
  score = spec.prompt.text_score
  if score not in _TEXT_SCORES:
    raise UserError(f'prompt.text_score={score}: choose one of '
                    f'{", ".join(_TEXT_SCORES)}')
  stems, words = text.continuations(model, asked)  # pyright: ignore
  neutral = tokenize_texts(model, [a.prompt.neutral_text for a in asked])
  lessons = []
  for a, stem, some, free in zip(asked, stems, words, neutral, strict=True):
    paths = []
    for cell, tokens in enumerate(some):
      share = {'per_token': 1 / len(tokens), 'per_byte': 1 / len(
          a.prompt.continuations[cell].encode())}.get(score, 1.0)
      paths.append(_reply(stem, tokens, cell, share))
      if score == 'pmi':
        paths.append(_reply(free, tokens, cell, -1.0))
    lessons.append(tuple(paths))
  return lessons


def _reply(stem: tuple[int, ...], tokens: tuple[int, ...], cell: int,
           coefficient: float = 1.0) -> Path:
  """Words after a prompt, each token a reading of its own."""
  return Path(stem + tokens[:-1], tuple(
      Place(len(stem) - 1 + t, ((token,),), (cell,), coefficient)
      for t, token in enumerate(tokens)))


def _answer(item: Item) -> str:
  if item.answer_text:
    return item.answer_text
  return item.choices[item.answer] if item.answer is not None else ''


def _answers(model: Tokenizing, items: Sequence[Item], spec: StudySpec
             ) -> list[Lesson]:
  """Free answers in their brace, the brace closed, and the turn's end."""
  built = prompts.build(
      items, dataclasses.replace(spec.prompt, answer='free'), model.tokenizer,
      dataset=spec.data.name)
  stems = tokenize_texts(model, [p.text for p in built])
  words = tokenize_texts(model, [prompts.to_ascii(_answer(i)) + _CLOSE
                          for i in items])
  tokenizer: Any = model.tokenizer
  end = (() if tokenizer.eos_token_id is None
         else (int(tokenizer.eos_token_id),))
  found = []
  for item, stem, some in zip(items, stems, words, strict=True):
    reply = some + end
    path = _reply(stem, reply, 0, 1 / len(reply))
    found.append(Lesson(item.item_id, (path,), (1.0,), float(len(reply))))
  return found


def _calibration(model: Tokenizing, items: Sequence[Item], spec: StudySpec,
                 graded: Sequence[tuple[str, bool]]) -> list[Lesson]:
  """P(True) of the model's own answers, in both orders of the options.

  The tie to the base holds where the model answers, not where it judges, as
  in Kapoor et al. 2024.
  """
  labels = prompts.letter_tokens(model.tokenizer, 2)
  style = prompts.style_of(spec.prompt, model.tokenizer)
  asked = prompts.build(
      items, dataclasses.replace(spec.prompt, answer='free'), model.tokenizer,
      dataset=spec.data.name)
  stems = tokenize_texts(model, [p.text for p in asked])
  lessons = []
  for item, stem, (answer, right) in zip(items, stems, graded, strict=True):
    if not answer:
      continue
    texts = [prompts.write(self_report.self_evaluation(
        prompts.to_ascii(item.question), answer, swapped=swapped,
        few_shot=spec.prompt.few_shot), model.tokenizer, style)
        for swapped in (False, True)]
    for swapped, query in zip((False, True), tokenize_texts(model, texts)):
      place = Place(len(query) - 1, tuple(labels), (0, 1), tied=False)
      target = (1.0, 0.0) if right != swapped else (0.0, 1.0)
      paths = [Path(query, (place,))]
      if spec.tune.kl:
        own = tokenize_texts(model, [answer + _CLOSE])[0]
        paths.append(Path(stem + own[:-1], tuple(
            Place(len(stem) - 1 + t) for t in range(len(own)))))
      lessons.append(Lesson(item.item_id, tuple(paths), target))
  return lessons

