"""NLI variation (Pavlick & Kwiatkowski 2019): sliders of about 50 people.

496 pairs of five data sets (RTE2, SNLI, MNLI, JOCI, DNC), each rated from
−50 (the hypothesis is definitely false) to 50 (definitely true) by up to 50
people; those of poor quality were filtered out by the authors. No licence is
stated, so the file is never downloaded unasked.
https://github.com/epavlick/NLI-variation-data
"""

import statistics
from collections.abc import Iterator

import tensorflow_datasets as tfds
from typing_extensions import override

from uncertainty.data import builder, json_lines, ratings, sources
from uncertainty.results import columns
from uncertainty.types import Item, Rating

_FILE = sources.Source(
    path='preprocessed-data.jsonl',
    digest=('sha256:'
            'ce1724dc0139e26d5e4769025e45fb1d4b6ccd4e5445d96825c34212f765dd13'),
    by_hand=('no licence is stated; it is in the folder'
             ' sentence-pair-analysis of'
             ' https://github.com/epavlick/NLI-variation-data'))

CHOICES = ('definitely false', 'probably false', 'cannot tell',
           'probably true', 'definitely true')
_UPPER_EDGES = (-30, -10, 10, 30)
_SCALE = (-40.0, -20.0, 0.0, 20.0, 40.0)
_END = 50.0


class NLIVariation(builder.ItemBuilder):
  """Pairs of sentences, with every person's slider from −50 to 50.

  The choices are five equal bins of the slider, whose names are ours.
  Subsets: `rte2`, `snli`, `mnli`, `joci`, `dnc`, or several,
  comma-separated. `extra['label']` is the pair's label where it comes from.
  """

  VERSION = tfds.core.Version('1.0.0')
  name = 'nli_variation'
  SOURCES = (_FILE,)

  @override
  @classmethod
  def read(cls, paths: builder.Paths) -> Iterator[Item]:
    yield from json_lines.read(
        paths[_FILE.path], _item, 'a pair of sentences with its labels')


def _item(record: dict) -> Item:
  # Published with rounding noise: 49.9999 and 50.0001 are the slider's end.
  values = [round(float(label), 2) for label in record['labels']]
  if not values or any(abs(value) > _END for value in values):
    raise ValueError(f'labels {values} are not between -50 and 50')
  rated = tuple(Rating(ratings.binned(value, _UPPER_EDGES), value)
                for value in values)
  premise, hypothesis = record['premise'].strip(), record['hypothesis'].strip()
  return Item(
      item_id=f'nli_variation-{record["task"]}-{record["id"]}',
      question=(f'Premise: {premise}\nHypothesis: {hypothesis}\n'
                'If the premise is true, is the hypothesis true?'),
      choices=CHOICES,
      human_shares=ratings.shares(rated, len(CHOICES)),
      human_count=len(rated), ratings=rated, scale=_SCALE,
      human={columns.HUMAN_RATING: statistics.fmean(values),
             columns.HUMAN_RATING_SD: ratings.spread(values)},
      group=record['task'], cluster=premise,
      extra={'label': record['original-dataset-label']})
