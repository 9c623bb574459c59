"""How much of a text is hedges, by a stated list of words and phrases.

What a model is unsure of may stand in its words where its probabilities say
otherwise. The list is `hedges.txt` beside this; it says where it comes from.
"""

import functools
import pathlib
import re

_LIST = pathlib.Path(__file__).with_suffix('.txt')
_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")


def hedges(text: str) -> float:
  """Share of a text's words that are hedges, or parts of hedging phrases.

  Phrases go before the words in them, longer ones first, from left to right;
  a word counts once.

  Args:
    text: English, any length.

  Returns:
    0 to 1; NaN for a text without words.

  Source:
    After Hyland 2005, Metadiscourse; the list is this project's own.
  """
  found = words(text)
  if not found:
    return float('nan')
  phrases = lexicon()
  longest = max(map(len, phrases))
  covered = i = 0
  while i < len(found):
    length = next((n for n in range(longest, 0, -1)
                   if tuple(found[i:i + n]) in phrases
                   and i + n <= len(found)), 0)
    covered += length
    i += max(length, 1)
  return covered / len(found)


def words(text: str) -> list[str]:
  """A text's words in small letters.

  Args:
    text: any text; apostrophes and hyphens within words are parts of them.

  Returns:
    The words in order.
  """
  return _WORD.findall(text.replace('\u2019', "'").casefold())


@functools.cache
def lexicon() -> frozenset[tuple[str, ...]]:
  """The hedges of `hedges.txt`.

  Returns:
    Each as its words.
  """
  lines = _LIST.read_text(encoding='utf-8').splitlines()
  return frozenset(
      tuple(words(line)) for line in lines if line and line[0] != '#')
