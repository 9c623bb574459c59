"""Provo (Luke & Christianson 2018): which word comes next, and how it is read.

55 passages; for every word but the first of each, about 40 of 470 people wrote
what they expected there, and 84 others read the passages while their eyes were
followed; CC BY 4.0. https://osf.io/sjefs

The files were never at hand where this was written, so that no checksum is
recorded: their form is checked instead, and reading them is tested on small
ones of that form.
"""

import collections
import io
import math
import pathlib
import re
from collections.abc import Iterator, Mapping, Sequence

import tensorflow_datasets as tfds
from absl import logging
from typing_extensions import override

from uncertainty.data import builder, csv_records, sources
from uncertainty.results import columns
from uncertainty.types import Item, Rating, UserError

_NORMS = sources.Source(path='Provo_Corpus-Predictability_Norms.csv',
                        url='https://osf.io/e4a2m/download')
_EYES = sources.Source(path='Provo_Corpus-Eyetracking_Data.csv',
                       url='https://osf.io/a32be/download')
_NORM_COLUMNS = ('Text_ID', 'Text', 'Word_Number', 'Word', 'Response',
                 'Response_Count')
# Reading time, first pass: theirs → ours.
_TIMES = {
    'IA_FIRST_FIXATION_DURATION': columns.HUMAN_FIRST_FIXATION,
    'IA_FIRST_RUN_DWELL_TIME': columns.HUMAN_GAZE_DURATION,
    'IA_REGRESSION_PATH_DURATION': columns.HUMAN_GO_PAST_TIME,
}
_EYE_COLUMNS = ('Text_ID', 'Word_Number', 'IA_SKIP', *_TIMES)
# The files number words a little otherwise than blanks part them ("doesn't"
# is two): a word is looked for so many places around its number.
_REACH = 3
# The published files have õ, what became of one on its way through encodings.
_APOSTROPHES = str.maketrans(dict.fromkeys('\u2019\u2018õÕ', "'"))
# More words that are nowhere to be found: these are not the published files.
_MOST_LOST = 0.05


class Provo(builder.ItemBuilder):
  """Beginnings of passages, with the words that people expected next.

  An item's question is the passage up to a word; there are no choices, and no
  word is right. Each rating is what a person wrote. `human_cloze_entropy` is
  the entropy of those words, and readers' mean times are signals of people
  too. Items of one passage share a cluster. `extra['response']` is the word
  that came, for the way of asking `response`, `extra['word']` its letters.
  """

  VERSION = tfds.core.Version('1.0.0')
  name = 'provo'
  SOURCES = (_NORMS, _EYES)

  @override
  @classmethod
  def read(cls, paths: builder.Paths) -> Iterator[Item]:
    times = _reading_times(paths[_EYES.path])
    path = paths[_NORMS.path]
    n_lost = n = 0
    for (text_id, number), rows in _words(path).items():
      n += 1
      item = _item(text_id, number, rows, times.get((text_id, number), {}))
      n_lost += item is None
      if item is not None:
        yield item
    if n_lost > _MOST_LOST * n:
      raise UserError(f'{path}: {n_lost} of {n} words are not where their'
                      ' number says; download the file again')
    if n_lost:
      logging.info('provo: left out %d of %d words, which are not where their'
                   ' number says', n_lost, n)


def _rows(path: pathlib.Path, needed: Sequence[str]
          ) -> Iterator[tuple[int, Mapping[str, str]]]:
  """Records with their number; the published files are not UTF-8."""
  content = path.read_bytes()
  try:
    text = content.decode('utf-8-sig')
  except UnicodeDecodeError:
    text = content.decode('cp1252', errors='replace')
  yield from csv_records.read(io.StringIO(text, newline=''), path, needed)


def _words(path: pathlib.Path
           ) -> dict[tuple[int, int], list[Mapping[str, str]]]:
  """(passage, number of the word) → one row a response."""
  found: dict[tuple[int, int], list[Mapping[str, str]]] = {}
  for number, row in _rows(path, _NORM_COLUMNS):
    try:
      place = int(row['Text_ID']), int(row['Word_Number'])
      if int(row['Response_Count']) < 1 or not row['Text'].strip():
        raise ValueError('no response or no passage')
    except (TypeError, ValueError) as error:
      raise UserError(f'{path}, record {number}: not a response with its word'
                      f' and count ({error}); download the file again'
                      ) from error
    found.setdefault(place, []).append(row)
  return found


def _reading_times(path: pathlib.Path
                   ) -> dict[tuple[int, int], dict[str, float]]:
  """(passage, number of the word) → mean times of those who fixated it."""
  sums: dict[tuple[int, int], dict[str, list[float]]] = {}
  for number, row in _rows(path, _EYE_COLUMNS):
    if row['Word_Number'] in ('', 'NA'):
      continue  # areas of the screen that hold no word of the norms
    try:
      place = int(row['Text_ID']), int(row['Word_Number'])
      for theirs, ours in _TIMES.items():
        if row[theirs] not in ('', 'NA', '.', '0') and row['IA_SKIP'] != '1':
          sums.setdefault(place, {}).setdefault(ours, []).append(
              float(row[theirs]))
    except (TypeError, ValueError) as error:
      raise UserError(f'{path}, record {number}: not a word with reading times'
                      f' ({error}); download the file again') from error
  return {place: {name: sum(values) / len(values)
                  for name, values in times.items()}
          for place, times in sums.items()}


def _item(text_id: int, number: int, rows: Sequence[Mapping[str, str]],
          times: Mapping[str, float]) -> Item | None:
  """The word as an item; None where the passage does not have it there."""
  words = rows[0]['Text'].split()
  place = _place(words, number - 1, rows[0]['Word'])
  if place is None or place == 0:
    return None
  counts: collections.Counter[str] = collections.Counter()
  for row in rows:
    counts[_letters(row['Response'])] += int(row['Response_Count'])
  n = sum(counts.values())
  target = _letters(words[place])
  return Item(
      item_id=f'provo-{text_id:02d}-{number:03d}',
      question=' '.join(words[:place]), human_count=n,
      ratings=tuple(Rating(text=word) for word in counts.elements()),
      human={
          columns.HUMAN_CLOZE_ENTROPY: -sum(
              c / n * math.log(c / n) for c in counts.values()) + 0.0,
          columns.HUMAN_CLOZE_PROP_CORRECT: counts[target] / n,
          **times},
      cluster=f'passage {text_id}',
      extra={'response': words[place], 'word': target})


def _place(words: Sequence[str], expected: int, word: str) -> int | None:
  """Where the passage has the word, as near as possible to its number."""
  wanted = _letters(word)
  for step in sorted(range(-_REACH, _REACH + 1), key=abs):
    if 0 <= expected + step < len(words) and wanted and (
        _letters(words[expected + step]) == wanted):
      return expected + step
  return None


def _letters(word: str) -> str:
  """The word in small letters and digits, without punctuation around it."""
  plain = word.translate(_APOSTROPHES).strip().casefold()
  return re.sub(r"^[^\w]+|[^\w]+$", '', plain)
