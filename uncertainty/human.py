"""What people answered: validation and the one definition of human entropy."""

import dataclasses
import functools
import math
import re
from collections.abc import Sequence

import numpy as np

from uncertainty.types import Item, UserError

MAX_CHOICES = 26  # one letter each
MAX_PEOPLE = 10**8  # behind one item: more than any study has asked

# Published proportions are rounded, and sum to 0.97 to 1.03.
_SUM_TOLERANCE = 0.05


def entropy(shares: Sequence[float]) -> float:
  """Entropy of people's answers, in units of the largest possible one.

  H(q) / ln C, with q the shares renormalised: 0 if all people agree, 1 if
  every choice was equally frequent (method.md, section 1).

  Args:
    shares: [C] share (or number) of people behind each choice.

  Returns:
    A float in [0, 1].

  Raises:
    UserError: fewer than two choices, or shares that are not a distribution.
  """
  q_C = normalise(shares, tolerance=math.inf)
  positive = q_C[q_C > 0]
  value = -float(np.sum(positive * np.log(positive))) / math.log(len(q_C))
  return min(max(value, 0.0), 1.0)


def normalise(shares: Sequence[float], *, where: str = 'human shares',
              tolerance: float = _SUM_TOLERANCE) -> np.ndarray:
  """Shares as a float64 distribution over the choices, [C].

  Args:
    shares: [C] share of people behind each choice.
    where: the item and file, for the error.
    tolerance: how far from 1 the sum may lie (rounded percentages).

  Returns:
    float64 [C], summing to 1.

  Raises:
    UserError: negative or missing shares, or a sum that is not about 1.
  """
  q_C = np.asarray(shares, np.float64)
  if q_C.ndim != 1 or len(q_C) < 2:
    raise UserError(f'{where}: {q_C.size} share(s), but an item needs at least'
                    ' two choices; drop the item or add choices')
  if np.isnan(q_C).any():
    raise UserError(f'{where}: a share is missing (NaN); give every choice a'
                    ' share, or leave all of them out')
  if (q_C < 0).any() or np.isinf(q_C).any():
    raise UserError(f'{where}: shares {q_C.tolist()} are negative or infinite;'
                    ' give the share of people behind each choice')
  total = float(q_C.sum())
  if total <= 0 or abs(total - 1) > tolerance:
    raise UserError(f'{where}: shares sum to {total:.4g}, not to about 1; give'
                    ' proportions, or give counts instead')
  # Shares that sum to 1 but for rounding errors stay as they are.
  return q_C if abs(total - 1) < 1e-12 else q_C / total


# Every model's file repeats the questions.
@functools.lru_cache(maxsize=1 << 14)
def question_cluster(question: str) -> str:
  """What repetitions of a question share: its words, in one spelling.

  Args:
    question: as its source prints it.

  Returns:
    Letters and digits in lower case, single spaces between words.
  """
  return ' '.join(re.findall(r'\w+', question.casefold()))


def check(item: Item, *, source: str) -> Item:
  """Returns the item with renormalised shares, or says what is wrong.

  Args:
    item: any item; open questions (no choices) pass if they have no shares.
    source: the file it came from, for the error.

  Returns:
    The item; its shares, if any, sum to 1.

  Raises:
    UserError: one choice or more than 26, an answer that is not among the
      choices, shares that do not fit the choices or are no distribution, a
      scale or ratings that do not fit the choices.
  """
  where = f'item {item.item_id} of {source}'
  texts = (item.item_id, item.question, item.group, item.cluster,
           item.answer_text, item.extra.get('response', ''), *item.choices,
           *item.aliases)
  for text in texts:
    try:
      str.encode(text)
    except (TypeError, UnicodeEncodeError) as error:  # JSON has half characters
      raise UserError(f'{where}: {text!r:.60} is no text in Unicode; correct'
                      ' the file') from error
  n_choices = len(item.choices)
  if not item.question.strip():
    raise UserError(f'{where}: the question is empty; drop the item')
  if n_choices == 1 or n_choices > MAX_CHOICES:
    raise UserError(f'{where}: {n_choices} choice(s); an item needs 2 to'
                    f' {MAX_CHOICES}, parted by | in a table, or none if it is'
                    ' an open question')
  if any(not choice.strip() for choice in item.choices):
    raise UserError(f'{where}: choice'
                    f' {[c.strip() for c in item.choices].index("") + 1} is'
                    ' empty; give every choice its words')
  if item.answer is not None and not 0 <= item.answer < n_choices:
    raise UserError(f'{where}: the answer is number {item.answer + 1} of'
                    f' {n_choices} choices; give one of them, or none')
  check_count(item.human_count, where)
  _check_people(item, where)
  if item.human_shares is None:
    return item
  if len(item.human_shares) != n_choices:
    raise UserError(f'{where}: {len(item.human_shares)} human shares for'
                    f' {n_choices} choices; give one per choice')
  q_C = normalise(item.human_shares, where=where)
  return dataclasses.replace(item, human_shares=tuple(q_C.tolist()))


def check_count(count: float | None, where: str) -> None:
  """Refuses more people than a study can have asked.

  Args:
    count: how many people answered an item; None if that is not known.
    where: the item and file, for the error.

  Raises:
    UserError: more than `MAX_PEOPLE`.
  """
  if count is not None and not count <= MAX_PEOPLE:
    raise UserError(f'{where}: {count:.4g} people behind one item; no study'
                    f' has more than {MAX_PEOPLE}: give the number of people'
                    ' who answered it')


def _check_people(item: Item, where: str) -> None:
  """Refuses a scale or ratings that are not of the item's choices."""
  if item.scale and (
      len(item.scale) != len(item.choices)
      or not np.isfinite(item.scale).all()
      or len(set(item.scale)) < len(item.scale)):
    raise UserError(f'{where}: a scale of {list(item.scale)} for'
                    f' {len(item.choices)} choices; give each a place of its'
                    ' own, or none')
  for number, rating in enumerate(item.ratings, 1):
    if rating.choice is not None and not (
        0 <= rating.choice < len(item.choices)):
      raise UserError(f'{where}: rating {number} is of choice'
                      f' {rating.choice + 1} of {len(item.choices)}; correct'
                      ' the file')
    for value in (rating.value, rating.time_ms):
      if value is not None and not math.isfinite(value):
        raise UserError(f'{where}: rating {number} has the number {value};'
                        ' correct the file, or leave it out')
