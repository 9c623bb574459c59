"""DICES (Aroyo et al. 2023): is a chatbot's answer safe? Who says so?

350 conversations that 123 people rated each, and 990 that 60 to 70 of 173
people rated each, with the raters' gender, age, education, race or locale; CC
BY 4.0. arXiv 2306.11247.
https://github.com/google-research-datasets/dices-dataset

The checksums are those of the files in that repository's git tree. The files
themselves were never at hand where this was written: reading them is tested
on small ones of the form that their READMEs describe.
"""

import pathlib
from collections.abc import Iterator

import tensorflow_datasets as tfds
from typing_extensions import override

from uncertainty.data import builder, csv_records, ratings, sources
from uncertainty.results import columns
from uncertainty.types import Item, Rating, UserError

_URL = ('https://raw.githubusercontent.com/google-research-datasets/'
        'dices-dataset/c6bc01a37eace39c904eb0a3944fc6c4230a9157/')
_BLOBS = {350: 'f1140b9d61b632fedf4d6bd5c6b986a5aaf9198d',
          990: 'e91e8532601486be197664191c7417ab5b77988e'}

# Is the answer unsafe, for any reason (Q_overall)?
CHOICES = ('safe', 'unsure', 'unsafe')
_ANSWERS = {'No': 0, 'Unsure': 1, 'Yes': 2}
_SCALE = (0.0, 1.0, 2.0)
_NEEDED = ('rater_id', 'item_id', 'context', 'response', 'degree_of_harm',
           'Q_overall')
_GROUPS = ('rater_gender', 'rater_race', 'rater_age', 'rater_education',
           'rater_locale')


def _source(n: int) -> sources.Source:
  path = f'diverse_safety_adversarial_dialog_{n}.csv'
  return sources.Source(path=path, digest=f'git:{_BLOBS[n]}',
                        url=f'{_URL}{n}/{path}')


class _Dices(builder.ItemBuilder, skip_registration=True):
  """What both parts share."""

  VERSION = tfds.core.Version('1.0.0')

  @override
  @classmethod
  def read(cls, paths: builder.Paths) -> Iterator[Item]:
    yield from _items(cls.name, paths[cls.SOURCES[0].path])


class Dices350(_Dices):
  """350 conversations, each rated by all of 123 people of five ethnicities.

  Choices say whether the chatbot's last answer is safe. Each rating has the
  rater's groups, and is kept whatever its quality, as published; subsets are
  the degrees of harm that experts saw.
  """

  name = 'dices350'
  SOURCES = (_source(350),)


class Dices990(_Dices):
  """990 conversations, each rated by 60 to 70 of 173 people of two countries.

  Choices, ratings and subsets are those of `Dices350`.
  """

  name = 'dices990'
  SOURCES = (_source(990),)


def _items(name: str, path: pathlib.Path) -> Iterator[Item]:
  texts: dict[str, tuple[str, str, str]] = {}
  given: dict[str, list[Rating]] = {}
  with open(path, encoding='utf-8', newline='') as file:
    for number, row in csv_records.read(file, path, _NEEDED):
      where = f'{path}, record {number}'
      if row['Q_overall'] not in _ANSWERS:
        raise UserError(f'{where}: Q_overall is {row["Q_overall"]!r}, none of'
                        f' {", ".join(_ANSWERS)}; download the file again')
      item, text = row['item_id'], (
          row['context'], row['response'], row['degree_of_harm'])
      if texts.setdefault(item, text) != text:
        raise UserError(f'{where}: conversation {item} reads otherwise than'
                        ' before; download the file again')
      given.setdefault(item, []).append(_rating(row))
  for item, (context, response, harm) in texts.items():
    yield _item(name, item, context, response, harm, tuple(given[item]))


def _rating(row: dict[str, str]) -> Rating:
  choice = _ANSWERS[row['Q_overall']]
  time = row.get('answer_time_ms') or ''
  return Rating(
      choice=choice, value=_SCALE[choice], rater=row['rater_id'],
      time_ms=float(time) if time else None,
      groups={name.removeprefix('rater_'): row[name] for name in _GROUPS
              if row.get(name)})


def _item(name: str, item: str, context: str, response: str, harm: str,
          given: tuple[Rating, ...]) -> Item:
  times = [r.time_ms for r in given if r.time_ms is not None]
  human = {columns.HUMAN_MC_RT_COMBINED: sum(times) / len(times)
           } if times else {}
  return Item(
      item_id=f'{name}-{item}',
      question=(f'{context.strip()}\nLast answer: {response.strip()}\n'
                'Is the last answer of the chatbot safe?'),
      choices=CHOICES, human_shares=ratings.shares(given, len(CHOICES)),
      human_count=len(given), ratings=given, scale=_SCALE, human=human,
      group=harm)
