"""VADER (Hutto & Gilbert 2014): how ten raters felt about each word.

The lexicon with its raw ratings (-4 to 4) comes out of the installed package
`vaderSentiment` (MIT licence). Ratings become five bins of valence.
"""

import ast
import pathlib
import re
import statistics
from collections.abc import Iterator

import numpy as np
import tensorflow_datasets as tfds
from typing_extensions import override

from uncertainty.data import builder, ratings, sources
from uncertainty.results import columns
from uncertainty.types import Item, Rating, UserError

_LEXICON = sources.Source(path='vader_lexicon.txt',
                          package='vaderSentiment==3.3.2',
                          member='vaderSentiment/vader_lexicon.txt')

BINS = ('very negative', 'negative', 'neutral', 'positive', 'very positive')
_UPPER_EDGES = (-3, -1, 0, 2)  # each bin's largest rating but the last's
_SCALE = (-3.5, -1.5, 0.0, 1.5, 3.5)  # the bins' middles

# `prompts` shows these words as worked examples, so they are never items.
EXAMPLES = frozenset((
    'abhorrent', 'agitating', 'approved', 'delight', 'embarrassingly',
    'ensure', 'fault', 'forced', 'freemen', 'hatefulness', 'honorific',
    'landmark', 'losing', 'matter', 'promotes', 'restless', 'sarcasm',
    'sorrowing', 'vindicates'))

_ORDER_SEED = 0


class Vader(builder.ItemBuilder):
  """Words with the valence that ten raters gave them, in five bins.

  The items are in one random order, so that a limit takes a random sample.
  Subsets: `words` (three letters or more, a to z only; the default), `other`
  (emoticons, abbreviations, slang with digits or signs), `all`, and
  `examples` (the words shown in prompts).
  """

  VERSION = tfds.core.Version('1.2.0')
  DEFAULT_SUBSET = 'words'
  name = 'vader'
  SOURCES = (_LEXICON,)

  @override
  @classmethod
  def read(cls, paths: builder.Paths) -> Iterator[Item]:
    entries = _entries(paths[_LEXICON.path])
    words = list(entries)
    for i in np.random.default_rng(_ORDER_SEED).permutation(len(words)):
      yield rated_word(words[i], entries[words[i]])


def _entries(path: pathlib.Path) -> dict[str, list[int]]:
  """Word → raw ratings; of a word listed twice, the first entry."""
  entries: dict[str, list[int]] = {}
  with open(path, encoding='utf-8') as file:
    for number, line in enumerate(file, 1):
      if not line.strip():
        continue
      try:
        word, _, _, listed = line.rstrip('\n').split('\t')
        valences = [int(valence) for valence in ast.literal_eval(listed)]
      except (ValueError, SyntaxError, TypeError) as error:
        raise UserError(f'{path}, line {number}: not a word with its mean,'
                        ' deviation and ratings; reinstall vaderSentiment'
                        ) from error
      if not valences or any(abs(valence) > 4 for valence in valences):
        raise UserError(f'{path}, line {number}: ratings {valences} are not'
                        ' between -4 and 4; reinstall vaderSentiment')
      entries.setdefault(word, valences)
  return entries


def rated_word(word: str, valences: list[int]) -> Item:
  """An item of one word and its raters' valence.

  Args:
    word: the word or emoticon.
    valences: one a rater, whole numbers from −4 to 4.

  Returns:
    The item, with shares over five bins, mean and standard deviation, and
    what each rater said; who they are is not published.
  """
  rated = tuple(
      Rating(ratings.binned(valence, _UPPER_EDGES), float(valence))
      for valence in valences)
  kind = 'examples' if word in EXAMPLES else (
      'words' if re.fullmatch('[a-z]{3,}', word) else 'other')
  return Item(
      item_id=f'vader-{word}',
      question=word,
      choices=BINS,
      human_shares=ratings.shares(rated, len(BINS)),
      human_count=len(rated),
      ratings=rated,
      scale=_SCALE,
      human={
          columns.HUMAN_VALENCE: statistics.fmean(valences),
          columns.HUMAN_VALENCE_SD: ratings.spread(valences),
      },
      extra={'subsets': [kind, 'all']},
  )
