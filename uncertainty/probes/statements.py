"""The statements of data set `truth`, and which topics train and test.

The statements of Bürger et al. (2024): six topics, each affirmative and
negated. Training takes as many statements of each source (topic × polarity)
as the smallest has, the same rows of a topic's two sources, as the authors do.
"""

import dataclasses
import itertools

import numpy as np
import pandas as pd

from uncertainty.probes.fits import folds as folds_lib
from uncertainty.probes.fits.folds import Folds
from uncertainty.results import columns
from uncertainty.types import UserError

GERMAN = 'german'  # the test set of translated statements


@dataclasses.dataclass(frozen=True)
class Statements:
  """What is known of N statements.

  Attributes:
    label_N: 1 true, 0 false.
    topic_N: topic.
    polarity_N: 1 affirmative, -1 negated.
    language_N: 'en' or 'de'.
    row_N: number within the source; a statement and its negation share it.
  """

  label_N: np.ndarray
  topic_N: np.ndarray
  polarity_N: np.ndarray
  language_N: np.ndarray
  row_N: np.ndarray

  @property
  def source_N(self) -> np.ndarray:
    """Number of the source (topic, language, polarity)."""
    names = [f'{t}/{g}/{p}' for t, g, p in zip(
        self.topic_N, self.language_N, self.polarity_N, strict=True)]
    return np.unique(names, return_inverse=True)[1]

  @property
  def partner_N(self) -> np.ndarray:
    """Index of an affirmative statement's negation, else -1."""
    place = {(t, g, r): i for i, (t, g, r, p) in enumerate(zip(
        self.topic_N, self.language_N, self.row_N, self.polarity_N,
        strict=True)) if p < 0}
    return np.array([
        place.get((t, g, r), -1) if p > 0 else -1 for t, g, r, p in zip(
            self.topic_N, self.language_N, self.row_N, self.polarity_N,
            strict=True)])


def parse(frame: pd.DataFrame) -> Statements:
  """Reads the results table of data set `truth`.

  Item ids say what else is needed: truth-[neg_]TOPIC[_de]-ROW.

  Args:
    frame: with columns item_id and answer.

  Returns:
    What is known of its N statements, in the same order.

  Raises:
    UserError: other ids, or no labels.
  """
  parts: pd.DataFrame = frame[columns.ITEM_ID].str.extract(
      r'^truth-(neg_)?(.+?)(_de)?-(\d+)$')
  unknown_N = np.asarray(parts[1].isna())
  if unknown_N.any():
    bad = np.asarray(frame[columns.ITEM_ID])[unknown_N][0]
    raise UserError(
        f'item {bad!r} is not a statement of data set truth; run truth probes '
        'with configs/truth.py')
  answer_N = frame[columns.ANSWER].to_numpy(np.float64)
  if not np.isin(answer_N, [0, 1]).all():
    raise UserError('a statement of data set truth has no label; run '
                    '--stages=score again')
  return Statements(
      label_N=(answer_N == 0).astype(np.int64),  # choice 0 is "true"
      topic_N=parts[1].to_numpy(str),
      polarity_N=np.where(parts[0].notna(), -1, 1),
      language_N=np.where(parts[2].notna(), 'de', 'en'),
      row_N=parts[3].astype(int).to_numpy())


def splits(
    known: Statements, generator: np.random.Generator,
) -> tuple[list[str], Folds]:
  """Leave-one-topic-out folds in English, and one that is tested in German.

  Args:
    known: of N statements.
    generator: of the balanced training sets.

  Returns:
    The fold's test set (a topic, or 'german'), and the folds.

  Raises:
    UserError: fewer than two English topics.
  """
  topics = _topics(known)
  english = known.language_N == 'en'
  names, pairs = [], []
  for topic in topics:
    test = np.flatnonzero(english & (known.topic_N == topic))
    names.append(topic)
    pairs.append((_balanced(known, set(topics) - {topic}, generator), test))
  german = np.flatnonzero(known.language_N == 'de')
  if len(german):
    names.append(GERMAN)
    pairs.append((_balanced(known, set(topics), generator), german))
  return names, folds_lib.from_splits(pairs, len(known.label_N))


def forward_splits(
    known: Statements, generator: np.random.Generator,
) -> tuple[list[str], Folds]:
  """English topics in a random order, each tested by those before it.

  Args:
    known: of N statements.
    generator: of the order and of the balanced training sets.

  Returns:
    The fold's test set, all topics but the first, and the folds.

  Raises:
    UserError: fewer than two English topics.
  """
  order = generator.permutation(_topics(known)).tolist()
  english = known.language_N == 'en'
  return order[1:], folds_lib.from_splits([
      (_balanced(known, set(order[:k]), generator),
       np.flatnonzero(english & (known.topic_N == order[k])))
      for k in range(1, len(order))], len(known.label_N))


def _topics(known: Statements) -> list[str]:
  topics = sorted(set(known.topic_N[known.language_N == 'en']))
  if len(topics) < 2:
    raise UserError(
        'truth probes leave one topic out and need two English topics; do not '
        'narrow config.data.subset or limit')
  return topics


def _balanced(known: Statements, topics: set[str], generator) -> np.ndarray:
  """The same number of rows of every English source of these topics."""
  rows = {}
  for topic in sorted(topics):
    here = (known.topic_N == topic) & (known.language_N == 'en')
    sides = [set(known.row_N[here & (known.polarity_N == p)])
             for p in (1, -1) if (here & (known.polarity_N == p)).any()]
    rows[topic] = sorted(set.intersection(*sides)) if sides else []
  size = min(len(r) for r in rows.values())
  chosen = []
  for topic, candidates in rows.items():
    kept = generator.choice(candidates, size, replace=False)
    chosen.append(np.flatnonzero(
        (known.topic_N == topic) & (known.language_N == 'en')
        & np.isin(known.row_N, kept)))
  return np.concatenate(chosen)


@dataclasses.dataclass(frozen=True)
class Comparison:
  """Where a fold's accuracy counts when layers are compared.

  Attributes:
    left_out: the topic that the choice is made for.
    fold: number of the fold, trained without `left_out`.
    tested_N: item indices of the fold's tests that count, none of `left_out`
      and none of a statement that trained.
  """

  left_out: str
  fold: int
  tested_N: np.ndarray


def nested_splits(
    known: Statements, generator: np.random.Generator,
) -> tuple[Folds, list[Comparison]]:
  """Folds in which layers and probes are compared for each left-out topic.

  One fold leaves out a pair of topics {s, t} and is tested on both: what it
  scores on s counts in the choice for t, and what it scores on t in the choice
  for s. So no probe that takes part in a choice has seen the topic it is made
  for, nor the topic it is tested on there: T (T − 1) / 2 folds for T topics.
  With two topics a pair leaves nothing to train on; the one that remains is
  cut into two halves of whole pairs of statements, each tested by the other.

  Args:
    known: of N statements.
    generator: of the balanced training sets, and of the halves.

  Returns:
    The folds, and what of them counts for which topic.

  Raises:
    UserError: fewer than two English topics.
  """
  topics = _topics(known)
  english = known.language_N == 'en'
  pairs, comparisons = [], []
  if len(topics) == 2:
    for left_out, other in (topics, topics[::-1]):
      here = english & (known.topic_N == other)
      rows = generator.permutation(np.unique(known.row_N[here]))
      first = here & np.isin(known.row_N, rows[:len(rows) // 2])
      for train in (first, here & ~first):
        test = np.flatnonzero(here & ~train)
        comparisons.append(Comparison(left_out, len(pairs), test))
        pairs.append((np.flatnonzero(train), test))
  else:
    for pair in itertools.combinations(topics, 2):
      tests = [np.flatnonzero(english & (known.topic_N == t)) for t in pair]
      comparisons += [Comparison(pair[1], len(pairs), tests[0]),
                      Comparison(pair[0], len(pairs), tests[1])]
      pairs.append((_balanced(known, set(topics) - set(pair), generator),
                    np.concatenate(tests)))
  return folds_lib.from_splits(pairs, len(known.label_N)), comparisons
