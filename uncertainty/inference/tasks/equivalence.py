"""Judges of whether one answer entails another: a plug of semantic entropy.

`config.free.judge` names one:
  words              equal after normalisation, spelling apart
  model              the scored model itself, asked yes or no
  embedding:SOURCE   cosine of sentence embeddings at least `COSINE`
  nli:SOURCE         a BERT or RoBERTa classifier of entailment
"""

import dataclasses
import functools
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from uncertainty import models, prompts
from uncertainty.inference.tasks import asking
from uncertainty.measures import grading
from uncertainty.models import text_encoder
from uncertainty.prompts import self_report
from uncertainty.specs import StudySpec
from uncertainty.types import UserError

# Of 527 pairs of answers to a third of the Coane items that people had graded,
# all-MiniLM-L6-v2 at .7 joins 82 % of those both right and parts 98 % of those
# one right, one wrong (AUROC .97; .94 if the question is put in front).
COSINE = 0.7


@dataclasses.dataclass(frozen=True)
class Pair:
  """Does `first` entail `second`, as answers to the question?"""

  question: str
  first: str
  second: str


@dataclasses.dataclass(frozen=True)
class Verdicts:
  """What a judge says of N pairs.

  Attributes:
    entails_N: whether the first entails the second; False where unread.
    read_N: whether the judge answered at all.
  """

  entails_N: np.ndarray
  read_N: np.ndarray


class Judge(Protocol):
  """Judges pairs, in batches; `name` says exactly what ran."""

  @property
  def name(self) -> str:
    """What ran, for the column `semantic_variant`."""
    ...

  def __call__(self, pairs: Sequence[Pair]) -> Verdicts:
    """Judges N pairs.

    Args:
      pairs: the pairs.

    Returns:
      Verdicts in the pairs' order.
    """
    ...


@dataclasses.dataclass(frozen=True)
class WordsJudge:
  """Equal words after normalisation, spelling apart. Symmetric."""

  name: str = 'words'

  def __call__(self, pairs: Sequence[Pair]) -> Verdicts:
    """Judges N pairs by `grading.normalise` and `grading.near`."""
    same = [_same_words(p.first, p.second) for p in pairs]
    return Verdicts(np.asarray(same, bool), np.ones(len(pairs), bool))


def _same_words(first: str, second: str) -> bool:
  a, b = grading.normalise(first), grading.normalise(second)
  return a == b or bool(a and b and grading.near(''.join(a), ''.join(b)))


@dataclasses.dataclass(frozen=True)
class ModelJudge:
  """The scored model: the likelier of yes and no."""

  model: models.Model
  style: str
  name: str

  def __call__(self, pairs: Sequence[Pair]) -> Verdicts:
    """Judges N pairs; unread where yes and no have under `LEAST_MASS`."""
    def tokens(pair):
      return asking.tokenize_dialogue(self.model, self_report.entailment(
          prompts.to_ascii(pair.question), pair.first, pair.second),
          self.style)

    masses_N2 = asking.next_token_masses(
        self.model, [tokens(p) for p in pairs],
        asking.yes_no_tokens(self.model.tokenizer),
        template=[tokens(Pair('Who?', '1', '2')), tokens(Pair('a', 'b', 'c'))])
    total_N = np.exp(masses_N2.astype(np.float64)).sum(-1)
    read_N = total_N >= asking.LEAST_MASS
    return Verdicts((masses_N2[:, 0] > masses_N2[:, 1]) & read_N, read_N)


@dataclasses.dataclass(frozen=True)
class EmbeddingJudge:
  """Near in the space of sentence embeddings. Symmetric."""

  encoder: text_encoder.TextEncoder
  name: str

  def __call__(self, pairs: Sequence[Pair]) -> Verdicts:
    """Judges N pairs: entailed if the cosine is at least `COSINE`."""
    texts = sorted({t for p in pairs for t in (p.first, p.second)})
    if not texts:
      return Verdicts(np.zeros(0, bool), np.zeros(0, bool))
    vector = dict(zip(texts, self.encoder.embed(texts)))
    cosine_N = np.asarray([
        vector[p.first] @ vector[p.second] for p in pairs])
    return Verdicts(cosine_N >= COSINE, np.ones(len(pairs), bool))


@dataclasses.dataclass(frozen=True)
class NliJudge:
  """A classifier of natural language inference: its likeliest label."""

  encoder: text_encoder.TextEncoder
  name: str

  def __call__(self, pairs: Sequence[Pair]) -> Verdicts:
    """Judges N pairs: entailed if that label is the likeliest."""
    if not pairs:
      return Verdicts(np.zeros(0, bool), np.zeros(0, bool))
    likeliest = self.encoder.classify([
        (f'{p.question} {p.first}', f'{p.question} {p.second}')
        for p in pairs]).argmax(-1)
    entailment = self.encoder.config.labels.index('entailment')
    return Verdicts(likeliest == entailment, np.ones(len(pairs), bool))


def make(model: models.Model, spec: StudySpec) -> Judge:
  """The judge that `config.free.judge` names.

  Args:
    model: the scored model, for the judge `model`.
    spec: the run's.

  Returns:
    The judge.

  Raises:
    UserError: there is no such judge, or its files cannot be read.
  """
  kind, _, source = spec.free.judge.partition(':')
  if kind == 'words':
    return WordsJudge()
  if kind == 'model':
    style = prompts.style_of(spec.prompt, model.tokenizer)
    return ModelJudge(model, style, f'model({model.name}, yes/no)')
  if kind in ('embedding', 'nli') and source:
    encoder = _encoder(source)
    if kind == 'embedding':
      return EmbeddingJudge(encoder, f'embedding({encoder.name}, '
                                     f'cosine>={COSINE})')
    if 'entailment' not in encoder.config.labels:
      raise UserError(
          f'config.free.judge={spec.free.judge}: its labels '
          f'{encoder.config.labels} hold no "entailment"; use a model trained '
          'on natural language inference')
    return NliJudge(encoder, f'nli({encoder.name})')
  raise UserError(
      f'config.free.judge={spec.free.judge!r}: choose words, model, '
      'embedding:SOURCE or nli:SOURCE')


@functools.lru_cache(maxsize=2)
def _encoder(source: str) -> text_encoder.TextEncoder:
  return text_encoder.load(source)


def entailments(judge: Judge, question: str, answers: Sequence[str],
                ) -> tuple[np.ndarray, int]:
  """`entailments_of_many` for one question.

  Args:
    judge: the judge.
    question: what was asked.
    answers: S answers.

  Returns:
    entails [S, S] bool and the number of pairs that the judge left unread.
  """
  return entailments_of_many(judge, [(question, answers)])[0]


def entailments_of_many(
    judge: Judge, questions: Sequence[tuple[str, Sequence[str]]],
) -> list[tuple[np.ndarray, int]]:
  """Which of each question's answers entail which, in one batch.

  Answers equal after normalisation entail each other without being asked
  about; an empty answer entails only an empty one. Each distinct ordered pair
  is asked once.

  Args:
    judge: the judge.
    questions: of each, its text and S answers.

  Returns:
    For each question, entails [S, S] bool and the number of pairs that the
    judge left unread.
  """
  pairs: dict[Pair, None] = {}
  for question, answers in questions:
    texts = _distinct(answers)
    pairs |= dict.fromkeys(
        Pair(question, a, b) for a in texts for b in texts if a != b)
  found = judge(list(pairs))
  verdict = dict(zip(pairs, zip(found.entails_N, found.read_N)))
  out = []
  for question, answers in questions:
    first = {grading.normalise(a): a for a in reversed(answers)}
    names = [first[grading.normalise(a)] for a in answers]
    entails = np.asarray([
        [a == b or bool(verdict.get(Pair(question, a, b), (False,))[0])
         for b in names] for a in names], bool).reshape(len(names), -1)
    texts = _distinct(answers)
    unread = sum(not verdict[Pair(question, a, b)][1]
                 for a in texts for b in texts if a != b)
    out.append((entails, int(unread)))
  return out


def _distinct(answers: Sequence[str]) -> list[str]:
  """One wording of each answer that is not empty."""
  first = {grading.normalise(a): a for a in reversed(answers)}
  return [a for key, a in first.items() if key]
