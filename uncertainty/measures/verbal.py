"""Confidence in words: what was stated, as a probability, or why not.

`parse_confidence` accepts, alone or within a sentence:

  percent    '90%', '90 %', '90 percent', '90 per cent'
  number     '0.9', '.9', '1', '0' in [0, 1]; with `scale=100` also '90'
  fraction   '90 out of 100', '9/10', '9 in 10', 'nine in ten'
  phrase     'almost certain', 'very likely', … (`PHRASES`)

Anything else is missing, with a reason; nothing is guessed. Two readings that
differ ('60% or 90%') are missing too, as are hedged ranges ('80-90%') and
values out of range ('120%').

Phrases carry the medians of 123 people's numbers for them: W.
Fagen-Ulmschneider, Perception of Probability Words (2019, github.com/wadefagen/
datasets), as used by Tian et al. 2023 (arXiv 2305.14975); that survey repeats
Kent's (1964) list. `certain` and `impossible` mean 1 and 0 by definition.
"""

import dataclasses
import math
import re

from uncertainty.measures import grading

# Medians of survey-results.csv, 123 answers.
SURVEY = {
    'almost certain': 0.95,
    'highly likely': 0.90,
    'very good chance': 0.80,
    'we believe': 0.75,
    'probable': 0.70,
    'probably': 0.70,
    'likely': 0.70,
    'better than even': 0.60,
    'about even': 0.50,
    'probably not': 0.25,
    'unlikely': 0.20,
    'we doubt': 0.20,
    'little chance': 0.10,
    'improbable': 0.10,
    'chances are slight': 0.10,
    'highly unlikely': 0.05,
    'almost no chance': 0.02,
}
# The same phrase in other words: no value that the survey did not give.
_VARIANTS = {
    'almost certainly': 'almost certain',
    'nearly certain': 'almost certain',
    'very likely': 'highly likely',
    'highly probable': 'highly likely',
    'very probable': 'highly likely',
    'very unlikely': 'highly unlikely',
    'highly improbable': 'highly unlikely',
    'very improbable': 'highly unlikely',
    'i believe': 'we believe',
    'i doubt': 'we doubt',
    'even chance': 'about even',
    'even odds': 'about even',
    'fifty fifty': 'about even',
    'slight chance': 'chances are slight',
    'very little chance': 'little chance',
    'not likely': 'unlikely',
    'not probable': 'improbable',
}
PHRASES = SURVEY | {k: SURVEY[v] for k, v in _VARIANTS.items()} | {
    'certain': 1.0, 'certainly': 1.0, 'impossible': 0.0, 'no chance': 0.0}
# A longer phrase is read before a shorter one that it holds; words that change
# a phrase's meaning by an unknown amount make it unreadable.
_BY_LENGTH = sorted(PHRASES, key=len, reverse=True)
_QUALIFIERS = frozenset({
    'not', 'never', 'hardly', 'less', 'more', 'how', 'quite', 'fairly',
    'somewhat', 'rather', 'extremely'})

_NUMBER = r'(?<![\w.,])(\d+(?:[.,]\d+)?|\.\d+)'
_PERCENT = re.compile(_NUMBER + r'\s*(?:%|percent\b|per\s?cent\b)', re.I)
_FRACTION = re.compile(
    _NUMBER + r'\s*(?:/|out of|in)\s*(?:a\s+)?(\d+)(?!\.?\d)(?!\s*%)', re.I)
_WORD_FRACTION = re.compile(
    r'\b([a-z]+(?:[ -][a-z]+)?)\s+(?:out of|in)\s+(?:a\s+)?([a-z]+)\b', re.I)
_RANGE = re.compile(
    r'\d\s*%?\s*(?:-|–|—|\bto\b)\s*\.?\d', re.I)
_PLAIN = re.compile(_NUMBER + r'(?![\d%/])(?!\s*(?:%|per\s?cent|out of|in \d))')


@dataclasses.dataclass(frozen=True)
class Confidence:
  """A stated confidence.

  Attributes:
    value: the probability stated, NaN if none could be read.
    form: 'percent', 'number', 'fraction', 'phrase', or '' if unread.
    reason: '' or why it could not be read.
  """

  value: float
  form: str
  reason: str


def _missing(reason: str) -> Confidence:
  return Confidence(math.nan, '', reason)


def _decimal(text: str) -> float:
  return float(text.replace(',', '.'))


def _fractions(text: str) -> list[float]:
  found = [(_decimal(m[1]), float(m[2])) for m in _FRACTION.finditer(text)]
  for match in _WORD_FRACTION.finditer(text):
    below = grading.number_from_words([match[2].lower()])
    words = re.split('[ -]', match[1].lower())
    # 'about nine in ten': the words before the number are no part of it.
    above = next((n for n in (grading.number_from_words(words[i:])
                              for i in range(len(words))) if n is not None),
                 None)
    if above is not None and below is not None:
      found.append((float(above), float(below)))
  return [a / b if b else math.inf for a, b in found]


def _phrases(text: str) -> list[float]:
  rest = ' '.join(re.sub(r"[^\w']+", ' ', text.casefold()).split())
  found = []
  for phrase in _BY_LENGTH:
    for match in list(re.finditer(rf'\b{phrase}\b', rest)):
      before = rest[:match.start()].split()
      qualified = bool(before) and (
          before[-1] in _QUALIFIERS or before[-1].endswith("n't"))
      found.append(math.nan if qualified else PHRASES[phrase])
    rest = re.sub(rf'\b{phrase}\b', ' | ', rest)
  return found


def _settle(values: list[float], form: str) -> Confidence:
  if any(math.isnan(v) for v in values):
    return _missing('a phrase with a qualifier of unknown weight')
  if len({round(v, 9) for v in values}) > 1:
    return _missing('several different confidences')
  if not 0 <= values[0] <= 1:
    return _missing('out of range')
  return Confidence(values[0], form, '')


def parse_confidence(text: str, *, scale: int = 1) -> Confidence:
  """Reads a stated confidence; the module says what it accepts.

  Args:
    text: what was said, and nothing but the statement of confidence.
    scale: what a bare number was asked to be out of: 1 or 100. Out of 100, a
      bare number above 1 is a percentage; one in (0, 1] is ambiguous, hence
      unread.

  Returns:
    A `Confidence`; `value` is NaN and `reason` says why if it is unreadable.
  """
  text = text.strip()
  if not text:
    return _missing('empty')
  if _RANGE.search(text):
    return _missing('a range')
  if re.search(r'(?<![\w.])[-−]\s*\.?\d', text):
    return _missing('out of range')
  percents = [_decimal(m[1]) / 100 for m in _PERCENT.finditer(text)]
  rest = _PERCENT.sub(' ', text)
  fractions = _fractions(rest)
  if percents or fractions:
    return _settle(percents + fractions,
                   'percent' if percents else 'fraction')
  numbers = [_decimal(m[1]) for m in _PLAIN.finditer(rest)]
  if numbers:
    if scale == 1:
      return _settle(numbers, 'number')
    if any(0 < n <= 1 for n in numbers):
      return _missing('a number at most 1 where one of 100 was asked for')
    return _settle([n / scale for n in numbers], 'number')
  phrases = _phrases(rest)
  if phrases:
    return _settle(phrases, 'phrase')
  return _missing('no confidence stated')


def split_answer(text: str) -> tuple[str, str]:
  """The answer and the confidence of 'Answer: …, Confidence: …' in any order.

  Args:
    text: what was said.

  Returns:
    (answer, confidence); '' for a part that is not labelled. Text without any
    label is the answer.
  """
  label = re.compile(r'\b(answer|guess|confidence|probability)\s*[:=]\s*', re.I)
  marks = list(label.finditer(text))
  parts = {'answer': '', 'confidence': ''}
  if not marks:
    return text.strip(), ''
  if marks[0].start() > 0:
    parts['answer'] = text[:marks[0].start()]
  for mark, end in zip(
      marks, [m.start() for m in marks[1:]] + [len(text)], strict=True):
    kind = 'answer' if mark[1].lower() in ('answer', 'guess') else 'confidence'
    if not parts[kind].strip():
      parts[kind] = text[mark.end():end].split('\n', 1)[0]
  return parts['answer'].strip(' \n.,;'), parts['confidence'].strip(' \n;')
