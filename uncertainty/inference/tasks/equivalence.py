"""Judges of whether one answer entails another: a plug of semantic entropy.

`config.free.judge` names one:
  words              equal after normalisation, spelling apart
  model              the scored model itself, asked yes or no
  embedding:SOURCE   cosine of sentence embeddings at least `COSINE`
  nli:SOURCE         a BERT or RoBERTa classifier of entailment
"""

import dataclasses
import functools
import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from scipy import special

from uncertainty import models, prompts
from uncertainty.inference.tasks import next_token_mass
from uncertainty.measures import grading, similarity
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
    entailment_N: how probable it is that the first entails the second, or
      what the judge has in its place, in [0, 1].
    similarity_N: the same, neutrality counting ½ where the judge knows it.
  """

  entails_N: np.ndarray
  read_N: np.ndarray
  entailment_N: np.ndarray
  similarity_N: np.ndarray


def _verdicts(entails_N, read_N, degree_N, similarity_N=None) -> Verdicts:
  """Verdicts, their degrees cut to [0, 1], which rounding may leave."""
  degree_N = np.clip(np.asarray(degree_N, np.float64), 0, 1)
  return Verdicts(
      np.asarray(entails_N, bool), np.asarray(read_N, bool), degree_N,
      degree_N if similarity_N is None
      else np.clip(np.asarray(similarity_N, np.float64), 0, 1))


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
    """Judges N pairs by `grading.normalise` and `grading.near`.

    The degree of others is the share of words in common.
    """
    same = [_same_words(p.first, p.second) for p in pairs]
    shared = [similarity.jaccard(grading.normalise(p.first),
                                 grading.normalise(p.second)) for p in pairs]
    return _verdicts(same, np.ones(len(pairs)), np.where(same, 1.0, shared))


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
      question = self_report.entailment(
          prompts.to_ascii(pair.question), pair.first, pair.second)
      return next_token_mass.tokenize_dialogue(
          self.model, question, self.style)

    masses_N2 = next_token_mass.log_masses(
        self.model, [tokens(p) for p in pairs],
        next_token_mass.yes_no_tokens(self.model.tokenizer),
        template=[tokens(Pair('Who?', '1', '2')), tokens(Pair('a', 'b', 'c'))])
    total_N = np.exp(masses_N2.astype(np.float64)).sum(-1)
    read_N = total_N >= next_token_mass.LEAST_MASS
    yes_N = special.softmax(masses_N2.astype(np.float64), axis=-1)[:, 0]
    return _verdicts((masses_N2[:, 0] > masses_N2[:, 1]) & read_N, read_N,
                     np.where(read_N, yes_N, 0.0))


@dataclasses.dataclass(frozen=True)
class EmbeddingJudge:
  """Near in the space of sentence embeddings. Symmetric."""

  encoder: text_encoder.TextEncoder
  name: str

  def __call__(self, pairs: Sequence[Pair]) -> Verdicts:
    """Judges N pairs: entailed if the cosine is at least `COSINE`."""
    texts = sorted({t for p in pairs for t in (p.first, p.second)})
    if not texts:
      return _verdicts([], [], [])
    vector = dict(zip(texts, self.encoder.embed(texts)))
    cosine_N = np.asarray([
        vector[p.first] @ vector[p.second] for p in pairs])
    return _verdicts(cosine_N >= COSINE, np.ones(len(pairs)), cosine_N)


@dataclasses.dataclass(frozen=True)
class NliJudge:
  """A classifier of natural language inference: its likeliest label."""

  encoder: text_encoder.TextEncoder
  name: str

  def __call__(self, pairs: Sequence[Pair]) -> Verdicts:
    """Judges N pairs: entailed if that label is the likeliest."""
    if not pairs:
      return _verdicts([], [], [])
    logprobs_NL = self.encoder.classify([
        (f'{p.question} {p.first}', f'{p.question} {p.second}')
        for p in pairs])
    labels = self.encoder.config.labels
    entailment = labels.index('entailment')
    p_NL = np.exp(logprobs_NL.astype(np.float64))
    similarity_N = p_NL[:, entailment]
    if 'neutral' in labels:
      similarity_N = similarity_N + p_NL[:, labels.index('neutral')] / 2
    return _verdicts(logprobs_NL.argmax(-1) == entailment, np.ones(len(pairs)),
                     p_NL[:, entailment], similarity_N)


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
    _check_labels(spec, encoder.config.labels)
    return NliJudge(encoder, f'nli({encoder.name})')
  raise UserError(
      f'config.free.judge={spec.free.judge!r}: choose words, model, '
      'embedding:SOURCE or nli:SOURCE')


def digest(spec: StudySpec, *, remembered: bool = True) -> str:
  """Which files a judge is made of, without reading its weights into memory.

  Args:
    spec: `free.judge` names it.
    remembered: whether digests of large files that have not changed may come
      from the user's cache.

  Returns:
    A digest of every byte; '' for judges without files of their own.

  Raises:
    UserError: its files cannot be read, or tell no entailment.
  """
  kind, _, source = spec.free.judge.partition(':')
  if not source:
    return ''
  found = text_encoder.identify(source, remembered=remembered)
  if kind == 'nli':
    _check_labels(spec, found.labels)
  return found.digest


def _check_labels(spec: StudySpec, labels: Sequence[str]) -> None:
  if 'entailment' not in labels:
    raise UserError(
        f'config.free.judge={spec.free.judge}: its labels {tuple(labels)} hold '
        'no "entailment"; use a model trained on natural language inference')


@functools.lru_cache(maxsize=2)
def _encoder(source: str) -> text_encoder.TextEncoder:
  return text_encoder.load(source)


@dataclasses.dataclass(frozen=True)
class Judged:
  """What a judge says of one question's S answers.

  Attributes:
    entails_SS: whether the answer of the row entails that of the column.
    entailment_SS: how probable that is, as in `Verdicts`; 1 on the diagonal.
    similarity_SS: the same, neutrality counting ½ where the judge knows it.
    unread: pairs that the judge left unread.
  """

  entails_SS: np.ndarray
  entailment_SS: np.ndarray
  similarity_SS: np.ndarray
  unread: int


def entailments_of_many(
    judge: Judge, questions: Sequence[tuple[str, Sequence[str]]],
) -> list[Judged]:
  """Which of each question's answers entail which, in one batch.

  Answers equal after normalisation entail each other without being asked
  about; an empty answer entails only an empty one. Each distinct ordered pair
  is asked once.

  Args:
    judge: the judge.
    questions: of each, its text and S answers.

  Returns:
    What is said of each question's answers.
  """
  pairs: dict[Pair, None] = {}
  for question, answers in questions:
    texts = _distinct(answers)
    pairs |= dict.fromkeys(
        Pair(question, a, b) for a in texts for b in texts if a != b)
  found = judge(list(pairs))
  verdict = dict(zip(pairs, zip(
      found.entails_N, found.entailment_N, found.similarity_N, found.read_N)))
  out = []
  for question, answers in questions:
    first = {grading.normalise(a): a for a in reversed(answers)}
    names = [first[grading.normalise(a)] for a in answers]
    said_SS3 = np.asarray([
        [(1, 1, 1) if a == b
         else verdict.get(Pair(question, a, b), (0, 0, 0, True))[:3]
         for b in names] for a in names], np.float64).reshape(
             len(names), len(names), 3)
    texts = _distinct(answers)
    unread = sum(not verdict[Pair(question, a, b)][3]
                 for a in texts for b in texts if a != b)
    out.append(Judged(said_SS3[..., 0] > 0, said_SS3[..., 1],
                      said_SS3[..., 2], int(unread)))
  return out


def token_relevances(
    judge: Judge, questions: Sequence[tuple[str, Sequence[Sequence[str]]]],
) -> list[list[list[float]]]:
  """How much of an answer's meaning each of its tokens carries.

  1 − similarity of the answer to what is left without the token; 1 where
  nothing is left, 0 where the words stay. Each distinct pair is asked once.

  Args:
    judge: the judge.
    questions: of each, its text and its answers' tokens as texts.

  Returns:
    For each question and answer, relevances in [0, 1], one a token.

  Source:
    Duan et al. 2024.
  """
  pairs = list(dict.fromkeys(
      pair for question, answers in questions for tokens in answers
      for pair in _without_each(question, tokens)
      if math.isnan(_known(pair))))
  alike = dict(zip(pairs, judge(pairs).similarity_N.tolist()))
  return [
      [[1 - alike.get(pair, _known(pair))
        for pair in _without_each(question, tokens)] for tokens in answers]
      for question, answers in questions]


def _without_each(question: str, tokens: Sequence[str]) -> list[Pair]:
  whole = ''.join(tokens).strip()
  return [
      Pair(question, whole, ''.join((*tokens[:i], *tokens[i + 1:])).strip())
      for i in range(len(tokens))]


def _known(pair: Pair) -> float:
  """Similarity that no judge has to be asked for; NaN if one has to be."""
  whole, rest = grading.normalise(pair.first), grading.normalise(pair.second)
  return 1.0 if whole == rest else math.nan if rest else 0.0


def _distinct(answers: Sequence[str]) -> list[str]:
  """One wording of each answer that is not empty."""
  first = {grading.normalise(a): a for a in reversed(answers)}
  return [a for key, a in first.items() if key]
