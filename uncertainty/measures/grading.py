"""Grading of free answers against the right one, by stated rules.

Four verdicts of increasing tolerance, each its own results column:

  exact  the same words after normalisation
  alias  exact, against the right answer or any accepted alias
  edit   alias, letting a few letters differ (spelling, transliteration)
  rules  edit, or one answer's key words inside the other's: a full name for a
         surname, 'Loch Ness' for 'Ness', 'Kilts' for 'Kilt'

`rules` is the automatic grade of a free answer (`fr_correct`). How well each
agrees with people's rulings is measured by `analysis.grading`.
"""

import dataclasses
import functools
import re
import unicodedata
from collections.abc import Sequence

ARTICLES = frozenset({'a', 'an', 'the'})
# Words that name a kind of thing or a person's rank and may be left out.
_TITLES = frozenset({
    'mr', 'mrs', 'ms', 'dr', 'sir', 'lord', 'lady', 'prof', 'professor',
    'president', 'pres', 'king', 'queen', 'admiral', 'captain', 'judge',
    'saint', 'st', 'mount', 'mt', 'lake', 'river', 'uss', 'hms', 'ss', 'jr',
})
_FILLERS = frozenset({
    'of', 'and', 'in', 'on', 'at', 'to', 'by', 'for', 'or', 'with', 'from',
    'it', 'its', 'is', 'was', 'were', 'are', 'he', 'she', 'they', 'his',
    'her', 'their', 'de', 'di', 'del', 'von', 'van',
})
_SYNONYMS = {'saint': 'st', 'mount': 'mt', 'mountain': 'mt', '&': 'and'}
_UNITS = ('zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven',
          'eight', 'nine', 'ten', 'eleven', 'twelve', 'thirteen', 'fourteen',
          'fifteen', 'sixteen', 'seventeen', 'eighteen', 'nineteen')
_TENS = ('twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty',
         'ninety')
_ORDINALS = ('zeroth', 'first', 'second', 'third', 'fourth', 'fifth', 'sixth',
             'seventh', 'eighth', 'ninth', 'tenth', 'eleventh', 'twelfth')
_NUMBERS = {word: i for i, word in enumerate(_UNITS)}
_NUMBERS |= {word: 20 + 10 * i for i, word in enumerate(_TENS)}
_SCALES = {'hundred': 100, 'thousand': 1000, 'million': 10**6}
_SUFFIXES = ('isation', 'ization', 'ation', 'ate', 'ings', 'ing', 'ers', 'ies',
             'ion', 'ic', 'al', 'es', 'ed', 'er', 'ia', 's', 'y', 'e')
# A correct answer wrapped in a long list or essay is no answer.
_MAX_EXTRA_WORDS = 6


@dataclasses.dataclass(frozen=True)
class Grade:
  """Verdicts on one answer, 1.0 or 0.0, and the rule that let it through."""

  exact: float
  alias: float
  edit: float
  rules: float
  reason: str


def number_from_words(words: Sequence[str]) -> int | None:
  """The number that English words spell.

  Args:
    words: in lower case, such as 'twenty', 'one'.

  Returns:
    Such as 21; None if any word is no part of a number.
  """
  total, current, seen = 0, 0, False
  for word in words:
    if word == 'and' and seen:
      continue
    if word in _NUMBERS:
      current += _NUMBERS[word]
    elif word in _SCALES:
      current = max(current, 1) * _SCALES[word]
      if word != 'hundred':
        total, current = total + current, 0
    else:
      return None
    seen = True
  return total + current if seen else None


def _digits(words: list[str]) -> list[str]:
  """Rewrites runs of number words as digits, longest run first."""
  out, i = [], 0
  while i < len(words):
    for j in range(len(words), i, -1):
      if words[j - 1] == 'and':
        continue
      number = number_from_words(words[i:j])
      if number is not None:
        out.append(str(number))
        i = j
        break
    else:
      word = words[i]
      if word in _ORDINALS:
        word = f'{_ORDINALS.index(word)}th'
      out.append(re.sub(r'^(\d+)(st|nd|rd|th)$', r'\1th', word))
      i += 1
  return out


def fold(text: str) -> str:
  """Lower case without accents on Latin letters; other scripts unchanged.

  Args:
    text: of any script.

  Returns:
    NFKC, casefolded: 'Ä' → 'a'.
  """
  out = []
  for char in unicodedata.normalize('NFKC', text).casefold():
    parts = unicodedata.normalize('NFD', char)
    latin = 'LATIN' in unicodedata.name(parts[0], '')
    out.append(parts[0] if latin else char)
  return ''.join(out)


@functools.lru_cache(maxsize=65536)
def normalise(text: str) -> tuple[str, ...]:
  """Words of an answer: folded, without punctuation and leading articles.

  Numbers in words become digits. Marks within a word are dropped ("O'Connor"
  → 'oconnor', 'J.R.R.' → 'jrr'); other marks separate words.

  Args:
    text: an answer.

  Returns:
    Its words; () if it has none.
  """
  folded = fold(text).replace('&', ' and ')
  folded = re.sub(r"(?<=\w)['’`´]s\b", '', folded)
  folded = re.sub(r"['’`´.]", lambda m: ' ' if m[0] == '.' else '', folded)
  # Combining marks belong to the letters of many scripts, as \w does not say.
  chars = [c if c == '_' or c.isalnum() or unicodedata.category(c)[0] == 'M'
           else ' ' for c in folded]
  words = _digits(''.join(chars).split())
  kept = [w for w in words if w not in ARTICLES]
  return tuple(_SYNONYMS.get(w, w) for w in (kept or words))


@functools.lru_cache(maxsize=65536)
def stem(word: str) -> str:
  """A word without its inflection.

  Args:
    word: folded.

  Returns:
    Its beginning; at least four letters stay.
  """
  for suffix in _SUFFIXES:
    if word.endswith(suffix) and len(word) - len(suffix) >= 4:
      return stem(word[:-len(suffix)])
  if word.endswith('s') and len(word) >= 4 and not word.endswith('ss'):
    return word[:-1]
  return word


def edit_distance(a: str, b: str) -> int:
  """Optimal string alignment distance (restricted Damerau–Levenshtein).

  Counts insertions, deletions, substitutions and swaps of neighbours; no part
  is edited twice.

  Args:
    a: one word.
    b: the other.

  Returns:
    Edits between them.

  Source:
    Damerau 1964, A technique for computer detection and correction of spelling
    errors.
  """
  before: list[int] = []
  last = list(range(len(b) + 1))
  for i, x in enumerate(a, 1):
    row = [i]
    for j, y in enumerate(b, 1):
      cost = min(last[j] + 1, row[-1] + 1, last[j - 1] + (x != y))
      if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
        cost = min(cost, before[j - 2] + 1)
      row.append(cost)
    before, last = last, row
  return last[-1]


def near(a: str, b: str) -> bool:
  """Whether two words differ by spelling only.

  One edit per five letters of the longer (none under five), never in a word
  with a digit, and the first letters agree.

  Args:
    a: one word, folded.
    b: the other.

  Returns:
    True for equal words, too.
  """
  if a == b:
    return True
  if any(c.isdigit() for c in a + b) or a[:1] != b[:1]:
    return False
  allowed = max(len(a), len(b)) // 5
  return abs(len(a) - len(b)) <= allowed and edit_distance(a, b) <= allowed


def _same(a: str, b: str) -> bool:
  return near(a, b) or stem(a) == stem(b)


def _near_words(a: Sequence[str], b: Sequence[str]) -> bool:
  if near(''.join(a), ''.join(b)):
    return True
  return len(a) == len(b) > 0 and all(map(near, a, b))


def _key_words(words: Sequence[str]) -> tuple[str, ...]:
  light = _TITLES | _FILLERS
  return tuple(w for w in words if w not in light) or tuple(words)


def _inside(part: Sequence[str], whole: Sequence[str]) -> bool:
  """Whether every word of `part` occurs in `whole`, in order."""
  rest = iter(whole)
  return all(any(_same(p, w) for w in rest) for p in part)


def _initials(words: Sequence[str]) -> str:
  return ''.join(w[0] for w in words if w not in _FILLERS)


def _is_name(text: str) -> bool:
  return bool(re.search(r'[A-Z]\S*\W*$', text))


def _rule(answer: tuple[str, ...], right: str,
          question: frozenset[str]) -> str:
  """The rule by which an answer that differs in wording counts, or ''."""
  gold, is_name = normalise(right), _is_name(right)
  said, want = _key_words(answer), _key_words(gold)
  if _near_words(said, want) or (len(said) == len(want)
                                 and all(map(_same, said, want))):
    return 'same key words'
  if len(answer) - len(gold) <= _MAX_EXTRA_WORDS and _inside(want, said):
    # 'Medusa's labyrinth' for 'labyrinth': words beyond the right ones are
    # taken for a description, except a negation.
    return '' if {'not', 'no'} & set(answer) else 'contains the right answer'
  new = [w for w in want if stem(w) not in question]
  if said and _inside(said, want):
    # A surname for a full name, or all that the question did not say already.
    if len(want) > 1 and is_name and _same(said[-1], want[-1]):
      return 'last word of the right answer'
    if new and _inside(new, said):
      return 'all that the question leaves open'
    if want and _same(said[0], want[0]) and len(said) * 2 > len(want):
      return 'most of the right answer'
  if (len(gold) > 1 and len(answer) == 1 and answer[0] == _initials(gold)
      and stem(answer[0]) not in question):
    return 'initials'
  return ''


def grade(answer: str, right: str, aliases: Sequence[str] = (),
          question: str = '') -> Grade:
  """Grades one answer.

  Args:
    answer: what was said; braces and surrounding text of any script allowed.
    right: the right answer.
    aliases: other accepted wordings.
    question: the question; its words need not be repeated in an answer.

  Returns:
    A `Grade`; all verdicts are 0 for an empty answer, with the reason.

  Raises:
    ValueError: if there is no right answer to compare with.
  """
  if not any(normalise(text) for text in (right, *aliases)):
    raise ValueError('grading needs a right answer; this item has none')
  said = normalise(answer)
  if not said:
    return Grade(0.0, 0.0, 0.0, 0.0, 'empty answer')
  accepted = [text for text in (right, *aliases) if normalise(text)]
  golds = [normalise(text) for text in accepted]
  exact = said == normalise(right)
  alias = any(said == g for g in golds)
  edit = alias or any(_near_words(said, g) for g in golds)
  asked = frozenset(stem(w) for w in normalise(question))
  reason = ('exact' if exact else 'alias' if alias else 'spelling' if edit
            else next(filter(None, (_rule(said, t, asked) for t in accepted)),
                      ''))
  return Grade(float(exact), float(alias), float(edit), float(bool(reason)),
               reason or 'differs from the right answer')
