"""Norms of single words out of the package `labmtsimple`: means and spreads.

Its files give no single ratings: an item has the mean and the standard
deviation over people, which is what a model's spread over the scale is held
against, and no shares.
"""

import csv
import math
import pathlib
from collections.abc import Iterator, Mapping

import numpy as np
import tensorflow_datasets as tfds
from typing_extensions import override

from uncertainty.data import builder, sources
from uncertainty.results import columns
from uncertainty.types import Item, UserError

_ORDER_SEED = 0
# Both scales run from 1 to 9.
CHOICES = tuple(str(point) for point in range(1, 10))
_SCALE = tuple(float(point) for point in range(1, 10))

_PACKAGE = 'labmtsimple==2.8.8'

_LABMT = sources.Source(
    path='labMT1.txt', package=_PACKAGE,
    member='labMTsimple/data/LabMT/labMT1.txt',
    digest=('sha256:'
            '79db08a2e574904b2ab4e12adb53441fd362ce530d3f6b40fef08f18a62b8f1d'))
_LABMT_RATERS = 50  # of every word; the file has no column of them

_WARRINER = sources.Source(
    path='BRM-emot-submit.csv', package=_PACKAGE,
    member='labMTsimple/data/WK/BRM-emot-submit.csv',
    digest=('sha256:'
            '85f6d7e35069b0eff3d9d88c4dbe08e6ae7dbdb81eac64be3f89ed0f5079d8e3'))
# Dimension → how its columns start, and what is asked.
_DIMENSIONS = {
    'valence': ('V', (
        'How happy does the word "{word}" make people feel, from 1 (unhappy)'
        ' to 9 (happy)?')),
    'arousal': ('A', (
        'How excited does the word "{word}" make people feel, from 1 (calm)'
        ' to 9 (excited)?')),
    'dominance': ('D', (
        'How much in control does the word "{word}" make people feel, from 1'
        ' (controlled) to 9 (in control)?')),
}


class LabMT(builder.ItemBuilder):
  """Words with the happiness that 50 people gave them (Dodds et al. 2011).

  10 222 words, rated from 1 to 9; the items are in one random order, so that
  a limit takes a random sample. The package states no licence: it is used
  where a user has it.
  """

  VERSION = tfds.core.Version('1.0.0')
  name = 'labmt'
  SOURCES = (_LABMT,)

  @override
  @classmethod
  def read(cls, paths: builder.Paths) -> Iterator[Item]:
    path = paths[_LABMT.path]
    for record in _shuffled(_records(path, '\t', ('word', 'happs', 'stddev'))):
      word = record['word']
      yield _item(
          f'labmt-{word}',
          f'How happy is the word "{word}", from 1 (least) to 9 (most)?',
          _number(record['happs'], path), _number(record['stddev'], path),
          _LABMT_RATERS, path)


class Warriner(builder.ItemBuilder):
  """Words with valence, arousal and dominance (Warriner et al. 2013).

  13 915 words, each dimension rated from 1 to 9 by about 20 people, in one
  random order. Subsets: `valence` (the default), `arousal`, `dominance`, or
  several, comma-separated. The package states no licence: it is used where a
  user has it.
  """

  VERSION = tfds.core.Version('1.0.0')
  DEFAULT_SUBSET = 'valence'
  name = 'warriner'
  SOURCES = (_WARRINER,)

  @override
  @classmethod
  def read(cls, paths: builder.Paths) -> Iterator[Item]:
    path = paths[_WARRINER.path]
    needed = ['Word', *(f'{start}.{part}.Sum' for start, _ in
                        _DIMENSIONS.values() for part in ('Mean', 'SD', 'Rat'))]
    for record in _shuffled(_records(path, ',', needed)):
      word = record['Word']
      for dimension, (start, question) in _DIMENSIONS.items():
        mean, spread, n = (
            _number(record[f'{start}.{part}.Sum'], path)
            for part in ('Mean', 'SD', 'Rat'))
        yield _item(f'warriner-{dimension}-{word}', question.format(word=word),
                    mean, spread, int(n), path, group=dimension, cluster=word)


def _item(item_id: str, question: str, mean: float, spread: float, n: int,
          path: pathlib.Path, group: str = '', cluster: str = '') -> Item:
  if not 1 <= mean <= 9 or not 0 <= spread <= 8 or n < 1:
    raise UserError(f'{path}: {item_id} has mean {mean:g} and deviation'
                    f' {spread:g} of {n} people on a scale of 1 to 9;'
                    ' reinstall labmtsimple')
  return Item(
      item_id=item_id, question=question, choices=CHOICES, scale=_SCALE,
      human_count=n, group=group, cluster=cluster,
      human={columns.HUMAN_RATING: mean, columns.HUMAN_RATING_SD: spread})


def _records(path: pathlib.Path, delimiter: str, needed: tuple[str, ...] | list,
             ) -> list[Mapping[str, str]]:
  """Rows by the first heading of each name."""
  with open(path, encoding='utf-8', newline='') as file:
    rows = csv.reader(file, delimiter=delimiter)
    heading = next(rows, [])
    missing = [name for name in needed if name not in heading]
    if missing:
      raise UserError(f'{path}: there is no column {missing[0]}; reinstall'
                      ' labmtsimple')
    places = {name: heading.index(name) for name in needed}
    records = []
    for number, row in enumerate(rows, 2):
      if len(row) != len(heading):
        raise UserError(f'{path}, line {number}: {len(row)} cells under'
                        f' {len(heading)} headings; reinstall labmtsimple')
      records.append({name: row[i] for name, i in places.items()})
  return records


def _shuffled(records: list[Mapping[str, str]]) -> Iterator[Mapping[str, str]]:
  for i in np.random.default_rng(_ORDER_SEED).permutation(len(records)):
    yield records[i]


def _number(cell: str, path: pathlib.Path) -> float:
  try:
    value = float(cell)
  except ValueError as error:
    raise UserError(f'{path}: {cell!r} is not a number; reinstall labmtsimple'
                    ) from error
  if not math.isfinite(value):
    raise UserError(f'{path}: {cell!r} is not a number; reinstall labmtsimple')
  return value
